//! Guards from deletion (R9): who relies upon a resource is written on it, and looked for before it is deleted.
//!
//! `port` of the deployment `9f2c` relies upon `net` → `net.description` is `mine [scope-used:9f2c/port@nantes]`. With two
//! users `…/port@nantes,vm@nantes`; with none any more it is taken off. Deleting `net`, also from another deployment, is `E0930`.
//!
//! In a text it stands in brackets, in a list it is an element of its own. Two who write at the same time could lose one
//! another's: each reads again what it wrote.

use scope_plan::driver::{Mark, OperationKind};
use scope_plan::expr::Expr;
use scope_plan::recorded::{RecordedGuard, Relied};
use serde_json::{Map, Value};

use super::Good;
use super::amend::{Amended, amend};
use super::failure::Bad;
use super::inputs::evaluate_one;
use super::mark;
use super::record::{Record, identity_text};
use super::subject::{Memory, Subject};
use super::survey::planned;
use crate::events::{Change, Effect, Failure, Outcome};
use crate::schedule::Touched;
use crate::state::Record as Fact;

/// What every guard begins with.
const START: &str = "scope-used:";
/// How often a guard that another one overwrote is written again.
const MOST_WRITTEN: usize = 3;

/// Has the guard on the resource, or taken off; the output is the resource's record.
pub(super) async fn protect(
    subject: &Subject<'_>,
    of: &Expr,
    users: &[(String, String)],
    memory: &Memory,
) -> Result<Good, Bad> {
    let (identity, record) = resource_of(subject, of).await?;
    let guard = recorded(subject, &identity);
    if users.is_empty() {
        // Somebody here relies upon it after all, perhaps by another name.
        if !subject.shared.users_of(&relied(subject, &identity)).is_empty() {
            return Ok(Good::new(Effect::Found, record));
        }
        let was_on = write(subject, &identity, &|| None).await?.is_on_before;
        subject.shared.ledger.append(Fact::LetGo { guard })?;
        subject.shared.ledger.commit().await?;
        return Ok(Good::new(if was_on { Effect::LetGo } else { Effect::Found }, record));
    }
    // A guard that nobody knows of would never be taken off.
    let is_known = subject.shared.ledger.with(|state| state.guards.contains(&guard));
    if !is_known {
        subject.shared.ledger.append(Fact::Protected { guard })?;
        subject.shared.ledger.commit().await?;
    }
    let written = write(subject, &identity, &|| Some(text_of(subject, &identity, users))).await?;
    if !is_known && written.is_changed {
        memory.touch(Touched::Created);
    }
    let words = users.iter().map(|(name, site)| format!("{name} at {site}")).collect::<Vec<_>>().join(", ");
    Ok(match written {
        Written { refusal: Some(why), .. } => Good {
            detail: Some(format!("the guard for {words} holds for this state only: {why}")),
            ..Good::new(Effect::Found, record)
        },
        Written { is_changed: true, .. } => {
            Good { detail: Some(format!("for {words}")), ..Good::new(Effect::Protected, record) }
        }
        Written { .. } => Good::new(Effect::Found, record),
    })
}

/// What a run would do, found out by reading only.
pub(super) async fn survey(
    subject: &Subject<'_>,
    of: &Expr,
    users: &[(String, String)],
) -> Result<Good, Bad> {
    let (identity, record) = resource_of(subject, of).await?;
    let seen = subject.read(&identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))?;
    let ours = seen.as_ref().and_then(|seen| seen.guards.iter().find(|guard| is_ours(subject, guard)));
    let is_needed = !subject.shared.users_of(&relied(subject, &identity)).is_empty();
    let is_as_wished = match (users.is_empty(), ours) {
        (true, ours) => ours.is_none() || is_needed,
        (false, ours) => ours.is_some_and(|ours| *ours == text_of(subject, &identity, users)),
    };
    Ok(match (is_as_wished, users.is_empty()) {
        (true, _) => Good::new(Effect::Found, record),
        (false, true) => planned(Change::LetGo, record),
        (false, false) => planned(Change::Protect { of_new: false }, record),
    })
}

