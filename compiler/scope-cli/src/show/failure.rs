//! A failure at run time, shown as a compile error is: the program's line, the site's own words, and what to do.

use std::collections::HashSet;

use scope_diagnostics::{Code, Diagnostic, SourceMap, Span, codes, similar};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Origin, Output, Plan, Site, Step};
use scope_runtime::events::Failure;
use scope_runtime::real::{Entered, MissingSecret, Refusal, SecretUse};
use scope_runtime::shell;
use scope_runtime::site::SiteErrorKind;
use serde_json::Value;

use super::alike::{Failed, told_once};
use super::{short_name, short_type};

/// The report for a failed step.
pub fn diagnostic(plan: &Plan, step: &Step, failure: &Failure, sources: &SourceMap) -> Diagnostic {
    let site = &plan.sites[step.site.index()].name;
    let span = span_of(&step.origin, sources);
    let mut report = match at_places(failure, sources) {
        Some(report) => report.secondary(span, subject(plan, step)),
        None => {
            Diagnostic::new(code(&failure.code), span, failure.message.clone()).label(subject(plan, step))
        }
    };
    if let Some(words) = &failure.site_words {
        let asked = match (&failure.request, failure.status) {
            (Some(request), Some(status)) => format!("{site} answered {status} to {request}: {words}"),
            (Some(request), None) => format!("{request} at {site}: {words}"),
            // What each alternative said begins with its site.
            (None, _) if step.action.resource_type().is_none() => words.clone(),
            (None, _) => format!("{site}: {words}"),
        };
        report = report.note(asked);
    }
    // Which secret it was that the site refuses.
    if failure.code == "E0703"
        && let Some((driver, _)) = step.action.resource_type().and_then(|full| full.split_once('.'))
        && let Some(settings) = settings_told(&plan.sites[step.site.index()], driver)
    {
        report = report.note(settings);
    }
    for candidate in &failure.candidates {
        if let Some(name) = &candidate.name
            && let Some(origin) = origin_of(plan, step, name)
        {
            report = report
                .secondary(span_of(origin, sources), format!("what is there is `{name}`, declared here"));
        }
        let mut parts = vec![candidate.identity.clone()];
        if let Some(age) = candidate.age_s {
            parts.push(format!("{} ago", age_text(age)));
        }
        for (name, value) in &candidate.details {
            match value.as_str() {
                Some(text) => parts.push(format!("{name} {text}")),
                None => parts.push(format!("{name} {value}")),
            }
        }
        match &candidate.mark {
            Some(mark) => parts.push(format!("mark {mark}")),
            None if candidate.name.is_some() => {}
            None => parts.push("no mark of ours".into()),
        }
        report = report.note(parts.join(", "));
    }
    if let Some(help) = help_of_origin(plan, step, failure) {
        report = report.help(help);
    }
    if let Some(near) = near_name(plan, step, failure) {
        report = report.help(format!("did you mean `{near}`? the program has that there"));
    }
    for help in &failure.help {
        report = report.help(help.clone());
    }
    report
}

/// The report of a failure that is about places of its own.
fn at_places(failure: &Failure, sources: &SourceMap) -> Option<Diagnostic> {
    let (first, others) = failure.places.split_first()?;
    let span = span_of(&first.origin, sources);
    let report = Diagnostic::new(code(&failure.code), span, failure.message.clone()).label(&first.label);
    let others = others.iter().filter(|place| place.origin != first.origin);
    Some(
        others.fold(report, |report, place| {
            report.secondary(span_of(&place.origin, sources), place.label.clone())
        }),
    )
}

/// Where the program declares what it calls so, at the site of a step.
fn origin_of<'p>(plan: &'p Plan, step: &Step, name: &str) -> Option<&'p Origin> {
    let mut here = plan.steps.iter().filter(|other| other.site == step.site && other.name == name);
    here.find(|other| matches!(other.action, Action::Ensure { .. })).map(|other| &other.origin)
}

/// Of what is not found by its name, the nearest name of its type that the program knows at that site.
fn near_name<'p>(plan: &'p Plan, step: &Step, failure: &Failure) -> Option<&'p str> {
    let Action::Lookup { resource_type, text: Some(Expr::Value(Value::String(wanted))), .. } = &step.action
    else {
        return None;
    };
    let ty = plan.resource_type_of(step).filter(|_| failure.code == "E0902").map(|(_, ty)| ty)?;
    let attribute = ty.name_attribute.as_ref().unwrap_or(&ty.identity);
    let held = plan.site(step.site).simulated.iter().filter(|held| held.resource_type == *resource_type);
    let held = held.filter_map(|held| held.attributes.get(attribute)?.as_str());
    let here = plan.steps.iter().filter(|other| other.site == step.site);
    let made = here.filter_map(|other| match &other.action {
        Action::Ensure { resource_type: of, attributes, .. } if of == resource_type => {
            let (_, name) = attributes.iter().find(|(name, _)| name == attribute)?;
            let Expr::Value(Value::String(name)) = name else { return None };
            Some(name.as_str())
        }
        _ => None,
    });
    similar::nearest(wanted, held.chain(made).filter(|name| name != wanted))
}

/// What can be done where the origin of a copy does not answer, which is not waited for (R8).
fn help_of_origin(plan: &Plan, step: &Step, failure: &Failure) -> Option<String> {
    let brings = |step: &Step| matches!(step.action, Action::Bring { .. });
    let bring = match step {
        _ if failure.code != "E0701" => None,
        step if brings(step) => Some(step),
        step => {
            let users = plan.edges.iter().filter(|edge| edge.from == step.id).map(|edge| plan.step(edge.to));
            users.filter(|user| brings(user)).find(|user| user.site != step.site)
        }
    }?;
    let needed_at = &plan.site(bring.site).name;
    Some(format!("run again when it answers, or have `{}` at {needed_at} too", short_name(&step.name)))
}

