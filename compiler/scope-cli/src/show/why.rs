//! Why a resource is at a site, or is not: sentences by site, each with what it is about.
//!
//! ```text
//! vm   openstack.server   main.scope:9   { compute: nantes, image: paris }
//!
//! nantes
//!   scope      `compute: nantes`; identity here, image at paris (named), network at nantes (entry site)
//!   needs      image debian-12 of paris, copied to here
//!   recorded   created by run 3, 2026-11-24 10:02:11 UTC
//! paris
//!   not here   the scope puts it at nantes
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;

use scope_compiler::Compilation;
use scope_compiler::hir::{self, Placing};
use scope_compiler::renaming::outline;
use scope_plan::fleet;
use scope_plan::plan::{Action, Cross, Plan, Step, StepId};
use scope_plan::recorded::{How, Relied};
use scope_runtime::state::{State, Told, utc};
use serde::Serialize;

use super::plan::touches_site;
use super::{past, short_name, short_type};

/// What is asked.
pub struct Asked<'a> {
    /// The resource's global name.
    pub name: &'a str,
    /// Only this site.
    pub site: Option<&'a str>,
}

/// What the answer is made from.
pub struct Known<'a> {
    /// The program.
    pub compilation: &'a Compilation,
    /// Its plan.
    pub plan: &'a Plan,
    /// What is recorded.
    pub state: &'a State,
    /// What the last run told.
    pub told: &'a [Told],
    /// Now, in milliseconds since 1970.
    pub now_ms: u64,
}

/// The answer.
#[derive(Debug, Serialize)]
pub struct Why {
    /// The global name.
    pub resource: String,
    /// `openstack.server`
    #[serde(rename = "type")]
    pub resource_type: String,
    /// `main.scope:9`; nothing of what only the state knows.
    pub declared: Option<String>,
    /// The scope as written, canonical.
    pub scope: Option<String>,
    /// Its services and where they answer (R1).
    pub services: Vec<hir::ServicePlace>,
    /// By site.
    pub sites: Vec<At>,
}

/// One site.
#[derive(Debug, Serialize)]
pub struct At {
    /// Its name.
    pub site: String,
    /// Something is recorded there.
    pub is_recorded: bool,
    /// The program wants it there.
    pub is_wanted: bool,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// One sentence.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// `scope`, `placement`, `choice`, `part`, `members`, `copy`, `needs`, `needed by`, `guard`, `recorded`, `waits`, `owed`, `held`, `last run`,
    /// `not here`
    pub about: &'static str,
    /// For people.
    pub words: String,
}

/// See above.
pub fn explain(known: &Known<'_>, asked: &Asked<'_>) -> Why {
    let program = &known.compilation.program;
    let declared = program.resources.iter().find(|resource| resource.name == asked.name);
    let steps: Vec<&Step> =
        known.plan.steps.iter().filter(|step| step.name == asked.name && touches_site(step)).collect();
    let recorded = known.state.resources.get(asked.name);
    let of_step = steps.first().and_then(|step| step.action.resource_type()).map(str::to_string);
    let of_state = || Some(recorded?.values().next()?.resource_type.clone());
    let origin =
        steps.iter().find(|step| !matches!(step.action, Action::Delete { .. })).map(|step| &step.origin);
    let sites = program.sites.iter().filter(|site| asked.site.is_none_or(|asked| site.name == asked));
    Why {
        resource: asked.name.to_string(),
        resource_type: declared
            .map(|resource| resource.ty.clone())
            .or(of_step)
            .or_else(of_state)
            .unwrap_or_default(),
        declared: origin.map(|origin| format!("{}:{}", origin.file, origin.line)),
        scope: declared.and_then(|resource| resource.scope.clone()),
        services: declared.map(|resource| resource.services.clone()).unwrap_or_default(),
        sites: sites.map(|site| at(known, asked.name, declared, &steps, site)).collect(),
    }
}

