//! Where a `$ref` leads: `#/$defs/Pod` in the same file, `pods.json#/$defs/Pod` in another file that was given.
//!
//! Comes in: the text of a reference and the document that it stands in. Goes out: a document and the keys that lead to
//! the schema there, so that two spellings of one place are one type; or why it leads nowhere.

use scope_analysis::hir::{Slot, Value};

/// One YAML or JSON document.
#[derive(Debug)]
pub(crate) struct Document {
    /// The file's path.
    pub path: String,
    /// Its content.
    pub root: Slot,
}

/// A place in the documents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub document: usize,
    /// Keys and positions, from the root.
    pub keys: Vec<String>,
}

/// The place a reference means.
pub(crate) fn target(reference: &str, from: usize, documents: &[Document]) -> Result<Place, String> {
    let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let document = if file.is_empty() { from } else { named(file, from, documents)? };
    let fragment = fragment.trim_start_matches('/');
    let keys: Vec<String> = match fragment {
        "" => Vec::new(),
        keys => keys.split('/').map(unescaped).collect(),
    };
    Ok(Place { document, keys })
}

/// The document of a file, by its name: where it lies is different here and at the publisher's.
fn named(file: &str, from: usize, documents: &[Document]) -> Result<usize, String> {
    let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    let wanted = name(file);
    let own = name(&documents[from].path) == wanted;
    if own {
        return Ok(from);
    }
    documents
        .iter()
        .position(|document| name(&document.path) == wanted)
        .ok_or_else(|| format!("it refers to `{wanted}`, which was not given"))
}

/// `~1` is `/`, `~0` is `~`, `%24` is `$`.
fn unescaped(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hexadecimal = |byte: u8| char::from(byte).to_digit(16);
        match (first, after) {
            (b'%', [high, low, after @ ..])
                if hexadecimal(*high).is_some() && hexadecimal(*low).is_some() =>
            {
                let value = hexadecimal(*high).unwrap_or(0) * 16 + hexadecimal(*low).unwrap_or(0);
                bytes.push(u8::try_from(value).unwrap_or(b'?'));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}

/// What stands at a place.
pub(crate) fn at<'d>(place: &Place, documents: &'d [Document]) -> Option<&'d Slot> {
    let mut slot = &documents[place.document].root;
    for key in &place.keys {
        slot = match &slot.value {
            Value::Record(fields) => fields.get(key)?,
            Value::List(slots) => slots.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(slot)
}
