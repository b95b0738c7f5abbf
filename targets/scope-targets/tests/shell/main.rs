//! Scripts of target `shell`, run under every shell that is there against small libraries over HTTP.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the test runs what is rendered")]

mod library;

use std::path::{Path, PathBuf};
use std::process::Command;

use library::{Library, checksum};
use scope_plan::driver::{Repeat, Type};
use scope_plan::expr::{Expr, FileRef, SecretSource};
use scope_plan::plan::{Action, OnUnknown, OnUnreachable, Plan};
use scope_plan::testing::{Builder, shelf_with_login};
use scope_targets::{Options, render};
use serde_json::json;

const PASSWORD: &str = "s3cret \"ü\\";

/// A folder with a script in it.
struct Scripted {
    folder: tempfile::TempDir,
    script: PathBuf,
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Scripted {
    fn new(plan: &Plan) -> Scripted {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = render("shell", plan, &Options::default()).expect("the plan can be rendered");
        let script = folder.path().join(&files[0].path);
        std::fs::write(&script, &files[0].contents).expect("written");
        assert!(files[0].executable && files.len() == 1);
        Scripted { folder, script }
    }

    fn run(&self) -> Ended {
        self.run_with(&[], Some(PASSWORD))
    }

    fn run_with(&self, arguments: &[&str], password: Option<&str>) -> Ended {
        let shell = std::env::var("SCOPE_TEST_SHELL").unwrap_or_else(|_| "sh".to_owned());
        let mut words = shell.split(' ');
        let mut command = Command::new(words.next().expect("a shell"));
        command.args(words).arg(&self.script).args(arguments).env_remove("LIBRARY_PASSWORD");
        if let Some(password) = password {
            command.env("LIBRARY_PASSWORD", password);
        }
        let temporary = self.folder.path().join("tmp");
        std::fs::create_dir_all(&temporary).expect("a folder");
        let output = command.env("TMPDIR", &temporary).output().expect("the shell is there");
        let left: Vec<_> = std::fs::read_dir(&temporary).expect("a folder").collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
        let ended = Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        };
        for text in [&ended.out, &ended.err] {
            assert!(!text.contains("s3cret"), "the secret is shown: {text}");
            assert!(!text.contains("t-0123456789"), "the token is shown: {text}");
        }
        ended
    }
}

