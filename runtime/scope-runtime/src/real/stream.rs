//! Content from a site on its way out: an answer's body, chunk by chunk, counted, unbounded in length but not in patience.
//!
//! In: the answer to `GET /v2/images/x/file`. Out: a [`ContentStream`] of the length that the site said.

use reqwest::Response;

use super::failure::error;
use super::http::{Bounds, root_cause, seconds};
use crate::site::{ChunkSource, ContentStream, NextChunk, SiteError, SiteErrorKind};

/// The answer's body as a stream. `label` names the request in its errors.
pub(super) fn content(response: Response, bounds: Bounds, label: String) -> ContentStream {
    let length = response.content_length();
    ContentStream {
        length,
        chunks: Box::new(HttpChunks { response, bounds, label, n_received: 0, is_over: false }),
    }
}

struct HttpChunks {
    response: Response,
    bounds: Bounds,
    label: String,
    n_received: u64,
    is_over: bool,
}

impl HttpChunks {
    async fn chunk(&mut self) -> Option<Result<Vec<u8>, SiteError>> {
        if self.is_over {
            return None;
        }
        let words = match tokio::time::timeout(self.bounds.answer, self.response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                self.n_received += chunk.len() as u64;
                return Some(Ok(chunk.into()));
            }
            Ok(Ok(None)) => {
                self.is_over = true;
                return None;
            }
            // hyper also reports here that less came than the site said.
            Ok(Err(broken)) => format!("broke off after {} bytes: {}", self.n_received, root_cause(&broken)),
            Err(_) => format!("stopped for {} after {} bytes", seconds(self.bounds.answer), self.n_received),
        };
        self.is_over = true;
        let lost = error(SiteErrorKind::Lost, format!("the content {words}"));
        let status = Some(self.response.status().as_u16());
        Some(Err(SiteError { request: Some(self.label.clone()), status, ..lost }))
    }
}

impl ChunkSource for HttpChunks {
    fn next(&mut self) -> NextChunk<'_> {
        Box::pin(self.chunk())
    }
}

/// Content that is in memory already.
pub(super) fn of_bytes(bytes: Vec<u8>) -> ContentStream {
    ContentStream {
        length: Some(bytes.len() as u64),
        chunks: Box::new(OneChunk(Some(bytes).filter(|bytes| !bytes.is_empty()))),
    }
}

struct OneChunk(Option<Vec<u8>>);

impl ChunkSource for OneChunk {
    fn next(&mut self) -> NextChunk<'_> {
        let chunk = self.0.take().map(Ok);
        Box::pin(async move { chunk })
    }
}
