//! The plan as text for people: by site, each step with what it is given, what it waits for and the program's line; then
//! choices, outputs, and what each cut does. Not the comparison with the sites, which `scope plan` makes of it.
//!
//! ```text
//! two-clouds.scope   entry nantes   2 sites, 3 steps, about 13 s
//!
//! nantes
//!   #1  bring    book  vm.image  from #0 at paris                                        line 9
//!   #2  ensure   loan  vm        book: #1, reader: "ana"                                 line 9
//! paris
//!   #0  look up  book  vm.image  "Emma"                                                  line 9
//!
//! if cut:  paris: `vm` fails (needs `vm.image`, which is at paris)
//! ```

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use crate::cuts::Cuts;
use crate::estimate;
use crate::expr::Expr;
use crate::graph::{self, Neighbours};
use crate::guarding;
use crate::inputs::is_given;
use crate::plan::{
    Action, Borrow, Cross, Dropped, Guard, OnUnknown, OnUnreachable, Plan, SiteId, Step, StepId, Undo,
};

/// So many columns, where names are not longer than usual.
const WIDTH: usize = 100;
/// So many steps of which kind of thing the words of a cut are still read.
const MOST_SENTENCES: usize = 6;

/// See above. Ends with a newline.
pub fn to_text(plan: &Plan) -> String {
    let mut text = String::new();
    head(plan, &mut text);
    let mut by_site: Vec<Vec<&Step>> = vec![Vec::new(); plan.sites.len()];
    for step in graph::order(plan) {
        let step = plan.step(step);
        by_site[step.site.index()].push(step);
    }
    let given = Neighbours::before(plan, |edge| is_given(&edge.reason));
    for steps in by_site.into_iter().filter(|steps| !steps.is_empty()) {
        site_steps(plan, &steps, &given, &mut text);
    }
    choices(plan, &mut text);
    crosses(plan, &mut text);
    text.push_str(&waves(plan));
    outputs(plan, &mut text);
    for held in guarding::held_by_state(plan) {
        writeln!(text, "\nguarded by this state only: {held}").expect("a String takes any text");
    }
    text.push('\n');
    text.push_str(&if_cut(plan));
    text
}

/// `900 ms`, `6 s`, `3 min`.
pub fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..120_000 => format!("{} s", milliseconds.div_ceil(1000)),
        120_000..7_200_000 => format!("{} min", milliseconds.div_ceil(60_000)),
        _ => format!("{} h", milliseconds.div_ceil(3_600_000)),
    }
}

/// `21 MiB`, as the operator reads it: three digits at most.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 10.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// `shelf.book` → `book`.
pub fn short_type(resource_type: &str) -> &str {
    resource_type.rsplit('.').next().unwrap_or(resource_type)
}

fn head(plan: &Plan, text: &mut String) {
    let program = &plan.program;
    text.push_str(if program.file.is_empty() { "plan" } else { &program.file });
    if let Some(entry) = program.entry {
        write!(text, "   entry {}", plan.site(entry).name).expect("a String takes any text");
    }
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let sites = counted(plan.sites.len(), "site");
    let steps = counted(plan.steps.len(), "step");
    let time = duration(estimate::plan_ms(plan));
    writeln!(text, "   {sites}, {steps}, about {time}").expect("a String takes any text");
    let param = |(name, value): (&String, &Value)| {
        let quantity = program.units.get(name).and_then(|unit| unit.of(value));
        format!("{name} = {}", quantity.unwrap_or_else(|| value.to_string()))
    };
    let params: Vec<String> = program.params.iter().map(param).collect();
    if !params.is_empty() {
        writeln!(text, "params: {}", cut_to(&params.join(", "), WIDTH)).expect("a String takes any text");
    }
}

