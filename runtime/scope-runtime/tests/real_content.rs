//! Content at real sites: files and streams, their length, their progress, and how they end early.

mod real_support;

use std::cell::RefCell;
use std::rc::Rc;

use real_support::*;
use scope_plan::expr::FileRef;
use scope_runtime::real::Options;
use scope_runtime::site::{Answer, ChunkSource, Content, ContentStream, NextChunk, SiteError, SiteErrorKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn upload() -> Value {
    operation(
        "upload",
        http("PUT", value("/data"), Some(name("data"))),
        vec![rule(204, json!({ "done": null }))],
    )
}

fn download() -> Value {
    operation(
        "download",
        http("GET", value("/data"), None),
        vec![
            rule(200, json!("content")),
            rule(204, json!({ "busy": null })),
            rule(404, json!({ "not_found": null })),
        ],
    )
}

fn file(folder: &std::path::Path, content: &[u8]) -> FileRef {
    std::fs::write(folder.join("base.raw"), content).expect("written");
    let digest = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    FileRef { path: "base.raw".into(), sha256: digest, size: content.len() as u64 }
}

/// Gives these chunks.
struct Chunks(std::vec::IntoIter<Result<Vec<u8>, SiteError>>);

impl ChunkSource for Chunks {
    fn next(&mut self) -> NextChunk<'_> {
        let chunk = self.0.next();
        Box::pin(async move { chunk })
    }
}

fn stream(length: Option<u64>, chunks: Vec<Result<Vec<u8>, SiteError>>) -> Content {
    Content::Stream(ContentStream { length, chunks: Box::new(Chunks(chunks.into_iter())) })
}

async fn collected(answer: Result<Answer, SiteError>) -> (Option<u64>, Result<Vec<u8>, SiteError>) {
    let Ok(Answer::Content(ContentStream { length, mut chunks })) = answer else {
        panic!("expected content");
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => bytes.extend(chunk),
            Err(error) => return (length, Err(error)),
        }
    }
    (length, Ok(bytes))
}

