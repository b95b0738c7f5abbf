//! Real sites by commands: arguments as they are, files for nobody else, bounded output, and an end for every child.
#![cfg(unix)]

mod real_support;

use std::time::{Duration, Instant};

use real_support::*;
use scope_runtime::real::Options;
use scope_runtime::site::{Answer, Content, ContentStream, SiteError, SiteErrorKind};
use serde_json::{Value, json};

fn words(words: &[&str]) -> Vec<Value> {
    words.iter().map(|word| value(*word)).collect()
}

fn sh(script: &str) -> Vec<Value> {
    words(&["sh", "-c", script])
}

/// One action `action` by this command; exit status 0 is done with its output, 3 is not found.
fn action(request: Value) -> Value {
    let answers = vec![
        rule(0, json!({ "done": name("out") })),
        rule(3, json!({ "not_found": null })),
        json!({ "codes": [[1, 1]], "condition": { "binary": ["matching", name("err"), value("refused")] }, "meaning": { "unavailable": null } }),
    ];
    operation("action", request, answers)
}

async fn run(request: Value) -> Result<Answer, SiteError> {
    run_at(request, json!({}), options()).await
}

async fn run_at(request: Value, inputs: Value, options: Options) -> Result<Answer, SiteError> {
    place_with(driver("", vec![action(request)]), json!({}), options).operate("action", inputs).await
}

