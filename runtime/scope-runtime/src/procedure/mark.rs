//! The owner mark: what tells a resource that we made from one that merely looks like it.
//!
//! `base` at `nantes` of the deployment `9f2c` → `scope:9f2c/base@nantes`, kept where the driver says: alone in a map or a
//! list, or in brackets after a text: `my network [scope:9f2c/base@nantes]`.

use scope_plan::driver::{Mark, OperationKind};
use scope_plan::plan::Step;
use scope_plan::recorded::borrowed_parts;
use serde_json::{Map, Value};

use super::amend::{Amended, amend};
use super::candidates::name_of;
use super::failure::Bad;
use super::guard;
use super::record::Record;
use super::subject::Subject;

/// What every mark begins with.
const START: &str = "scope:";

impl Subject<'_> {
    /// The mark of this resource at this site; `None` where the application has no room for one.
    pub(super) fn mark(&self) -> Option<String> {
        self.resource_type.mark.as_ref()?;
        Some(mark_text(&self.shared.deployment, &self.recorded_name(), self.site_name()))
    }

    /// Whether a record bears the mark of this very resource.
    pub(super) fn bears_our_mark(&self, record: &Record) -> bool {
        let mark = self.resource_type.mark.as_ref().zip(self.mark());
        mark.is_some_and(|(place, text)| is_on(place, &text, record))
    }

    /// The mark of this deployment that a record bears for another name.
    pub(super) fn former_mark(&self, record: &Record) -> Option<String> {
        self.other_mark(record).filter(|found| is_of(found, &self.shared.deployment))
    }

    /// The mark of another deployment that a record bears: it is theirs, whatever this state says.
    pub(super) fn mark_of_others(&self, record: &Record) -> Option<String> {
        self.other_mark(record).filter(|found| !is_of(found, &self.shared.deployment))
    }

    /// The mark that a record bears of a name which this resource had, as the program says (`moved_from`): the state was lost before
    /// the mark was written anew.
    pub(super) fn mark_of_former_name(&self, record: &Record) -> Option<String> {
        let place = self.resource_type.mark.as_ref()?;
        let names = self.shared.plan.former_names.get(self.name)?;
        let deployment = of_deployment(&self.shared.deployment);
        let was = |mark: &str| {
            let (name, site) = mark.strip_prefix(&deployment)?.rsplit_once('@')?;
            let own = match self.from {
                Some(from) => borrowed_parts(name).filter(|(_, origin)| *origin == from)?.0,
                None => name,
            };
            (site == self.site_name() && names.iter().any(|former| former.is(own))).then_some(())
        };
        let mut on_it = all_on(place, usize::MAX, record).filter(|mark| was(mark).is_some());
        on_it.find(|mark| !self.is_of_another(mark, record)).map(str::to_owned)
    }

    /// Whether what bears a mark of this deployment is something else that the program or its state knows.
    pub(super) fn is_of_another(&self, mark: &str, record: &Record) -> bool {
        let (shared, name_and_site) =
            (self.shared, mark.strip_prefix(&of_deployment(&self.shared.deployment)));
        let Some((name, site)) = name_and_site.and_then(|text| text.rsplit_once('@')) else { return false };
        let in_program = borrowed_parts(name).map_or(name, |(own, _)| own);
        let is_step = |step: &Step| step.name == in_program && shared.plan.site(step.site).name == site;
        let identity = || record.identity(self.resource_type);
        shared.ledger.with(|state| state.is_known(name, site))
            || shared.plan.steps.iter().any(is_step)
            || identity().is_some_and(|identity| name_of(self, &identity).is_some())
    }

    fn other_mark(&self, record: &Record) -> Option<String> {
        self.mark_on(record).filter(|_| !self.bears_our_mark(record))
    }

    /// The mark that a record bears, whosever it is; of several, ours.
    pub(super) fn mark_on(&self, record: &Record) -> Option<String> {
        let place = self.resource_type.mark.as_ref()?;
        self.mark().filter(|own| is_on(place, own, record)).or_else(|| any_on(place, record))
    }

    /// The attributes of a record as a program has them: without its mark.
    pub(super) fn unmarked(&self, record: &Record) -> Map<String, Value> {
        let mut attributes = record.attributes.clone();
        if let (Some(place), Some(text)) = (&self.resource_type.mark, self.mark_on(record)) {
            strip(place, &text, &mut attributes);
        }
        attributes
    }
}