/// Takes the guard off again where what it was left for is undone, and nobody else of this deployment needs it.
pub(super) async fn undo(subject: &Subject<'_>, of: &Expr) -> Result<String, String> {
    let undone = async {
        let (identity, _) = resource_of(subject, of).await?;
        let relied = relied(subject, &identity);
        if !subject.shared.users_of(&relied).is_empty() {
            return Ok(format!("{} is still relied upon by others, and stays guarded", words_of(subject)));
        }
        write(subject, &identity, &|| None).await?;
        subject.shared.ledger.append(Fact::LetGo { guard: recorded(subject, &identity) })?;
        subject.shared.ledger.commit().await?;
        Ok(format!("{} is let go", words_of(subject)))
    };
    // It stays recorded: the next run takes it off.
    undone.await.map_err(|bad: Bad| {
        format!(
            "the guard on {} is left: {}; the next run takes it off",
            words_of(subject),
            bad.failure.message
        )
    })
}

/// Refuses to delete what others rely upon; `seen` is how it is at its site.
///
/// # Errors
/// `E0930` where this state knows of them, `E0931` where another deployment left its guard.
pub(super) fn refuse_if_relied_upon(
    subject: &Subject<'_>,
    identity: &str,
    seen: Option<&Record>,
) -> Result<(), Bad> {
    let users = users(subject, identity, seen);
    let Some(first) = users.first() else { return Ok(()) };
    let code = if first.deployment.is_none() { "E0930" } else { "E0931" };
    let message = format!(
        "{} is still relied upon by {}, and is not deleted",
        words_of(subject),
        words_for(&users).join(", ")
    );
    let help = match &first.deployment {
        None => format!("delete or change that first; `scope why {}` says more", first.name),
        Some(_) => {
            "that program must let it go first: its next run does, once it no longer uses it".to_owned()
        }
    };
    Err(Bad::new(Failure::new(code, Outcome::Invalid, message).with_help(help)))
}

/// One who relies upon a resource.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct User {
    /// Its global name.
    name: String,
    /// Its site's name.
    site: String,
    /// So many more of the same deployment.
    n_more: usize,
    /// Another deployment than ours.
    deployment: Option<String>,
}

/// Everyone who relies upon a resource: those that the state knows, and those of other deployments that left a guard.
pub(super) fn users(subject: &Subject<'_>, identity: &str, seen: Option<&Record>) -> Vec<User> {
    let known = subject.shared.users_of(&relied(subject, identity)).into_iter();
    let mut users: Vec<User> =
        known.map(|(name, site)| User { name, site, n_more: 0, deployment: None }).collect();
    let guards = seen.into_iter().flat_map(|record| &record.guards);
    users.extend(guards.filter(|guard| !is_ours(subject, guard)).flat_map(|guard| users_in(guard)));
    users
}