fn done(answer: Result<Answer, SiteError>) -> String {
    shown(answer)["done"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_are() {
    let nasty = [
        "a b",
        "it's",
        "\"q\"",
        "$(touch /tmp/scope-never)",
        "`id`",
        "; rm -rf x",
        "*",
        "",
        "é\n€",
        "--x=$HOME",
    ];
    let mut argv = words(&["printf", "<%s>"]);
    argv.extend(words(&nasty));
    argv.push(value(Value::Null));
    argv.push(value(json!(["spliced", 7, true])));
    let expected: String =
        nasty.iter().chain(&["spliced", "7", "true"]).map(|word| format!("<{word}>")).collect();
    assert_eq!(done(run(exec(argv)).await), expected);
    assert!(!std::path::Path::new("/tmp/scope-never").exists());
}

#[tokio::test]
async fn exit_statuses_are_answers() {
    let error = failure(run(exec(sh("echo nothing there >&2; exit 3"))).await);
    assert_eq!(
        (error.kind, error.words.as_str(), error.status),
        (SiteErrorKind::NotFound(None), "nothing there", Some(3))
    );
    let error = failure(run(exec(sh("echo connection refused >&2; exit 1"))).await);
    assert_eq!(error.kind, SiteErrorKind::Unavailable);
    let error = failure(run(exec(sh("echo bad flag; exit 2"))).await);
    assert_eq!((error.kind, error.words.as_str()), (SiteErrorKind::Invalid, "bad flag"));
    let error = failure(run(exec(sh("kill -9 $$"))).await);
    assert_eq!(error.kind, SiteErrorKind::Lost, "{error:?}");
    assert_eq!(error.request.as_deref(), Some("sh"));
}

#[tokio::test]
async fn a_missing_program_is_named() {
    for program in ["no-such-program", "./no-such-program"] {
        let error = failure(run(exec(words(&[program]))).await);
        assert_eq!(error.kind, SiteErrorKind::Configuration);
        assert!(error.words.contains("no-such-program"), "{error:?}");
    }
    let error = failure(run(exec(words(&["/etc/passwd"]))).await);
    assert!(
        error.kind == SiteErrorKind::Configuration && error.words.contains("permission denied"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_environment_is_minimal_and_declared() {
    let mut request = exec(sh("env | cut -d= -f1 | sort | tr '\\n' ' '; printf %s \"$TOKEN\""));
    request["exec"]["env"] =
        json!([["TOKEN", value("t$x")], ["...", value(json!({ "EXTRA": 1 }))], ["GONE", value(Value::Null)]]);
    let out = done(run(request).await);
    assert!(out.contains("EXTRA ") && out.contains("PATH ") && out.ends_with("t$x"), "{out}");
    // Cargo's own variables are there in this process.
    assert!(!out.contains("CARGO") && !out.contains("GONE"), "{out}");
}

#[tokio::test]
async fn files_are_written_for_this_run_only() {
    let mut request =
        exec(sh("cat \"$0\" \"$1\"; stat -c %a \"$0\" \"$(dirname \"$0\")\"; printf %s \"$0\""));
    let argv = request["exec"]["argv"].as_array_mut().expect("a vector");
    argv.push(field(name("paths"), "manifest"));
    argv.push(field(name("paths"), "values.json"));
    request["exec"]["files"] =
        json!([["manifest", value("a: $(b)\n")], ["values.json", value(json!({ "k": [1] }))]]);
    let out = done(run(request).await);
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "a: $(b)");
    assert_eq!(
        serde_json::from_str::<Value>(&lines[1..lines.len() - 2].join("").replace("600", "")).expect("JSON"),
        json!({ "k": [1] })
    );
    assert!(out.contains("600\n700\n"), "{out}");
    assert!(!std::path::Path::new(lines[lines.len() - 1]).exists(), "removed afterwards");
    for evil in ["../evil", "a/b", "", ".."] {
        let mut request = exec(words(&["true"]));
        request["exec"]["files"] = json!([[evil, value("x")]]);
        assert_eq!(failure(run(request).await).kind, SiteErrorKind::Configuration, "{evil}");
    }
}

#[tokio::test]
async fn input_is_given_and_need_not_be_read() {
    let mut request = exec(words(&["cat"]));
    request["exec"]["stdin"] = value("in $put");
    assert_eq!(done(run(request.clone()).await), "in $put");
    request["exec"]["argv"] = json!(words(&["true"]));
    request["exec"]["stdin"] = value("x".repeat(1 << 20));
    assert_eq!(done(run(request).await), "");
}

#[tokio::test]
async fn output_is_bounded() {
    let options = Options { longest_answer: 1 << 20, ..options() };
    let at_bound =
        run_at(exec(sh("head -c 1048576 /dev/zero | tr '\\0' x")), json!({}), options.clone()).await;
    assert_eq!(done(at_bound).len(), 1 << 20);
    let start = Instant::now();
    let error = failure(run_at(exec(words(&["yes"])), json!({}), options.clone()).await);
    assert_eq!(error.kind, SiteErrorKind::Malformed, "{error:?}");
    // Much on standard error does not stop a command.
    let out = done(run_at(exec(sh("head -c 3000000 /dev/zero >&2; echo ok")), json!({}), options).await);
    assert_eq!(out, "ok\n");
    assert!(start.elapsed() < Duration::from_secs(4));
}

fn is_running(pid_file: &std::path::Path) -> bool {
    let pid = std::fs::read_to_string(pid_file).expect("written");
    // A killed process whose parent has not waited yet still has its folder.
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn a_command_out_of_time_is_killed_with_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "sleep 30 & echo $! > child; sleep 30";
    let options = || Options {
        base: folder.path().to_owned(),
        command_timeout: Duration::from_millis(300),
        ..options()
    };
    let start = Instant::now();
    let error = failure(run_at(exec(sh(script)), json!({}), options()).await);
    assert_eq!(error.kind, SiteErrorKind::Lost);
    assert_eq!(error.words, "`sh` has not ended within 0.3 s and was killed");
    assert!(start.elapsed() < Duration::from_secs(5));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!is_running(&folder.path().join("child")));

    // And when whoever waits loses patience.
    std::fs::remove_file(folder.path().join("child")).expect("removed");
    let patient = Options { command_timeout: Duration::from_secs(60), ..options() };
    let waited =
        tokio::time::timeout(Duration::from_millis(500), run_at(exec(sh(script)), json!({}), patient)).await;
    assert!(waited.is_err());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!is_running(&folder.path().join("child")));
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_not_waited_for() {
    let start = Instant::now();
    assert_eq!(done(run(exec(sh("sleep 20 & echo started"))).await), "started\n");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_secret_in_an_argument_is_refused() {
    let mut argv = words(&["echo"]);
    argv.push(concat(&[value("--password="), name("password")]));
    let error = failure(run_at(exec(argv), json!({ "password": "hunter22" }), options()).await);
    assert_eq!(error.kind, SiteErrorKind::Configuration);
    assert!(
        error.words.contains("argument 1 of `echo` holds a secret") && !error.words.contains("hunter22"),
        "{error:?}"
    );
    let mut request = exec(sh("printf %s \"$P\""));
    request["exec"]["env"] = json!([["P", name("password")]]);
    assert_eq!(done(run_at(request, json!({ "password": "hunter22" }), options()).await), "hunter22");
}

fn streaming(script: &str) -> Place {
    let answers = vec![rule(0, json!("content")), rule(3, json!({ "not_found": null }))];
    place(driver("", vec![operation("download", exec(sh(script)), answers)]))
}

async fn collected(mut stream: ContentStream) -> Result<usize, SiteError> {
    let mut n_bytes = 0;
    while let Some(chunk) = stream.chunks.next().await {
        n_bytes += chunk?.len();
    }
    Ok(n_bytes)
}

#[tokio::test]
async fn output_can_be_content() {
    let Ok(Answer::Content(stream)) =
        streaming("head -c 3000000 /dev/zero").operate("download", json!({})).await
    else {
        panic!("expected content");
    };
    assert_eq!(collected(stream).await, Ok(3_000_000));
    let error = failure(streaming("echo none >&2; exit 3").operate("download", json!({})).await);
    assert_eq!((error.kind, error.words.as_str()), (SiteErrorKind::NotFound(None), "none"));
    let Ok(Answer::Content(stream)) =
        streaming("echo half; echo broke >&2; exit 4").operate("download", json!({})).await
    else {
        panic!("expected content");
    };
    let error = collected(stream).await.expect_err("it failed");
    assert_eq!((error.kind, error.words.as_str()), (SiteErrorKind::Lost, "`sh` failed after 5 bytes: broke"));
}

#[tokio::test]
async fn content_goes_from_command_to_command() {
    let from = streaming("head -c 3000000 /dev/zero");
    let mut request = exec(words(&["wc", "-c"]));
    request["exec"]["stdin"] = name("data");
    let to = place(driver("", vec![action(request)]));
    let Ok(Answer::Content(stream)) = from.operate("download", json!({})).await else {
        panic!("expected content");
    };
    let answer = to.operate_with("action", json!({}), Some(Content::Stream(stream)), None).await;
    assert_eq!(done(answer).trim(), "3000000");
}
