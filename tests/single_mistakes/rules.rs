//! The mistakes, each a rule that says where in a text it can be made and what stands there then.

use std::ops::Range;

use super::words::{Kind, Piece, Text};

/// One mistake: what is written instead of a part of the text.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub at: Range<usize>,
    pub written: String,
}

/// A rule: its name, and the mistakes that it makes in a text.
pub(super) type Rule = (&'static str, fn(&Text) -> Vec<Mistake>);

/// All of them.
pub(super) const RULES: &[Rule] = &[
    ("a use misspelt", |text| text.uses.iter().map(|at| misspelt(text, at)).collect()),
    ("a use of what is not there", |text| {
        text.uses.iter().map(|at| mistake(at.clone(), "zebra_7")).collect()
    }),
    ("a declaration misspelt", |text| text.declared.iter().map(|at| misspelt(text, at)).collect()),
    ("a piece left out", |text| text.pieces.iter().map(|piece| mistake(piece.at.clone(), "")).collect()),
    ("a piece twice", |text| {
        let twice = |piece: &Piece| mistake(piece.at.clone(), &format!("{0} {0}", text.of(piece)));
        text.pieces.iter().map(twice).collect()
    }),
    ("a word misspelt", |text| {
        let words = text.pieces.iter().filter(|piece| piece.kind == Kind::Word && piece.at.len() > 3);
        words.map(|piece| misspelt(text, &piece.at)).collect()
    }),
    ("an item's word misspelt", |text| {
        let items = text.pieces.iter().enumerate().filter(|(index, piece)| {
            piece.kind == Kind::Word
                && text.opens_line(*index)
                && scope_syntax::ITEM_WORDS.contains(&text.of(piece))
        });
        items.map(|(_, piece)| misspelt(text, &piece.at)).collect()
    }),
    ("a clause's word misspelt", |text| {
        let clauses =
            text.pieces.iter().filter(|piece| matches!(text.of(piece), "scope" | "with" | "for" | "when"));
        clauses.map(|piece| misspelt(text, &piece.at)).collect()
    }),
    ("a bracket not opened", |text| of_kind(text, Kind::Open, |_| String::new())),
    ("a bracket not closed", |text| of_kind(text, Kind::Close, |_| String::new())),
    ("a wrong bracket", |text| {
        of_kind(text, Kind::Close, |sign| if sign == "}" { ")".into() } else { "}".into() })
    }),
    ("a text not closed", |text| {
        of_kind(text, Kind::Quoted, |quoted| quoted.strip_suffix('"').unwrap_or(quoted).into())
    }),
    ("a text not opened", |text| {
        of_kind(text, Kind::Quoted, |quoted| quoted.strip_prefix('"').unwrap_or(quoted).into())
    }),
    ("a text without quotes", |text| of_kind(text, Kind::Quoted, |quoted| quoted.trim_matches('"').into())),
    ("a text in single quotes", |text| {
        of_kind(text, Kind::Quoted, |quoted| format!("'{}'", quoted.trim_matches('"')))
    }),
    ("text for a number", |text| of_kind(text, Kind::Number, |_| "\"many\"".into())),
    ("a number for text", |text| of_kind(text, Kind::Quoted, |_| "7".into())),
    ("a list for text", |text| of_kind(text, Kind::Quoted, |quoted| format!("[{quoted}]"))),
    ("another unit", |text| {
        let units = text.pieces.iter().filter(|piece| {
            piece.kind == Kind::Number && !text.of(piece).ends_with(|letter: char| letter.is_ascii_digit())
        });
        units.map(|piece| mistake(piece.at.clone(), another_unit(text.of(piece)))).collect()
    }),
    ("no such unit", |text| {
        let units = text.pieces.iter().filter(|piece| {
            piece.kind == Kind::Number && text.of(piece).ends_with(|letter: char| letter.is_alphabetic())
        });
        units.map(|piece| mistake(piece.at.clone(), &format!("{}q", text.of(piece)))).collect()
    }),
    ("two arguments exchanged", exchanged),
    ("an entry left out", entries_left_out),
    ("an unknown attribute", |text| {
        bodies(text, "resource").into_iter().map(|at| mistake(at..at, " colour: \"red\"\n")).collect()
    }),
    ("an unknown setting of a site", |text| {
        bodies(text, "site").into_iter().map(|at| mistake(at..at, " colour: \"red\"\n")).collect()
    }),
    ("an unknown service", |text| {
        let services = scope_keys(text).into_iter();
        services.map(|at| mistake(at, "tape")).collect()
    }),
    ("an import left out", |text| lines_that_start(text, "import ", |_| String::new())),
    ("an import of nothing", |text| {
        lines_that_start(text, "import ", |line| match line.contains('"') {
            true => line.replacen("./", "./no-", 1),
            false => line.replacen("import ", "import no_", 1),
        })
    }),
    ("a file that is not there", |text| {
        let files = text.pieces.windows(3).filter(|three| {
            matches!(text.of(&three[0]), "file" | "yaml" | "json") && three[2].kind == Kind::Quoted
        });
        files.map(|three| mistake(three[2].at.clone(), "\"no-such.file\"")).collect()
    }),
    ("`=` for `:`", |text| signs(text, &[":"], &[" ="])),
    ("`:` for `=`", |text| signs(text, &["="], &[":"])),
    ("`;` for `,`", |text| signs(text, &[","], &[";"])),
    ("another operator in a scope", |text| {
        signs(text, &["&", "|", "%"], &["&&", "and", "or", "+", ",", "||", "!"])
    }),
    ("two lines in one", |text| {
        let lines = text.text.char_indices().filter(|(_, letter)| *letter == '\n');
        let inside = lines.filter(|(at, _)| {
            let next = text.text[at + 1..].chars().next();
            next == Some(' ') && !text.text[..*at].ends_with(['{', '[', '(', ','])
        });
        inside.map(|(at, _)| mistake(at..at + 1, "")).collect()
    }),
    ("a line as in YAML", |text| {
        entry_lines(text, |line| line.replacen(line.trim_start(), &format!("- {}", line.trim_start()), 1))
    }),
    ("a setting as in Terraform", |text| entry_lines(text, |line| line.replacen(':', " =", 1))),
    ("a block as in Terraform", |text| {
        lines_that_start(text, "resource ", |line| {
            let Some((name, rest)) = line["resource ".len()..].split_once(':') else { return line.into() };
            let Some((kind, rest)) = rest.split_once('{') else { return line.into() };
            format!("resource \"{}\" \"{name}\" {{{rest}", kind.trim().replace('.', "_"))
        })
    }),
    ("a variable as in Terraform", |text| {
        text.uses.iter().map(|at| mistake(at.clone(), &format!("var.{}", &text.text[at.clone()]))).collect()
    }),
    ("a variable as in Ansible", |text| {
        text.uses
            .iter()
            .map(|at| mistake(at.clone(), &format!("{{{{ {} }}}}", &text.text[at.clone()])))
            .collect()
    }),
    ("a variable as in a shell", |text| {
        text.uses.iter().map(|at| mistake(at.clone(), &format!("${}", &text.text[at.clone()]))).collect()
    }),
    ("a comment with `#`", |text| {
        let comments =
            text.text.match_indices("// ").filter(|(at, _)| text.text[..*at].ends_with(['\n', ' ']));
        comments.map(|(at, _)| mistake(at..at + 2, "#")).collect()
    }),
    ("a truth as in YAML", |text| {
        let truths = text.pieces.iter().filter(|piece| matches!(text.of(piece), "true" | "false"));
        truths.map(|piece| mistake(piece.at.clone(), "yes")).collect()
    }),
    ("an entry twice", |text| entry_lines(text, |line| format!("{line}\n{line}"))),
];

fn mistake(at: Range<usize>, written: &str) -> Mistake {
    Mistake { at, written: written.into() }
}

/// A name with its last two letters exchanged, or without the last one where these are equal.
fn misspelt(text: &Text, at: &Range<usize>) -> Mistake {
    let mut letters: Vec<char> = text.text[at.clone()].chars().collect();
    let last = letters.len() - 1;
    if letters[last] == letters[last - 1] || last < 3 {
        letters.pop();
    } else {
        letters.swap(last, last - 1);
    }
    Mistake { at: at.clone(), written: letters.into_iter().collect() }
}

fn of_kind(text: &Text, kind: Kind, write: fn(&str) -> String) -> Vec<Mistake> {
    let pieces = text.pieces.iter().filter(|piece| piece.kind == kind);
    pieces.map(|piece| mistake(piece.at.clone(), &write(text.of(piece)))).collect()
}

/// Each of these signs as each of those.
fn signs(text: &Text, right: &[&str], wrong: &[&str]) -> Vec<Mistake> {
    let signs =
        text.pieces.iter().filter(|piece| piece.kind == Kind::Sign && right.contains(&text.of(piece)));
    signs.flat_map(|piece| wrong.iter().map(|sign| mistake(piece.at.clone(), sign))).collect()
}

fn another_unit(number: &str) -> &'static str {
    if number.ends_with('s') || number.ends_with("min") || number.ends_with('h') { "3GiB" } else { "3min" }
}

