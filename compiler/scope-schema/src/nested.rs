//! What is asked for below another thing: `/houses/{house}/rooms/{id}`.
//!
//! Comes in: a thing as its own paths have it, and the one above it. Goes out: the same, known by both, `house/room`, with an attribute
//! that refers to the one above: that is made first, and where one is found says of which it is.

use crate::described::item_of;
use crate::paths::{Attribute, Thing, Verb};
use crate::types::{Field, Ty};

/// What a thing is below.
pub(crate) struct Below {
    /// The attribute that refers to the one above, called as its type.
    pub parent: String,
    /// The identity of the one above.
    pub parent_identity: String,
    /// What tells one from another below the same one.
    pub own: String,
}

/// `/houses/{house}/rooms/{id}` → `/houses/{house}`, `/houses/{house}/rooms`, `id`. One below one; what is deeper needs a person.
pub(crate) fn nested_item_of(path: &str) -> Option<(&str, &str, &str)> {
    let (collection, last) = path.rsplit_once('/')?;
    let parameter = last.strip_prefix('{')?.strip_suffix('}')?;
    let (above, word) = collection.rsplit_once('/')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    (!word.is_empty() && word.chars().all(is_plain) && item_of(above).is_some())
        .then_some((above, collection, parameter))
}

impl Thing {
    /// This one as it is below its parent, whose path is `above`; nothing where an attribute has the parent's name already, or
    /// where nothing says which are there.
    pub(crate) fn put_below(mut self, parent: &Thing, above: &str) -> Option<Thing> {
        let (_, parameter) = item_of(above)?;
        let is_listed = self.operations.iter().any(|operation| operation.verb == Verb::Find);
        if !is_listed || self.attributes.iter().any(|attribute| attribute.field.name == parent.name) {
            return None;
        }
        let own = std::mem::replace(&mut self.identity, "id".to_owned());
        let (hole, of_own) = (format!("{{{parameter}}}"), format!("${{{own}}}"));
        let of_parent = format!("${{{}.{}}}", parent.name, parent.identity);
        for operation in &mut self.operations {
            operation.path = match operation.verb {
                Verb::Find | Verb::Create => operation.path.replace(&hole, &of_parent),
                Verb::Read | Verb::Update | Verb::Delete => {
                    operation.path.replace(&hole, "${outer_id(id)}").replace(&of_own, "${inner_id(id)}")
                }
            };
            // Its address is of both; only what is below the parent is listed page by page.
            operation.next = operation.next.take().filter(|next| next.starts_with("body."));
        }
        for action in &mut self.actions {
            action.path = action.path.replace(&hole, "${outer_id(id)}").replace(&of_own, "${inner_id(id)}");
        }
        self.attributes.retain(|attribute| attribute.field.name != "id");
        let both = format!("`{}/{}`: it is below its {0}.", parent.name, self.name);
        self.attributes.insert(0, computed("id", both));
        self.below =
            Some(Below { parent: parent.name.clone(), parent_identity: parent.identity.clone(), own });
        Some(self)
    }
}

/// An attribute that the site gives.
fn computed(name: &str, docs: String) -> Attribute {
    let field = Field { docs, is_read_only: true, ..Field::of(name, Ty::Plain("string")) };
    Attribute { field, sent_as: name.to_owned(), is_sent: false, is_read: true, is_changed: false }
}