/// What the members of a group have in common: one scope, one choice; and which of them are at each site.
pub fn explain_group(known: &Known<'_>, group: &str, members: &[&str], site: Option<&str>) -> Why {
    const COMMON: [&str; 5] = ["scope", "placement", "choice", "not here", "held"];
    let all = members.iter().map(|name| (*name, explain(known, &Asked { name, site })));
    let all: Vec<(&str, Why)> = all.collect();
    let of_first = |of: fn(&Why) -> Option<String>| all.iter().find_map(|(_, why)| of(why));
    let sites = known.compilation.program.sites.iter().map(|site| site.name.as_str());
    let sites = sites.filter(|name| site.is_none_or(|asked| asked == *name)).map(|name| {
        let here = all.iter().flat_map(|(member, why)| {
            why.sites.iter().filter(|at| at.site == name).map(move |at| (*member, at))
        });
        let here: Vec<(&str, &At)> = here.collect();
        let mut reasons: Vec<Reason> = Vec::new();
        for reason in here.iter().flat_map(|(_, at)| &at.reasons) {
            // Where it is does not depend on what else a member uses.
            let is_told = reasons.iter().any(|told| {
                told.about == reason.about && (told.words == reason.words || told.about == "scope")
            });
            if COMMON.contains(&reason.about) && !is_told {
                reasons.push(reason.clone());
            }
        }
        let named = |is_so: fn(&At) -> bool| {
            let names = here.iter().filter(|(_, at)| is_so(at)).map(|(name, _)| short_name(name));
            names.collect::<Vec<_>>().join(", ")
        };
        for (about, names) in
            [("members", named(|at| at.is_wanted)), ("recorded", named(|at| at.is_recorded))]
        {
            if !names.is_empty() {
                reasons.push(Reason { about, words: names });
            }
        }
        At {
            site: name.to_string(),
            is_recorded: here.iter().any(|(_, at)| at.is_recorded),
            is_wanted: here.iter().any(|(_, at)| at.is_wanted),
            reasons,
        }
    });
    Why {
        resource: group.to_string(),
        resource_type: "group".into(),
        declared: declared_at(known, group),
        scope: of_first(|why| why.scope.clone()),
        services: Vec::new(),
        sites: sites.collect(),
    }
}

/// Where the program declares a group: `main.scope:9`; nothing of one within another one.
fn declared_at(known: &Known<'_>, group: &str) -> Option<String> {
    let (compilation, name) = (known.compilation, group.split('[').next()?);
    let file = compilation.sources.iter().find(|file| file.path() == known.plan.program.file)?;
    let declared = outline(compilation, file.id()).into_iter().find(|declared| declared.name == name)?;
    Some(format!("{}:{}", file.path(), compilation.sources.line_column(declared.place).line))
}

