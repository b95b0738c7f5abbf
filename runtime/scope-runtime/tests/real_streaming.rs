//! 64 MiB from one site to another, in a process of its own: what it may keep in memory is measured.

mod real_support;

use real_support::*;
use scope_runtime::site::{Answer, Content};
use serde_json::json;

/// The most memory this process has ever had, in KiB.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[tokio::test]
async fn content_goes_from_site_to_site_without_being_held() {
    const LENGTH: u64 = 64 << 20;
    let source = Server::start(|_| Reaction::Bytes { length: LENGTH, is_chunked: false, cut: None }).await;
    let settings = Settings { keeps_bodies: false, ..Settings::default() };
    let target = Server::start_with(settings, |_| Reaction::Answer(204, Vec::new(), Vec::new())).await;
    let download =
        operation("download", http("GET", value("/data"), None), vec![rule(200, json!("content"))]);
    let upload = operation(
        "upload",
        http("PUT", value("/data"), Some(name("data"))),
        vec![rule(204, json!({ "done": null }))],
    );
    let from = place(driver(&source.address, vec![download]));
    let to = place(driver(&target.address, vec![upload]));
    let before = peak_kib();
    let Ok(Answer::Content(stream)) = from.operate("download", json!({})).await else {
        panic!("expected content");
    };
    assert_eq!(stream.length, Some(LENGTH));
    shown(to.operate_with("upload", json!({}), Some(Content::Stream(stream)), None).await);
    let asked = &target.asked()[0];
    assert_eq!((asked.n_body, asked.header("content-length")), (LENGTH, Some("67108864")));
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        assert!(after - before < 16 * 1024, "{} KiB more than before", after - before);
    }
}