fn site_steps(plan: &Plan, steps: &[&Step], given: &Neighbours, text: &mut String) {
    let rows: Vec<[String; 4]> = steps
        .iter()
        .map(|step| {
            let kind = step.action.resource_type().map_or("", short_type).to_owned();
            [format!("#{}", step.id.0), step.action.verb().to_owned(), kind, step.name.clone()]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    writeln!(text, "\n{}", plan.site(steps[0].site).name).expect("a String takes any text");
    for (step, row) in steps.iter().zip(&rows) {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(widths).filter(|(_, width)| *width > 0) {
            write!(line, "{cell:<width$}  ").expect("a String takes any text");
        }
        let place = format!("line {}", step.origin.line);
        let used = line.chars().count();
        let room = WIDTH.saturating_sub(used + place.len() + 2).max(20);
        let details = cut_to(&details(plan, step), room);
        let end = WIDTH.saturating_sub(place.len());
        writeln!(text, "{:<end$}{place}", format!("{line}{details}  ")).expect("a String takes any text");
        let more = conditions(plan, step, given.of(step.id));
        if !more.is_empty() {
            writeln!(text, "      {}", more.join("; ")).expect("a String takes any text");
        }
    }
}

/// What a step is given, on one line.
pub fn details(plan: &Plan, step: &Step) -> String {
    let expr = |expr: &Expr| expr.to_string();
    let resource_type = plan.resource_type_of(step).map(|(_, resource_type)| resource_type);
    let value = |name: &str, value: &Expr| match value {
        Expr::Value(known) => resource_type.and_then(|of| of.attribute(name)?.quantity(known)),
        _ => None,
    };
    let named = |entries: &[(String, Expr)]| {
        let entries = entries.iter().map(|(name, given)| {
            let text = value(name, given).unwrap_or_else(|| expr(given));
            format!("{name}: {text}")
        });
        entries.collect::<Vec<_>>().join(", ")
    };
    match &step.action {
        Action::Lookup { text, filter, .. } => {
            let text = text.iter().map(expr);
            text.chain((!filter.is_empty()).then(|| named(filter))).collect::<Vec<_>>().join("  ")
        }
        Action::Ensure { attributes, adopt, .. } => {
            format!("{}{}", named(attributes), if *adopt { "  (adopt)" } else { "" })
        }
        Action::Bring { sources, borrow: Borrow::Never, .. } => {
            let is_here = |source: &&StepId| plan.location(**source) == Some(step.site);
            let own = sources.iter().find(is_here).map(|source| format!("#{}", source.0));
            own.unwrap_or_else(|| "not copied to here".to_owned())
        }
        Action::Bring { sources, every_source, .. } => {
            let sources: Vec<String> = sources
                .iter()
                .map(|source| match plan.location(*source) {
                    Some(site) => format!("#{} at {}", source.0, plan.site(site).name),
                    None => format!("#{}", source.0),
                })
                .collect();
            let every = if *every_source && sources.len() > 1 { "each of " } else { "" };
            let size = estimate::content_size(plan, step).map(|bytes| format!(", {}", size(bytes)));
            format!("from {every}{}{}", sources.join(" or "), size.unwrap_or_default())
        }
        Action::Call { inputs, .. } => named(inputs),
        Action::Delete { identity, unless, keep, .. } => {
            let keep = if *keep { "   left at the site" } else { "" };
            let wanted: Vec<String> = unless.iter().map(|step| format!("#{}", step.0)).collect();
            let unless = match wanted.is_empty() {
                true => String::new(),
                false => format!("   unless {} is done", wanted.join(" or ")),
            };
            format!("{}{keep}{unless}", expr(identity))
        }
        Action::Protect { of, users, among, .. } => {
            let users: Vec<String> = users.iter().map(|(name, site)| format!("{name} at {site}")).collect();
            let taken = among.map_or(String::new(), |whole| format!(", if #{} takes it", whole.0));
            match users.is_empty() {
                true => expr(of),
                false => format!("{} for {}{taken}", expr(of), users.join(", ")),
            }
        }
        Action::Choose { choice, results } => {
            let choice = plan.choice(*choice);
            let results =
                choice.arms.iter().zip(results).map(|(arm, result)| format!("{}: #{}", arm.label, result.0));
            results.collect::<Vec<_>>().join(" | ")
        }
        Action::Gather { parts, quorum } => {
            let parts = parts.iter().map(|(site, part)| format!("{}: #{}", plan.site(*site).name, part.0));
            let parts = parts.collect::<Vec<_>>().join(" & ");
            let quorum = quorum
                .as_ref()
                .map(|quorum| format!("   {} of {} copies are enough", quorum.need, quorum.copies.len()));
            format!("{parts}{}", quorum.unwrap_or_default())
        }
        Action::Gate { rollout, steps, .. } => {
            let steps: Vec<String> = steps.iter().map(|step| format!("#{}", step.0)).collect();
            let rollout = &plan.rollouts[rollout.index()];
            let soak = match rollout.soak_ms {
                0 => String::new(),
                soak => format!(", {} later", duration(soak)),
            };
            format!("after {}{soak}", steps.join(", "))
        }
    }
}

/// What is not as usual: arms, order, what a cut does, undo.
fn conditions(plan: &Plan, step: &Step, after: &[StepId]) -> Vec<String> {
    let mut all = Vec::new();
    let arms: Vec<String> = step.when.iter().map(|guard| arm(plan, *guard)).collect();
    if !arms.is_empty() {
        all.push(format!("only in {}", arms.join(" or ")));
    }
    let after: Vec<String> =
        after.iter().map(|first| format!("#{} {}", first.0, plan.step(*first).name)).collect();
    if !after.is_empty() {
        all.push(format!("after {}", after.join(", ")));
    }
    match &step.on_unreachable {
        OnUnreachable::Queue { for_ms: None } => all.push("kept while the site is cut".into()),
        OnUnreachable::Queue { for_ms: Some(time) } => {
            all.push(format!("kept {} while the site is cut", duration(*time)))
        }
        OnUnreachable::Skip => all.push("left out when the site is cut".into()),
        OnUnreachable::Fail => {}
    }
    match step.undo {
        Undo::DeleteCreated => all.push("undone if the arm is given up".into()),
        Undo::DeleteWithResource => all.push("undone if the resource fails".into()),
        Undo::Keep => {}
    }
    match step.on_unknown {
        OnUnknown::Fail => all.push("counts as failed if its end is not known".into()),
        OnUnknown::Retry => all.push("sent again if its end is not known, so perhaps done twice".into()),
        OnUnknown::Ask => {}
    }
    match &step.action {
        Action::Ensure { keep: true, .. } => all.push("stays when the program no longer has it".into()),
        Action::Bring { borrow: Borrow::Keep, .. } => all.push("stays when nobody needs it any more".into()),
        _ => {}
    }
    let kept = step.action.keep_in().iter();
    all.extend(kept.map(|kept| format!("its `{}` is kept in {}", kept.attribute, kept.file)));
    all
}

fn arm(plan: &Plan, guard: Guard) -> String {
    let choice = plan.choice(guard.choice);
    format!("arm {} of {} ({})", guard.arm + 1, choice.label, choice.arms[guard.arm as usize].label)
}

fn choices(plan: &Plan, text: &mut String) {
    if plan.choices.is_empty() {
        return;
    }
    text.push_str("\nchoices, from the left, the next where one is unavailable\n");
    for choice in &plan.choices {
        let arms: Vec<&str> = choice.arms.iter().map(|arm| arm.label.as_str()).collect();
        let recorded = choice.recorded.map(|arm| format!("   chosen before: {}", arms[arm as usize]));
        let around: Vec<String> = choice.when.iter().map(|guard| arm(plan, *guard)).collect();
        let inside = if around.is_empty() { String::new() } else { format!("   in {}", around.join(" or ")) };
        let recorded = recorded.unwrap_or_default();
        writeln!(text, "  {}: {}{recorded}{inside}", choice.label.replace('`', ""), arms.join(" | "))
            .expect("a String takes any text");
    }
}

fn crosses(plan: &Plan, text: &mut String) {
    text.push_str(&divided(plan, |_| true));
    text.push_str(&dropped(plan));
}

/// How those of the resources over several sites that are asked for are divided; empty where there is none.
///
/// ```text
/// divided over sites in whole units, by weight; the prime first
///   hits: nantes (prime, weight 2) value 4 % paris (weight 1) value 2
/// ```
pub fn divided(plan: &Plan, is_asked_for: impl Fn(&Cross) -> bool) -> String {
    match divisions(plan, plan.crosses.iter().filter(|cross| is_asked_for(cross))) {
        lines if lines.is_empty() => lines,
        lines => format!("\ndivided over sites in whole units, by weight; the prime first\n{lines}"),
    }
}

/// What `local_only` keeps at the entry site, with the sites at which it is not made; empty where nothing is.
///
/// ```text
/// at the entry site only (`local_only`)
///   base: not at paris, lille
/// ```
pub fn dropped(plan: &Plan) -> String {
    const MOST_SITES: usize = 5;
    const MOST_LINES: usize = 12;
    let line = |dropped: &Dropped| {
        let names = &dropped.sites[..dropped.sites.len().min(MOST_SITES)];
        let more = match dropped.sites.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("  {}: not at {}{more}\n", dropped.key, names.join(", "))
    };
    let lines: String = plan.dropped.iter().take(MOST_LINES).map(line).collect();
    let more = match plan.dropped.len().saturating_sub(MOST_LINES) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    match lines.is_empty() {
        true => lines,
        false => format!("\nat the entry site only (`local_only`)\n{lines}{more}"),
    }
}

/// What is divided otherwise than by an earlier run: each part's share before and now; empty where nothing is.
///
/// ```text
/// divided anew
///   hits: nantes (prime) value 4 -> 6 % paris value 3 -> 2
/// ```
pub fn divided_anew(plan: &Plan) -> String {
    let is_anew = |cross: &&Cross| cross.parts.iter().any(|part| !part.before.is_empty());
    match divisions(plan, plan.crosses.iter().filter(is_anew)) {
        lines if lines.is_empty() => lines,
        lines => format!("\ndivided anew\n{lines}"),
    }
}

fn divisions<'p>(plan: &'p Plan, crosses: impl Iterator<Item = &'p Cross>) -> String {
    crosses.map(|cross| format!("  {}: {}\n", cross.key, division(plan, cross))).collect()
}

/// The parts of a `%` and the share of each: `nantes (prime) value 6 % paris value 2`.
pub fn division(plan: &Plan, cross: &Cross) -> String {
    let of = plan.resource_type_of(plan.step(cross.prime));
    let is_alike = cross.parts.iter().all(|part| part.weight == cross.parts[0].weight);
    let parts: Vec<String> = cross
        .parts
        .iter()
        .map(|part| {
            let share = |(name, share): (&String, &Value)| {
                let attribute = of.and_then(|(_, of)| of.attribute(name.split('.').next()?));
                let text = |share: &Value| {
                    let quantity = attribute.and_then(|attribute| attribute.quantity(share));
                    quantity.unwrap_or_else(|| share.to_string())
                };
                let before = part.before.get(name).map(|before| format!("{} -> ", text(before)));
                format!(" {name} {}{}", before.unwrap_or_default(), text(share))
            };
            let shares: Vec<String> = part.shares.iter().map(share).collect();
            let place = match part.steps.as_slice() {
                [] => Some("left out".to_owned()),
                steps if steps.contains(&cross.prime) => Some("prime".to_owned()),
                _ => None,
            };
            let weight = (!is_alike).then(|| format!("weight {}", part.weight));
            let words: Vec<String> = place.into_iter().chain(weight).collect();
            let words = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
            format!("{}{words}{}", part.label, shares.join(","))
        })
        .collect();
    parts.join(" % ")
}

/// The waves of every rollout, for people; empty where there is none.
///
/// ```text
/// changed in waves, each after the one before
///   agent: lille; then nantes, paris   10 min between, none after a site that fails
/// ```
pub fn waves(plan: &Plan) -> String {
    let mut text = String::new();
    if plan.rollouts.is_empty() {
        return text;
    }
    text.push_str("\nchanged in waves, each after the one before\n");
    for rollout in &plan.rollouts {
        let sites = |steps: &[StepId]| {
            let mut names: Vec<&str> = Vec::new();
            for step in steps {
                let name = plan.site(plan.step(*step).site).name.as_str();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.join(", ")
        };
        let waves = rollout.waves.iter().filter(|wave| !wave.steps.is_empty());
        let waves: Vec<String> = waves.map(|wave| sites(&wave.steps)).collect();
        let at_once: Vec<StepId> =
            rollout.waves.iter().flat_map(|wave| wave.at_once.iter().copied()).collect();
        let mut parts = Vec::new();
        if !waves.is_empty() {
            parts.push(waves.join("; then "));
        }
        if !at_once.is_empty() {
            parts.push(format!("at once, since new: {}", sites(&at_once)));
        }
        // What is made at once has nothing to be watched.
        let limits = match (waves.len(), rollout.soak_ms, rollout.stop_after) {
            (0, ..) => String::new(),
            (_, 0, 1) => "   none after a site that fails".to_owned(),
            (_, soak, 1) => format!("   {} between, none after a site that fails", duration(soak)),
            (_, 0, count) => format!("   none after {count} sites that fail"),
            (_, soak, count) => format!("   {} between, none after {count} sites that fail", duration(soak)),
        };
        writeln!(text, "  {}: {}{limits}", rollout.key, parts.join("; ")).expect("a String takes any text");
    }
    text
}

fn outputs(plan: &Plan, text: &mut String) {
    if plan.outputs.is_empty() {
        return;
    }
    text.push_str("\noutputs\n");
    for output in &plan.outputs {
        let value = cut_to(&output.value.to_string(), WIDTH.saturating_sub(output.name.chars().count() + 5));
        writeln!(text, "  {} = {value}", output.name).expect("a String takes any text");
    }
}

/// One line a site that something waits for.
fn if_cut(plan: &Plan) -> String {
    let mut text = String::new();
    let mut label = "if cut:";
    let cuts = Cuts::new(plan);
    let sites: BTreeSet<SiteId> = plan.steps.iter().map(|step| step.site).collect();
    for site in sites {
        let mut sentences = cuts.summary(&cuts.cut(site));
        let more = sentences.len().saturating_sub(MOST_SENTENCES);
        sentences.truncate(MOST_SENTENCES);
        if more > 0 {
            sentences.push(format!("and {more} more"));
        }
        let sentences =
            if sentences.is_empty() { "nothing changes".to_owned() } else { sentences.join("; ") };
        writeln!(text, "{label:<7}  {}: {sentences}", plan.site(site).name).expect("a String takes any text");
        label = "";
    }
    text
}

/// At most so many characters, the last `…` where some are left out.
fn cut_to(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}
