//! A guard as text, and where it stands on a resource.
//!
//! Users of one deployment ↔ `scope-used:9f2c/port@nantes,vm@nantes`; in a text of the resource it is in brackets, in a list
//! an element of its own.

use scope_plan::driver::Mark;
use serde_json::{Map, Value};

use crate::procedure::mark;

/// What every guard begins with.
const START: &str = "scope-used:";
/// One who relies upon a resource.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::procedure) struct User {
    /// Its global name.
    pub(super) name: String,
    /// Its site's name.
    pub(super) site: String,
    /// So many more of the same deployment.
    pub(super) n_more: usize,
    /// Another deployment than ours.
    pub(super) deployment: Option<String>,
}

/// `vm at paris`, `vm at paris and 2 more (deployment 9f2c)`; of several of one deployment the last one names it.
pub(in crate::procedure) fn words_for(users: &[User]) -> Vec<String> {
    let words = users.iter().enumerate().map(|(number, user)| {
        let more = if user.n_more > 0 { format!(" and {} more", user.n_more) } else { String::new() };
        let is_last = users.get(number + 1).is_none_or(|next| next.deployment != user.deployment);
        let of = user.deployment.as_ref().filter(|_| is_last);
        let of = of.map(|id| format!(" (deployment {id})")).unwrap_or_default();
        format!("`{}` at {}{more}{of}", user.name, user.site)
    });
    words.collect()
}

/// Takes the guards out of a record's attributes, which are as the program would have them then.
pub(in crate::procedure) fn take(place: &Mark, attributes: &mut Map<String, Value>) -> Vec<String> {
    let Some((root, inside)) = place.path.split_first() else { return Vec::new() };
    let mut slot = attributes.get_mut(root);
    for field in inside {
        slot = slot.and_then(|value| value.get_mut(field));
    }
    match slot {
        Some(Value::String(text)) => {
            let (rest, guards) = parted(text);
            *text = rest;
            guards
        }
        Some(Value::Array(items)) => {
            let is_guard = |item: &Value| item.as_str().is_some_and(|text| text.starts_with(START));
            let guards = items.iter().filter(|item| is_guard(item)).filter_map(Value::as_str);
            let guards = guards.map(|text| bounded(text).to_owned()).collect();
            items.retain(|item| !is_guard(item));
            guards
        }
        _ => Vec::new(),
    }
}

/// Room is short where it is kept: after so many bytes only how many more there are is said.
const MOST_BYTES: usize = 160;

pub(super) fn guard_text<'u>(deployment: &str, users: impl Iterator<Item = &'u (String, String)>) -> String {
    let mut text = format!("{START}{deployment}/");
    let mut n_more = 0;
    for (number, (name, site)) in users.enumerate() {
        let user = escaped(&format!("{name}@{site}"));
        if number > 0 && (n_more > 0 || text.len() + user.len() >= MOST_BYTES) {
            n_more += 1;
            continue;
        }
        text.push_str(if number > 0 { "," } else { "" });
        text.push_str(&user);
    }
    if n_more > 0 { format!("{text}+{n_more}") } else { text }
}

/// What stands between users is not in their names.
fn escaped(user: &str) -> String {
    user.replace('%', "%25").replace(',', "%2C")
}

fn unescaped(user: &str) -> String {
    user.replace("%2C", ",").replace("%25", "%")
}

/// Whether a guard is of a deployment.
pub(super) fn is_of(deployment: &str, guard: &str) -> bool {
    guard.strip_prefix(START).and_then(|rest| rest.split_once('/')).is_some_and(|(of, _)| of == deployment)
}