/// `scope:9f2c/base@nantes`
pub(super) fn mark_text(deployment: &str, name: &str, site: &str) -> String {
    format!("{}{name}@{site}", of_deployment(deployment))
}

/// The name by which a mark of this deployment calls a record, where nothing at the subject's site is called so any more.
pub(super) fn lost_name(subject: &Subject<'_>, record: &Record) -> Option<String> {
    let mark = subject.former_mark(record).filter(|mark| !subject.is_of_another(mark, record))?;
    let name =
        mark.strip_prefix(&of_deployment(&subject.shared.deployment))?.strip_suffix(subject.site_name())?;
    Some(name.strip_suffix('@')?.to_owned())
}

/// What all marks of a deployment begin with.
pub(super) fn of_deployment(deployment: &str) -> String {
    format!("{START}{deployment}/")
}

/// Where a mark or a guard stands in values that are about to be sent; what is not there yet is made.
pub(super) fn slot<'v>(place: &Mark, values: &'v mut Map<String, Value>) -> Option<&'v mut Value> {
    let (root, inside) = place.path.split_first()?;
    let mut slot = values.entry(root.clone()).or_insert(Value::Null);
    for field in inside {
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        slot = slot.as_object_mut()?.entry(field.clone()).or_insert(Value::Null);
    }
    Some(slot)
}

/// Writes the mark into values that are about to be sent.
pub(super) fn write(mark: &Mark, text: &str, values: &mut Map<String, Value>) {
    let Some(slot) = slot(mark, values) else { return };
    match slot {
        Value::Array(items) => {
            if !items.iter().any(|item| item == text) {
                items.push(Value::from(text));
            }
        }
        Value::String(own) if is_in(text, own) => {}
        Value::String(own) if !own.is_empty() => *own = format!("{own} [{text}]"),
        slot => *slot = Value::from(text),
    }
}

/// Has a record that was read bear another mark, as it will once that is written at its site.
pub(super) fn renew(subject: &Subject<'_>, former: &str, record: &mut Record) {
    if let (Some(place), Some(own)) = (&subject.resource_type.mark, subject.mark()) {
        strip(place, former, &mut record.attributes);
        write(place, &own, &mut record.attributes);
    }
}

/// What became of rewriting a mark.
pub(super) enum Rewritten {
    /// It is as wanted.
    Done,
    /// The resource does not bear it.
    NotOn,
    /// The resource is not there.
    Gone,
    /// It stays as it was; why.
    Refused(String),
}

/// How often a change of it that the site does not keep is sent.
const MOST_WRITTEN: usize = 3;

/// Has another mark on a resource instead of this one, or none: a field of its own is emptied then.
pub(super) async fn rewrite(
    subject: &Subject<'_>,
    identity: &str,
    from: &str,
    to: Option<&str>,
) -> Result<Rewritten, Bad> {
    let Some(place) = &subject.resource_type.mark else { return Ok(Rewritten::NotOn) };
    let operation = subject.resource_type.operation_of(OperationKind::Update);
    let (Some(operation), true) = (operation, subject.can_be_read()) else {
        return Ok(Rewritten::Refused("its driver has no way to change it".to_owned()));
    };
    let mut is_sent = false;
    for attempt in 0..=MOST_WRITTEN {
        let seen = subject.read(identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))?;
        let Some(record) = seen else { return Ok(Rewritten::Gone) };
        if !is_on(place, from, &record) {
            return Ok(if is_sent { Rewritten::Done } else { Rewritten::NotOn });
        }
        if attempt == MOST_WRITTEN {
            break;
        }
        let mut changes = without(place, from, &record);
        if let Some(to) = to {
            write(place, to, &mut changes);
        }
        guard::keep(subject, &record, &mut changes);
        if let Amended::Refused(words) = amend(subject, operation, identity, &record, &changes).await? {
            return Ok(Rewritten::Refused(words));
        }
        is_sent = true;
    }
    Ok(Rewritten::Refused(format!("`{}` does not keep the change", subject.site_name())))
}