impl Ended {
    #[track_caller]
    fn expect(self, code: i32, words: &[&str]) -> Ended {
        let all = format!("exit {}\n{}{}", self.code, self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        words.iter().for_each(|words| assert!(all.contains(words), "no `{words}` in: {all}"));
        self
    }
}

fn builder() -> Builder {
    Builder::with_driver(shelf_with_login())
}

/// Points the plan's sites at the libraries.
fn at(mut plan: Plan, libraries: &[&Library]) -> Plan {
    for (site, library) in plan.sites.iter_mut().zip(libraries) {
        let settings = site.settings.get_mut("shelf").expect("every site has the driver");
        settings.insert("url".to_owned(), Expr::text(library.url.as_str()));
        settings
            .insert("password".to_owned(), Expr::Secret(SecretSource::Env("LIBRARY_PASSWORD".to_owned())));
    }
    plan
}

fn book(title: &str) -> Vec<(&'static str, Expr)> {
    vec![("title", Expr::text(title)), ("pages", Expr::Value(json!(300)))]
}

fn gone(library: &Library) -> Library {
    // A port that was free a moment ago, and on which nobody listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let mut gone = Library::start("x");
    gone.url = url;
    let _ = library;
    gone
}

#[test]
fn creates_once_and_then_does_nothing() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    let emma = plan.ensure(site, "emma", "shelf.book", book("Emma \"é\" $(x) 'q'"));
    plan.output("emma", Expr::step(emma, &["id"]));
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    let first = script.run().expect(
        0,
        &["done", "nantes", "book", "emma", "created", "ok: 1 created, 0 changed", "emma = \"n1\""],
    );
    assert!(first.err.is_empty(), "{}", first.err);
    let books = nantes.books();
    assert_eq!(books.len(), 1);
    assert_eq!((&books[0]["title"], &books[0]["pages"]), (&json!("Emma \"é\" $(x) 'q'"), &json!(300)));
    let mark = books[0]["notes"]["scope_mark"].as_str().expect("it bears our mark");
    assert!(mark.contains("emma") && mark.contains("nantes"), "{mark}");
    nantes.take_log();
    script.run().expect(0, &["nothing to do: 1 of 1 as the program says"]);
    assert_eq!(nantes.take_log(), ["POST /login", "GET /books/n1"]);
    // Without the state, by the mark.
    std::fs::rename(script.folder.path().join(".scope"), script.folder.path().join("lost")).expect("moved");
    script.run().expect(1, &["that this program did not make"]);
    std::fs::remove_dir_all(script.folder.path().join(".scope")).expect("removed");
    std::fs::rename(script.folder.path().join("lost"), script.folder.path().join(".scope")).expect("moved");
    let records = script.folder.path().join(".scope/test.shell/records");
    let kept: String = std::fs::read_to_string(&records)
        .expect("the state")
        .lines()
        .filter(|line| line.starts_with("deployment"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&records, kept).expect("written");
    script.run().expect(0, &["nothing to do"]);
    assert_eq!(nantes.books().len(), 1);
}

#[test]
fn sets_back_what_the_program_sets_and_refuses_what_cannot_change() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    let mut attributes = book("Emma");
    attributes.push(("language", Expr::text("en")));
    attributes.push(("notes", Expr::Value(json!({ "place": "top" }))));
    plan.ensure(site, "emma", "shelf.book", attributes);
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    script.run().expect(0, &["1 created"]);
    nantes.change("Emma", "pages", json!(7));
    nantes.change("Emma", "extra", json!("theirs"));
    script.run().expect(0, &["updated", "pages set back", "ok: 0 created, 1 changed"]);
    assert_eq!((&nantes.books()[0]["pages"], &nantes.books()[0]["extra"]), (&json!(300), &json!("theirs")));
    nantes.change("Emma", "language", json!("fr"));
    script
        .run()
        .expect(1, &["failed", "language, which cannot be changed after creation", "--> test.scope:1"]);
}

#[test]
fn content_goes_up_from_a_file_and_across_to_another_site() {
    let (nantes, paris) = (Library::start("n"), Library::start("p"));
    let content: Vec<u8> = (0..70_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    let mut plan = builder();
    let (here, there) = (plan.site("nantes"), plan.site("paris"));
    let file =
        FileRef { path: "books/emma.raw".to_owned(), sha256: String::new(), size: content.len() as u64 };
    let mut attributes = book("Emma");
    attributes.push(("content", Expr::File(file)));
    plan.ensure(there, "emma", "shelf.book", attributes);
    let mut finished = at(plan.finish(), &[&nantes, &paris]);
    let digest = Command::new("sha256sum").arg("/dev/null").output().is_ok();
    if digest {
        // The digest is checked where the tool is there, so give the right one.
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("c"), &content).expect("written");
        let output = Command::new("sha256sum").arg(folder.path().join("c")).output().expect("a digest");
        let digest = String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned();
        let Action::Ensure { attributes, .. } = &mut finished.steps[0].action else { panic!("it is one") };
        let (_, Expr::File(file)) = attributes.last_mut().expect("the content") else {
            panic!("it is a file")
        };
        file.sha256 = digest;
    }
    let script = Scripted::new(&finished);
    script.run().expect(3, &["the file `books/emma.raw` is not there"]);
    std::fs::create_dir(script.folder.path().join("books")).expect("a folder");
    std::fs::write(script.folder.path().join("books/emma.raw"), b"other").expect("written");
    script.run().expect(3, &["has changed"]);
    std::fs::write(script.folder.path().join("books/emma.raw"), &content).expect("written");
    script.run().expect(0, &["1 created"]);
    assert_eq!(paris.books()[0]["checksum"], json!(checksum(&content)));

    let mut plan = builder();
    let (here_, there_) = (plan.site("nantes"), plan.site("paris"));
    assert_eq!((here, there), (here_, there_));
    let original = plan.lookup(there, "loan.book", "shelf.book", "Emma");
    let copy = plan.bring(here, "loan.book", "shelf.book", &[original]);
    plan.ensure(
        here,
        "loan",
        "shelf.loan",
        vec![("book", Expr::step(copy, &[])), ("reader", Expr::text("ana"))],
    );
    let script = Scripted::new(&at(plan.finish(), &[&nantes, &paris]));
    nantes.faults(|faults| faults.garble = true);
    script.run().expect(1, &["had another checksum than the original at paris", "it needs `loan.book`"]);
    nantes.faults(|faults| faults.garble = false);
    assert!(nantes.books().is_empty(), "a copy that is not one is taken away again");
    script.run().expect(0, &["borrowed", "from paris, checksum equal:", "created", "ok: 2 created"]);
    let book = nantes.books()[0]["id"].clone();
    assert_eq!(book, paris.books()[0]["id"], "the identity is kept");
    assert_eq!(nantes.books()[0]["checksum"], json!(checksum(&content)));
    assert_eq!(nantes.loans()[0]["book"], book);
    script.run().expect(0, &["nothing to do: 2 of 2"]);
}