/// Who a guard is for; of a text that is not ours as much as can be told.
pub(super) fn users_in(guard: &str) -> Vec<User> {
    let rest = guard.strip_prefix(START).unwrap_or(guard);
    let (deployment, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (rest, n_more) = match rest.rsplit_once('+').map(|(rest, n)| (rest, n.parse())) {
        Some((before, Ok(n_more))) => (before, n_more),
        _ => (rest, 0),
    };
    let users = rest.split(',').map(|user| {
        let user = unescaped(user);
        let (name, site) = user.rsplit_once('@').unwrap_or((&user, "a site"));
        User {
            name: name.to_owned(),
            site: site.to_owned(),
            n_more: 0,
            deployment: Some(deployment.to_owned()),
        }
    });
    let mut users: Vec<User> = users.collect();
    if let Some(last) = users.last_mut() {
        last.n_more = n_more;
    }
    users
}

/// A guard on a resource is hostile text: cut where no name is so long.
fn bounded(text: &str) -> &str {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A text without the guards in it, and these.
fn parted(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut guards) = (String::new(), Vec::new());
    let mut open = text;
    let opening = format!("[{START}");
    while let Some(start) = open.find(&opening) {
        let inside = &open[start + 1..];
        // A name may hold brackets of its own (`vm["a"]`), but none before a blank or the end.
        let is_end = |at: usize| inside[at + 1..].chars().next().is_none_or(char::is_whitespace);
        let Some(end) = inside.match_indices(']').map(|(at, _)| at).find(|at| is_end(*at)) else { break };
        rest.push_str(open[..start].strip_suffix(' ').unwrap_or(&open[..start]));
        guards.push(bounded(&inside[..end]).to_owned());
        open = &inside[end + 1..];
    }
    rest.push_str(open);
    (rest, guards)
}

/// Adds a guard to values that are about to be sent.
pub(super) fn add(place: &Mark, guard: &str, values: &mut Map<String, Value>) {
    let Some(slot) = mark::slot(place, values) else { return };
    match slot {
        Value::Array(items) => {
            if !items.iter().any(|item| item == guard) {
                items.push(Value::from(guard));
            }
        }
        Value::String(own) if own.contains(&format!("[{guard}]")) => {}
        Value::String(own) if !own.is_empty() => *own = format!("{own} [{guard}]"),
        slot => *slot = Value::from(format!("[{guard}]")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(path: &[&str]) -> Mark {
        Mark { path: path.iter().map(|field| (*field).to_owned()).collect() }
    }

    fn fields(value: Value) -> Map<String, Value> {
        let Value::Object(fields) = value else { panic!("a record") };
        fields
    }

    #[test]
    fn what_is_added_is_taken_out_again() {
        let one = guard_text("d1", [("p".into(), "nantes".into())].iter());
        let other =
            guard_text("d2", [("vm[\"a\"]".into(), "New York".into()), ("w".into(), "lille".into())].iter());
        for (path, before) in [
            (&["about"][..], json!({ "about": "mine" })),
            (&["about"][..], json!({ "about": "" })),
            (&["about"][..], json!({ "about": "mine [scope:d/net[\"a\"]@paris]" })),
            (&["about"][..], json!({ "about": "scope:d/net@paris" })),
            (&["tags"][..], json!({ "tags": ["x"] })),
            (&["notes", "used"][..], json!({ "notes": { "x": "y", "used": "" } })),
        ] {
            let place = place(path);
            let mut values = fields(before.clone());
            for guard in [&one, &other, &one] {
                add(&place, guard, &mut values);
            }
            assert_eq!(take(&place, &mut values), [one.clone(), other.clone()], "{before}");
            assert_eq!(Value::Object(values), before);
        }
    }

    #[test]
    fn a_guard_says_who() {
        let guard =
            guard_text("d2", [("vm[\"a\"]".into(), "New York".into()), ("w".into(), "lille".into())].iter());
        assert_eq!(words_for(&users_in(&guard)), ["`vm[\"a\"]` at New York", "`w` at lille (deployment d2)"]);
        let strange = &users_in("scope-used:")[0];
        assert_eq!((strange.name.as_str(), strange.n_more), ("", 0));
    }

    #[test]
    fn where_room_is_short_the_rest_is_counted() {
        let users: Vec<(String, String)> =
            (0..40).map(|number| (format!("vm[\"a,{number}\"]"), "paris".to_owned())).collect();
        let guard = guard_text("d2", users.iter());
        assert!(guard.len() < MOST_BYTES + 4, "{guard}");
        let told = users_in(&guard);
        assert_eq!(told[1].name, "vm[\"a,1\"]");
        assert_eq!(told.len() + told.last().expect("some").n_more, 40, "{guard}");
        assert!(words_for(&told).last().expect("some").contains(" more (deployment d2)"));
    }

    #[test]
    fn a_text_that_only_looks_like_one_is_left() {
        for text in ["[scope-used:d/a@b", "scope-used:d/a@b", "a [scope-used:x]y"] {
            assert_eq!(parted(text), (text.to_owned(), Vec::new()));
        }
    }
}
