//! Ready-made plans: one of each thing that a runner must be able to do.

use serde_json::json;

use super::Builder;
use crate::expr::Expr;
use crate::plan::{OnUnreachable, Plan};

/// `resource emma: shelf.book { title: "Emma", pages: 300 } scope { nantes }`
pub fn one_ensure() -> Plan {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    let emma = plan.ensure(nantes, "emma", "shelf.book", book("Emma"));
    plan.output("emma", Expr::step(emma, &["id"]));
    plan.finish()
}

/// `resource emma: shelf.book { … } scope { nantes & paris }`: what a cut keeps from being done is queued.
pub fn both() -> Plan {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    plan.link(nantes, paris, 12, Some(1_000_000_000));
    let parts = [nantes, paris].map(|site| {
        let part = plan.ensure(site, "emma", "shelf.book", book("Emma"));
        plan.step_mut(part).on_unreachable = OnUnreachable::Queue { for_ms: None };
        part
    });
    let emma = plan.gather(nantes, "emma", &parts);
    plan.output("emma", Expr::step(emma, &[]));
    plan.finish()
}

/// `resource emma: shelf.book { … } scope { paris | nantes }`
pub fn otherwise() -> Plan {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    plan.link(nantes, paris, 12, None);
    let choice = plan.choice("emma", &["paris", "nantes"]);
    let first = plan.arm(choice, 0, |plan| plan.ensure(paris, "emma", "shelf.book", book("Emma")));
    let second = plan.arm(choice, 1, |plan| plan.ensure(nantes, "emma", "shelf.book", book("Emma")));
    let emma = plan.choose(nantes, "emma", choice, &[first, second]);
    plan.output("emma", Expr::step(emma, &["id"]));
    plan.finish()
}

/// `resource loan: shelf.loan { book: "Emma", reader: "ana" } scope { shelf: nantes, book: paris | lille }`, the book
/// being looked up there and brought to Nantes.
pub fn borrowed() -> Plan {
    let mut plan = Builder::new();
    let (nantes, paris, lille) = (plan.site("nantes"), plan.site("paris"), plan.site("lille"));
    plan.link(nantes, paris, 12, Some(1_000_000_000));
    plan.link(nantes, lille, 30, Some(100_000_000));
    let emma =
        [("id", json!("b-emma")), ("title", json!("Emma")), ("status", json!("open")), ("pages", json!(300))];
    plan.simulated(paris, "shelf.book", &emma);
    plan.simulated(lille, "shelf.book", &emma);
    let choice = plan.choice("loan.book", &["paris", "lille"]);
    let copies = [(0, paris), (1, lille)].map(|(arm, site)| {
        plan.arm(choice, arm, |plan| {
            let original = plan.lookup(site, "loan.book", "shelf.book", "Emma");
            plan.bring(nantes, "loan.book", "shelf.book", &[original])
        })
    });
    let copy = plan.choose(nantes, "loan.book", choice, &copies);
    let attributes = vec![("book", Expr::step(copy, &[])), ("reader", Expr::text("ana"))];
    let loan = plan.ensure(nantes, "loan", "shelf.loan", attributes);
    plan.output("loan", Expr::step(loan, &["id"]));
    plan.finish()
}

fn book(title: &str) -> Vec<(&'static str, Expr)> {
    vec![("title", Expr::text(title)), ("pages", Expr::Value(json!(300)))]
}
