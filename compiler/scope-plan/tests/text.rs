//! The text form, seen whole; and that it is within its columns and the same each time.

use proptest::prelude::*;
use scope_plan::cuts::{self, Outcome};
use scope_plan::plan::{OnUnreachable, Plan, SiteId};
use scope_plan::testing::{self, Builder, plan_from};
use scope_plan::text::{duration, size, to_text};
use scope_plan::{expr::Expr, pipeline};

fn optimised(plan: Plan) -> Plan {
    pipeline::optimise(plan, &mut |_, _| {}).unwrap()
}

#[test]
fn ready_made_plans() {
    insta::assert_snapshot!("one_ensure", to_text(&optimised(testing::one_ensure())));
    insta::assert_snapshot!("both", to_text(&optimised(testing::both())));
    insta::assert_snapshot!("otherwise", to_text(&optimised(testing::otherwise())));
    insta::assert_snapshot!("borrowed", to_text(&optimised(testing::borrowed())));
}

#[test]
fn everything_that_is_not_as_usual_is_said() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let long = "a title that goes on and on, far beyond what any line of a terminal has room for, and then some more";
    let first = plan.ensure(nantes, "first", "shelf.book", vec![("title", Expr::text(long))]);
    let last = plan.ensure(paris, "last", "shelf.book", vec![("title", Expr::step(first, &["title"]))]);
    let then = plan.call(paris, "close-last", "shelf.book", "close", vec![("id", Expr::step(last, &["id"]))]);
    plan.after(first, then);
    plan.step_mut(first).on_unreachable = OnUnreachable::Queue { for_ms: Some(7_200_000) };
    plan.step_mut(then).on_unreachable = OnUnreachable::Skip;
    plan.delete(paris, "old", "shelf.book", "b-old");
    insta::assert_snapshot!("unusual", to_text(&plan.finish()));
}

#[test]
fn a_cut_falls_to_the_next_arm_and_fails_what_has_none() {
    let plan = testing::borrowed();
    let (nantes, paris, lille) = (SiteId(0), SiteId(1), SiteId(2));
    use Outcome::{Done, Fails, NotTried};
    let cut = cuts::cut(&plan, paris);
    assert_eq!(cut.outcomes, [Fails, Fails, Done, Done, Done, Done]);
    assert_eq!(cut.arms, [Some(1)]);
    assert_eq!(cuts::summary(&plan, &cut), ["`loan.book` is taken from lille"]);
    let cut = cuts::cut(&plan, lille);
    assert_eq!(cut.outcomes, [Done, Done, NotTried, NotTried, Done, Done]);
    assert_eq!(cuts::summary(&plan, &cut), Vec::<String>::new());
    let cut = cuts::cut(&plan, nantes);
    assert_eq!(cut.arms, [None]);
    assert_eq!(cuts::summary(&plan, &cut), ["`loan` fails"]);
}

#[test]
fn the_recorded_arm_is_the_first() {
    let mut plan = testing::otherwise();
    plan.choices[0].recorded = Some(1);
    let cut = cuts::cut(&plan, SiteId(1));
    assert_eq!(cut.outcomes[0], Outcome::NotTried);
    assert_eq!(cuts::summary(&plan, &cut), Vec::<String>::new());
    let cut = cuts::cut(&plan, SiteId(0));
    assert_eq!(cut.arms, [Some(0)]);
    assert_eq!(cuts::summary(&plan, &cut), ["`emma` is taken from paris"]);
}

#[test]
fn what_is_needed_and_where_it_is() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let original = plan.lookup(paris, "loan.book", "shelf.book", "Emma");
    let copy = plan.bring(nantes, "loan.book", "shelf.book", &[original]);
    plan.ensure(
        nantes,
        "loan",
        "shelf.loan",
        vec![("book", Expr::step(copy, &[])), ("reader", Expr::text("ana"))],
    );
    let plan = plan.finish();
    let cut = cuts::cut(&plan, paris);
    assert_eq!(cuts::summary(&plan, &cut), ["`loan` fails (needs `loan.book`, which is at paris)"]);
}

#[test]
fn times_and_sizes_are_short() {
    let times = [0, 999, 1_000, 119_001, 120_000, 7_199_999, 7_200_000].map(duration);
    assert_eq!(times, ["0 ms", "999 ms", "1 s", "120 s", "2 min", "120 min", "2 h"]);
    let sizes = [0, 999, 1_000, 1 << 20, 21 << 20, 1000 << 20, 3 << 40].map(size);
    assert_eq!(sizes, ["0 B", "999 B", "1.0 KiB", "1.0 MiB", "21 MiB", "1.0 GiB", "3.0 TiB"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_has_a_text(numbers in prop::collection::vec(any::<u16>(), 0..400)) {
        let plan = plan_from(&numbers);
        let text = to_text(&plan);
        prop_assert_eq!(&to_text(&plan), &text);
        for step in &plan.steps {
            let id = format!("  #{} ", step.id.0);
            prop_assert!(text.contains(&id), "{} is not in the text", step.name);
        }
        for line in text.lines().filter(|line| line.starts_with("  #")) {
            prop_assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
