//! The script as a text: what it says it leaves out, what it looks like, what a target refuses.

use std::process::Command;

use scope_plan::driver::Type;
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::Plan;
use scope_targets::{Options, render};
use serde_json::json;

use crate::scripted::{Scripted, book, builder, check};

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