#[tokio::test]
async fn a_file_is_sent_with_its_length_and_progress() {
    let server = Server::start(|_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let content: Vec<u8> = (0..700_000_u32).map(|position| (position % 251) as u8).collect();
    let reference = file(folder.path(), &content);
    let place = place_with(driver(&server.address, vec![upload()]), json!({}), Options::at(folder.path()));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let told = seen.clone();
    let progress = Rc::new(move |done, of| told.borrow_mut().push((done, of)));
    let answer =
        place.operate_with("upload", json!({}), Some(Content::File(reference)), Some(progress)).await;
    assert_eq!(shown(answer), json!({ "done": null }));
    let asked = &server.asked()[0];
    assert_eq!(asked.header("content-length"), Some("700000"));
    assert_eq!(asked.header("content-type"), Some("application/octet-stream"));
    assert!(asked.body == content);
    assert_eq!(seen.borrow().last(), Some(&(700_000, Some(700_000))));
    assert!(seen.borrow().len() >= 3 && seen.borrow().is_sorted(), "{seen:?}");
}

#[tokio::test]
async fn an_empty_file_is_sent() {
    let server = Server::start(|_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let reference = file(folder.path(), b"");
    let place = place_with(driver(&server.address, vec![upload()]), json!({}), Options::at(folder.path()));
    shown(place.operate_with("upload", json!({}), Some(Content::File(reference)), None).await);
    assert_eq!(server.asked()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_file_that_has_changed_never_arrives_whole() {
    let server = Server::start(|_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let reference = file(folder.path(), b"as planned");
    let place = place_with(driver(&server.address, vec![upload()]), json!({}), Options::at(folder.path()));
    for now in [Some("as flanned"), Some("longer than planned"), None] {
        match now {
            Some(now) => std::fs::write(folder.path().join("base.raw"), now).expect("written"),
            None => std::fs::remove_file(folder.path().join("base.raw")).expect("removed"),
        }
        let error = failure(
            place.operate_with("upload", json!({}), Some(Content::File(reference.clone())), None).await,
        );
        let kind = match now {
            Some(_) => SiteErrorKind::FileChanged("base.raw".into()),
            None => SiteErrorKind::Configuration,
        };
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.words.contains("`base.raw`"), "{error:?}");
    }
    assert!(server.asked().is_empty(), "no whole request arrived");
}

#[tokio::test]
async fn a_stream_without_length_is_sent_in_chunks() {
    let server = Server::start(|_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let place = place(driver(&server.address, vec![upload()]));
    let content = stream(None, vec![Ok(b"one".to_vec()), Ok(b"two".to_vec())]);
    shown(place.operate_with("upload", json!({}), Some(content), None).await);
    let asked = &server.asked()[0];
    assert_eq!((asked.header("content-length"), asked.header("transfer-encoding")), (None, Some("chunked")));
    assert_eq!(asked.body, b"onetwo");
}

#[tokio::test]
async fn a_source_that_ends_early_ends_the_request() {
    let server = Server::start(|_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let place = place(driver(&server.address, vec![upload()]));
    let broken = SiteError { kind: SiteErrorKind::Lost, words: "cut".into(), request: None, status: None };
    for (length, chunks, kind, words) in [
        (Some(9), vec![Ok(b"one".to_vec()), Err(broken.clone())], SiteErrorKind::Lost, "cut"),
        (None, vec![Ok(b"one".to_vec()), Err(broken)], SiteErrorKind::Lost, "cut"),
        (Some(9), vec![Ok(b"one".to_vec())], SiteErrorKind::Malformed, "ended after 3 of 9 bytes"),
        (Some(2), vec![Ok(b"one".to_vec())], SiteErrorKind::Malformed, "longer than its source said"),
    ] {
        let error =
            failure(place.operate_with("upload", json!({}), Some(stream(length, chunks)), None).await);
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.words.contains(words), "{error:?}");
    }
    assert!(server.asked().is_empty(), "no whole request arrived");
}

#[tokio::test]
async fn an_answer_before_the_content_is_taken_counts() {
    // The server answers without reading the body, and closes.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 64];
            stream.read_exact(&mut head).await.expect("a head");
            stream
                .write_all(b"HTTP/1.1 409 Conflict\r\nContent-Length: 14\r\n\r\nalready active")
                .await
                .expect("written");
            // It goes on reading for a moment, as real servers do, so that the answer is not destroyed by a reset.
            let mut rest = vec![0; 1 << 20];
            while stream.read(&mut rest).await.is_ok_and(|n_read| n_read > 0) {}
        }
    });
    let place = place(driver(&address, vec![upload()]));
    let content = stream(None, (0..64).map(|_| Ok(vec![1; 65536])).collect());
    let error = failure(place.operate_with("upload", json!({}), Some(content), None).await);
    assert_eq!((error.kind, error.words.as_str()), (SiteErrorKind::Invalid, "already active"));
}

#[tokio::test]
async fn a_site_that_takes_no_more_is_lost() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    // Connections are accepted by the system; nobody reads.
    let place = place(driver(&address, vec![upload()]));
    let content = stream(None, (0..1000).map(|_| Ok(vec![1; 65536])).collect());
    let error = failure(place.operate_with("upload", json!({}), Some(content), None).await);
    assert_eq!(error.kind, SiteErrorKind::Lost, "{error:?}");
    assert!(error.words.contains("takes no more of the content"), "{error:?}");
    drop(listener);
}

#[tokio::test]
async fn content_is_streamed_with_the_length_the_site_said() {
    for (is_chunked, length) in [(false, Some(300_000)), (true, None)] {
        let server = Server::start(move |_| Reaction::Bytes { length: 300_000, is_chunked, cut: None }).await;
        let place = place(driver(&server.address, vec![download()]));
        let (said, bytes) = collected(place.operate("download", json!({})).await).await;
        assert_eq!((said, bytes.expect("all of it").len()), (length, 300_000));
    }
}

#[tokio::test]
async fn content_that_breaks_off_is_lost() {
    for is_chunked in [true, false] {
        let server =
            Server::start(move |_| Reaction::Bytes { length: 300_000, is_chunked, cut: Some(100_000) }).await;
        let place = place(driver(&server.address, vec![download()]));
        let error = collected(place.operate("download", json!({})).await).await.1.expect_err("cut");
        assert_eq!(error.kind, SiteErrorKind::Lost, "{error:?}");
        assert_eq!(error.request.as_deref(), Some("GET /data"));
    }
    let silent = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec();
    let server = Server::start(move |_| Reaction::RawThenSilent(silent.clone())).await;
    let place = place(driver(&server.address, vec![download()]));
    let error = collected(place.operate("download", json!({})).await).await.1.expect_err("silent");
    assert!(
        error.kind == SiteErrorKind::Lost && error.words.contains("stopped for 0.5 s after 4 bytes"),
        "{error:?}"
    );
}

#[tokio::test]
async fn no_content_yet_is_an_answer_like_any_other() {
    let server = Server::start(|_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let place = place(driver(&server.address, vec![download()]));
    assert_eq!(failure(place.operate("download", json!({})).await).kind, SiteErrorKind::Busy);
}

#[tokio::test]
async fn content_that_a_rule_about_the_body_comes_before_is_kept_as_it_is() {
    let bytes = vec![0xff, 0x00, 0xfe];
    let sent = bytes.clone();
    let server = Server::start(move |_| Reaction::Answer(200, Vec::new(), sent.clone())).await;
    let mut download = download();
    let empty = json!({ "binary": ["equal", name("text"), value("")] });
    let first = json!({ "codes": [[200, 200]], "condition": empty, "meaning": { "busy": null } });
    download["answers"].as_array_mut().expect("rules").insert(0, first);
    let place = place(driver(&server.address, vec![download]));
    assert_eq!(collected(place.operate("download", json!({})).await).await, (Some(3), Ok(bytes)));
}