/// `f(a, b)` as `f(b, a)`.
fn exchanged(text: &Text) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for index in 0..text.pieces.len() {
        if text.of(&text.pieces[index]) != "(" {
            continue;
        }
        let Some(close) = text.closing(index) else { continue };
        let commas: Vec<usize> =
            (index + 1..close).filter(|place| text.of(&text.pieces[*place]) == ",").collect();
        if let [comma] = commas[..]
            && index + 1 < comma
            && comma + 1 < close
        {
            let part =
                |from: usize, to: usize| &text.text[text.pieces[from].at.start..text.pieces[to - 1].at.end];
            let (first, second) = (part(index + 1, comma), part(comma + 1, close));
            let at = text.pieces[index + 1].at.start..text.pieces[close - 1].at.end;
            mistakes.push(mistake(at, &format!("{second}, {first}")));
        }
    }
    mistakes
}

/// Where the bodies of such items start, behind the brace.
fn bodies(text: &Text, word: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    for (index, piece) in text.pieces.iter().enumerate() {
        if text.of(piece) == word && text.opens_line(index) {
            let brace = text.pieces[index..].iter().find(|piece| text.of(piece) == "{");
            starts.extend(brace.map(|piece| piece.at.end));
        }
    }
    starts
}

/// The keys of scopes that name services.
fn scope_keys(text: &Text) -> Vec<Range<usize>> {
    let mut keys = Vec::new();
    for (index, piece) in text.pieces.iter().enumerate() {
        if text.of(piece) != "scope" || text.pieces.get(index + 1).is_none_or(|next| text.of(next) != "{") {
            continue;
        }
        let Some(close) = text.closing(index + 1) else { continue };
        for place in index + 2..close {
            let is_key = text.pieces[place].kind == Kind::Word
                && text.of(&text.pieces[place + 1]) == ":"
                && !matches!(text.of(&text.pieces[place]), "prime" | "around");
            if is_key {
                keys.push(text.pieces[place].at.clone());
            }
        }
    }
    keys
}

