//! Looking for a resource at a simulated site, and what to say of it.

use scope_plan::scenario::Subject;
use serde_json::Value;

use super::stage::Stage;
use crate::simulator::Held;

/// What a look gave.
pub(super) enum Look {
    /// It is there.
    There(Box<Held>),
    /// It is there several times.
    Several(Vec<Held>),
    /// It is there, and not ready.
    Unready(Box<Held>),
    /// It is not; what is called so, and is not it.
    Absent(Vec<Held>),
}

impl Stage<'_> {
    /// Looks for a resource at a site: what the program made is known by its mark and by what was recorded, anything else by
    /// what it is called.
    pub(super) fn look(&self, subject: &Subject, site: &str) -> Look {
        let called = subject.called.get(site).or_else(|| subject.called.get(""));
        let by_name = |called: &String| self.simulator.held(site, &subject.resource_type, Some(called));
        let mut found = if subject.is_owned {
            let recorded = self.recorded_identity(&subject.name, site);
            let mark = format!("/{}@{site}", subject.name);
            let mut all = self.simulator.held(site, &subject.resource_type, None);
            all.retain(|held| {
                Some(&held.identity) == recorded.as_ref()
                    || held.mark.as_ref().is_some_and(|own| own.ends_with(&mark))
            });
            all
        } else {
            called.map(by_name).unwrap_or_default()
        };
        match found.len() {
            0 => Look::Absent(called.map(by_name).unwrap_or_default()),
            1 => {
                let held = Box::new(found.remove(0));
                if held.is_ready { Look::There(held) } else { Look::Unready(held) }
            }
            _ if subject.is_owned => Look::Several(found),
            _ => Look::There(Box::new(found.remove(0))),
        }
    }

    /// Where a resource may be: where the program puts it, and where a run with other parameters has put it.
    pub(super) fn places(&self, subject: &Subject) -> Vec<String> {
        let mut places = subject.sites.clone();
        if subject.is_owned {
            let state = self.state.borrow();
            let recorded =
                state.state().resources.get(&subject.name).into_iter().flat_map(|there| there.keys());
            places.extend(recorded.filter(|site| !subject.sites.contains(site)).cloned());
        }
        places
    }

    fn recorded_identity(&self, name: &str, site: &str) -> Option<String> {
        Some(self.state.borrow().state().resource(name, site)?.identity.clone())
    }

    /// The last events of a resource, and what happened to the site, as notes.
    pub(super) fn events(&self, name: &str, site: Option<&str>) -> Vec<String> {
        const MOST: usize = 6;
        let log = self.log.borrow();
        let is_of_site =
            |other: &str| other.is_empty() || other == "*" || site.is_none_or(|site| site == other);
        let about =
            log.iter().filter(|line| is_of_site(&line.site) && (line.name == name || line.name.is_empty()));
        let mut about: Vec<_> = about.collect();
        about.sort_by_key(|line| line.at_us);
        let n_left_out = about.len().saturating_sub(MOST);
        let lines = about.into_iter().skip(n_left_out);
        lines.map(|line| format!("{:>9}  {}{}", moment(line.at_us), place(line, site), line.words)).collect()
    }
}

fn place(line: &super::stage::Line, site: Option<&str>) -> String {
    if site.is_some() || line.site.is_empty() { String::new() } else { format!("{}  ", line.site) }
}

/// `1.250 s`
pub(super) fn moment(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

/// A resource in a few words: its identity, what tells it apart, and whose it is.
pub(super) fn described(held: &Held) -> String {
    let mut words = vec![held.identity.clone()];
    for name in ["status", "state", "phase"] {
        if let Some(Value::String(value)) = held.attributes.get(name) {
            words.push(value.clone());
        }
    }
    match &held.mark {
        Some(mark) => words.push(format!("marked {mark}")),
        None => words.push("without a mark".into()),
    }
    words.join(", ")
}