#[test]
fn a_copy_that_was_lost_comes_back_under_another_identity_and_its_loan_stays() {
    let (nantes, paris) = (Library::start("n"), Library::start("p"));
    paris.put(json!({ "id": "b1", "title": "Emma", "pages": 300, "status": "open" }), b"It was");
    nantes.faults(|faults| faults.remembers = true);
    let mut plan = builder();
    let (here, there) = (plan.site("nantes"), plan.site("paris"));
    let original = plan.lookup(there, "loan.book", "shelf.book", "Emma");
    let copy = plan.bring(here, "loan.book", "shelf.book", &[original]);
    let attributes = vec![("book", Expr::step(copy, &[])), ("reader", Expr::text("ana"))];
    plan.ensure(here, "loan", "shelf.loan", attributes);
    let script = Scripted::new(&at(plan.finish(), &[&nantes, &paris]));
    script.run().expect(0, &["ok: 2 created"]);
    let loans = nantes.loans();
    assert_eq!(loans[0]["book"], "b1");
    for _ in 0..2 {
        let lost = nantes.books()[0]["id"].clone();
        nantes.take(lost.as_str().expect("an id"));
        script.run().expect(0, &["borrowed", "id b1 is used up here: now n", "ok: 1 created"]);
        let books = nantes.books();
        assert_eq!(books.len(), 1);
        assert_ne!(books[0]["id"], lost);
        assert_eq!(books[0]["checksum"], paris.books()[0]["checksum"]);
        assert_eq!(nantes.loans(), loans);
        script.run().expect(0, &["nothing to do: 2 of 2"]);
    }
}

#[test]
fn alternatives_go_on_when_one_is_unavailable_and_undo_what_it_made() {
    let (nantes, paris) = (Library::start("n"), Library::start("p"));
    let plan = |libraries: &[&Library]| {
        let mut plan = builder();
        let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
        let choice = plan.choice("shelf", &["paris", "nantes"]);
        let results = [(0, paris), (1, nantes)].map(|(arm, site)| {
            plan.arm(choice, arm, |plan| {
                let emma = plan.ensure(site, "emma", "shelf.book", book("Emma"));
                let extra = plan.ensure(
                    site,
                    "extra",
                    "shelf.loan",
                    vec![("book", Expr::step(emma, &[])), ("reader", Expr::text("ana"))],
                );
                assert!(extra.0 > emma.0);
                emma
            })
        });
        let emma = plan.choose(nantes, "emma", choice, &results);
        plan.output("emma", Expr::step(emma, &["id"]));
        at(plan.finish(), libraries)
    };
    // Loans are refused at paris after the book was made there.
    let mut finished = plan(&[&nantes, &paris]);
    finished.steps[1].retry.times = 1;
    paris.faults(|faults| faults.full = Some("no room for loans"));
    paris.put(json!({ "id": "other", "title": "Other", "status": "open" }), b"x");
    let script = Scripted::new(&finished);
    let ended = script.run().expect(0, &["given up: paris", "emma = \"n1\"", "ok: 2 created"]);
    assert!(ended.out.contains("no room for loans"), "the site's words are shown: {}", ended.out);
    assert_eq!(paris.books().len(), 1, "only what was there before: {:?}", paris.books());
    // What was chosen is kept, though paris has room again.
    paris.faults(|faults| faults.full = None);
    paris.take_log();
    script.run().expect(0, &["nothing to do: 2 of 2"]);
    assert_eq!(paris.take_log(), Vec::<String>::new());
    // Chosen anew.
    script.run_with(&["--reconsider"], Some(PASSWORD)).expect(0, &["ok: 2 created"]);
    assert_eq!(paris.books().len(), 2);
}

