//! What a driver says several times stands in its JSON once: functions of a driver are written out where they are used.
//!
//! `{"call":["lower",…]}` in four answers → `{"shared":3}` in each, and the expression as number 3 of the driver's `shared`;
//! an entry names earlier ones only. In memory a plan has no such table: it is made as a plan is written, and gone when it
//! is read. What it is read from may be anybody's, so what comes of it is bounded.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::driver::Driver;

/// The field of a driver that holds the table, and of an expression that names an entry.
pub(super) const FIELD: &str = "shared";
/// Kinds of expressions worth a name of their own. No other part of a driver looks like one.
const KINDS: [&str; 9] = ["call", "if", "binary", "concat", "list_for", "map_for", "field", "index", "unary"];
/// Shorter ones are written out: their name would hardly be shorter.
const SHORTEST: usize = 48;
/// How deep brackets of a driver may be nested; of the deepest expressions, that is.
const DEEPEST: usize = 1100;
/// The most nodes that a driver may have, written out.
const MOST: usize = 8_000_000;

/// Writes drivers, each with its table.
pub(crate) fn serialize<S: Serializer>(drivers: &[Driver], serializer: S) -> Result<S::Ok, S::Error> {
    let mut written = Vec::with_capacity(drivers.len());
    for driver in drivers {
        let mut value = serde_json::to_value(driver).map_err(serde::ser::Error::custom)?;
        share(&mut value);
        written.push(value);
    }
    written.serialize(serializer)
}

/// Reads them.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Driver>, D::Error> {
    let written = Vec::<Value>::deserialize(deserializer)?;
    let read = |mut value: Value| {
        expand(&mut value, DEEPEST).map_err(serde::de::Error::custom)?;
        serde_json::from_value(value).map_err(serde::de::Error::custom)
    };
    written.into_iter().map(read).collect()
}

/// Moves what the driver says several times into its table.
fn share(driver: &mut Value) {
    let mut graph = Graph::default();
    let root = graph.of(driver);
    let mut writer = Writer { graph: &graph, table: Vec::new(), numbers: HashMap::new() };
    let mut shared = writer.written(root, true);
    if let (false, Some(fields)) = (writer.table.is_empty(), shared.as_object_mut()) {
        fields.insert(FIELD.to_owned(), Value::Array(writer.table));
    }
    *driver = shared;
}

/// Writes the table's entries where they are named, and takes the table away.
fn expand(driver: &mut Value, deepest: usize) -> Result<(), &'static str> {
    let table = driver.as_object_mut().and_then(|fields| fields.shift_remove(FIELD));
    let table = match table {
        None => Vec::new(),
        Some(Value::Array(table)) => table,
        Some(_) => return Err("`shared` is no list"),
    };
    let mut reader = Reader { entries: Vec::new(), n_nodes: 0, deepest };
    for mut entry in table {
        let n_before = reader.n_nodes;
        let depth = reader.expand(&mut entry, 0)?;
        let n_nodes = reader.n_nodes - n_before;
        reader.entries.push(Entry { expr: entry, n_nodes, depth });
    }
    reader.expand(driver, 0).map(|_| ())
}

#[derive(PartialEq, Eq, Hash)]
enum Node {
    Leaf(String),
    List(Vec<usize>),
    Record(Vec<(String, usize)>),
}

/// A JSON value with equal parts as one: each different node once.
#[derive(Default)]
struct Graph {
    nodes: Vec<Value>,
    children: Vec<Vec<usize>>,
    known: HashMap<Node, usize>,
    /// The length of its text.
    lengths: Vec<usize>,
    /// From how many places of different nodes it is used.
    n_uses: Vec<usize>,
}

impl Graph {
    fn of(&mut self, value: &Value) -> usize {
        let (node, shell, children) = match value {
            // A constant is never looked into: it may look like anything.
            value if is_constant(value) => (Node::Leaf(value.to_string()), value.clone(), Vec::new()),
            Value::Array(items) => {
                let children: Vec<usize> = items.iter().map(|item| self.of(item)).collect();
                (Node::List(children.clone()), Value::Array(Vec::new()), children)
            }
            Value::Object(fields) => {
                let children: Vec<usize> = fields.values().map(|field| self.of(field)).collect();
                let named = fields.keys().cloned().zip(children.iter().copied()).collect();
                let shell = fields.keys().map(|key| (key.clone(), Value::Null)).collect::<Map<_, _>>();
                (Node::Record(named), Value::Object(shell), children)
            }
            leaf => (Node::Leaf(leaf.to_string()), leaf.clone(), Vec::new()),
        };
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let length = match &node {
            Node::Leaf(text) => text.len(),
            Node::List(items) => 2 + items.iter().map(|item| self.lengths[*item] + 1).sum::<usize>(),
            Node::Record(fields) => {
                2 + fields.iter().map(|(key, field)| key.len() + 4 + self.lengths[*field]).sum::<usize>()
            }
        };
        for child in &children {
            self.n_uses[*child] += 1;
        }
        let id = self.nodes.len();
        self.nodes.push(shell);
        self.children.push(children);
        self.lengths.push(length);
        self.n_uses.push(0);
        self.known.insert(node, id);
        id
    }

