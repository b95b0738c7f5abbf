//! Many sites of which the same is to be said, said once: `edge00, edge01 … edge39 (40 sites)`.
//!
//! ```
//! use scope_plan::fleet::{fold, listed};
//!
//! let rows = |site: &str| vec![vec!["server".to_owned(), format!("vm[\"{site}\"]")]];
//! let sites: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|site| (site, rows(site))).collect();
//! let folded = fold(sites);
//! assert_eq!(listed(&folded[0].sites), "a, b, c, d");
//! assert_eq!(folded[0].rows, [["server", "vm[…]"]]);
//! ```
//!
//! Fewer than [`FEW`] are told one by one, as they are: an example of two clouds names both.

use std::collections::HashMap;

/// So many sites that say the same are told as one.
pub const FEW: usize = 4;

/// What a person is told of some sites: rows of cells.
pub type Rows = Vec<Vec<String>>;

/// Sites, in the order they came in, and what is said of each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded<'a> {
    /// Their names; at least one.
    pub sites: Vec<&'a str>,
    /// The rows; where there are several sites, `…` stands for what each has by its own name.
    pub rows: Rows,
}

/// Puts sites together whose rows are alike but for the site's own name. The order is that of each group's first site.
pub fn fold<'a>(sites: Vec<(&'a str, Rows)>) -> Vec<Folded<'a>> {
    let alike: Vec<Rows> = sites.iter().map(|(name, rows)| without_name(rows, name)).collect();
    let mut members: HashMap<&Rows, usize> = HashMap::new();
    for rows in &alike {
        *members.entry(rows).or_default() += 1;
    }
    let mut group_of: HashMap<&Rows, usize> = HashMap::new();
    let mut groups: Vec<Folded<'a>> = Vec::new();
    for ((name, rows), alike) in sites.into_iter().zip(&alike) {
        if members[alike] < FEW {
            groups.push(Folded { sites: vec![name], rows });
            continue;
        }
        let next = groups.len();
        let group = *group_of.entry(alike).or_insert(next);
        if group == next {
            groups.push(Folded { sites: Vec::new(), rows: alike.clone() });
        }
        groups[group].sites.push(name);
    }
    groups
}

/// `a, b, c`, and of many the first two, the last and how many.
pub fn listed(sites: &[&str]) -> String {
    match sites {
        [first, second, .., last] if sites.len() > 6 => {
            format!("{first}, {second} … {last} ({} sites)", sites.len())
        }
        _ => sites.join(", "),
    }
}

fn without_name(rows: &Rows, name: &str) -> Rows {
    rows.iter().map(|row| row.iter().map(|cell| hide(cell, name)).collect()).collect()
}

/// The cell with `…` wherever the name stands as a word, its quotes included.
pub fn hide(cell: &str, name: &str) -> String {
    let mut hidden = String::new();
    let mut rest = cell;
    let mut before: Option<char> = None;
    while let Some(at) = rest.find(name).filter(|_| !name.is_empty()) {
        let (head, tail) = (&rest[..at], &rest[at + name.len()..]);
        before = head.chars().next_back().or(before);
        if before.is_some_and(is_of_word) || tail.chars().next().is_some_and(is_of_word) {
            hidden.push_str(&rest[..at + name.len()]);
        } else if head.ends_with('"') && tail.starts_with('"') {
            hidden.push_str(&head[..head.len() - 1]);
            hidden.push('…');
            rest = &tail[1..];
            before = Some('"');
            continue;
        } else {
            hidden.push_str(head);
            hidden.push('…');
        }
        rest = tail;
        before = name.chars().next_back();
    }
    hidden + rest
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_hidden_only_where_it_is_a_word() {
        assert_eq!(hide("vm[\"a\"] at a, data", "a"), "vm[…] at …, data");
        assert_eq!(hide("aa a-a", "a"), "aa …-…");
        assert_eq!(hide("é", "é"), "…");
        assert_eq!(hide("nothing", ""), "nothing");
    }

    #[test]
    fn few_are_told_one_by_one_and_others_keep_their_order() {
        let row = |text: &str| vec![vec![text.to_owned()]];
        let sites = vec![
            ("a", row("x")),
            ("b", row("y")),
            ("c", row("x")),
            ("d", row("x")),
            ("e", row("y")),
            ("f", row("x")),
        ];
        let folded = fold(sites);
        let names: Vec<String> = folded.iter().map(|group| listed(&group.sites)).collect();
        assert_eq!(names, ["a, c, d, f", "b", "e"]);
    }
}