#[test]
fn an_abandoned_creation_is_deleted_and_an_absent_site_is_passed_over() {
    let (nantes, paris) = (Library::start("n"), Library::start("p"));
    let mut plan = builder();
    let (here, there) = (plan.site("nantes"), plan.site("paris"));
    let choice = plan.choice("shelf", &["paris", "nantes"]);
    plan.arm(choice, 0, |plan| {
        plan.ensure(there, "emma", "shelf.book", book("Emma"));
        plan.ensure(there, "torn", "shelf.book", book("Torn"));
    });
    plan.arm(choice, 1, |plan| plan.ensure(here, "emma", "shelf.book", book("Emma")));
    let mut finished = at(plan.finish(), &[&nantes, &paris]);
    finished.steps[1].retry.times = 1;
    let script = Scripted::new(&finished);
    paris.faults(|faults| faults.tear = true);
    script.run().expect(0, &["it is broken", "given up: paris", "undone", "ok: 1 created"]);
    assert_eq!((paris.books().len(), nantes.books().len()), (0, 1));

    let gone = gone(&paris);
    let mut finished = at(finished, &[&nantes, &gone]);
    finished.steps.iter_mut().for_each(|step| step.retry.times = 1);
    let script = Scripted::new(&finished);
    script.run().expect(1, &["paris cannot be reached", "given up: paris", "that this program did not make"]);
}

#[test]
fn what_is_queued_waits_and_its_neighbours_do_not() {
    let (nantes, paris) = (Library::start("n"), Library::start("p"));
    let mut plan = builder();
    let sites = [plan.site("nantes"), plan.site("paris")];
    let parts = sites.map(|site| {
        let part = plan.ensure(site, "emma", "shelf.book", book("Emma"));
        plan.step_mut(part).on_unreachable = OnUnreachable::Queue { for_ms: None };
        plan.step_mut(part).retry.times = 1;
        part
    });
    let emma = plan.gather(sites[0], "emma", &parts);
    plan.output("emma", Expr::step(emma, &[]));
    let finished = plan.finish();
    let gone = gone(&paris);
    let script = Scripted::new(&at(finished.clone(), &[&nantes, &gone]));
    script.run().expect(4, &["parked", "paris cannot be reached", "pending: ", "run it again"]);
    assert_eq!(nantes.books().len(), 1);
    let again = Scripted::new(&at(finished, &[&nantes, &paris]));
    std::fs::rename(script.folder.path().join(".scope"), again.folder.path().join(".scope")).expect("moved");
    again.run().expect(0, &["ok: 1 created", "\"nantes\": {", "\"paris\": {"]);
    assert_eq!(paris.books().len(), 1);
}

#[test]
fn lost_answers_sessions_that_end_and_pages() {
    let nantes = Library::start("n");
    for n in 0..5 {
        nantes.put(json!({ "id": format!("o{n}"), "title": "Emma", "status": "open" }), b"");
    }
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma2"));
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    nantes.faults(|faults| {
        faults.lose = 1;
        faults.expire = 1;
        faults.away = 1;
    });
    script.run().expect(0, &["1 created"]);
    assert_eq!(nantes.books().len(), 6, "nothing is made twice");

    let mut plan = builder();
    let site = plan.site("nantes");
    plan.lookup(site, "emma", "shelf.book", "Emma");
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    nantes.take_log();
    script.run().expect(1, &["several are called so at nantes", "o0 (open)", "o4 (open)"]);
    assert_eq!(
        nantes.take_log().iter().filter(|line| *line == "GET /books").count(),
        3,
        "all pages are read"
    );
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.lookup(site, "none", "shelf.book", "Nothing");
    plan.lookup(site, "one", "shelf.book", "o3");
    Scripted::new(&at(plan.finish(), &[&nantes]))
        .run()
        .expect(1, &["nantes has no `Nothing`", "1 done, 0 parked, 1 failed"]);
}