fn at(
    known: &Known<'_>,
    name: &str,
    declared: Option<&hir::Resource>,
    steps: &[&Step],
    site: &hir::Site,
) -> At {
    let here: Vec<&Step> =
        steps.iter().copied().filter(|step| known.plan.site(step.site).name == site.name).collect();
    let is_wanted = here.iter().any(|step| !matches!(step.action, Action::Delete { .. }));
    let recorded = known.state.resource(name, &site.name);
    let mut reasons = Vec::new();
    let mut say = |about: &'static str, words: String| reasons.push(Reason { about, words });
    if let Some(resource) = declared {
        if is_wanted {
            say("scope", scope_words(resource));
            if let Some(words) = placement(known, resource, site) {
                say("placement", words);
            }
        } else {
            say("not here", not_here(known, resource, site));
        }
    } else if !is_wanted && recorded.is_some() {
        say("not here", "the program does not name it any more: the next run deletes it".into());
    }
    for step in &here {
        choices(known, step).into_iter().for_each(|words| say("choice", words));
        if let Some(words) = part(known, step) {
            say("part", words);
        }
        if let Action::Bring { sources, .. } = &step.action {
            say("copy", format!("brought here from {}", sites_of(known.plan, sources).join(" or ")));
        }
        // A guard needs nothing but what it stands on.
        if !matches!(step.action, Action::Protect { .. }) {
            needs(known, step).into_iter().for_each(|words| say("needs", words));
        }
        guards_for(known, step).into_iter().for_each(|words| say("guard", words));
        if let Some(words) = guard_here(step) {
            say("guard", words);
        }
    }
    needed_by(known, &here).into_iter().for_each(|words| say("needed by", words));
    if let Some(recorded) = recorded {
        say("recorded", recorded_words(known, recorded));
        let relied = Relied {
            resource_type: recorded.resource_type.clone(),
            site: site.name.clone(),
            identity: recorded.identity.clone(),
        };
        let users = known.state.users_of(&relied);
        if !users.is_empty() {
            let users: Vec<String> = users.iter().map(|(name, site)| format!("{name} at {site}")).collect();
            say("guard", format!("relied upon by {}: not deleted as long as that lives", users.join(", ")));
        }
        for relied in &recorded.relies {
            say("guard", format!("relies upon {}", relied_words(known, relied)));
        }
    }
    for guard in known.state.guards.iter().filter(|guard| guard.name == name && guard.site == site.name) {
        say(
            "guard",
            format!(
                "this deployment left its guard on {} {}",
                short_type(&guard.resource_type),
                guard.identity
            ),
        );
    }
    for parked in known.state.waiting().filter(|parked| parked.name == name && parked.site == site.name) {
        say(
            "waits",
            format!("parked by run {}, {}: {}", parked.run, since(known, parked.since_ms), parked.words),
        );
    }
    for owed in known.state.owed.iter().filter(|owed| owed.name == name && owed.site == site.name) {
        say("owed", format!("by run {}: {}", owed.run, owed.words));
    }
    if let Some(hold) = known.state.holds.get(&site.name).filter(|hold| hold.is_in_force(known.now_ms)) {
        say("held", past::hold_words(hold, known.now_ms));
    }
    let ends = ["done", "failed", "parked", "skipped", "undone", "owed"];
    let mut told = known.told.iter().filter(|told| told.name == name && told.site == site.name);
    if let Some(last) = told.rfind(|told| ends.contains(&told.word.as_str())) {
        say("last run", format!("run {}: {} {}", known.state.last_run, last.word, last.words));
    }
    At { site: site.name.clone(), is_recorded: recorded.is_some(), is_wanted, reasons }
}

/// `compute: nantes`, and where the other services are.
fn scope_words(resource: &hir::Resource) -> String {
    let mut services = resource.services.iter();
    let Some(own) = services.next() else { return "it has no service".into() };
    let first = match own.why {
        Placing::Named => format!("the scope says `{}: {}`", own.service, own.place),
        Placing::Whole => format!("the scope places the whole request: `{}`", own.place),
        Placing::Entry | Placing::Authenticates => {
            format!("the scope does not name `{}`, so it is at the entry site, {}", own.service, own.place)
        }
    };
    let others: Vec<String> = services
        .map(|other| {
            let why = match other.why {
                Placing::Named => "named",
                Placing::Whole => "with the request",
                Placing::Entry => "not named: the entry site",
                Placing::Authenticates => "each site has its own",
            };
            format!("{} {} ({why})", other.service, at_place(&other.place))
        })
        .collect();
    if others.is_empty() { first } else { format!("{first}; {}", others.join(", ")) }
}

fn at_place(place: &str) -> String {
    if place == "here" { place.to_string() } else { format!("at {place}") }
}

/// A location that was computed: as written, what came of it, and the declared round trips it was decided by.
fn placement(known: &Known<'_>, resource: &hir::Resource, site: &hir::Site) -> Option<String> {
    let span = resource.location.span;
    if span.is_dummy() {
        return None;
    }
    let program = &known.compilation.program;
    let name_of = |site: hir::SiteId| program.sites[site.0 as usize].name.clone();
    let (written, meant) =
        (known.compilation.sources.snippet(span).to_string(), resource.location.text(&name_of));
    let plain =
        |text: &str| text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '(' | ')')).collect();
    let (plain_written, plain_meant): (String, String) = (plain(&written), plain(&meant));
    if plain_written.replace("||", "|") == plain_meant {
        return None;
    }
    let links = round_trips(known, site);
    let by = if links.is_empty() { String::new() } else { format!("; declared: {}", links.join(", ")) };
    let written: String = written.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("`{written}` is {meant}{by}"))
}

