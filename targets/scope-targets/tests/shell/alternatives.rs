//! Alternatives, and sites that do not answer.

use scope_plan::expr::Expr;
use scope_plan::plan::OnUnreachable;
use serde_json::json;

use crate::library::Library;
use crate::scripted::{PASSWORD, Scripted, at, book, builder, gone};

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