#[test]
fn calls_are_done_once_and_wait_for_their_own_readiness() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    let emma = plan.ensure(site, "emma", "shelf.book", book("Emma"));
    plan.call(site, "close", "shelf.book", "close", vec![("id", Expr::step(emma, &["id"]))]);
    let mut finished = at(plan.finish(), &[&nantes]);
    let script = Scripted::new(&finished);
    script.run().expect(0, &["called", "ok: 1 created, 1 changed"]);
    assert_eq!(
        (&nantes.books()[0]["status"], &nantes.books()[0]["by"]),
        (&json!("closed"), &json!("librarian"))
    );
    nantes.change("Emma", "status", json!("open"));
    script.run().expect(0, &["nothing to do: 2 of 2"]);
    script.run_with(&["--again", "close"], Some(PASSWORD)).expect(0, &["ok: 0 created, 1 changed"]);
    // By name, and read and printed in every run.
    let Action::Call { operation, inputs, once, prints, .. } = &mut finished.steps[1].action else {
        panic!("it is one")
    };
    *operation = "find".to_owned();
    *inputs = vec![("title".to_owned(), Expr::text("Emma"))];
    (*once, *prints) = (false, true);
    let script_ = Scripted::new(&finished);
    std::fs::rename(script.folder.path().join(".scope"), script_.folder.path().join(".scope"))
        .expect("moved");
    script_.run().expect(0, &["\"title\": \"Emma\"", "nothing to do"]);
}

/// A plan with a call that is done once, whose answer will be lost, and a person's answer beforehand.
fn call_that_is_lost(nantes: &Library, on_unknown: OnUnknown) -> Scripted {
    nantes.put(json!({ "id": "n1", "title": "Emma", "status": "open" }), b"");
    let mut plan = builder();
    let site = plan.site("nantes");
    let close = plan.call(site, "close", "shelf.book", "close", vec![("id", Expr::text("n1"))]);
    plan.step_mut(close).on_unknown = on_unknown;
    let mut plan = at(plan.finish(), &[nantes]);
    let operations = plan.drivers[0].types.iter_mut().flat_map(|ty| &mut ty.operations);
    operations.filter(|operation| operation.name == "close").for_each(|close| close.repeat = Repeat::None);
    nantes.faults(|faults| faults.lose_calls = 1);
    Scripted::new(&plan)
}

fn n_closed(nantes: &Library) -> usize {
    nantes.take_log().iter().filter(|line| *line == "POST /books/n1/close").count()
}

/// What must not be repeated, and whose answer is lost: asked about, unless the program says what it counts as.
#[test]
fn an_answer_that_is_lost_is_what_the_program_says_of_it() {
    let nantes = Library::start("n");
    let script = call_that_is_lost(&nantes, OnUnknown::Ask);
    script.run().expect(1, &["no answer came, and sending it again is not safe"]);
    script.run().expect(1, &["an earlier run sent it and got no answer; --again close sends it again"]);
    assert_eq!(n_closed(&nantes), 1, "it is not sent twice by itself");
    script.run_with(&["--again", "close"], Some(PASSWORD)).expect(0, &["called"]);
    assert_eq!(n_closed(&nantes), 1);

    let nantes = Library::start("n");
    let script = call_that_is_lost(&nantes, OnUnknown::Fail);
    script.run().expect(1, &["no answer came: it counts as failed"]);
    assert_eq!(n_closed(&nantes), 1);

    let nantes = Library::start("n");
    let script = call_that_is_lost(&nantes, OnUnknown::Retry);
    script.run().expect(0, &["called"]);
    assert_eq!(n_closed(&nantes), 2, "sent again, and done twice");
}

