//! How what is expected is written, for the help of a report.
//!
//! `a list of texts` → "texts in brackets are a list: `["a", "b"]`". Nothing where the words themselves say how it is written.

/// How what is expected is written, where its name does not say that already.
pub(super) fn example_of(expected: &str) -> Option<&'static str> {
    Some(match expected.split(',').next().unwrap_or_default() {
        "true or false" => "a comparison is true or false: `a == b`, `length(list) > 0`",
        "a number" => {
            "numbers are written without quotes: `3`, `2.5`; `int(text)` is the number that a text holds"
        }
        "a whole number" => "whole numbers are written without quotes: `3`",
        "a list of texts" => "texts in brackets are a list: `[\"a\", \"b\"]`",
        "a list of true or false" => "`[for x in list => x == 1]` says of each whether it is",
        "a list of resources" => "resources in brackets are a list: `[web, disk]`",
        "a list to spread" => "a list is put into a list: `[1, ...[2, 3]]`",
        "a record to spread" => "a record is put into a record: `{ a: 1, ...{ b: 2 } }`",
        "a list" => "a list is written `[a, b]`, a record `{ key: value }`",
        "a list or a record before the bracket" => {
            "`list[0]` and `record[\"key\"]` are parts of what has parts"
        }
        "texts" => "what is not a text is put into one: `\"${value}\"`",
        "text" | "a text" => {
            "a text stands in quotes: `\"…\"`; what is not one is put into one: `\"${value}\"`"
        }
        "sites" | "a site" | "sites before `where`" | "sites before `except`" | "sites after `except`" => {
            "sites are named, `nantes`, or listed, `[nantes, paris]`; `sites` is all of them"
        }
        "a record of attributes" => "attributes are written `{ name: \"a\" }`",
        "a record of labels" => "labels are written `{ region: \"west\" }`",
        "a link" => "a link is described by a record: `{ rtt: 12ms, bandwidth: 1Gbps }`",
        "a scope" => "a scope is written `{ compute: nantes }`",
        "a resource or a truth" => "`expect base at paris`, `expect base.status == \"active\"`",
        "a resource of the program" => "a resource is named as it is declared: `web`, `vm[\"a\"]`",
        "the name of an environment variable" => {
            "write `secret(\"VARIABLE\")`, `secret(file: \"…\")` or `secret(command: […])`"
        }
        _ => return None,
    })
}
