//! A group falls back as one: everything in it shares the group's choices.
//!
//! `resource lab: tenant { … } scope { paris | lille }` → one choice `lab`, whose arms have the steps of all that the module
//! declares. The runner ends an arm when all of its steps have, and undoes all of them before it tries the next.

use scope_diagnostics::Span;
use scope_plan::plan::{ChoiceId, Guard, Origin};

use super::Lowering;
use super::choice::{Alternative, Names};

impl Lowering<'_> {
    /// The choice for a `|`: in a group the one that the group made there, else a new one. `key` begins with the
    /// request's own name.
    pub(super) fn choice_at(
        &mut self,
        written: Span,
        key: &str,
        name: &Names<'_>,
        guard: Option<Guard>,
        alternatives: Vec<Alternative>,
        origin: Origin,
    ) -> ChoiceId {
        let Some(group) = self.group.clone() else {
            return self.new_choice(key.to_string(), name.label.to_string(), guard, alternatives, origin);
        };
        let place = (group, guard, written);
        if let Some(choice) = self.group_choices.get(&place) {
            return *choice;
        }
        let key = format!("{}{}", place.0, key.strip_prefix(name.step).unwrap_or_default());
        let is_taken = |key: &str| self.plan.choices.iter().any(|choice| choice.key == key);
        let mut unique = key.clone();
        let mut number = 2;
        while is_taken(&unique) {
            unique = format!("{key}#{number}");
            number += 1;
        }
        let label = name.label.replace(&format!("`{}`", name.step), &format!("`{}`", place.0));
        let choice = self.new_choice(unique, label, guard, alternatives, origin);
        self.group_choices.insert(place, choice);
        choice
    }
}