/// Guards, stuck resources and amounts are a run's; the script says so, and so does whoever makes it.
#[test]
fn what_is_left_out_is_said() {
    let mut plan = builder();
    let site = plan.site("nantes");
    let emma = plan.ensure(site, "emma", "shelf.book", book("Emma"));
    plan.ensure(site, "loan", "shelf.loan", vec![("book", Expr::step(emma, &[]))]);
    let plan = plan.finish();
    let left_out = |plan: &Plan| {
        let files = render("shell", plan, &Options::default()).expect("the plan can be rendered");
        for one in &files[0].left_out {
            assert!(files[0].contents.contains(&format!("#   - {one}\n")), "the script says it too: {one}");
        }
        files[0].left_out.clone()
    };
    assert_eq!(left_out(&plan), [""; 0], "nothing of this plan");

    let mut changed = plan.clone();
    let ty = &mut changed.drivers[0].types[0];
    ty.stuck = Some(Expr::Value(json!(false)));
    ty.attributes.iter_mut().filter(|attribute| attribute.name == "pages").for_each(|pages| {
        pages.ty = Type::Named("Pages".to_owned());
    });
    changed.drivers[0].declared.insert("Pages".to_owned(), Type::Map(Box::new(Type::Quantity)));
    assert_eq!(
        left_out(&changed),
        [
            "a `shelf.book` that a restart of its site left half made is waited for, not made again",
            "amounts in `pages` of `shelf.book` are compared as they are written: `1` and `1000m` are a difference",
        ]
    );
}

#[test]
fn deletes_what_the_program_does_not_name_any_more() {
    let nantes = Library::start("n");
    nantes.put(json!({ "id": "old", "title": "Old", "status": "open" }), b"");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.delete(site, "old", "shelf.book", "old");
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    script.run().expect(0, &["deleted", "1 deleted"]);
    assert!(nantes.books().is_empty());
}

#[test]
fn what_is_to_stay_is_only_forgotten() {
    let nantes = Library::start("n");
    nantes.put(json!({ "id": "old", "title": "Old", "status": "open" }), b"");
    let mut plan = builder();
    let site = plan.site("nantes");
    let deletion = plan.delete(site, "old", "shelf.book", "old");
    let Action::Delete { keep, .. } = &mut plan.step_mut(deletion).action else { panic!("it is one") };
    *keep = true;
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    script.run().expect(0, &["left at the site with its owner mark"]);
    assert_eq!(nantes.books().len(), 1);
}

#[test]
fn wrong_settings_are_told_before_anything_is_sent() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    plan.ensure(site, "anna", "shelf.book", book("Anna"));
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    script.run_with(&[], None).expect(3, &["LIBRARY_PASSWORD", "nothing was sent"]);
    assert!(nantes.take_log().is_empty());
    script.run_with(&["--nonsense"], Some(PASSWORD)).expect(3, &["`--nonsense` is no argument"]);
    let help = script
        .run_with(&["--help"], None)
        .expect(0, &["usage: sh test.sh", "LIBRARY_PASSWORD", "Exit status"]);
    assert!(!help.out.contains("set -eu"));
    script
        .run_with(&[], Some("wrong-password"))
        .expect(1, &["nantes denies it", "wrong password ***", "2 failed"]);
    assert_eq!(nantes.take_log(), ["POST /login"], "refused credentials are not tried again");
    // Another run holds the state.
    std::fs::create_dir(script.folder.path().join(".scope/test.shell/lock")).expect("a lock");
    std::fs::write(script.folder.path().join(".scope/test.shell/lock/pid"), std::process::id().to_string())
        .expect("written");
    script.run().expect(5, &["another run"]);
    std::fs::write(script.folder.path().join(".scope/test.shell/lock/pid"), "999999999").expect("written");
    script.run().expect(0, &["2 created"]);
}

