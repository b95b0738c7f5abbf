//! Spans for an OpenTelemetry collector (feature `otel`): OTLP over HTTP to where the standard variables say,
//! `OTEL_EXPORTER_OTLP_ENDPOINT` first. Where none is set, nothing is made and nothing is sent.
//!
//! `run` › `step` › `attempt` › `request` → one trace. What does not go out within a few seconds of the end is dropped: no run
//! waits for who watches it.

use std::pin::Pin;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{Layer, Registry};

use crate::output::note;

const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// For one request, and for all that is left at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans, in groups; the last of them when it is dropped.
pub struct Sending(SdkTracerProvider);

impl Drop for Sending {
    fn drop(&mut self) {
        // Whoever watches may be gone; the run was what it was.
        let _ = self.0.shutdown_with_timeout(PATIENCE);
    }
}

/// A layer that sends spans, if a collector is named. `Err` has said what is wrong.
#[expect(clippy::type_complexity, reason = "a layer and who ends it")]
pub fn layer() -> Result<Option<(Box<dyn Layer<Registry> + Send + Sync>, Sending)>, ()> {
    let is_named = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let Some(named) = ENDPOINTS.into_iter().find(is_named) else { return Ok(None) };
    let exporter = SpanExporter::builder().with_http().with_http_client(Client).build().map_err(|error| {
        note(&format!("error[E0950]: no spans can be sent to where `{named}` says: {error}"));
        note("help: an address such as `http://localhost:4318`, or unset it");
    })?;
    let resource = Resource::builder().with_service_name("scope").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_tracer(provider.tracer("scope"));
    Ok(Some((layer.boxed(), Sending(provider))))
}

/// Sends by the client that all else is sent by; called on the exporter's own thread, which may wait.
#[derive(Debug)]
struct Client;

impl HttpClient for Client {
    fn send_bytes<'c, 'a>(
        &'c self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>
    where
        'c: 'a,
        Self: 'a,
    {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            let address = head.uri.to_string();
            let (status, answer) = scope_runtime::real::post(&address, headers, body.to_vec(), PATIENCE)?;
            Ok(Response::builder().status(status).body(Bytes::from(answer))?)
        })
    }
}