/// The declared round trips of a site: `nantes -- paris 12 ms`.
fn round_trips(known: &Known<'_>, site: &hir::Site) -> Vec<String> {
    let program = &known.compilation.program;
    let name_of = |site: hir::SiteId| program.sites[site.0 as usize].name.clone();
    let links = program.links.iter().filter_map(|link| {
        let (from, to) = (name_of(link.from), name_of(link.to));
        let is_here = from == site.name || to == site.name;
        let rtt = link.rtt.filter(|_| is_here)?;
        Some(format!("{from} -- {to} {:.0} ms", rtt as f64 / 1e6))
    });
    links.collect()
}

/// What is written where a radius decides, with the round trips that it is compared with (R7).
fn outside_radius(known: &Known<'_>, resource: &hir::Resource, site: &hir::Site) -> Option<String> {
    let span = resource.location.span;
    let written = if span.is_dummy() { return None } else { known.compilation.sources.snippet(span) };
    if !written.contains("around") {
        return None;
    }
    let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(match round_trips(known, site).as_slice() {
        [] => format!("`{written}`, and no link of {} is declared: it is in no radius", site.name),
        links => format!("`{written}`; declared: {}", links.join(", ")),
    })
}

fn not_here(known: &Known<'_>, resource: &hir::Resource, site: &hir::Site) -> String {
    let driver = resource.ty.split('.').next().unwrap_or_default();
    let program = &known.compilation.program;
    let name_of = |site: hir::SiteId| program.sites[site.0 as usize].name.clone();
    let place = resource.location.text(&name_of);
    if !site.settings.contains_key(driver) {
        return format!("{} has no {driver}; it is at {place}", site.name);
    }
    match resource.services.first().map(|own| own.why) {
        Some(Placing::Entry) => {
            format!("the scope does not name its service, so it is at the entry site, {place}")
        }
        _ => match outside_radius(known, resource, site) {
            Some(why) => format!("the scope puts it at {place}: {why}"),
            None => format!("the scope puts it at {place}"),
        },
    }
}

/// The choices it stands in: which alternative this is, what was chosen, and why the others were not.
fn choices(known: &Known<'_>, step: &Step) -> Vec<String> {
    let sentences = step.when.iter().map(|guard| {
        let choice = known.plan.choice(guard.choice);
        let mine = &choice.arms[guard.arm as usize].label;
        let count = choice.arms.len();
        let first = format!("alternative {} of {count} for {}: `{mine}`", guard.arm + 1, choice.label);
        let Some(chosen) = choice.recorded else {
            return format!("{first}; nothing is recorded, so the first that can is taken");
        };
        let label = &choice.arms[chosen as usize].label;
        let since = since_when(known, choice, chosen);
        let kept =
            format!("`{label}` was chosen{since} and is kept while it holds (--reconsider chooses again)");
        let others: Vec<String> = choice
            .arms
            .iter()
            .take(chosen as usize)
            .filter_map(|arm| {
                let of_arm = |told: &&Told| {
                    arm.members.iter().any(|member| known.plan.step(*member).key == told.key)
                        && matches!(told.word.as_str(), "failed" | "again")
                };
                let failed = known.told.iter().rfind(of_arm)?;
                Some(format!("`{}` could not: {}", arm.label, failed.words))
            })
            .collect();
        let others = if others.is_empty() { String::new() } else { format!("; {}", others.join("; ")) };
        format!("{first}; {kept}{others}")
    });
    sentences.collect()
}

/// Which part of a `%` it is, and what each has.
fn part(known: &Known<'_>, step: &Step) -> Option<String> {
    let plan = known.plan;
    let has_it = |cross: &&Cross| cross.parts.iter().any(|part| part.steps.contains(&step.id));
    let cross = plan.crosses.iter().find(has_it)?;
    let which = match cross.prime == step.id {
        true => "the prime: made first, it has the identity of the whole".to_string(),
        false => format!("made after the prime, at {}", plan.site(plan.step(cross.prime).site).name),
    };
    Some(format!("{which}; {}", scope_plan::text::division(plan, cross)))
}

