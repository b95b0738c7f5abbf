//! Lines of runs, from events.

use scope_plan::testing::Builder;
use scope_runtime::events::{Effect, Failure, Outcome};

use super::*;

/// A plan of so many loans at each of so many sites.
fn plan(n_sites: usize, n_steps: usize) -> Plan {
    let mut builder = Builder::new();
    for site in 0..n_sites {
        let site_id = builder.site(&format!("s{site}"));
        for step in 0..n_steps {
            builder.ensure(site_id, &format!("loan-{site}-{step}"), "shelf.loan", Vec::new());
        }
    }
    builder.finish()
}

fn told(meter: &mut Meter, at_ms: u64, kind: RunEventKind) {
    meter.take(&RunEvent { at_ms, kind });
}

fn started(step: u32) -> RunEventKind {
    RunEventKind::StepStarted { step: StepId(step), attempt: 1 }
}

fn done(step: u32) -> RunEventKind {
    let effect = Effect::Created;
    RunEventKind::StepDone { step: StepId(step), effect, millis: 0, detail: None, identity: None }
}

fn failed(step: u32) -> RunEventKind {
    let failure = Failure::new("E0901", Outcome::Invalid, "no");
    RunEventKind::StepFailed { step: StepId(step), failure, millis: 0 }
}

fn parked(step: u32) -> RunEventKind {
    RunEventKind::StepParked {
        step: StepId(step),
        words: "gone".into(),
        is_spare: false,
        awaits: Default::default(),
    }
}

fn sent(step: u32, done: u64) -> RunEventKind {
    let total = Some(20 << 20);
    RunEventKind::StepProgress { step: StepId(step), progress: Progress::Bytes { done, total } }
}

#[test]
fn a_site_says_what_it_does_and_what_is_left() {
    let mut meter = Meter::new(&plan(2, 4));
    assert_eq!(meter.lines(0, 24)[0], "s0  [----------]  0/4      waiting");
    told(&mut meter, 0, started(0));
    told(&mut meter, 2_000, done(0));
    told(&mut meter, 2_000, started(1));
    let status = Progress::Status("waits until ready (BUILD)".into());
    told(&mut meter, 2_500, RunEventKind::StepProgress { step: StepId(1), progress: status });
    told(&mut meter, 2_500, started(2));
    let lines = meter.lines(4_000, 24);
    assert_eq!(
        lines,
        [
            "s0  [##--------]  1/4      loan loan-0-1  waits until ready (BUILD)  2.0 s  and 1 more  about 10 s left",
            "s1  [----------]  0/4      waiting",
            "1/8 steps, 0.2/s, about 25 s left",
        ]
    );
    for step in 1..4 {
        told(&mut meter, 6_000, done(step));
    }
    assert_eq!(meter.lines(6_000, 24)[0], "s0  [##########]  4/4      done");
}

#[test]
fn a_transfer_says_how_fast_it_is() {
    let mut meter = Meter::new(&plan(1, 1));
    told(&mut meter, 0, started(0));
    told(&mut meter, 1_000, sent(0, 4 << 20));
    assert_eq!(
        meter.lines(1_000, 24)[0],
        "s0  [----------]  0/1      loan loan-0-0  4.0 MiB of 20 MiB, 4.0 MiB/s, about 4 s left"
    );
    // It got slower: the newest counts, and one slow moment does not decide.
    told(&mut meter, 2_000, sent(0, 5 << 20));
    assert!(meter.lines(2_000, 24)[0].contains("3.1 MiB/s, about 4 s left"), "{:?}", meter.lines(2_000, 24));
    // From the beginning again after a lost connection: no negative speed.
    told(&mut meter, 3_000, sent(0, 1 << 20));
    assert!(meter.lines(3_000, 24)[0].contains("1.0 MiB of 20 MiB"));
}

#[test]
fn trouble_is_counted_and_a_site_that_is_back_goes_on() {
    let mut meter = Meter::new(&plan(1, 3));
    told(&mut meter, 0, started(0));
    told(&mut meter, 10, parked(0));
    told(&mut meter, 10, failed(1));
    assert_eq!(meter.lines(20, 24)[0], "s0  [######----]  2/3      waiting   1 failed   1 parked");
    told(&mut meter, 30, started(0));
    told(&mut meter, 40, done(0));
    told(&mut meter, 50, done(2));
    assert_eq!(meter.lines(60, 24)[0], "s0  [##########]  3/3      ended   1 failed");
}

#[test]
fn many_sites_are_folded_and_those_in_trouble_are_not() {
    let mut meter = Meter::new(&plan(40, 1));
    for step in 0..30 {
        told(&mut meter, 0, started(step));
        told(&mut meter, 10, done(step));
    }
    told(&mut meter, 0, started(39));
    told(&mut meter, 20, failed(39));
    told(&mut meter, 30, started(35));
    let lines = meter.lines(1_000, 6);
    assert_eq!(lines.len(), 6, "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("s39") && line.contains("1 failed")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("s35") && line.contains("loan")), "{lines:#?}");
    assert_eq!(lines[4], "36 more sites: 30 done, 6 waiting");
    assert!(lines[5].starts_with("31/40 steps, 31.0/s"), "{lines:#?}");
    // With room for all of them nothing is folded.
    assert_eq!(meter.lines(1_000, 41).len(), 41);
}
