//! What a state knows of a resource, and the records after which it knows nothing more: for what no run can ask about any
//! more, since its site or its type left the program.

use super::{Record, State};

/// Something that is known of a resource at a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// In words: `http.item /boxes/4`.
    pub what: String,
    /// After this it is not known any more.
    pub forgetting: Record,
}

impl State {
    /// All that is known of what is called so, at one site or at all: that it is there, what was sent for it and not
    /// answered, what is owed of it.
    pub fn known_of(&self, name: &str, site: Option<&str>) -> Vec<Known> {
        let is_at = |own: &str| site.is_none_or(|site| site == own);
        self.known(&|own_name, own_site| own_name == name && is_at(own_site))
    }

    /// All that is known at a site.
    pub fn known_at(&self, site: &str) -> Vec<Known> {
        self.known(&|_, own_site| own_site == site)
    }

    fn known(&self, is_meant: &dyn Fn(&str, &str) -> bool) -> Vec<Known> {
        let resources =
            self.resources.iter().flat_map(|(name, sites)| sites.iter().map(move |at| (name, at)));
        let there = resources.map(|(name, (site, resource))| Known {
            name: name.clone(),
            site: site.clone(),
            what: format!("{} {}", resource.resource_type, resource.identity),
            forgetting: Record::Gone { name: name.clone(), site: site.clone() },
        });
        let sent = self.sent.iter().map(|(key, sent)| Known {
            name: sent.name.clone(),
            site: sent.site.clone(),
            what: format!("a `{}` of {} whose end is not known", sent.operation, sent.resource_type),
            forgetting: Record::Settled { key: key.clone() },
        });
        let changed = self.changed.iter().map(|(key, changed)| Known {
            name: changed.name.clone(),
            site: changed.site.clone(),
            what: format!("a change of {} {} to be set back", changed.resource_type, changed.identity),
            forgetting: Record::ChangeEnded { key: key.clone() },
        });
        let owed = self.owed.iter().map(|owed| Known {
            name: owed.name.clone(),
            site: owed.site.clone(),
            what: format!("a deletion of {} that is owed", owed.resource_type),
            forgetting: Record::Paid { key: owed.key.clone(), identity: owed.identity.clone() },
        });
        let undone = self.undone.iter().flat_map(|(name, sites)| sites.iter().map(move |at| (name, at)));
        let undone = undone.map(|(name, (site, resource))| Known {
            name: name.clone(),
            site: site.clone(),
            what: format!("a second {} of one that was undone, if it comes", resource.resource_type),
            forgetting: Record::Certain { name: name.clone(), site: site.clone() },
        });
        let all = there.chain(sent).chain(changed).chain(owed).chain(undone);
        all.filter(|known| is_meant(&known.name, &known.site)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Changed, Record, State};

    /// Of the other kinds `tests/durable` tells how it looks.
    #[test]
    fn a_change_that_is_to_be_set_back_is_let_go() {
        let mut state = State::new(String::new());
        let changed = Changed {
            name: "base".into(),
            site: "paris".into(),
            resource_type: "desk.note".into(),
            identity: "base".into(),
            run: 1,
            attributes: Vec::new(),
        };
        state.apply(&Record::Changing { key: "paris/base/ensure".into(), changed });
        assert!(state.known_of("base", Some("nantes")).is_empty());
        let known = state.known_of("base", None);
        assert_eq!(known.len(), 1, "{known:?}");
        assert_eq!(known[0].what, "a change of desk.note base to be set back");
        known.iter().for_each(|known| state.apply(&known.forgetting));
        assert!(state.known_of("base", None).is_empty() && state.changed.is_empty());
    }
}
