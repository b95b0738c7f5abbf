//! Real sites over TLS: verified by default, private authorities, client certificates.
//! The certificates in `real_tls/` are for these tests only; `make.sh` made them.

mod real_support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use real_support::*;
use scope_runtime::real::Options;
use scope_runtime::site::SiteErrorKind;
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_tls")
}

fn certificates(name: &str) -> Vec<CertificateDer<'static>> {
    let certificates = CertificateDer::pem_file_iter(folder().join(name)).expect("readable");
    certificates.map(|certificate| certificate.expect("a certificate")).collect()
}

async fn server(asks_client: bool) -> Server {
    server_with("server.pem", asks_client).await
}

/// One that shows this certificate.
async fn server_with(certificate: &str, asks_client: bool) -> Server {
    let mut roots = RootCertStore::empty();
    roots.add(certificates("authority.pem").remove(0)).expect("an authority");
    let key = PrivateKeyDer::from_pem_file(folder().join("server.key")).expect("a key");
    let builder = ServerConfig::builder();
    let builder = if asks_client {
        builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier"),
        )
    } else {
        builder.with_no_client_auth()
    };
    let tls = builder.with_single_cert(certificates(certificate), key).expect("a configuration");
    let settings = Settings { tls: Some(Arc::new(tls)), ..Settings::default() };
    Server::start_with(settings, |_| ok(json!({ "id": "x" }))).await
}

/// With the driver's own settings too: those it leaves open change nothing.
fn at(server: &Server, tls: Value) -> Place {
    let read =
        operation("read", http("GET", value("/x"), None), vec![rule(200, json!({ "found": name("body") }))]);
    let options = Options { base: folder(), ..Options::at(".") };
    place_with(
        driver(&server.address, vec![read]),
        json!({ "tls": tls, "app": { "tls": value(json!({ "ca": null })) } }),
        options,
    )
}

async fn error(place: Place) -> scope_runtime::site::SiteError {
    failure(place.operate("read", json!({})).await)
}

#[tokio::test]
async fn a_site_is_verified_unless_the_program_says_otherwise() {
    let server = server(false).await;
    for (tls, words) in [
        (json!({}), "nvalid peer certificate"),
        (json!({ "ca": value("stranger.pem") }), "nvalid peer certificate"),
    ] {
        let error = error(at(&server, tls)).await;
        assert_eq!(error.kind, SiteErrorKind::Untrusted, "{error:?}");
        assert!(error.words.contains(words), "{error:?}");
    }
    assert!(server.asked().is_empty());
    let pem = std::fs::read_to_string(folder().join("authority.pem")).expect("readable");
    for tls in [
        json!({ "ca": value("authority.pem") }),
        json!({ "ca": value(pem) }),
        json!({ "verify": value(false) }),
    ] {
        shown(at(&server, tls).operate("read", json!({})).await);
    }
}

#[tokio::test]
async fn a_certificate_must_be_in_date_and_of_that_name() {
    for (certificate, words) in
        [("expired.pem", "certificate expired"), ("elsewhere.pem", "not valid for name")]
    {
        let server = server_with(certificate, false).await;
        let error = error(at(&server, json!({ "ca": value("authority.pem") }))).await;
        assert_eq!(error.kind, SiteErrorKind::Untrusted, "{error:?}");
        assert!(error.words.contains(words), "{error:?}");
        assert!(server.asked().is_empty(), "nothing is sent");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let server = server(true).await;
    let with = |more: Value| {
        let mut tls = json!({ "ca": value("authority.pem") });
        tls.as_object_mut().expect("a record").extend(more.as_object().expect("a record").clone());
        at(&server, tls)
    };
    let key = json!({ "secret": { "file": folder().join("client.key") } });
    shown(
        with(json!({ "client_cert": value("client.pem"), "client_key": key }))
            .operate("read", json!({}))
            .await,
    );
    // The server refuses the others, in the handshake or (TLS 1.3) as the answer to the first request.
    let error = error(with(json!({}))).await;
    assert_eq!(error.kind, SiteErrorKind::Untrusted, "{error:?}");
    assert!(error.words.to_lowercase().contains("certificate"), "{error:?}");
}

#[tokio::test]
async fn wrong_settings_are_ours() {
    let server = server(false).await;
    for (tls, words) in [
        (json!({ "cacert": value("x") }), "no setting `cacert`"),
        (json!({ "ca": value("none.pem") }), "`none.pem` cannot be read"),
        (json!({ "ca": value("server.key") }), "no certificate"),
        (json!({ "verify": value("no") }), "expected true or false"),
        (json!({ "client_key": value("client.key") }), "without `client_cert`"),
        (json!({ "client_cert": value("client.pem") }), "private key"),
    ] {
        let error = error(at(&server, tls)).await;
        assert_eq!(error.kind, SiteErrorKind::Configuration, "{error:?}");
        assert!(error.words.contains(words), "{error:?}");
    }
}