/// `vm at paris`, `vm at paris and 2 more (deployment 9f2c)`; of several of one deployment the last one names it.
pub(super) fn words_for(users: &[User]) -> Vec<String> {
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
pub(super) fn take(place: &Mark, attributes: &mut Map<String, Value>) -> Vec<String> {
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

/// Puts the guards that a record bears back into values that are about to be sent over them.
pub(super) fn keep(subject: &Subject<'_>, record: &Record, values: &mut Map<String, Value>) {
    let Some(place) = &subject.resource_type.guard else { return };
    let is_sent = place.path.first().is_some_and(|root| values.contains_key(root));
    if is_sent {
        record.guards.iter().for_each(|guard| add(place, guard, values));
    }
}

/// What became of writing a guard.
struct Written {
    is_changed: bool,
    is_on_before: bool,
    /// The site's words where it does not allow it.
    refusal: Option<String>,
}

/// Has our guard on the resource as wanted: read, change, read again. What is wanted is asked each time: another step may
/// guard the same thing for somebody else meanwhile.
async fn write(
    subject: &Subject<'_>,
    identity: &str,
    wanted: &dyn Fn() -> Option<String>,
) -> Result<Written, Bad> {
    let mut written = Written { is_changed: false, is_on_before: false, refusal: None };
    let operation = subject.resource_type.operation_of(OperationKind::Update);
    let (Some(place), Some(operation)) = (&subject.resource_type.guard, operation) else {
        return Ok(written);
    };
    for attempt in 0..=MOST_WRITTEN {
        let seen = subject.read(identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))?;
        let wanted = wanted();
        let Some(record) = seen else {
            return match wanted {
                None => Ok(written),
                Some(_) => Err(Bad::new(gone(subject))),
            };
        };
        let ours: Vec<&String> = record.guards.iter().filter(|guard| is_ours(subject, guard)).collect();
        written.is_on_before |= attempt == 0 && !ours.is_empty();
        let is_as_wanted = match &wanted {
            None => ours.is_empty(),
            Some(text) => ours.len() == 1 && ours[0] == text,
        };
        if is_as_wanted {
            return Ok(written);
        }
        if attempt == MOST_WRITTEN {
            break;
        }
        let root = &place.path[0];
        let mut changes = Map::new();
        changes.extend(record.attributes.get(root).map(|value| (root.clone(), value.clone())));
        let others = record.guards.iter().filter(|guard| !is_ours(subject, guard));
        others.for_each(|guard| add(place, guard, &mut changes));
        if let Some(text) = &wanted {
            add(place, text, &mut changes);
        }
        match amend(subject, operation, identity, &record, &changes).await? {
            Amended::Sent => written.is_changed = true,
            Amended::Unanswered => {}
            Amended::Refused(words) => {
                written.refusal = Some(words);
                return Ok(written);
            }
        }
    }
    // Somebody else writes there all the time, or the application keeps a part of it only.
    written.refusal = Some(format!("`{}` does not keep it", subject.site_name()));
    Ok(written)
}

/// The resource's identity and record.
async fn resource_of(subject: &Subject<'_>, of: &Expr) -> Result<(String, Value), Bad> {
    let value = evaluate_one(subject, "of", of).await?;
    let identity = match &value {
        Value::Object(record) => record.get(&subject.resource_type.identity).and_then(identity_text),
        other => identity_text(other),
    };
    let Some(identity) = identity else {
        let message = format!("`{}` has no identity to guard it by", subject.name);
        return Err(Bad::new(Failure::new("E0905", Outcome::Invalid, message)));
    };
    Ok((identity, value))
}

fn gone(subject: &Subject<'_>) -> Failure {
    let message = format!("{} is gone, and is relied upon", words_of(subject));
    Failure::new("E0902", Outcome::Unavailable, message)
}

/// `` network `net` at `nantes` ``
fn words_of(subject: &Subject<'_>) -> String {
    format!("{} `{}` at `{}`", subject.kind(), subject.name, subject.site_name())
}

fn recorded(subject: &Subject<'_>, identity: &str) -> RecordedGuard {
    let (name, site) = subject.place();
    RecordedGuard {
        name,
        site,
        resource_type: subject.resource_type.name.clone(),
        identity: identity.to_owned(),
    }
}

fn relied(subject: &Subject<'_>, identity: &str) -> Relied {
    Relied {
        resource_type: subject.resource_type.name.clone(),
        site: subject.site_name().to_owned(),
        identity: identity.to_owned(),
    }
}

/// `scope-used:9f2c/port@nantes,vm@nantes`: everyone of this deployment who relies upon it, this step's users among them.
fn text_of(subject: &Subject<'_>, identity: &str, users: &[(String, String)]) -> String {
    let mut all = subject.shared.users_in_the_end(&relied(subject, identity));
    all.extend(users.iter().cloned());
    guard_text(&subject.shared.deployment, all.iter())
}

/// Room is short where it is kept: after so many bytes only how many more there are is said.
const MOST_BYTES: usize = 160;

fn guard_text<'u>(deployment: &str, users: impl Iterator<Item = &'u (String, String)>) -> String {
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

fn is_ours(subject: &Subject<'_>, guard: &str) -> bool {
    let of = guard.strip_prefix(START).and_then(|rest| rest.split_once('/'));
    of.is_some_and(|(of, _)| of == subject.shared.deployment)
}

/// Who a guard is for; of a text that is not ours as much as can be told.
fn users_in(guard: &str) -> Vec<User> {
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
fn add(place: &Mark, guard: &str, values: &mut Map<String, Value>) {
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
