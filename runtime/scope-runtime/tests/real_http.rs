//! Real sites over HTTP: how connections are used, and each way in which an answer can be bad.

mod real_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use real_support::*;
use scope_runtime::site::SiteErrorKind;
use serde_json::{Value, json};

fn read() -> Value {
    operation(
        "read",
        http("GET", concat(&[value("/things/"), name("id")]), None),
        vec![rule(200, json!({ "found": name("body") })), rule(404, json!({ "not_found": null }))],
    )
}

fn create(repeat: &str) -> Value {
    let body = json!({ "record": [["name", name("name")], ["status", name("status")], ["start", value(Value::Null)]] });
    let mut create = operation(
        "create",
        http("POST", value("/things"), Some(body)),
        vec![rule(201, json!({ "done": name("body") }))],
    );
    create["repeat"] = json!(repeat);
    create
}

#[tokio::test]
async fn one_connection_serves_many_requests_one_after_the_other() {
    let server = Server::start(|asked| ok(json!({ "id": asked.path }))).await;
    let place = place(driver(&server.address, vec![read()]));
    for _ in 0..5 {
        assert_eq!(
            shown(place.operate("read", json!({ "id": "a/b" })).await),
            json!({ "found": { "id": "/things/a%2Fb" } })
        );
    }
    assert_eq!((server.n_connections(), server.asked().len()), (1, 5));
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let settings = Settings { closes_silently: true, ..Settings::default() };
    let server = Server::start_with(settings, |_| ok(json!({ "id": "x" }))).await;
    let place = place(driver(&server.address, vec![read()]));
    for _ in 0..10 {
        shown(place.operate("read", json!({ "id": "x" })).await);
    }
    assert_eq!(server.asked().len(), 10);
}

#[tokio::test]
async fn what_must_not_be_repeated_gets_a_new_connection() {
    let server = Server::start(|_| Reaction::Answer(201, Vec::new(), b"{}".to_vec())).await;
    let place = place(driver(&server.address, vec![create("none")]));
    for _ in 0..3 {
        shown(place.operate("create", json!({ "name": "a" })).await);
    }
    assert_eq!(server.n_connections(), 3);
}

#[tokio::test]
async fn a_site_is_asked_no_more_at_once_than_it_allows() {
    let settings = Settings { delay: Duration::from_millis(50), ..Settings::default() };
    let server = Server::start_with(settings, |_| ok(json!({ "id": "x" }))).await;
    let place = place(driver(&server.address, vec![read()]));
    let ask = || place.operate("read", json!({ "id": "x" }));
    let answers = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask());
    shown(answers.8);
    assert_eq!(server.at_once.1.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_body_leaves_out_what_is_not_set_and_keeps_what_is_written_null() {
    let server = Server::start(|_| Reaction::Answer(201, Vec::new(), Vec::new())).await;
    let mut create = create("none");
    create["repeat"] = json!({ "key": "X-Once" });
    create["request"]["http"]["query"] =
        json!([["a b", value("c&d")], ["tag", value(json!(["x", 1]))], ["none", value(Value::Null)]]);
    create["request"]["http"]["headers"] =
        json!([["X-Mark", name("mark")], ["X-None", name("status")], ["...", value(json!({ "X-More": 7 }))]]);
    let place = place(driver(&server.address, vec![create]));
    assert_eq!(shown(place.operate("create", json!({ "name": "a" })).await), json!({ "done": null }));
    let asked = &server.asked()[0];
    assert_eq!(asked.json(), json!({ "name": "a", "start": null }));
    assert_eq!(asked.path, "/things?a%20b=c%26d&tag=x&tag=1");
    let headers = ["x-mark", "x-none", "x-more", "x-once", "content-type"].map(|name| asked.header(name));
    assert_eq!(headers, [Some("mark-1"), None, Some("7"), Some("key-1"), Some("application/json")]);
}

#[tokio::test]
async fn nothing_was_sent_is_told_from_no_answer() {
    let free =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    for (address, words) in [
        (format!("http://{free}"), "no connection: connection refused"),
        // Not known, or (with a slow resolver) no connection in time.
        ("http://no-such-host.invalid".to_owned(), "no"),
        ("http://192.0.2.1".to_owned(), "no connection"),
    ] {
        let place = place(driver(&address, vec![create("none")]));
        let error = failure(place.operate("create", json!({ "name": "a" })).await);
        assert_eq!(error.kind, SiteErrorKind::Unreachable, "{error:?}");
        assert!(error.words.contains(words), "{error:?}");
        assert_eq!(error.request.as_deref(), Some("POST /things"));
    }
    // The connection is cut after the request was taken, before the answer, and in its middle.
    for cut in [
        "",
        "HTTP/1.1 201 Created\r\nContent-Le",
        "HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{\"id\":",
    ] {
        let server = Server::start(move |_| Reaction::Raw(cut.as_bytes().to_vec())).await;
        let place = place(driver(&server.address, vec![create("none")]));
        let error = failure(place.operate("create", json!({ "name": "a" })).await);
        assert_eq!(error.kind, SiteErrorKind::Lost, "{cut}: {error:?}");
        assert_eq!(server.asked().len(), 1, "a creation is sent once: {cut}");
    }
    // Silence: before the head, and after half of the body.
    for start in ["", "HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{\"id\":"] {
        let server = Server::start(move |_| Reaction::RawThenSilent(start.as_bytes().to_vec())).await;
        let place = place(driver(&server.address, vec![create("none")]));
        let start = Instant::now();
        let answer = place.operate("create", json!({ "name": "a" }));
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.expect("a bound");
        let error = failure(answer);
        assert_eq!(error.kind, SiteErrorKind::Lost, "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(3) && error.words.contains("0.5 s"), "{error:?}");
    }
}

#[tokio::test]
async fn a_read_is_sent_again_once_when_its_connection_was_closed() {
    let n_asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match n_asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reaction::Raw(Vec::new()),
        _ => ok(json!({ "id": "x" })),
    })
    .await;
    let place = place(driver(&server.address, vec![read()]));
    assert_eq!(shown(place.operate("read", json!({ "id": "x" })).await), json!({ "found": { "id": "x" } }));
    let closing = Server::start(|_| Reaction::Raw(Vec::new())).await;
    let place = real_support::place(driver(&closing.address, vec![read()]));
    assert_eq!(failure(place.operate("read", json!({ "id": "x" })).await).kind, SiteErrorKind::Lost);
    assert_eq!(closing.asked().len(), 2);
}

