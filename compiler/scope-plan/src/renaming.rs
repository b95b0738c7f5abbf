//! How a program says that something had another name: `moved_from`, at each part of a path that is another one.
//!
//! `left.sheet`, by now `west.page` → at `west`: `with { moved_from: "left" }`; at `page`: `with { moved_from: "sheet" }`.

use std::collections::BTreeSet;

/// What is to be written at one item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// What is written.
    text: String,
    /// The item, as it is called where it is declared.
    item: String,
}

/// What to write so that what is called `new` is what is recorded as `old`.
pub fn said<'n>(old: &str, new: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    told(words(old, new, names))
}

/// The same, word by word. `names` are those that the program has now: one of several elements of a family says it for itself.
pub fn words<'n>(old: &str, new: &str, names: impl Iterator<Item = &'n str> + Clone) -> Vec<Word> {
    let (parts, was) = (parts(new), parts(old));
    let last = parts.last().expect("a path has a part");
    // By the same name one is a family, and the other none.
    if parts.len() != was.len() || old == new {
        return vec![word(old, last.text, new, names)];
    }
    let renamed = parts.iter().zip(&was).filter(|(now, was)| now.text != was.text);
    renamed.map(|(now, was)| word(was.text, now.text, &new[..now.end], names.clone())).collect()
}

/// Words as a text, each once; of several it is told where each of them stands.
pub fn told(words: impl IntoIterator<Item = Word>) -> String {
    let words: BTreeSet<Word> = words.into_iter().collect();
    match words.len() {
        1 => words.into_iter().map(|word| word.text).collect(),
        _ => {
            let words = words.into_iter().map(|word| format!("{} at `{}`", word.text, word.item));
            words.collect::<Vec<_>>().join(", and ")
        }
    }
}

/// A family's path, and the key of the element that a path ends in: `vm["a"]` → `vm`, `"a"`.
pub fn element_of(path: &str) -> Option<(&str, &str)> {
    // Within a key a quote is never bare.
    let (family, _) = path.strip_suffix(']')?.rsplit_once("[\"")?;
    Some((family, &path[family.len() + 1..path.len() - 1]))
}

/// What one part says; `path` is the whole one up to it.
fn word<'n>(old: &str, new: &str, path: &str, mut names: impl Iterator<Item = &'n str>) -> Word {
    // One word for a family is for all of its elements, whose keys are the same.
    let (old, is_family) = match element_of(old).zip(element_of(new)) {
        Some(((family, was), (_, key))) if was == key => (family, true),
        _ => (old, false),
    };
    let old = old.replace('"', "\\\"");
    let others = element_of(path).filter(|_| !is_family).filter(|(family, _)| {
        names.any(|name| {
            let is_of_family = name.strip_prefix(family).is_some_and(|rest| rest.starts_with('['));
            is_of_family && !name.starts_with(path)
        })
    });
    let text = match others {
        Some((_, key)) => format!(
            "`with (if name == {key} then {{ moved_from: \"{old}\" }} else {{ }})`, `name` as its `for` calls it"
        ),
        None => format!("`with {{ moved_from: \"{old}\" }}`"),
    };
    Word { text, item: element_of(new).map_or(new, |(family, _)| family).to_owned() }
}

/// A part of a path: what stands between two dots, with its key.
struct Part<'p> {
    text: &'p str,
    /// Where it ends in the path.
    end: usize,
}

fn parts(path: &str) -> Vec<Part<'_>> {
    let (mut parts, mut start, mut is_in_key, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => is_in_key = !is_in_key,
            b'.' if !is_in_key => {
                parts.push(Part { text: &path[start..at], end: at });
                start = at + 1;
            }
            _ => {}
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }
    parts.push(Part { text: &path[start..], end: path.len() });
    parts
}

#[cfg(test)]
mod tests {
    use super::{said, told, words};

    #[test]
    fn each_part_that_is_another_one_says_it() {
        let names = [
            "web",
            "west.page",
            "right.page",
            "vm[\"a\"]",
            "vm[\"b.c\"]",
            "lab[\"x\"].net",
            "lab[\"y\"].net",
        ];
        let said = |old, new| said(old, new, names.into_iter());
        assert_eq!(said("www", "web"), "`with { moved_from: \"www\" }`");
        assert_eq!(said("right.sheet", "right.page"), "`with { moved_from: \"sheet\" }`");
        assert_eq!(
            said("left.sheet", "west.page"),
            "`with { moved_from: \"left\" }` at `west`, and `with { moved_from: \"sheet\" }` at `page`"
        );
        let both = [("left.sheet", "west.page"), ("right.sheet", "right.page")];
        let both = both.into_iter().flat_map(|(old, new)| words(old, new, names.into_iter()));
        assert_eq!(told(both), said("left.sheet", "west.page"));
        // A family says it for all of them; one of several for itself; what was deeper by its path.
        assert_eq!(said("server[\"b.c\"]", "vm[\"b.c\"]"), "`with { moved_from: \"server\" }`");
        assert_eq!(
            said("vm[\"c\"]", "vm[\"b.c\"]"),
            "`with (if name == \"b.c\" then { moved_from: \"vm[\\\"c\\\"]\" } else { })`, `name` as its `for` calls it"
        );
        assert_eq!(said("lone[\"z\"]", "web"), "`with { moved_from: \"lone[\\\"z\\\"]\" }`");
        assert_eq!(said("lone", "west.page"), "`with { moved_from: \"lone\" }`");
        assert_eq!(
            said("test.net", "lab[\"x\"].net"),
            "`with (if name == \"x\" then { moved_from: \"test\" } else { })`, `name` as its `for` calls it"
        );
    }
}