/// ` by run 3, 2 h ago`: the first run that recorded something of what was chosen.
fn since_when(known: &Known<'_>, choice: &scope_plan::plan::Choice, arm: u32) -> String {
    let members = choice.arms[arm as usize].members.iter().map(|member| known.plan.step(*member));
    let runs = members.filter_map(|step| {
        let site = &known.plan.site(step.site).name;
        Some(known.state.resource(&step.name, site)?.run)
    });
    runs.min().map(|run| format!(" by run {run}{}", run_time(known, run))).unwrap_or_default()
}

fn run_time(known: &Known<'_>, run: u64) -> String {
    let known_run = known.state.runs.iter().find(|known| known.run == run);
    known_run.map(|run| format!(", {}", utc(run.started_ms))).unwrap_or_default()
}

fn since(known: &Known<'_>, ms: u64) -> String {
    past::ago(known.now_ms.saturating_sub(ms))
}

/// What it is made from, and how that gets here.
fn needs(known: &Known<'_>, step: &Step) -> Vec<String> {
    let plan = known.plan;
    let mut used: Vec<StepId> = step.steps_used().into_iter().collect();
    used.extend(step.action.sources());
    used.sort();
    used.dedup();
    let words = used.into_iter().filter_map(|used| {
        let used = plan.step(used);
        let kind = used.action.resource_type().map_or("", short_type);
        let (name, place) = (short_name(&used.name), &plan.site(used.site).name);
        match &used.action {
            Action::Bring { sources, .. } => {
                Some(format!("{kind} {name} of {}, copied to here", sites_of(plan, sources).join(" or ")))
            }
            Action::Protect { .. } => {
                Some(format!("{kind} {name} at {place}, guarded there from deletion before this is made"))
            }
            Action::Lookup { .. } => Some(format!("{kind} {name}, looked up at {place}")),
            // What is taken away here is not made of itself.
            Action::Ensure { .. } if (&used.name, used.site) == (&step.name, step.site) => None,
            Action::Ensure { .. } | Action::Call { .. } => Some(format!("{kind} {name} at {place}")),
            Action::Choose { .. } => {
                let places: Vec<String> = ends(plan, used.id);
                Some(format!("{name}, wherever it ends: {}", places.join(", else ")))
            }
            Action::Gather { .. } | Action::Gate { .. } | Action::Delete { .. } => None,
        }
    });
    words.collect()
}

/// The sites of what a copy is made from, in their order.
fn sites_of(plan: &Plan, sources: &[StepId]) -> Vec<String> {
    let sites = sources.iter().filter_map(|source| plan.location(*source));
    sites.map(|site| plan.site(site).name.clone()).collect()
}

/// The sites of what a choice is among, in their order.
fn ends(plan: &Plan, chosen: StepId) -> Vec<String> {
    match (&plan.step(chosen).action, plan.location(chosen)) {
        (Action::Choose { results, .. }, _) => {
            results.iter().flat_map(|result| ends(plan, *result)).collect()
        }
        (_, Some(site)) => vec![plan.site(site).name.clone()],
        (_, None) => Vec::new(),
    }
}

/// What is guarded before a step, of alternatives that it takes one of: that which is taken.
fn guards_for(known: &Known<'_>, user: &Step) -> Vec<String> {
    let plan = known.plan;
    let asked = (user.name.clone(), plan.site(user.site).name.clone());
    let guards = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Protect { resource_type, users, among: Some(_), .. } if users.contains(&asked) => {
            let (kind, site) = (short_type(resource_type), &plan.site(step.site).name);
            let name = short_name(&step.name);
            Some(format!(
                "{kind} {name} at {site} is guarded from deletion before this is made, if it is the one taken"
            ))
        }
        _ => None,
    });
    guards.collect()
}