#[tokio::test]
async fn answers_without_form_are_malformed() {
    let long_header =
        format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\n{{}}", "y".repeat(300_000));
    let many_headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(5000));
    let json_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let deep = "[".repeat(100_000);
    for (raw, words) in [
        ("SSH-2.0-OpenSSH_9\r\n\r\n".to_owned(), "not HTTP"),
        (long_header, "headers are longer"),
        (many_headers, "not HTTP"),
        (
            format!("{json_head}Content-Length: 7\r\n\r\n{{\"id\":}}"),
            "not JSON: expected value at line 1 column 7",
        ),
        (
            format!("{json_head}Content-Length: {}\r\n\r\n{deep}", deep.len()),
            "not JSON: recursion limit exceeded",
        ),
        (format!("{json_head}Content-Length: 3\r\n\r\n[1]"), "expected a resource's record, found a list"),
        (format!("{json_head}Content-Length: 999999999999\r\n\r\n"), "longer than 16777216 bytes"),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<p>Log in</p>"
                .to_owned(),
            "not JSON: ",
        ),
        ("HTTP/1.1 202 OK\r\nContent-Length: 4\r\n\r\nwhat".to_owned(), "no rule for the answer 202: what"),
    ] {
        let raw_ = raw.clone();
        let server = Server::start(move |_| Reaction::Raw(raw_.clone().into_bytes())).await;
        let place = place(driver(&server.address, vec![read()]));
        let error = failure(place.operate("read", json!({ "id": "x" })).await);
        let shown = &raw[..raw.len().min(60)];
        assert_eq!(error.kind, SiteErrorKind::Malformed, "{shown}: {error:?}");
        assert!(error.words.contains(words), "{shown}: {error:?}");
        assert_eq!(error.request.as_deref(), Some("GET /things/x"), "{shown}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    for is_chunked in [true, false] {
        let length = if is_chunked { u64::MAX } else { 20 << 20 };
        let server = Server::start(move |_| Reaction::Bytes { length, is_chunked, cut: None }).await;
        let place = place(driver(&server.address, vec![read()]));
        let error = failure(place.operate("read", json!({ "id": "x" })).await);
        assert_eq!(error.kind, SiteErrorKind::Malformed, "{error:?}");
    }
}

