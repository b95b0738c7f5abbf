//! The waves of rollouts as a run meets them: what is recorded of them, and what is said when they are held back.
//!
//! A wave is recorded as begun before any of its steps is done, and as ended before the soak time begins; so a run that is
//! killed in between soaks once more, and one that is killed while it soaks waits only for what is left.

use scope_plan::plan::{Action, Plan, RolloutId, Step, StepId};
use scope_plan::recorded::RecordedWave;

use super::{LedgerFailed, Shared};
use crate::events::{Effect, Failure, Outcome};
use crate::state::{OpenWave, Record};

/// Where each step stands in the rollouts.
#[derive(Debug, Default)]
pub(crate) struct Waves {
    places: Vec<Option<Place>>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    rollout: usize,
    wave: usize,
    /// The gate that waits for this wave; none for the last one, and for what is made at once.
    gate: Option<StepId>,
}

impl Waves {
    pub(crate) fn new(plan: &Plan) -> Self {
        if plan.rollouts.is_empty() {
            return Self::default();
        }
        let mut places = vec![None; plan.steps.len()];
        for (rollout, listed) in plan.rollouts.iter().enumerate() {
            for (wave, content) in listed.waves.iter().enumerate() {
                for step in content.steps.iter().chain(&content.at_once) {
                    places[step.index()] = Some(Place { rollout, wave, gate: None });
                }
            }
        }
        for step in &plan.steps {
            let Action::Gate { steps, .. } = &step.action else { continue };
            for waited_for in steps {
                if let Some(place) = &mut places[waited_for.index()] {
                    place.gate = Some(step.id);
                }
            }
        }
        Self { places }
    }

    fn place(&self, step: StepId) -> Option<Place> {
        self.places.get(step.index()).copied().flatten()
    }

    /// Whether what comes after a step's wave waits for that wave.
    pub(crate) fn has_gate(&self, step: StepId) -> bool {
        self.place(step).is_some_and(|place| place.gate.is_some())
    }

    /// What is recorded with a resource of a rollout.
    pub(crate) fn recorded(&self, plan: &Plan, step: StepId) -> Option<RecordedWave> {
        let place = self.place(step)?;
        let rollout = &plan.rollouts[place.rollout];
        Some(RecordedWave {
            key: rollout.key.clone(),
            wave: rollout.waves[place.wave].number,
            soak_ms: rollout.soak_ms,
            stop_after: rollout.stop_after,
        })
    }
}

/// Before a step of a wave is done: the wave is recorded as begun.
pub(crate) async fn begin(shared: &Shared<'_>, step: StepId) -> Result<(), LedgerFailed> {
    let Some(gate) = shared.waves.place(step).and_then(|place| place.gate) else { return Ok(()) };
    let key = &shared.plan.step(gate).key;
    let known = shared.ledger.with(|state| state.waves.get(key).cloned());
    let wave = match known {
        Some(known) if known.run == shared.run => return Ok(()),
        Some(OpenWave { ended_ms: ended_ms @ Some(_), .. }) => {
            OpenWave { run: shared.run, was_interrupted: false, ended_ms }
        }
        Some(_) => OpenWave { run: shared.run, was_interrupted: true, ended_ms: None },
        None => OpenWave { run: shared.run, was_interrupted: false, ended_ms: None },
    };
    shared.ledger.append(Record::Wave { key: key.clone(), wave: Some(wave) })?;
    shared.ledger.commit().await
}

