//! The functions of the language: their names, how each is called, and what it gives. The one list of them: programs and drivers are
//! checked against it, editors offer it, and the reference has all of it.
//!
//! `find("lower")` → called `lower(text)`, with one argument, in programs and drivers.

use crate::hir::Type;

/// A function that is there without being declared.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called: `join(list, separator)`.
    pub written: &'static str,
    /// What it gives, in a few words.
    pub words: &'static str,
    /// Fewest and most arguments, both included.
    pub takes: (usize, usize),
    /// Where it may be called.
    pub place: Place,
}

/// Where a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In programs and drivers; what it takes may wait for the run.
    Anywhere,
    /// In programs, on what is known when compiling.
    Program,
    /// In drivers.
    Driver,
}

/// All of them, in the reference's order.
pub const FUNCTIONS: &[Function] = &[
    of("length", "length(value)", "how many elements, fields, characters or sites", 1, Place::Anywhere),
    of("first", "first(list)", "the first element; `null`, if there is none", 1, Place::Anywhere),
    of("distinct", "distinct(list)", "each element once, where it stands first", 1, Place::Anywhere),
    of("sort", "sort(list)", "numbers or texts in ascending order", 1, Place::Anywhere),
    of("range", "range(n)", "the whole numbers from 0 to n-1", 1, Place::Anywhere),
    of("sum", "sum(list)", "numbers, or amounts of one kind, added; 0 of none", 1, Place::Anywhere),
    of("min", "min(list)", "the least of numbers or amounts; there is one at least", 1, Place::Anywhere),
    of("max", "max(list)", "the greatest of numbers or amounts; there is one at least", 1, Place::Anywhere),
    of("div", "div(a, b)", "how many whole times b is in a; `mod(a, b)` is left", 2, Place::Anywhere),
    of("mod", "mod(a, b)", "what is left of a divided by b, from 0 to b-1", 2, Place::Anywhere),
    of("flatten", "flatten(lists)", "the elements of all lists in one", 1, Place::Program),
    Function {
        takes: (1, 16),
        ..of("concat", "concat(list, list)", "lists in one; programs write `++`", 1, Place::Driver)
    },
    of("all", "all(list)", "whether each element is true", 1, Place::Program),
    of(
        "any",
        "any(list)",
        "whether one element is true; of sites: the first that can, as `|`",
        1,
        Place::Program,
    ),
    of("keys", "keys(record)", "the names of the fields", 1, Place::Anywhere),
    of("values", "values(record)", "the values of the fields", 1, Place::Anywhere),
    of("has", "has(record, key)", "whether there is such a field", 2, Place::Anywhere),
    of("merge", "merge(record, record)", "both, deeply; the second wins", 2, Place::Anywhere),
    of(
        "without",
        "without(record, keys)",
        "the record without the fields of these names",
        2,
        Place::Anywhere,
    ),
    of("lower", "lower(text)", "in small letters", 1, Place::Anywhere),
    of("upper", "upper(text)", "in capital letters", 1, Place::Anywhere),
    of("trim", "trim(text)", "without white space at both ends", 1, Place::Anywhere),
    of("join", "join(list, separator)", "the elements as one text", 2, Place::Anywhere),
    of("split", "split(text, separator)", "the parts of a text", 2, Place::Anywhere),
    of("replace", "replace(text, from, to)", "every occurrence replaced", 3, Place::Anywhere),
    of(
        "capture",
        "capture(text, pattern)",
        "the first group of the first match, else the match, else `null`",
        2,
        Place::Driver,
    ),
    of("text", "text(value)", "as it stands in a text", 1, Place::Anywhere),
    of("int", "int(value)", "the whole number that a text or a number is", 1, Place::Anywhere),
    of("json", "json(text)", "the value that a JSON text is; of a path: that file's", 1, Place::Anywhere),
    of("to_json", "to_json(value)", "the value as JSON", 1, Place::Anywhere),
    of("base64", "base64(text)", "encoded as base64", 1, Place::Anywhere),
    of("url", "url(text)", "encoded as a part of an address", 1, Place::Anywhere),
    of(
        "file",
        "file(path)",
        "the content of a file beside the program, read when it is sent",
        1,
        Place::Program,
    ),
    of("yaml", "yaml(path)", "the data of a YAML file", 1, Place::Program),
    of(
        "env",
        "env(name)",
        "an environment variable; an error if it is not set, unless `??` follows",
        1,
        Place::Program,
    ),
    of(
        "secret",
        "secret(name)",
        "a secret from the environment; also `secret(file: …)`, `secret(command: […])`",
        1,
        Place::Program,
    ),
    of("fail", "fail(text)", "ends with this error, where it is evaluated", 1, Place::Program),
    of("each", "each(sites)", "at each of them, as `&`", 1, Place::Program),
    of("cross", "cross(sites)", "one over all of them, as `%`", 1, Place::Program),
    of("around", "around(site, time)", "the nearest within a round trip that can", 2, Place::Program),
    of("take", "take(n, sites)", "the first n of a set", 2, Place::Program),
    of("sort_by", "sort_by(sites, values)", "a set, ordered by a value for each", 2, Place::Program),
    of("rtt", "rtt(site, site)", "the round trip of their declared link, else `null`", 2, Place::Program),
    of("subnet", "subnet(network, bits, n)", "the n-th network with so many bits more", 3, Place::Program),
    of("host", "host(network, n)", "the n-th address of a network", 2, Place::Program),
    of("network", "network(address)", "the network that an address with its prefix is in", 1, Place::Program),
    of("netmask", "netmask(network)", "its mask, as an address", 1, Place::Program),
    of("prefix", "prefix(network)", "how many bits of it are fixed", 1, Place::Program),
    of("in_network", "in_network(address, network)", "whether the address is in it", 2, Place::Program),
];

const fn of(
    name: &'static str,
    written: &'static str,
    words: &'static str,
    takes: usize,
    place: Place,
) -> Function {
    Function { name, written, words, takes: (takes, takes), place }
}

/// The function of a name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The type of what a function gives, where that is the same for whatever it is given.
pub(crate) fn gives(name: &str) -> Option<Type> {
    match name {
        "length" | "int" | "div" | "mod" => Some(Type::Int),
        "has" => Some(Type::Bool),
        "lower" | "upper" | "trim" | "join" | "replace" | "text" | "to_json" | "base64" | "url" => {
            Some(Type::String)
        }
        "capture" => Some(Type::Optional(Box::new(Type::String))),
        "keys" | "split" => Some(Type::List(Box::new(Type::String))),
        _ => None,
    }
}

/// Those that a program may call.
pub fn of_programs() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().filter(|function| function.place != Place::Driver)
}

/// Those that a driver may call.
pub fn of_drivers() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().filter(|function| function.place != Place::Program)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_reference_has_each_of_them_as_it_is_called() {
        let page = include_str!("../../../tests/spec/03-expressions.md");
        for function in FUNCTIONS {
            let row = format!("| `{}` | {} |", function.written, function.words.replace('|', "\\|"));
            assert!(page.contains(&row), "tests/spec/03-expressions.md has no line `{row}`");
        }
        let names: BTreeSet<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        assert_eq!(names.len(), FUNCTIONS.len(), "a function is there twice");
    }
}
