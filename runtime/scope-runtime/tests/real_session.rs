//! Logins, sessions, settings and secrets at real sites; and that no error holds a secret.

mod real_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use real_support::*;
use scope_runtime::site::{Content, ContentStream, SiteErrorKind};
use serde_json::{Value, json};

/// A driver whose login gives a token that every request carries.
fn with_login(address: &str, operations: Vec<Value>) -> Value {
    let mut driver = driver(address, operations);
    let body = json!({ "record": [["user", field(name("site"), "user")], ["password", field(name("site"), "password")]] });
    let token = json!({ "index": [name("header"), value("x-token")] });
    let session = json!({ "record": [["token", token], ["expires", field(name("body"), "expires")]] });
    driver["login"] = json!({
        "service": "identity",
        "request": http("POST", value("/login"), Some(body)),
        "answers": [rule(201, json!({ "done": session })), rule(401, json!({ "denied": null }))],
        "secret_fields": ["token"]
    });
    let mut identity = driver["services"][0].clone();
    identity["name"] = json!("identity");
    driver["services"].as_array_mut().expect("services").push(identity);
    driver["services"][0]["headers"] = json!([["X-Token", field(name("session"), "token")]]);
    driver["services"][0]["answers"] = json!([rule(401, json!("reauthenticate"))]);
    driver["settings"] = json!([
        { "name": "password", "is_secret": true, "default": null },
        { "name": "user", "is_secret": false, "default": value("demo") }
    ]);
    driver
}

fn read() -> Value {
    operation("read", http("GET", value("/things"), None), vec![rule(200, json!({ "found": name("body") }))])
}

fn password() -> Value {
    json!({ "app": { "password": value("hunter22!") } })
}

/// Gives token-1, token-2, … and accepts the newest; `n_refused` requests are refused whatever their token.
async fn site(n_refused: usize) -> Server {
    let n_logins = AtomicUsize::new(0);
    let left = AtomicUsize::new(n_refused);
    let settings = Settings { delay: Duration::from_millis(20), ..Settings::default() };
    Server::start_with(settings, move |asked| {
        if asked.path == "/login" {
            assert_eq!(asked.header("x-token"), None);
            if asked.json() != json!({ "user": "demo", "password": "hunter22!" }) {
                return status(
                    401,
                    r#"{"error":{"message":"The request you have made requires authentication."}}"#,
                );
            }
            let token = format!("token-{}", n_logins.fetch_add(1, Ordering::SeqCst) + 1);
            return Reaction::Answer(201, vec![("X-Token", token)], b"{}".to_vec());
        }
        let is_refused =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let newest = format!("token-{}", n_logins.load(Ordering::SeqCst));
        if is_refused || asked.header("x-token") != Some(&newest) {
            return status(401, &format!("token {} is over", asked.header("x-token").unwrap_or("none")));
        }
        ok(json!({ "id": "x" }))
    })
    .await
}

fn n_logins(server: &Server) -> usize {
    server.asked().iter().filter(|asked| asked.path == "/login").count()
}

#[tokio::test]
async fn all_share_one_login() {
    let server = site(0).await;
    let place = place_with(with_login(&server.address, vec![read()]), password(), options());
    let ask = || place.operate("read", json!({}));
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    for answer in [first, second, third, ask().await] {
        assert_eq!(shown(answer), json!({ "found": { "id": "x" } }));
    }
    assert_eq!(n_logins(&server), 1);
}