/// The lines of a text, each with where it is.
fn lines<'t>(text: &Text<'t>) -> impl Iterator<Item = (usize, &'t str)> {
    let mut at = 0;
    text.text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches('\n'))
    })
}

fn lines_that_start(text: &Text, word: &str, write: fn(&str) -> String) -> Vec<Mistake> {
    let changed = lines(text).filter(|(_, line)| line.starts_with(word));
    let changed = changed.map(|(at, line)| mistake(at..at + line.len(), &write(line)));
    changed.filter(|mistake| mistake.written != text.text[mistake.at.clone()]).collect()
}

/// Lines that are one entry, `name: value`, whole, written in another way.
fn entry_lines(text: &Text, write: fn(&str) -> String) -> Vec<Mistake> {
    let entries = lines(text).filter(|(_, line)| is_entry(line));
    entries.map(|(at, line)| mistake(at..at + line.len(), &write(line))).collect()
}

fn entries_left_out(text: &Text) -> Vec<Mistake> {
    entry_lines(text, |_| String::new())
}

fn is_entry(line: &str) -> bool {
    let entry = line.trim_start();
    let is_whole = |open: char, close: char| entry.matches(open).count() == entry.matches(close).count();
    let key = entry.split(':').next().unwrap_or_default();
    entry.len() < line.len()
        && entry.len() > key.len()
        && !key.is_empty()
        && key.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        && is_whole('{', '}')
        && is_whole('[', ']')
        && is_whole('(', ')')
        && !entry.ends_with([',', '"']) | entry.ends_with('"')
}