    fn is_shared(&self, id: usize) -> bool {
        let is_expr = |value: &Value| match value {
            Value::Object(fields) if fields.len() == 1 => {
                fields.keys().all(|key| KINDS.contains(&key.as_str()))
            }
            _ => false,
        };
        self.n_uses[id] > 1 && self.lengths[id] >= SHORTEST && is_expr(&self.nodes[id])
    }
}

struct Writer<'g> {
    graph: &'g Graph,
    table: Vec<Value>,
    numbers: HashMap<usize, usize>,
}

impl Writer<'_> {
    /// A node with names for what is shared in it; its own only where it stands, not in the table.
    fn written(&mut self, id: usize, is_entry: bool) -> Value {
        if !is_entry && self.graph.is_shared(id) {
            let number = match self.numbers.get(&id) {
                Some(number) => *number,
                None => {
                    let entry = self.written(id, true);
                    self.table.push(entry);
                    self.numbers.insert(id, self.table.len() - 1);
                    self.table.len() - 1
                }
            };
            return Value::Object(Map::from_iter([(FIELD.to_owned(), Value::from(number))]));
        }
        let children = &self.graph.children[id];
        match &self.graph.nodes[id] {
            value if is_constant(value) => value.clone(),
            Value::Array(_) => children.iter().map(|child| self.written(*child, false)).collect(),
            Value::Object(fields) => {
                let written = children.iter().map(|child| self.written(*child, false)).collect::<Vec<_>>();
                Value::Object(fields.keys().cloned().zip(written).collect())
            }
            leaf => leaf.clone(),
        }
    }
}

struct Entry {
    expr: Value,
    n_nodes: usize,
    depth: usize,
}

struct Reader {
    entries: Vec<Entry>,
    n_nodes: usize,
    deepest: usize,
}

impl Reader {
    /// Its depth, written out.
    fn expand(&mut self, value: &mut Value, outside: usize) -> Result<usize, &'static str> {
        self.n_nodes += 1;
        if outside > self.deepest {
            return Err("it is nested too deep");
        }
        if self.n_nodes > MOST {
            return Err("a driver is too big, written out");
        }
        if is_constant(value) {
            return Ok(1);
        }
        if let Some(number) = number(value) {
            let number = number.ok_or("`shared` is no number")?;
            let entry = usize::try_from(number).ok().and_then(|number| self.entries.get(number));
            let entry = entry.ok_or("`shared` names an entry that does not stand before it")?;
            self.n_nodes += entry.n_nodes;
            if self.n_nodes > MOST {
                return Err("a driver is too big, written out");
            }
            if outside + entry.depth > self.deepest {
                return Err("it is nested too deep, written out");
            }
            *value = entry.expr.clone();
            return Ok(entry.depth);
        }
        let mut depth = 0;
        match value {
            Value::Array(items) => {
                for item in items {
                    depth = depth.max(self.expand(item, outside + 1)?);
                }
            }
            Value::Object(fields) => {
                for field in fields.values_mut() {
                    depth = depth.max(self.expand(field, outside + 1)?);
                }
            }
            _ => {}
        }
        Ok(depth + 1)
    }
}

/// `{"shared": 3}` → 3; `None` inside where it is no number.
fn number(value: &Value) -> Option<Option<u64>> {
    match value {
        Value::Object(fields) if fields.len() == 1 => fields.get(FIELD).map(Value::as_u64),
        _ => None,
    }
}

/// `{"value": …}`
fn is_constant(value: &Value) -> bool {
    matches!(value, Value::Object(fields) if fields.len() == 1 && fields.contains_key("value"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_said_twice_stands_once() {
        let long = json!({ "call": ["lower", [{ "field": [{ "name": "body" }, "a rather long name of a field"] }]] });
        let constant = json!({ "value": { "shared": 7 } });
        let whole = json!({ "name": "d", "a": long, "b": [long, constant], "c": { "not": long } });
        let mut shared = whole.clone();
        share(&mut shared);
        assert_eq!(shared["shared"], json!([long]));
        assert_eq!((&shared["a"], &shared["b"][0]), (&json!({ "shared": 0 }), &json!({ "shared": 0 })));
        assert_eq!(shared["b"][1], constant);
        expand(&mut shared, 100).expect("well formed");
        assert_eq!(shared, whole);
    }

    #[test]
    fn what_would_become_too_much_is_refused() {
        let twice = |n: u64| json!({ "call": ["concat_lists", [{ "shared": n }, { "shared": n }]] });
        let mut bomb: Vec<Value> = vec![json!({ "call": ["sort", []] })];
        bomb.extend((0..60).map(twice));
        let mut driver = json!({ "shared": bomb, "x": { "shared": 60 } });
        assert_eq!(expand(&mut driver, 1200), Err("a driver is too big, written out"));
        let mut deep: Vec<Value> = vec![json!({ "call": ["sort", []] })];
        deep.extend((0..60).map(|n: u64| json!({ "unary": ["not", { "shared": n }] })));
        let mut driver = json!({ "shared": deep, "x": { "shared": 60 } });
        assert_eq!(expand(&mut driver, 50), Err("it is nested too deep, written out"));
        for wrong in [
            json!([{ "shared": 0 }]),
            json!([{ "call": [{ "shared": 1 }] }]),
            json!([{ "shared": "x" }]),
            json!(3),
        ] {
            let mut driver = json!({ "shared": wrong });
            assert!(expand(&mut driver, 100).is_err(), "{driver}");
        }
    }
}
