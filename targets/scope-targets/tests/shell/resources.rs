//! Resources made, found, set back, copied, deleted and left.

use std::process::Command;

use scope_plan::expr::{Expr, FileRef};
use scope_plan::plan::Action;
use serde_json::json;

use crate::library::{Library, checksum};
use crate::scripted::{Scripted, at, book, builder};

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