#[test]
fn no_secret_stands_in_an_argument_list() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    // Every program the script starts is one of ours, which writes down how it was called.
    let (folder, log) = (script.folder.path().join("bin"), script.folder.path().join("log"));
    std::fs::create_dir(&folder).expect("a folder");
    let log_text = log.display();
    let find = "command -v curl; command -v awk; command -v cp; command -v mv; command -v rm; command -v sed";
    let found = Command::new("sh").args(["-c", find]).output().expect("they are looked for");
    for real in String::from_utf8(found.stdout).expect("paths").lines() {
        let path = folder.join(Path::new(real).file_name().expect("a name"));
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >>'{log_text}'\nexec '{real}' \"$@\"\n");
        std::fs::write(&path, text).expect("written");
        Command::new("chmod").arg("+x").arg(&path).status().expect("made executable");
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let ended = Command::new("sh")
        .arg(&script.script)
        .env("PATH", path)
        .env("LIBRARY_PASSWORD", PASSWORD)
        .output()
        .expect("it runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let log = std::fs::read_to_string(log).expect("it was written");
    assert!(log.contains("/curl -q") && log.contains("/awk -f"), "{log}");
    assert!(!log.contains("s3cret") && !log.contains("t-0123456789"), "{log}");
}

#[test]
fn a_script_that_was_changed_fails() {
    // So that a run can fail: each change of what is rendered is seen.
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    let plan = at(plan.finish(), &[&nantes]);
    for (part, other) in [
        ("\"/books\"", "\"/bookz\""),
        ("\"X-Token\"", "\"X-Taken\""),
        ("str(\"open\")", "str(\"opened\")"),
        ("COMPARED[\"pages\"]", "COMPARED(\"pages\")"),
        ("run_all\nconclude", "run_al\nconclude"),
    ] {
        let script = Scripted::new(&plan);
        let text = std::fs::read_to_string(&script.script).expect("the script");
        assert!(text.contains(part), "{part} is not in the script");
        std::fs::write(&script.script, text.replace(part, other).replace("PATIENCE=30", "PATIENCE=3"))
            .expect("written");
        let ended = script.run();
        assert_ne!(ended.code, 0, "{part}: {}{}", ended.out, ended.err);
    }
}

#[test]
fn the_rendered_script_is_as_it_was() {
    let mut plan = builder();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let original = plan.lookup(paris, "loan.book", "shelf.book", "Emma");
    let copy = plan.bring(nantes, "loan.book", "shelf.book", &[original]);
    plan.ensure(
        nantes,
        "loan",
        "shelf.loan",
        vec![("book", Expr::step(copy, &[])), ("reader", Expr::text("ana"))],
    );
    let mut plan = plan.finish();
    for site in &mut plan.sites {
        let secret = Expr::Secret(SecretSource::Env("LIBRARY_PASSWORD".to_owned()));
        site.settings["shelf"].insert("password".to_owned(), secret);
    }
    let files = render("shell", &plan, &Options { deployment: Some("0123abcd".to_owned()) })
        .expect("it can be rendered");
    assert_eq!(
        files,
        render("shell", &plan, &Options { deployment: Some("0123abcd".to_owned()) })
            .expect("it can be rendered")
    );
    // The machinery is in the repository as it is: only what belongs to this plan is shown.
    let text = &files[0].contents;
    let facts = text.split("# --- the machinery").next().expect("there is a first part");
    let program = text.split("# --- this program's expressions").nth(1).expect("there is a second part");
    insta::assert_snapshot!(format!("{facts}[machinery]\n{program}"));
}

#[test]
fn unknown_targets_and_foreign_versions_are_refused() {
    let plan = builder().finish();
    let error = render("shel", &plan, &Options::default()).expect_err("there is none").to_string();
    assert_eq!(error, "no target is called `shel`; there is `shell`");
    let mut plan = plan;
    plan.version += 1;
    assert!(render("shell", &plan, &Options::default()).is_err());
}

#[test]
fn shellcheck_finds_nothing_where_it_is_there() {
    if Command::new("shellcheck").arg("--version").output().is_err() {
        return;
    }
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    let script = Scripted::new(&plan.finish());
    check(&script.script);
}

fn check(script: &Path) {
    let output = Command::new("shellcheck")
        .args(["-s", "sh", "-e", "SC2034,SC2154,SC2153"])
        .arg(script)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
