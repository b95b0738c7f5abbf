//! States and journals of older versions, made what this version would have written; newer ones, told apart.
//!
//! | version | what came with it |
//! |---|---|
//! | 1 | |
//! | 2 | a borrowed copy is known by its name *and* its origin; who wrote it is said; changes that can be set back are recorded |
//! | 3 | what one command made is told apart from what a program has; a run keeps all that it was asked |
//! | 4 | of a site's address, what can be told of it is kept, too |
//!
//! `{"version":1,"resources":{"image:debian":{"nantes":{"from":"paris",…}}}}` → `"image:debian from paris"`. One step from
//! each version to the next; nothing is ever lost on the way, and the file is rewritten with the next change.

use std::collections::BTreeMap;

use scope_plan::recorded::{How, borrowed_name, borrowed_parts};
use serde_json::{Map, Value, json};

use super::{State, VERSION};

/// The program that wrote version 1, which did not say so.
const BEFORE: &str = "scope 0.1.0";

/// A state that only a newer version can read.
pub(super) struct Newer {
    pub(super) found: u64,
    pub(super) by: Option<String>,
}

/// The text of a state as this version has it.
pub(super) fn state(mut value: Value) -> Result<Value, Newer> {
    let found = value["version"].as_u64().unwrap_or(0);
    if found > u64::from(VERSION) {
        let by = value["written_by"].as_str().map(str::to_owned);
        return Err(Newer { found, by });
    }
    if found == 1 {
        state_from_1(&mut value);
    }
    if found < 4 {
        let sites = value.get_mut("sites").and_then(Value::as_object_mut);
        sites.into_iter().flat_map(Map::values_mut).for_each(addresses_from_3);
    }
    // What came with version 3 is left out where there is nothing of it.
    if let Some(version) = value.get_mut("version") {
        *version = VERSION.into();
    }
    if let Some(waves) = value.get_mut("waves").and_then(Value::as_object_mut) {
        let (numbered, mut named): (Map<String, Value>, Map<String, Value>) =
            std::mem::take(waves).into_iter().partition(|(key, _)| gate_without_number(key).is_some());
        for (key, wave) in numbered {
            named.entry(gate_without_number(&key).unwrap_or(&key)).or_insert(wave);
        }
        *waves = named;
    }
    Ok(value)
}

/// `web/wave-1/gate` of `web/wave-1/gate#0`: gates had the number of their rollout in their keys, which was another one when
/// declarations changed places.
fn gate_without_number(key: &str) -> Option<&str> {
    let (gate, number) = key.rsplit_once('#')?;
    let is_number = !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit());
    (is_number && gate.ends_with("/gate")).then_some(gate)
}

/// The records of a journal, one after the other, as this version has them.
pub(super) struct Records {
    /// As version 1 calls a copy, and its site → as it is called now.
    copies: BTreeMap<(String, String), String>,
}

impl Records {
    /// Of a journal that goes on after this state.
    pub(super) fn after(state: &State) -> Self {
        let recorded =
            state.resources.iter().flat_map(|(name, sites)| sites.iter().map(move |site| (name, site)));
        let copies = recorded.filter(|(_, (_, resource))| resource.how == How::Borrowed);
        let copies = copies.filter_map(|(name, (site, _))| {
            let (before, _) = borrowed_parts(name)?;
            Some(((before.to_owned(), site.clone()), name.clone()))
        });
        Self { copies: copies.collect() }
    }

    /// The next one, of a version.
    pub(super) fn next(&mut self, version: u8, mut record: Value) -> Value {
        if version == 1 {
            self.rewrite_1(&mut record);
        }
        if version < 4 && record["record"] == "site" {
            addresses_from_3(&mut record["addresses"]);
        }
        if record["record"] == "wave"
            && let Some(gate) = record["key"].as_str().and_then(gate_without_number)
        {
            record["key"] = Value::from(gate.to_owned());
        }
        record
    }

    fn rewrite_1(&mut self, record: &mut Value) {
        let text = |record: &Value, field: &str| record[field].as_str().map(str::to_owned);
        match record["record"].as_str() {
            Some("run_started") => record["written_by"] = Value::from(BEFORE),
            Some("resource" | "complete" | "gone") => {
                let (Some(name), Some(site)) = (text(record, "name"), text(record, "site")) else { return };
                let now = name_from_1(&name, &record["resource"]);
                if now != name {
                    self.copies.insert((name.clone(), site.clone()), now);
                }
                if let Some(now) = self.copies.get(&(name, site)) {
                    record["name"] = Value::from(now.as_str());
                }
            }
            _ => {}
        }
    }
}

/// Driver → what had been the digest of its address only.
fn addresses_from_3(drivers: &mut Value) {
    for address in drivers.as_object_mut().into_iter().flat_map(Map::values_mut) {
        *address = json!({ "digest": address.take() });
    }
}

fn state_from_1(state: &mut Value) {
    state["version"] = Value::from(2);
    state["written_by"] = Value::from(BEFORE);
    let Some(resources) = state["resources"].as_object_mut() else { return };
    let mut renamed: Map<String, Value> = Map::new();
    let mut copies: BTreeMap<(String, String), String> = BTreeMap::new();
    for (name, sites) in std::mem::take(resources) {
        let Value::Object(sites) = sites else { continue };
        for (site, resource) in sites {
            let now = name_from_1(&name, &resource);
            copies.insert((name.clone(), site.clone()), now.clone());
            renamed.entry(now).or_insert_with(|| Value::Object(Map::new()))[site.as_str()] = resource;
        }
    }
    // What was made from a copy names it, too.
    for resource in renamed.values_mut().filter_map(Value::as_object_mut).flat_map(|sites| sites.values_mut())
    {
        for need in resource["needs"].as_array_mut().into_iter().flatten() {
            let of = (
                need[0].as_str().unwrap_or_default().to_owned(),
                need[1].as_str().unwrap_or_default().to_owned(),
            );
            if let Some(now) = copies.get(&of) {
                need[0] = Value::from(now.as_str());
            }
        }
    }
    *resources = renamed;
}

fn name_from_1(name: &str, resource: &Value) -> String {
    match (resource["how"].as_str(), resource["from"].as_str()) {
        (Some("borrowed"), Some(from)) => borrowed_name(name, from),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