/// The guard that a step leaves on what is here.
fn guard_here(step: &Step) -> Option<String> {
    let Action::Protect { users, among, .. } = &step.action else { return None };
    let users: Vec<String> = users.iter().map(|(name, site)| format!("{name} at {site}")).collect();
    if users.is_empty() {
        return Some("nobody here relies upon it any more: its guard is taken off".into());
    }
    let condition = if among.is_some() { ", if this is the one taken" } else { "" };
    Some(format!("guarded from deletion before {} is made{condition}", users.join(" and ")))
}

/// Who uses what is here: the lines that bring it.
fn needed_by(known: &Known<'_>, here: &[&Step]) -> Vec<String> {
    let plan = known.plan;
    let mut users: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut open: Vec<StepId> = here.iter().map(|step| step.id).collect();
    let mut seen: std::collections::BTreeSet<_> = open.iter().copied().collect();
    let mut after: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for edge in plan.edges.iter().filter(|edge| edge.reason != scope_plan::plan::EdgeReason::After) {
        after.entry(edge.from).or_default().push(edge.to);
    }
    while let Some(step) = open.pop() {
        for next in after.get(&step).into_iter().flatten().filter(|next| seen.insert(**next)) {
            let user = plan.step(*next);
            match &user.action {
                Action::Ensure { .. } | Action::Call { .. } => {
                    let site = plan.site(user.site).name.clone();
                    let line = format!("line {}", user.origin.line);
                    users.insert((user.name.clone(), site), line);
                }
                _ => open.push(*next),
            }
        }
    }
    users.into_iter().map(|((name, site), line)| format!("{name} at {site} ({line})")).collect()
}

fn recorded_words(known: &Known<'_>, resource: &scope_runtime::state::Resource) -> String {
    let how = match (resource.how, &resource.from) {
        (How::Borrowed, Some(from)) if resource.keep => {
            format!("borrowed from {from}, and stays when nobody here needs it any more")
        }
        (How::Created, _) if resource.keep => {
            "created, and stays when the program no longer has it".to_string()
        }
        (How::Created, _) => "created".to_string(),
        (How::Adopted, _) => "adopted, so never deleted by this program".to_string(),
        (How::Borrowed, Some(from)) => format!("borrowed from {from}, removed with its last user"),
        (How::Borrowed, None) => "borrowed, removed with its last user".to_string(),
    };
    let unfinished = if resource.is_complete { "" } else { "; not finished: the next run goes on with it" };
    let when = match resource.run {
        // By `scope import` or `scope state rebuild`.
        0 => "outside of a run".to_string(),
        run => format!("run {run}{}", run_time(known, run)),
    };
    format!("{how}, {when}, id {}{unfinished}", resource.identity)
}

/// By its name, where it is one of this deployment's.
fn relied_words(known: &Known<'_>, relied: &Relied) -> String {
    let mut all = known.state.resources.iter();
    let name = all.find_map(|(name, sites)| {
        let resource = sites.get(&relied.site)?;
        let is_it = resource.resource_type == relied.resource_type && resource.identity == relied.identity;
        is_it.then_some(name.as_str())
    });
    format!("{} {} at {}", short_type(&relied.resource_type), name.unwrap_or(&relied.identity), relied.site)
}

/// For people.
pub fn text(why: &Why) -> String {
    let mut text = String::new();
    let head = [
        Some(why.resource.clone()),
        Some(why.resource_type.clone()),
        why.declared.clone(),
        why.scope.clone(),
    ];
    let head: Vec<String> = head.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let _ = writeln!(text, "{}", head.join("   "));
    let told = why.sites.iter().map(|at| {
        let rows = at.reasons.iter().map(|reason| vec![reason.about.to_string(), reason.words.clone()]);
        (at.site.as_str(), rows.collect())
    });
    // What is the same at many sites is said last: it is rarely what was asked about.
    let mut groups = fleet::fold(told.collect());
    groups.sort_by_key(|group| group.sites.len() > 1);
    for group in groups {
        let _ = writeln!(text, "\n{}", fleet::listed(&group.sites));
        if group.rows.is_empty() {
            let _ = writeln!(text, "  nothing puts it here, and nothing is recorded");
        }
        for row in &group.rows {
            let _ = writeln!(text, "  {:<9}  {}", row[0], row[1]);
        }
    }
    text
}
