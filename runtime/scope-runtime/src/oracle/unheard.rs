//! What was sent and never heard of, in the runs after it.
//!
//! A coin at `nantes | paris`, the answer of nantes lost, and nantes silent since → unknown in the next run, too, and none at
//! paris; a card, which bears a mark, is made at paris, and owed at nantes.

use super::differential::{compare_runs, shown};
use super::fate::{Fate, Fates};
use super::play;
use super::program::{Kind, Loc, Program, Resource};

fn compare(program: &Program, fates: [&Fates; 2]) -> Result<(), String> {
    let lowered = play::lowered(program);
    let [first, second] = fates;
    let well = Fates::default();
    let runs = [("the run", first), ("the silent run", second), ("the next run", &well)];
    compare_runs("as lowered", program, &lowered, &runs)?;
    compare_runs("optimised", program, &play::optimised(&lowered), &runs)
}

#[test]
fn what_was_never_heard_of_stays_unknown_while_its_site_is_silent() {
    let [nantes, paris, lille] = [0, 1, 2].map(Loc::Site);
    let locations = [
        Loc::Or(vec![nantes.clone(), paris.clone()]),
        Loc::Or(vec![paris.clone(), nantes.clone()]),
        Loc::Or(vec![nantes.clone(), paris.clone(), lille.clone()]),
        Loc::Or(vec![Loc::And(vec![nantes.clone(), paris.clone()]), lille.clone()]),
        Loc::And(vec![Loc::Or(vec![nantes.clone(), paris]), lille]),
        nantes,
    ];
    let mut n_compared = 0;
    for kind in [Kind::Coin, Kind::Note, Kind::Card] {
        for location in &locations {
            for lost in [Fate::AnswerLostThenCut, Fate::RequestLostThenCut, Fate::AnswerLost, Fate::Cut] {
                for site in location.sites() {
                    let resources = vec![Resource::plain(kind, location.clone(), Vec::new())];
                    let program = Program { n_sites: 3, concurrency: 8, resources, ..Program::default() };
                    let at = |fate| Fates { by_leaf: [((0, site), fate)].into(), ..Fates::default() };
                    let fates = [at(lost), at(Fate::Cut)];
                    let compared = compare(&program, [&fates[0], &fates[1]]);
                    assert_eq!(
                        compared,
                        Ok(()),
                        "{}\nthen\n{}",
                        shown(&program, &fates[0]),
                        shown(&program, &fates[1])
                    );
                    n_compared += 1;
                }
            }
        }
    }
    println!("{n_compared} programs that lost an answer, each run three times");
}
