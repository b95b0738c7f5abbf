//! `--only NAME`: some resources of a program, and what they need; the others are as if nobody spoke of them.
//!
//! `--only web` of `net`, `db`, `web` (which uses `net`) → `net` and `web` are lowered; what is recorded of `db` stays.
//! A name stands for its family and its group too: `lab` is `lab.server` and `lab.net`, `agent` is `agent["lille"]`; `*` is
//! any part of a name.

use std::collections::BTreeSet;

use scope_analysis::hir::{Program, ResourceId};
use scope_diagnostics::{Diagnostic, SourceMap, Span, codes, similar};
use scope_plan::recorded::Recorded;

use super::declared::Declared;
use super::needed;

/// What a run is about.
pub(super) struct Only<'a> {
    patterns: &'a [String],
    /// What is lowered; everything where no name is given.
    wanted: Option<BTreeSet<ResourceId>>,
    named: BTreeSet<&'a str>,
}

impl<'a> Only<'a> {
    /// The resources that the patterns name, and what those need.
    pub(super) fn of(program: &'a Program, declared: &Declared<'_>, patterns: &'a [String]) -> Only<'a> {
        let named = program.resources.iter().map(|resource| resource.name.as_str()).collect();
        if patterns.is_empty() {
            return Only { patterns, wanted: None, named };
        }
        let meant = |name: &str| patterns.iter().any(|pattern| is_meant(pattern, name));
        let mut open: Vec<ResourceId> = program
            .resources
            .iter()
            .filter(|resource| meant(&resource.name))
            .map(|resource| resource.id)
            .collect();
        let mut wanted: BTreeSet<ResourceId> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            let needs = needed(program, declared, &program.resources[id.0 as usize]);
            open.extend(needs.into_iter().filter(|need| wanted.insert(*need)));
        }
        Only { patterns, wanted: Some(wanted), named }
    }

    /// Whether the whole program is meant.
    pub(super) fn is_everything(&self) -> bool {
        self.wanted.is_none()
    }

    /// Whether a resource is lowered.
    pub(super) fn has(&self, id: ResourceId) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&id))
    }

    /// Whether what is recorded under a name, and is in no step, is deleted: not what the program still names.
    pub(super) fn may_delete(&self, name: &str) -> bool {
        self.wanted.is_none()
            || (!self.named.contains(name) && self.patterns.iter().any(|pattern| is_meant(pattern, name)))
    }
}

/// Reports patterns that name nothing, neither in the program nor in what is recorded.
pub(crate) fn check(
    program: &Program,
    recorded: &Recorded,
    patterns: &[String],
    sources: &mut SourceMap,
) -> Vec<Diagnostic> {
    let own = program.resources.iter().map(|resource| resource.name.as_str());
    let of_runs = recorded.resources.iter().map(|resource| resource.name.as_str());
    // Most of what is recorded is in the program, too, and at several sites.
    let mut seen = BTreeSet::new();
    let names: Vec<&str> = own.chain(of_runs).filter(|name| seen.insert(*name)).collect();
    let mut reports = Vec::new();
    for pattern in patterns.iter().filter(|pattern| !names.iter().any(|name| is_meant(pattern, name))) {
        let file = sources.add("--only", pattern.as_str());
        let span = Span::new(file, 0, u32::try_from(pattern.len()).unwrap_or(u32::MAX));
        let report = Diagnostic::new(codes::E0937, span, format!("no resource is called `{pattern}`"))
            .label("names nothing");
        if let Some(absent) = program.absent.iter().find(|absent| is_meant(pattern, &absent.name)) {
            let words = format!("`{}` is not there: its `when` is false", absent.name);
            let report = Diagnostic::new(codes::E0937, span, words).label("an optional item");
            reports.push(report.secondary(absent.condition, "this is false").help("leave it out"));
            continue;
        }
        reports.push(match similar::nearest(pattern, names.iter().copied()) {
            Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
            None if names.is_empty() => report.help("the program has no resource"),
            None => {
                let listed: Vec<&str> = names.iter().copied().take(8).collect();
                report.help(format!("it has {}", listed.join(", ")))
            }
        });
    }
    reports
}

/// Whether a name is meant: it is the pattern, or a member of the family or group that is.
fn is_meant(pattern: &str, name: &str) -> bool {
    if fits(pattern, name) {
        return true;
    }
    let ends = name.char_indices().filter(|(_, letter)| matches!(letter, '.' | '[')).map(|(at, _)| at);
    ends.into_iter().any(|end| fits(pattern, &name[..end]))
}

/// Whether a text fits a pattern in which `*` stands for any part and everything else for itself.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn a_name_stands_for_its_family_and_its_group() {
        for (pattern, name) in [
            ("web", "web"),
            ("lab", "lab.server"),
            ("lab.*", "lab.server"),
            ("lab.*", "lab.inner.net"),
            ("lab.inner", "lab.inner.net"),
            ("agent", "agent[\"lille\"]"),
            ("agent[*lille*", "agent[\"lille\"]"),
            ("*", "anything"),
            ("*.server", "lab.server"),
            ("a*b*c", "axxbyyc"),
        ] {
            assert!(is_meant(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("web", "web2"),
            ("lab.*", "lab"),
            ("lab", "label"),
            ("agent[\"lille\"]", "agent[\"paris\"]"),
            ("*.server", "server"),
            ("a*ab", "ab"),
            ("", "web"),
        ] {
            assert!(!is_meant(pattern, name), "{pattern} {name}");
        }
    }
}