/// The attribute that a mark stands in, without it. A field of its own is emptied and not left out: many applications
/// change only the fields that are sent.
fn without(place: &Mark, mark: &str, record: &Record) -> Map<String, Value> {
    let mut changes = Map::new();
    let root = place.path.first().and_then(|root| Some((root.clone(), record.attributes.get(root)?.clone())));
    changes.extend(root);
    strip(place, mark, &mut changes);
    if let Some(slot) = slot(place, &mut changes)
        && slot.is_null()
    {
        *slot = Value::from("");
    }
    changes
}

/// Whether a resource bears this mark.
pub(super) fn is_on(mark: &Mark, text: &str, record: &Record) -> bool {
    texts_at(mark, record).iter().any(|own| is_in(text, own))
}

/// Every text on a record that is a mark, however its end is read, of at most so many bytes: those of which [`is_on`] is true.
pub(super) fn all_on<'r>(mark: &Mark, longest: usize, record: &'r Record) -> impl Iterator<Item = &'r str> {
    texts_at(mark, record).into_iter().flat_map(move |text| {
        text.match_indices(START).flat_map(move |(start, _)| {
            let marked = &text[start..];
            let ends = marked.char_indices().filter(|(_, one)| is_end(*one)).map(|(end, _)| end);
            let ends = ends.take_while(move |end| *end <= longest);
            ends.chain((marked.len() <= longest).then_some(marked.len())).map(|end| &marked[..end])
        })
    })
}

/// Whether a mark is of this deployment.
pub(super) fn is_of(mark: &str, deployment: &str) -> bool {
    deployment_of(mark) == Some(deployment)
}

/// The deployment that a mark is of.
pub(super) fn deployment_of(mark: &str) -> Option<&str> {
    mark.strip_prefix(START)?.split_once('/').map(|(deployment, _)| deployment)
}

/// Whatever mark of ours or another deployment's a resource bears.
pub(super) fn any_on(mark: &Mark, record: &Record) -> Option<String> {
    texts_at(mark, record).iter().find_map(|own| {
        let start = own.find(START)?;
        let marked = &own[start..];
        // In brackets it ends with the last one; a name may hold brackets of its own.
        let is_bracketed = start > 0 && own[..start].ends_with('[');
        Some(if is_bracketed { marked.strip_suffix(']').unwrap_or(marked) } else { marked }.to_owned())
    })
}

/// The values without the mark: as the program would have them.
pub(super) fn strip(mark: &Mark, text: &str, attributes: &mut Map<String, Value>) {
    let Some((root, inside)) = mark.path.split_first() else { return };
    let Some(mut slot) = attributes.get_mut(root) else { return };
    let Some((last, outer)) = inside.split_last() else {
        strip_text(slot, text);
        return;
    };
    for field in outer {
        let Some(inner) = slot.get_mut(field) else { return };
        slot = inner;
    }
    let Value::Object(fields) = slot else { return };
    if let Some(value) = fields.get_mut(last) {
        strip_text(value, text);
        if value.is_null() || value == "" {
            fields.remove(last);
        }
    }
}

fn strip_text(value: &mut Value, text: &str) {
    match value {
        Value::Array(items) => items.retain(|item| item != text),
        Value::String(own) if is_in(text, own) => {
            *own = own.replace(&format!(" [{text}]"), "").replace(&format!("[{text}]"), "").replace(text, "");
        }
        _ => {}
    }
}

/// A mark stands in a text as a whole: `…@paris` is not in `…@paris-2`.
fn is_in(mark: &str, text: &str) -> bool {
    text.match_indices(mark).any(|(start, _)| {
        let after = text[start + mark.len()..].chars().next();
        after.is_none_or(is_end)
    })
}