/// What a step is about: ``image `base` at paris``, or all the alternatives of a choice, the copies of a quorum.
fn subject(plan: &Plan, step: &Step) -> String {
    let site = &plan.sites[step.site.index()].name;
    match step.action.resource_type() {
        Some(full) => format!("{} `{}` at {site}", short_type(full), short_name(&step.name)),
        None => match &step.action {
            Action::Gate { .. } => "these waves".into(),
            Action::Gather { quorum: Some(quorum), .. } => format!("{} copies", quorum.copies.len()),
            _ => format!("tried from the left, for `{}` at {site}", short_name(&step.name)),
        },
    }
}

/// The report for an output that has no value.
pub fn of_output(output: &Output, failure: &Failure, sources: &SourceMap) -> Diagnostic {
    let span = output.origin.as_ref().map_or(Span::DUMMY, |origin| span_of(origin, sources));
    let report = match at_places(failure, sources) {
        Some(report) => report.secondary(span, format!("output `{}`", output.name)),
        None => Diagnostic::new(code(&failure.code), span, failure.message.clone()),
    };
    failure.help.iter().cloned().fold(report, Diagnostic::help)
}

/// The report for a failure of the run itself.
pub fn of_run(failure: &Failure) -> Diagnostic {
    let mut report = Diagnostic::new(code(&failure.code), Span::DUMMY, failure.message.clone());
    if let Some(words) = &failure.site_words {
        report = report.note(words.clone());
    }
    for help in &failure.help {
        report = report.help(help.clone());
    }
    report
}

/// The report for a secret that is not to be had, at the place that needs it.
pub fn missing_secret(plan: &Plan, missing: &MissingSecret, sources: &SourceMap) -> Diagnostic {
    let mut places = missing.needed_by.iter().map(|needed| match needed {
        SecretUse::Setting { site, driver, setting } => {
            let site = &plan.sites[site.index()];
            (span_of(&site.origin, sources), format!("site {}, `{driver}.{setting}`", site.name))
        }
        SecretUse::Step { step, attribute } => {
            let step = &plan.steps[step.index()];
            (span_of(&step.origin, sources), format!("`{attribute}` of {}", short_name(&step.name)))
        }
        SecretUse::Output(name) => (Span::DUMMY, format!("output `{name}`")),
    });
    let (span, text) = places.next().unwrap_or((Span::DUMMY, String::new()));
    let (code, help) = match missing.is_unfit {
        false => (codes::E0602, "set it, and run again: nothing was sent"),
        true => (codes::E0604, "write it without that, in one line, and run again: nothing was sent"),
    };
    let mut report =
        Diagnostic::new(code, span, missing.error.why.clone()).label(format!("needed by {text}"));
    // Of one that is at many sites each needs it, at one and the same place.
    let mut told = HashSet::from([(span, text)]);
    for place in places {
        if told.insert(place.clone()) {
            report = report.secondary(place.0, format!("and by {}", place.1));
        }
    }
    report.help(help)
}

/// The reports for sites that refuse to be entered, found before anything was sent.
pub fn refusals(plan: &Plan, entered: &Entered, sources: &SourceMap) -> Vec<Diagnostic> {
    let others = match entered.n_accepted {
        0 => None,
        1 => Some("the other site accepts its credentials".to_string()),
        accepted => Some(format!("the other {accepted} sites accept theirs")),
    };
    let of_one = |refusal: &Refusal| {
        let site = &plan.sites[refusal.site.index()];
        let error = &refusal.error;
        let message = match (&error.kind, error.status) {
            (SiteErrorKind::Denied, Some(status)) => {
                format!("`{}` refuses the credentials ({status})", site.name)
            }
            (SiteErrorKind::Denied, None) => format!("`{}` refuses the credentials", site.name),
            _ => format!("`{}` cannot be entered", site.name),
        };
        let mut report = Diagnostic::new(codes::E0703, span_of(&site.origin, sources), message)
            .label("the settings that were used");
        report = report.note(match (&error.request, error.status) {
            (Some(request), Some(status)) => {
                format!("{} answered {status} to {request}: {}", site.name, error.words)
            }
            _ => error.words.clone(),
        });
        if let Some(settings) = settings_told(site, &refusal.driver) {
            report = report.note(settings);
        }
        if let Some(others) = &others {
            report = report.note(others.clone());
        }
        let report = report.help(shell::check(site));
        Failed { report, site, name: "" }
    };
    told_once(entered.refusals.iter().map(of_one).collect())
}

/// A site's settings of a driver, for people.
fn settings_told(site: &Site, driver: &str) -> Option<String> {
    let settings = site.settings.get(driver).into_iter().flatten();
    let told: Vec<String> = settings.filter_map(|(name, value)| told(name, value)).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// A setting for people: its text, or where a secret comes from.
fn told(name: &str, value: &Expr) -> Option<String> {
    match value {
        Expr::Value(Value::String(text)) => Some(format!("{name} {text}")),
        Expr::Secret(source) => Some(format!("{name} from {source}")),
        _ => None,
    }
}

pub fn code(name: &str) -> Code {
    codes::find(name).unwrap_or(codes::E0905)
}

/// The place of an origin in the sources at hand; no place where the plan came from elsewhere.
pub fn span_of(origin: &Origin, sources: &SourceMap) -> Span {
    match sources.file_id(&origin.file) {
        Some(file) if (origin.end as usize) <= sources.get(file).text().len() => {
            Span::new(file, origin.start, origin.end)
        }
        _ => Span::DUMMY,
    }
}

fn age_text(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86400),
    }
}