#[tokio::test]
async fn chunked_answers_and_answers_without_body() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/things/chunked" => Reaction::Raw(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n5\r\n:\"c\"}\r\n0\r\n\r\n"
                .to_vec(),
        ),
        _ => Reaction::Answer(204, Vec::new(), Vec::new()),
    })
    .await;
    let mut delete =
        operation("delete", http("DELETE", value("/things/x"), None), vec![rule(204, json!("gone"))]);
    delete["answers"].as_array_mut().expect("rules").push(rule(200, json!({ "done": null })));
    let place = place(driver(&server.address, vec![read(), delete]));
    assert_eq!(
        shown(place.operate("read", json!({ "id": "chunked" })).await),
        json!({ "found": { "id": "c" } })
    );
    assert_eq!(shown(place.operate("delete", json!({})).await), json!("gone"));
    assert_eq!(shown(place.operate("delete", json!({})).await), json!("gone"));
    // The connection is the same after an answer without a body.
    assert_eq!(server.asked()[1].connection, server.asked()[2].connection);
}

#[tokio::test]
async fn rules_are_tried_in_order_and_the_sites_own_words_are_kept() {
    let server = Server::start(|asked| match asked.path.rsplit('/').next().expect("a last part") {
        "quota" => status(403, r#"{"forbidden":{"code":403,"message":"Quota exceeded for instances"}}"#),
        "page" => status(
            404,
            "<html><head><title>404</title></head><body><h1>404 Not Found</h1>No image</body></html>",
        ),
        "image" => status(400, r#"{"badRequest":{"message":"Can not find requested image"}}"#),
        "field" => status(400, r#"{"badRequest":{"message":"Invalid input"}}"#),
        "down" => status(503, ""),
        "slow" => status(429, "slow down"),
        "busy" => status(409, "in transition"),
        other => status(other.parse().expect("a status"), ""),
    })
    .await;
    let message = field(field(name("body"), "forbidden"), "message");
    let matching = |what: Value, pattern: &str| json!({ "binary": ["matching", what, value(pattern)] });
    let mut read = read();
    read["answers"] = json!([
        { "codes": [[403, 403]], "condition": matching(message.clone(), "Quota"), "meaning": { "refused": message } },
        { "codes": [[400, 400]], "condition": matching(name("text"), "requested image"), "meaning": { "not_found": name("image") } },
        { "codes": [[404, 404]], "condition": null, "meaning": { "not_found": null } },
        { "codes": [], "condition": { "binary": ["equal", name("status"), value(409)] }, "meaning": { "busy": null } },
    ]);
    let mut driver = driver(&server.address, vec![read]);
    driver["services"][0]["answers"] = json!([rule(503, json!({ "unavailable": null }))]);
    let place = place(driver);
    for (id, kind, words, status) in [
        ("quota", SiteErrorKind::Refused, "Quota exceeded for instances", 403),
        ("page", SiteErrorKind::NotFound(None), "404 Not Found No image", 404),
        ("image", SiteErrorKind::NotFound(Some("image".into())), "Can not find requested image", 400),
        ("field", SiteErrorKind::Invalid, "Invalid input", 400),
        ("down", SiteErrorKind::Unavailable, "503 Service Unavailable", 503),
        ("slow", SiteErrorKind::Busy, "slow down", 429),
        ("busy", SiteErrorKind::Busy, "in transition", 409),
        ("500", SiteErrorKind::Unavailable, "500 Internal Server Error", 500),
        ("401", SiteErrorKind::Denied, "401 Unauthorized", 401),
    ] {
        // `status` is the answer's in rules, whatever the resource's attribute is.
        let error = failure(place.operate("read", json!({ "id": id, "status": "ACTIVE" })).await);
        assert_eq!((error.kind, error.words.as_str(), error.status), (kind, words, Some(status)));
    }
}

#[tokio::test]
async fn a_server_that_cannot_answer_leaves_open_what_must_not_be_repeated() {
    let server = Server::start(|_| status(502, "bad gateway")).await;
    let answered = |rules: Value, repeat: &str| {
        let mut create = create(repeat);
        create["answers"].as_array_mut().expect("rules").extend(rules.as_array().expect("rules").clone());
        let mut driver = driver(&server.address, vec![create]);
        driver["services"][0]["answers"] = json!([rule(503, json!({ "unavailable": null }))]);
        place(driver)
    };
    let of_operation = json!([rule(502, json!({ "unavailable": null }))]);
    for (rules, repeat, kind) in [
        // Who is behind the gateway may have it.
        (json!([]), "none", SiteErrorKind::Malformed),
        // The operation's own rule says that it was not carried out.
        (of_operation, "none", SiteErrorKind::Unavailable),
        (json!([]), "always", SiteErrorKind::Unavailable),
    ] {
        let error = failure(answered(rules, repeat).operate("create", json!({})).await);
        assert_eq!((error.kind, error.status), (kind, Some(502)), "{repeat}");
        assert!(error.words.contains("bad gateway"), "{}", error.words);
    }
}

#[tokio::test]
async fn redirects_are_followed_for_reads_on_the_same_origin_only() {
    let elsewhere = Server::start(|_| ok(json!({ "id": "stolen" }))).await;
    let to = elsewhere.address.clone();
    let server = Server::start(move |asked| {
        let redirect = |to: &str| Reaction::Answer(302, vec![("Location", to.to_owned())], Vec::new());
        match asked.path.as_str() {
            "/things/near" => redirect("/things/2"),
            "/things/2" => redirect("3"),
            "/things/3" => ok(json!({ "id": "three" })),
            "/things/far" => redirect(&to),
            "/things/round" => redirect("/things/round"),
            _ => redirect("/things/3"),
        }
    })
    .await;
    let place = place(driver(&server.address, vec![read(), create("none")]));
    assert_eq!(
        shown(place.operate("read", json!({ "id": "near" })).await),
        json!({ "found": { "id": "three" } })
    );
    for (id, words) in [("far", "redirected elsewhere: to http://localhost:"), ("round", "more than 3 times")]
    {
        let error = failure(place.operate("read", json!({ "id": id })).await);
        assert_eq!(error.kind, SiteErrorKind::Malformed);
        assert!(error.words.contains(words), "{error:?}");
    }
    assert!(elsewhere.asked().is_empty());
    // A creation is not redirected.
    assert_eq!(failure(place.operate("create", json!({})).await).kind, SiteErrorKind::Malformed);
}

#[tokio::test]
async fn a_list_is_followed_page_by_page() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/v2/things" => ok(json!({ "things": [{ "id": "1" }], "next": "/v2/things?page=2" })),
        "/v2/things?page=2" => ok(json!({ "things": [{ "id": "2" }], "next": format!("http://{}/v2/things?page=3", asked.header("host").expect("a host")) })),
        "/v2/things?page=3" => ok(json!({ "things": [] })),
        "/v2/round" => ok(json!({ "things": [{ "id": "1" }], "next": "?a" })),
        "/v2/round?a" => ok(json!({ "things": [{ "id": "1" }], "next": "?a" })),
        _ => ok(json!({ "things": [], "next": "http://other.example/v2/things" })),
    })
    .await;
    let find = |path: &str| {
        let list = vec![rule(200, json!({ "list": field(name("body"), "things") }))];
        let mut find = operation("find", http("GET", value(path), None), list);
        find["next_page"] = field(name("body"), "next");
        place(driver(&server.address, vec![find]))
    };
    assert_eq!(
        shown(find("/v2/things").operate("find", json!({})).await),
        json!({ "list": [{ "id": "1" }, { "id": "2" }] })
    );
    for (path, words) in [("/v2/round", "circle"), ("/v2/far", "redirected elsewhere")] {
        let error = failure(find(path).operate("find", json!({})).await);
        assert_eq!(error.kind, SiteErrorKind::Malformed);
        assert!(error.words.contains(words), "{error:?}");
    }
}

#[tokio::test]
async fn a_value_that_would_change_the_address_is_refused() {
    let server = Server::start(|_| ok(json!({}))).await;
    let place = place(driver(&server.address, vec![read()]));
    for id in ["..", ""] {
        assert_eq!(failure(place.operate("read", json!({ "id": id })).await).kind, SiteErrorKind::Invalid);
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_site_without_the_service_says_so() {
    let mut without = driver("", vec![read()]);
    without["services"][0]["address"] = field(name("session"), "address");
    let error = failure(place(without).operate("read", json!({ "id": "x" })).await);
    assert_eq!(
        (error.kind, error.words.as_str()),
        (SiteErrorKind::NoService, "the site has no service `things`")
    );
}
