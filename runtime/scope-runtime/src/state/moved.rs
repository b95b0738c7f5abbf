//! A site by another name: all that is recorded at the one is recorded at the other.
//!
//! `with_site_renamed("paris", "lutetia")` → what was `vm at paris` is `vm at lutetia`. At the site it is the owner marks and guards that
//! still say the old name; the next run writes them anew, as it does for a resource that got another name.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::recorded::{RecordedGuard, Relied, borrowed_name, borrowed_parts};

use super::{Call, Changed, Guards, Owed, Parked, Resource, Sent, State};

impl State {
    /// Whether anything is recorded at a site.
    pub fn has_site(&self, site: &str) -> bool {
        let of_names = |names: &BTreeMap<String, BTreeMap<String, Resource>>| {
            names.values().any(|sites| sites.contains_key(site))
        };
        of_names(&self.resources) || of_names(&self.undone) || self.is_open_at(site) || {
            let prefix = format!("{site}/");
            self.holds.contains_key(site)
                || self.parked.values().any(|parked| parked.site == site)
                || self.calls.keys().any(|key| key.starts_with(&prefix))
        }
    }

    /// Whether something is to be found out, or taken back, at a site: it is looked for by marks that bear the site's name.
    pub fn is_open_at(&self, site: &str) -> bool {
        self.sent.values().any(|sent| sent.site == site)
            || self.owed.iter().any(|owed| owed.site == site)
            || self.changed.values().any(|changed| changed.site == site)
            || self.undone.values().any(|sites| sites.contains_key(site))
            || self.looks.contains_key(site)
    }

    /// The same state, a site of which has another name. Nothing may be recorded at a site of that name.
    #[must_use]
    pub fn with_site_renamed(&self, from: &str, to: &str) -> State {
        let renaming = Renaming { from, to };
        let State { version, deployment, serial, last_run, runs, choices, .. } = self.clone();
        State {
            resources: renaming.by_name(&self.resources),
            undone: renaming.by_name(&self.undone),
            calls: renaming
                .of_steps(&self.calls, |call| Call { taken: renaming.keys(&call.taken), ..call.clone() }),
            chosen_sites: self
                .chosen_sites
                .iter()
                .map(|(key, sites)| (key.clone(), renaming.set(sites)))
                .collect(),
            guards: renaming.guards(&self.guards),
            owed: self.owed.iter().map(|owed| renaming.owed(owed)).collect(),
            looks: renaming.sites(&self.looks),
            parked: renaming.of_steps(&self.parked, |parked| Parked {
                site: renaming.site(&parked.site),
                ..parked.clone()
            }),
            sent: renaming.of_steps(&self.sent, |sent| Sent {
                site: renaming.site(&sent.site),
                relies: renaming.relied(&sent.relies),
                ..sent.clone()
            }),
            changed: renaming.of_steps(&self.changed, |changed| Changed {
                site: renaming.site(&changed.site),
                ..changed.clone()
            }),
            apart: self.apart.iter().map(|(name, site)| (renaming.name(name), renaming.site(site))).collect(),
            holds: renaming.sites(&self.holds),
            waves: self.waves.clone(),
            sites: renaming.sites(&self.sites),
            former_sites: renaming.former_sites(&self.former_sites),
            version,
            deployment,
            serial,
            choices,
            last_run,
            runs,
        }
    }
}

#[derive(Clone, Copy)]
struct Renaming<'n> {
    from: &'n str,
    to: &'n str,
}

