//! What random weather has found, each as a program of a few lines that shows it alone.

use super::differential::compare;
use super::examples;
use super::fate::{Fate, Fates};
use super::play::{self, Deployment};
use super::program::{Kind, Loc, OnDisconnect, Program, Resource, Rollout};
use super::rules::{End, Leaf, Seen};
use super::seeds;
use super::weather::Weather;
use crate::report::Verdict;
use crate::simulator::Types;
use crate::state::{Owed, Record};

/// How a request ends in the first run under this weather.
fn ends(resources: Vec<Resource>, faults: &[&str], leaf: Leaf) -> End {
    first_run(resources, faults).0.leaves[&leaf].0
}

/// What is seen of the first run, and its verdict.
fn first_run(resources: Vec<Resource>, faults: &[&str]) -> (Seen, Verdict) {
    let program =
        Program { n_sites: 2, concurrency: 8, has_one_service: true, resources, ..Program::default() };
    let mut deployment = Deployment::new(&program, play::optimised(&play::lowered(&program)));
    let simulator = deployment.simulator(Weather::of(faults).options().expect("they can be read"));
    let plan = deployment.plan();
    let (report, wrong) =
        play::play(&deployment.runtime, &plan, &simulator, &mut deployment.state, &mut |_| {});
    assert!(wrong.is_empty(), "{wrong:?}");
    (play::seen(&plan, &report), report.verdict)
}

fn both() -> Vec<Loc> {
    vec![Loc::Site(0), Loc::Site(1)]
}

/// At nantes, and five minutes later at paris.
fn one_wave_after_the_other() -> Resource {
    let rollout = Rollout { first: vec![0], then: 1, stop_after: 1 };
    Resource { rollout: Some(rollout), ..Resource::plain(Kind::Note, Loc::And(both()), vec![]) }
}

#[test]
fn what_was_parked_has_its_whole_time_when_its_site_is_back() {
    let waits = Resource::plain(Kind::Card, Loc::And(both()), vec![]);
    let end = ends(vec![waits, one_wave_after_the_other()], &["cut=paris@0s..21s"], (0, 1));
    assert_eq!(end, End::Done { is_new: true });
}

#[test]
fn a_copy_that_others_made_up_for_is_made_when_its_site_is_back() {
    let whole = Loc::Or(vec![Loc::And(both()), Loc::Site(0)]);
    let spared = Resource { quorum: Some(1), ..Resource::plain(Kind::Note, whole, vec![]) };
    let end = ends(vec![spared, one_wave_after_the_other()], &["cut=paris@0s..21s"], (0, 1));
    assert_eq!(end, End::Done { is_new: true });
}

#[test]
fn what_was_made_before_it_was_left_out_is_no_run_without_anything_to_do() {
    let skipped = Resource {
        on_disconnect: Some(OnDisconnect::Skip),
        ..Resource::plain(Kind::Note, Loc::Site(0), vec![])
    };
    let (seen, verdict) = first_run(vec![skipped], &["cut=nantes@after:create:r0"]);
    assert_eq!((seen.leaves[&(0, 0)].0, verdict), (End::LeftOut, Verdict::Done));
}

#[test]
fn what_an_earlier_run_made_is_guarded_for_while_another_alternative_holds() {
    let pier = Resource::plain(Kind::Pier, Loc::And(both()), vec![]);
    let place = Loc::Or(vec![Loc::Site(1), Loc::Site(0)]);
    let boat = Resource { about: Some(0), ..Resource::plain(Kind::Boat, place, vec![]) };
    let program = Program { n_sites: 2, concurrency: 8, resources: vec![pier, boat], ..Program::default() };
    // In the second run paris goes down once its pier was looked at, and the boat of the first run is still there.
    let weather = Weather::of(&["restart=paris@op8..+18s"]);
    let plan = play::optimised(&play::lowered(&program));
    assert_eq!(seeds::weathered(&program, &plan, &weather, &mut 0), Ok(()));
}

