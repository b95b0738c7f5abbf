//! Calls, and answers that are lost.

use scope_plan::driver::Repeat;
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, OnUnknown};
use serde_json::json;

use crate::library::Library;
use crate::scripted::{PASSWORD, Scripted, at, book, builder};

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