impl Renaming<'_> {
    fn site(self, site: &str) -> String {
        if site == self.from { self.to } else { site }.to_owned()
    }

    /// A copy's name says where it is from.
    fn name(self, name: &str) -> String {
        match borrowed_parts(name) {
            Some((own, origin)) => borrowed_name(own, &self.site(origin)),
            None => name.to_owned(),
        }
    }

    /// A step's key begins with its site.
    fn key(self, key: &str) -> String {
        match key.strip_prefix(self.from).filter(|rest| rest.starts_with('/')) {
            Some(rest) => format!("{}{rest}", self.to),
            None => key.to_owned(),
        }
    }

    fn set(self, sites: &BTreeSet<String>) -> BTreeSet<String> {
        sites.iter().map(|site| self.site(site)).collect()
    }

    fn sites<T: Clone>(self, of_sites: &BTreeMap<String, T>) -> BTreeMap<String, T> {
        of_sites.iter().map(|(site, value)| (self.site(site), value.clone())).collect()
    }

    fn former_sites(self, former: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
        let mut renamed = former.clone();
        let mut names = renamed.remove(self.from).unwrap_or_default();
        names.retain(|name| name != self.to);
        names.push(self.from.to_owned());
        renamed.insert(self.to.to_owned(), names);
        renamed
    }

    fn keys<T: Clone>(self, of_keys: &BTreeMap<String, T>) -> BTreeMap<String, T> {
        of_keys.iter().map(|(key, value)| (self.key(key), value.clone())).collect()
    }

    fn of_steps<T>(self, of_steps: &BTreeMap<String, T>, value: impl Fn(&T) -> T) -> BTreeMap<String, T> {
        of_steps.iter().map(|(key, one)| (self.key(key), value(one))).collect()
    }

    fn by_name(
        self,
        names: &BTreeMap<String, BTreeMap<String, Resource>>,
    ) -> BTreeMap<String, BTreeMap<String, Resource>> {
        let mut renamed: BTreeMap<String, BTreeMap<String, Resource>> = BTreeMap::new();
        for (name, sites) in names {
            let there = sites.iter().map(|(site, resource)| (self.site(site), self.resource(resource)));
            renamed.entry(self.name(name)).or_default().extend(there);
        }
        renamed
    }

    fn resource(self, resource: &Resource) -> Resource {
        Resource {
            from: resource.from.as_deref().map(|from| self.site(from)),
            needs: resource.needs.iter().map(|(name, site)| (self.name(name), self.site(site))).collect(),
            relies: self.relied(&resource.relies),
            ..resource.clone()
        }
    }

    fn relied(self, all: &[Relied]) -> Vec<Relied> {
        all.iter().map(|relied| Relied { site: self.site(&relied.site), ..relied.clone() }).collect()
    }

    fn guards(self, guards: &Guards) -> Guards {
        let renamed = guards.iter().map(|guard| RecordedGuard {
            name: self.name(&guard.name),
            site: self.site(&guard.site),
            ..guard.clone()
        });
        renamed.collect::<Vec<_>>().into()
    }

    fn owed(self, owed: &Owed) -> Owed {
        Owed {
            key: self.key(&owed.key),
            name: self.name(&owed.name),
            site: self.site(&owed.site),
            relies: self.relied(&owed.relies),
            recorded: owed.recorded.as_deref().map(|recorded| Box::new(self.resource(recorded))),
            ..owed.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use scope_plan::recorded::How;
    use serde_json::Value;

    use super::*;

    #[test]
    fn all_that_is_at_a_site_is_at_it_by_its_new_name() {
        let mut state = State::new("9f2c".to_owned());
        let mut user = Resource::new("desk.seat", "s1", How::Created);
        let relied =
            Relied { resource_type: "desk.lane".into(), site: "paris".into(), identity: "l1".into() };
        user.relies = vec![relied];
        user.needs = vec![("note from paris".into(), "nantes".into()), ("lane".into(), "paris".into())];
        let lane = Resource::new("desk.lane", "l1", How::Created);
        let copy = Resource { from: Some("paris".into()), ..Resource::new("desk.note", "n1", How::Borrowed) };
        let at = |site: &str, resource: &Resource| BTreeMap::from([(site.to_owned(), resource.clone())]);
        state.resources.insert("seat".into(), at("nantes", &user));
        state.resources.insert("lane".into(), at("paris", &lane));
        state.resources.insert("note from paris".into(), at("nantes", &copy));
        state.apart.insert(("lane".into(), "paris".into()));
        let told = BTreeMap::from([("id".to_owned(), "l1".into())]);
        let taken = BTreeMap::from([("paris/lane/ensure".to_owned(), told)]);
        let call = Call { taken, ..Call::new("0a".into(), Value::Null, 1) };
        state.calls.insert("nantes/clear/call".into(), call);
        state.chosen_sites.insert("seat".into(), BTreeSet::from(["paris".to_owned(), "nantes".to_owned()]));
        let guard = RecordedGuard {
            name: "lane".into(),
            site: "paris".into(),
            resource_type: "desk.lane".into(),
            identity: "l1".into(),
        };
        state.guards = vec![guard].into();
        assert!(state.has_site("paris") && !state.is_open_at("paris") && !state.has_site("lutetia"));
        let renamed = state.with_site_renamed("paris", "lutetia");
        // Only that it was called so: a family over sites has keys that are for the next run to change.
        let was = |state: &State| state.former_sites.clone();
        assert_eq!(was(&renamed), BTreeMap::from([("lutetia".to_owned(), vec!["paris".to_owned()])]));
        let forgotten = |state: State| State { former_sites: BTreeMap::new(), ..state };
        let text = serde_json::to_string(&forgotten(renamed.clone())).expect("it is JSON");
        assert!(!text.contains("paris"), "{text}");
        assert_eq!(renamed.called("note", "nantes").expect("it is there").from.as_deref(), Some("lutetia"));
        let back = renamed.with_site_renamed("lutetia", "paris");
        assert_eq!(was(&back), BTreeMap::from([("paris".to_owned(), vec!["lutetia".to_owned()])]));
        assert_eq!(forgotten(back), state, "and back");
        assert_eq!(
            forgotten(state.with_site_renamed("pari", "lutetia")),
            state,
            "another site is another one"
        );
        state.looks.insert("paris".into(), "a second one may be there".into());
        assert!(state.is_open_at("paris") && !state.is_open_at("nantes"));
    }
}