#[test]
fn a_copy_that_has_its_content_and_is_not_ready_yet_may_still_be_left_half_made() {
    let mut plans = examples::plans().into_iter();
    let (_, mut plan) = plans.find(|(name, _)| name == "two-clouds.scope").expect("it is there");
    let types = Types::new(&plan);
    // The content is there after 1.8 s, and the copy can be used after 2.8 s.
    let weather = Weather::of(&["restart=CloudOne@2s..41s"]);
    assert_eq!(seeds::example(&mut plan, &types, &weather, &mut 0), Ok(()));
}

/// What the last alternative perhaps made is owed when the next run takes another one, and stays guarded for until then:
/// a boat bears no mark, so nobody can tell that the one at nantes is ours.
#[test]
fn what_an_alternative_perhaps_made_is_owed_when_another_one_is_taken() {
    let place = Loc::Or(vec![Loc::Site(1), Loc::Site(0)]);
    let card = Resource::plain(Kind::Card, place.clone(), vec![]);
    let pier = Resource::plain(Kind::Pier, place.clone(), vec![]);
    let boat = Resource { about: Some(1), ..Resource::plain(Kind::Boat, place, vec![1]) };
    let program = Program {
        n_sites: 2,
        concurrency: 8,
        group: vec![0, 1, 2],
        resources: vec![card, pier, boat],
        ..Program::default()
    };
    let by_leaf = [((0, 1), Fate::CutAfterCreate), ((2, 0), Fate::AnswerLostThenCut)].into();
    assert_eq!(compare(&program, &Fates { by_leaf, ..Fates::default() }), Ok(()));
}

#[test]
fn what_a_group_relies_upon_is_taken_back_with_it() {
    let both = Loc::And(vec![Loc::Site(1), Loc::Site(0)]);
    let pier = Resource { is_undone: true, ..Resource::plain(Kind::Pier, both.clone(), vec![]) };
    let boat = Resource { is_undone: true, about: Some(0), ..Resource::plain(Kind::Boat, both, vec![]) };
    let (resources, group) = (vec![pier, boat], vec![0, 1]);
    let program = Program { n_sites: 2, concurrency: 8, resources, group, ..Program::default() };
    let fates = Fates { by_leaf: [((0, 0), Fate::Refused)].into(), ..Fates::default() };
    assert_eq!(compare(&program, &fates), Ok(()));
}

/// Whatever order they were left in: the pier would be refused as long as the boat is there, and stay owed.
#[test]
fn what_is_owed_is_deleted_after_what_relies_upon_it_in_one_run() {
    let note = Resource::plain(Kind::Note, Loc::Site(0), vec![]);
    let pier = Resource::plain(Kind::Pier, Loc::Site(0), vec![]);
    let boat = Resource { about: Some(1), ..Resource::plain(Kind::Boat, Loc::Site(0), vec![]) };
    let resources = vec![note, pier, boat];
    let all = Program { n_sites: 1, concurrency: 8, resources, ..Program::default() };
    let one = Program { gone: [1, 2].into(), ..all.clone() };
    let mut deployment = Deployment::new(&all, play::optimised(&play::lowered(&all)));
    let (_, _, _, wrong) = deployment.run(&Fates::default());
    assert_eq!(wrong, Vec::<String>::new());
    for name in ["r1", "r2"] {
        let resource = deployment.state.state().resource(name, "nantes").expect("it was made").clone();
        let owed = Owed {
            key: format!("nantes/{name}/ensure"),
            name: name.to_owned(),
            site: "nantes".to_owned(),
            resource_type: resource.resource_type,
            identity: Some(resource.identity),
            called: None,
            mark: None,
            relies: resource.relies,
            sent_ms: None,
            is_replaced: false,
            kept_in: Vec::new(),
            recorded: None,
            run: 1,
            words: format!("{name} is left"),
        };
        deployment.state.append(Record::Owed { owed }).expect("in memory");
    }
    let plan = play::after(&one, &deployment.state);
    let (report, wrong) = deployment.play(&plan);
    assert_eq!((report.owed, wrong), (vec![], vec![]));
    assert_eq!(deployment.held().keys().collect::<Vec<_>>(), [&(0, 0)]);
}