/// All of a wave has ended: how long is left until the next one, in milliseconds.
pub(crate) async fn soak_left(shared: &Shared<'_>, gate: &Step) -> Result<u64, LedgerFailed> {
    let Action::Gate { rollout, steps, .. } = &gate.action else { return Ok(0) };
    let soak_ms = shared.plan.rollouts[rollout.index()].soak_ms;
    let is_changed =
        steps.iter().any(|step| shared.end(*step, |end| end.effect.as_ref().is_some_and(Effect::is_change)));
    let known = shared.ledger.with(|state| state.waves.get(&gate.key).cloned());
    let was_interrupted = known.as_ref().is_some_and(|known| known.was_interrupted);
    let now = shared.now_ms();
    let ended_ms = match known.and_then(|known| known.ended_ms) {
        _ if is_changed || was_interrupted => now,
        Some(ended_ms) => ended_ms,
        // Nothing was changed, so there is nothing to watch.
        None => return Ok(0),
    };
    let left = ended_ms.saturating_add(soak_ms).saturating_sub(now).min(soak_ms);
    if left > 0 {
        let wave = OpenWave { run: shared.run, was_interrupted: false, ended_ms: Some(ended_ms) };
        shared.ledger.append(Record::Wave { key: gate.key.clone(), wave: Some(wave) })?;
        shared.ledger.commit().await?;
    }
    Ok(left)
}

/// The next wave begins.
pub(crate) fn end(shared: &Shared<'_>, gate: &Step) -> Result<(), LedgerFailed> {
    let is_known = shared.ledger.with(|state| state.waves.contains_key(&gate.key));
    if is_known {
        shared.ledger.append(Record::Wave { key: gate.key.clone(), wave: None })?;
    }
    Ok(())
}

/// Too much of the waves so far failed.
pub(super) fn held_back(shared: &Shared<'_>, rollout: RolloutId, wave: u32) -> Failure {
    let plan = shared.plan;
    let rollout = &plan.rollouts[rollout.index()];
    let place = |step: &StepId| {
        let step = plan.step(*step);
        format!("`{}` at {}", step.name, plan.site(step.site).name)
    };
    let so_far = rollout.waves.iter().take(wave as usize + 1).flat_map(|wave| &wave.steps);
    let failed: Vec<String> =
        so_far.filter(|step| shared.end(**step, |end| end.failure.is_some())).map(place).collect();
    let rest: Vec<&StepId> =
        rollout.waves.iter().skip(wave as usize + 1).flat_map(|wave| &wave.steps).collect();
    let mut sites: Vec<&str> = Vec::new();
    for step in &rest {
        let site = plan.site(plan.step(**step).site).name.as_str();
        if !sites.contains(&site) {
            sites.push(site);
        }
    }
    let number = rollout.waves[wave as usize].number;
    let are = if sites.len() == 1 { "is" } else { "are" };
    let message = format!(
        "the rollout of `{}` stops after wave {number}: {} {are} held back",
        rollout.key,
        sites.join(", ")
    );
    let words = match failed.as_slice() {
        [] => "what it needs failed".to_owned(),
        failed => format!("{} failed", failed.join(", ")),
    };
    Failure { site_words: Some(words), ..Failure::new("E0924", Outcome::Unavailable, message) }
        .with_help("mend the cause and run again: what is done stays done, and the waves go on from there")
}

/// Too few copies can still succeed.
pub(super) fn out_of_reach(shared: &Shared<'_>, step: &Step) -> Option<Failure> {
    let Action::Gather { quorum: Some(quorum), .. } = &step.action else { return None };
    let plan = shared.plan;
    let mut failed: Vec<String> = Vec::new();
    let mut n_done = 0;
    for copy in &quorum.copies {
        let is_done = copy.iter().all(|part| shared.end(*part, |end| end.effect.is_some()));
        n_done += usize::from(is_done);
        let bad = copy.iter().find_map(|part| {
            let words =
                shared.end(*part, |end| end.failure.as_ref().map(|failure| failure.message.clone()))?;
            Some(format!("{}: {words}", plan.site(plan.step(*part).site).name))
        });
        failed.extend(bad.filter(|_| !is_done));
    }
    let n_copies = quorum.copies.len();
    let message =
        format!("`{}` cannot have the {} of {n_copies} copies that are enough", step.name, quorum.need);
    let mut words = vec![format!("{n_done} done")];
    words.extend(failed);
    let failure = Failure {
        site_words: Some(words.join("; ")),
        ..Failure::new("E0925", Outcome::Unavailable, message)
    };
    Some(failure.with_help("mend the cause, or name more copies: `a & b & c & d`"))
}