/// Whether a mark may end before this.
fn is_end(after: char) -> bool {
    after == ']' || after.is_whitespace()
}

fn texts_at<'r>(mark: &Mark, record: &'r Record) -> Vec<&'r str> {
    let Some((root, inside)) = mark.path.split_first() else { return Vec::new() };
    let found = inside.iter().try_fold(record.attributes.get(root), |value, field| Some(value?.get(field)));
    match found.flatten() {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(attributes: Value) -> Record {
        let Value::Object(fields) = attributes.clone() else { panic!("a record") };
        Record { body: attributes, attributes: fields, guards: Vec::new() }
    }

    fn written(path: &[&str], values: Value) -> Value {
        let mark = Mark { path: path.iter().map(|field| (*field).to_owned()).collect() };
        let Value::Object(mut fields) = values else { panic!("a record") };
        write(&mark, "scope:d/a@nantes", &mut fields);
        write(&mark, "scope:d/a@nantes", &mut fields);
        assert!(is_on(&mark, "scope:d/a@nantes", &record(Value::Object(fields.clone()))));
        assert!(!is_on(&mark, "scope:d/a@nante", &record(Value::Object(fields.clone()))));
        assert_eq!(
            any_on(&mark, &record(Value::Object(fields.clone()))).as_deref(),
            Some("scope:d/a@nantes")
        );
        Value::Object(fields)
    }

    #[test]
    fn it_is_written_where_there_is_room_and_found_again() {
        assert_eq!(
            written(&["notes", "mark"], json!({})),
            json!({ "notes": { "mark": "scope:d/a@nantes" } })
        );
        assert_eq!(
            written(&["notes", "mark"], json!({ "notes": { "x": "y" } })),
            json!({ "notes": { "x": "y", "mark": "scope:d/a@nantes" } })
        );
        assert_eq!(written(&["about"], json!({})), json!({ "about": "scope:d/a@nantes" }));
        assert_eq!(written(&["about"], json!({ "about": "" })), json!({ "about": "scope:d/a@nantes" }));
        assert_eq!(
            written(&["about"], json!({ "about": "mine" })),
            json!({ "about": "mine [scope:d/a@nantes]" })
        );
        assert_eq!(
            written(&["tags"], json!({ "tags": ["a"] })),
            json!({ "tags": ["a", "scope:d/a@nantes"] })
        );
    }

    #[test]
    fn without_it_all_is_as_the_program_says() {
        for (path, values) in [
            (&["notes", "mark"][..], json!({ "notes": { "x": "y" } })),
            (&["about"][..], json!({ "about": "mine" })),
            (&["about"][..], json!({ "about": "" })),
            (&["tags"][..], json!({ "tags": ["a"] })),
        ] {
            let Value::Object(mut fields) = written(path, values.clone()) else { panic!("a record") };
            let mark = Mark { path: path.iter().map(|field| (*field).to_owned()).collect() };
            strip(&mark, "scope:d/a@nantes", &mut fields);
            assert_eq!(Value::Object(fields), values);
        }
    }

    #[test]
    fn one_is_not_taken_for_another() {
        let mark = Mark { path: vec!["about".into()] };
        let other = record(json!({ "about": "x [scope:d/vm[\"a\"]@paris-2]" }));
        assert!(!is_on(&mark, "scope:d/vm[\"a\"]@paris", &other));
        assert!(is_on(&mark, "scope:d/vm[\"a\"]@paris-2", &other));
        assert_eq!(any_on(&mark, &other).as_deref(), Some("scope:d/vm[\"a\"]@paris-2"));
        let all = |longest| all_on(&mark, longest, &other).collect::<Vec<_>>();
        assert!(all(64).contains(&"scope:d/vm[\"a\"]@paris-2"), "{:?}", all(64));
        assert!(all(64).iter().all(|text| is_on(&mark, text, &other)), "{:?}", all(64));
        assert_eq!(all(20), ["scope:d/vm[\"a\""]);
    }
}