#[tokio::test]
async fn a_session_that_is_over_is_opened_again_once() {
    let server = site(1).await;
    let place = place_with(with_login(&server.address, vec![read()]), password(), options());
    shown(place.operate("read", json!({})).await);
    assert_eq!(n_logins(&server), 2);

    let stubborn = site(usize::MAX).await;
    let place = place_with(with_login(&stubborn.address, vec![read()]), password(), options());
    let error = failure(place.operate("read", json!({})).await);
    assert_eq!((error.kind, error.words.as_str()), (SiteErrorKind::Denied, "token *** is over"));
    assert_eq!(n_logins(&stubborn), 2);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let server = site(0).await;
    let settings = json!({ "app": { "password": value("wrong") } });
    let place = place_with(with_login(&server.address, vec![read()]), settings, options());
    let ask = || place.operate("read", json!({}));
    let (first, second) = tokio::join!(ask(), ask());
    for answer in [first, second, ask().await] {
        let error = failure(answer);
        assert_eq!((&error.kind, error.status), (&SiteErrorKind::Denied, Some(401)));
        assert_eq!(error.words, "The request you have made requires authentication.");
        assert_eq!(error.request.as_deref(), Some("POST /login"));
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_upload_of_a_stream_is_not_repeated_but_its_session_is_new() {
    struct Nothing;
    impl scope_runtime::site::ChunkSource for Nothing {
        fn next(&mut self) -> scope_runtime::site::NextChunk<'_> {
            Box::pin(async { None })
        }
    }
    let server = site(1).await;
    let upload = operation(
        "upload",
        http("PUT", value("/d"), Some(name("data"))),
        vec![rule(200, json!({ "done": null }))],
    );
    let place = place_with(with_login(&server.address, vec![upload]), password(), options());
    let content = || Some(Content::Stream(ContentStream { length: None, chunks: Box::new(Nothing) }));
    assert_eq!(
        failure(place.operate_with("upload", json!({}), content(), None).await).kind,
        SiteErrorKind::Busy
    );
    shown(place.operate_with("upload", json!({}), content(), None).await);
    assert_eq!(n_logins(&server), 2);
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    // The site quotes everything back, in several encodings.
    let server = Server::start(|asked| {
        if asked.path == "/login" {
            return Reaction::Answer(201, vec![("X-Token", "gAAAAtoken+/=".into())], b"{}".to_vec());
        }
        let quoted = json!({ "message": format!(
            "bad token {} for {} with {} {}",
            asked.header("x-token").unwrap_or_default(), asked.path, String::from_utf8_lossy(&asked.body),
            "Basic ZGVtbzpodW50ZXIyMiE=",
        ) });
        status(400, &quoted.to_string())
    })
    .await;
    let secret_body = json!({ "record": [["password", name("password")]] });
    let path = concat(&[value("/things/"), field(name("site"), "password"), value("/"), name("password")]);
    let create = operation("create", http("POST", path, Some(secret_body)), vec![]);
    let place = place_with(with_login(&server.address, vec![create]), password(), options());
    let error = failure(place.operate("create", json!({ "password": "s3cr\"t pass" })).await);
    let shown = format!("{error:?} {error}");
    for secret in ["gAAAA", "hunter22", "s3cr", "h1bnRlcjI", "odW50ZXIyMi"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert_eq!(error.request.as_deref(), Some("POST /things/***/***"));
    assert_eq!(place.sites.mask().hide("token gAAAAtoken+/= again"), "token *** again");
}

#[tokio::test]
async fn missing_secrets_are_all_named_and_nothing_is_sent() {
    let server = site(0).await;
    let settings = json!({ "app": {
        "password": { "secret": { "env": "SCOPE_TEST_NOT_SET" } },
        "user": { "secret": { "file": "/no/such/file" } }
    } });
    let place = place_with(with_login(&server.address, vec![read()]), settings, options());
    let error = failure(place.operate("read", json!({})).await);
    assert_eq!(error.kind, SiteErrorKind::Configuration);
    let both = "environment variable `SCOPE_TEST_NOT_SET` is not set; file `/no/such/file` cannot be read: no such file or directory";
    assert_eq!(error.words, both);
    assert!(server.asked().is_empty());
    let missing = scope_runtime::real::check_all(&place.plan, &*place.sites.secrets(), &|_| false);
    let why: Vec<_> = missing.iter().map(|missing| missing.error.why.as_str()).collect();
    assert_eq!(why.join("; "), both);
}

#[tokio::test]
async fn probing_tells_address_version_and_round_trip() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/login" => Reaction::Answer(201, vec![("X-Token", "token-1".into())], b"{}".to_vec()),
        "/version" => ok(json!({ "version": "2.96" })),
        _ => status(300, "choices"),
    })
    .await;
    let mut driver = with_login(&server.address, vec![]);
    driver["services"][0]["probe"] = json!({
        "request": http("GET", value("/version"), None),
        "answers": [rule(200, json!({ "done": field(name("body"), "version") }))]
    });
    let mut absent = driver["services"][0].clone();
    absent["name"] = json!("absent");
    absent["address"] = field(name("session"), "absent");
    driver["services"].as_array_mut().expect("services").push(absent);
    let place = place_with(driver.clone(), password(), options());
    let probes = place.site.probe().await.expect("answers");
    let shown: Vec<_> = probes
        .iter()
        .map(|probe| {
            (probe.service.as_str(), probe.version.as_deref(), probe.error.as_deref(), probe.rtt_us > 0)
        })
        .collect();
    let no_service = Some("the site has no service `absent`");
    assert_eq!(
        shown,
        [
            ("things", Some("2.96"), None, true),
            ("identity", None, None, true),
            ("absent", None, no_service, false)
        ]
    );
    assert_eq!(probes[0].address.as_deref(), Some(server.address.as_str()));

    let place = place_with(
        driver,
        json!({ "app": { "password": { "secret": { "env": "SCOPE_TEST_NOT_SET" } } } }),
        options(),
    );
    assert_eq!(place.site.probe().await.expect_err("no secret").kind, SiteErrorKind::Configuration);
}
