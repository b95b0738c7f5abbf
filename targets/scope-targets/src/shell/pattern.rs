//! A regular expression of the language, written in the dialect of awk (POSIX extended, without `{n,m}`, over bytes).
//!
//! In: `^v(\d+)\.`; out: `^v([0-9]+)[.]`. What the dialect cannot say (word boundaries, Unicode classes, letters beyond
//! ASCII in a set) is refused with the reason. `matching` is a search, so whether repetition is lazy does not matter
//! there; [`capture`] cuts a pattern at its first group, which must stand at the top.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassBytes, Hir, HirKind, Look};

/// A repetition is written out at most so many times.
const MOST_COPIES: u32 = 64;
/// The longest pattern written, in bytes: older engines have small tables.
const LONGEST: usize = 2000;

/// A pattern cut at its first group: what stands before, in and after it; without a group all is the group.
pub struct Cut {
    /// Before the group.
    pub before: String,
    /// The group.
    pub group: String,
    /// After it.
    pub after: String,
    /// The group is as short as it can be: `(.*?)`.
    pub is_lazy: bool,
}

/// The pattern for a search, or why it cannot be written.
pub fn search(pattern: &str) -> Result<String, String> {
    bounded(written(&parsed(pattern)?)?)
}

/// The pattern for `capture`. Only the group itself may be lazy.
pub fn capture(pattern: &str) -> Result<Cut, String> {
    let hir = parsed(pattern)?;
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.iter().collect(),
        _ => vec![&hir],
    };
    let place = parts.iter().position(|part| n_groups(part) > 0);
    let is_lazy = place.is_some_and(|place| is_lazy_group(parts[place]));
    let is_else_lazy =
        |(index, part): (usize, &&Hir)| !(is_lazy && Some(index) == place) && has_lazy_repetition(part);
    if parts.iter().enumerate().any(is_else_lazy) {
        return Err("a lazy repetition (`*?`) has a counterpart in awk only as the whole of the first group"
            .to_owned());
    }
    let Some(place) = place else {
        let group = bounded(written(&hir)?)?;
        return Ok(Cut { before: String::new(), group, after: String::new(), is_lazy: false });
    };
    let HirKind::Capture(group) = parts[place].kind() else {
        return Err("the first group stands inside of a repetition or an alternative".to_owned());
    };
    let join = |parts: &[&Hir]| parts.iter().map(|part| written(part)).collect::<Result<String, _>>();
    Ok(Cut {
        before: bounded(join(&parts[..place])?)?,
        group: bounded(format!("({})", written(&group.sub)?))?,
        after: bounded(join(&parts[place + 1..])?)?,
        is_lazy,
    })
}

/// `(.*?)`
fn is_lazy_group(hir: &Hir) -> bool {
    let HirKind::Capture(group) = hir.kind() else { return false };
    let HirKind::Repetition(repetition) = group.sub.kind() else { return false };
    !repetition.greedy && !has_lazy_repetition(&repetition.sub)
}

fn parsed(pattern: &str) -> Result<Hir, String> {
    // Over bytes: `.` and negated sets then match the bytes of any letter, one by one.
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).nest_limit(50).build();
    parser.parse(pattern).map_err(|error| match error {
        regex_syntax::Error::Translate(_) => "it needs Unicode sets, which awk does not have".to_owned(),
        _ => "it is no regular expression".to_owned(),
    })
}

fn bounded(text: String) -> Result<String, String> {
    if text.len() > LONGEST {
        return Err(format!("written for awk it is longer than {LONGEST} bytes"));
    }
    Ok(text)
}

fn written(hir: &Hir) -> Result<String, String> {
    Ok(match hir.kind() {
        HirKind::Empty => String::new(),
        HirKind::Literal(literal) => {
            literal.0.iter().map(|&byte| one_byte(byte)).collect::<Result<String, _>>()?
        }
        HirKind::Class(class) => set(class)?,
        HirKind::Look(Look::Start) => "^".to_owned(),
        HirKind::Look(Look::End) => "$".to_owned(),
        HirKind::Look(_) => return Err("awk has no word boundaries and no line anchors".to_owned()),
        HirKind::Repetition(repetition) => {
            let inner = as_operand(&repetition.sub)?;
            let (least, most) = (repetition.min, repetition.max);
            if least > MOST_COPIES || most.is_some_and(|most| most > MOST_COPIES) {
                return Err(format!("a repetition of more than {MOST_COPIES} times cannot be written out"));
            }
            match (least, most) {
                (0, None) => format!("{inner}*"),
                (1, None) => format!("{inner}+"),
                (0, Some(1)) => format!("{inner}?"),
                (least, None) => format!("{}{inner}+", inner.repeat(least as usize - 1)),
                (least, Some(most)) => {
                    format!(
                        "{}{}",
                        inner.repeat(least as usize),
                        format!("{inner}?").repeat((most - least) as usize)
                    )
                }
            }
        }
        HirKind::Capture(capture) => format!("({})", written(&capture.sub)?),
        HirKind::Concat(parts) => parts
            .iter()
            .map(|part| match part.kind() {
                HirKind::Alternation(_) => Ok(format!("({})", written(part)?)),
                _ => written(part),
            })
            .collect::<Result<String, String>>()?,
        HirKind::Alternation(arms) => arms.iter().map(written).collect::<Result<Vec<_>, _>>()?.join("|"),
    })
}

/// In brackets, unless it is one character or a set.
fn as_operand(hir: &Hir) -> Result<String, String> {
    let text = written(hir)?;
    match hir.kind() {
        HirKind::Class(_) | HirKind::Capture(_) => Ok(text),
        HirKind::Literal(literal) if literal.0.len() == 1 => Ok(text),
        _ => Ok(format!("({text})")),
    }
}

fn one_byte(byte: u8) -> Result<String, String> {
    Ok(match byte {
        b'^' | b'\\' => format!("\\{}", char::from(byte)),
        b'.' | b'*' | b'+' | b'?' | b'(' | b')' | b'[' | b'{' | b'}' | b'|' | b'$' => {
            format!("[{}]", char::from(byte))
        }
        b']' => "[]]".to_owned(),
        b'\n' | b'\t' | b'\r' | b' '..=b'~' => char::from(byte).to_string(),
        0x80.. => return Err("a letter beyond ASCII".to_owned()),
        _ => return Err("a control character".to_owned()),
    })
}

/// A set in brackets, its special members where they stand for themselves: `]` first, `-` last, `^` not first.
fn set(class: &Class) -> Result<String, String> {
    let bytes = match class {
        Class::Bytes(bytes) => bytes.clone(),
        Class::Unicode(class) => class.to_byte_class().ok_or("a letter beyond ASCII in a set")?,
    };
    let all_wide = ClassBytes::new([regex_syntax::hir::ClassBytesRange::new(0x80, 0xFF)]);
    let mut wide = bytes.clone();
    wide.intersect(&all_wide);
    let is_negated = wide == all_wide;
    if !is_negated && wide.ranges().iter().next().is_some() {
        return Err("some letters beyond ASCII in a set, but not all".to_owned());
    }
    let mut listed = bytes;
    if is_negated {
        listed.negate();
    }
    let members: Vec<u8> = (1..0x80_u8)
        .filter(|byte| listed.ranges().iter().any(|range| (range.start()..=range.end()).contains(byte)))
        .collect();
    if members.is_empty() {
        return if is_negated { Ok("(.|\n)".to_owned()) } else { Err("a set that nothing is in".to_owned()) };
    }
    let mut text = String::new();
    let mut index = 0;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
    while index < members.len() {
        let start = members[index];
        let mut end = index;
        while end + 1 < members.len()
            && members[end + 1] == members[end] + 1
            && is_plain(start)
            && is_plain(members[end + 1])
        {
            end += 1;
        }
        match (start, end - index) {
            (b']' | b'-' | b'^', _) => {}
            (b'\\', _) => text.push_str("\\\\"),
            (_, 0 | 1) => members[index..=end].iter().for_each(|&byte| text.push(char::from(byte))),
            _ => text.extend([char::from(start), '-', char::from(members[end])]),
        }
        index = end + 1;
    }
    let has = |byte: u8| members.contains(&byte);
    if has(b'^') && text.is_empty() && !is_negated && !has(b']') {
        // A set that begins with `^` would be a negated one.
        return Ok(if has(b'-') { "[-^]".to_owned() } else { "\\^".to_owned() });
    }
    Ok(format!(
        "[{}{}{text}{}{}]",
        if is_negated { "^" } else { "" },
        if has(b']') { "]" } else { "" },
        if has(b'^') { "^" } else { "" },
        if has(b'-') { "-" } else { "" },
    ))
}

fn n_groups(hir: &Hir) -> usize {
    hir.properties().explicit_captures_len()
}

fn has_lazy_repetition(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => !repetition.greedy || has_lazy_repetition(&repetition.sub),
        HirKind::Capture(capture) => has_lazy_repetition(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(has_lazy_repetition),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_language_in_the_other_dialect() {
        for (ours, awk) in [
            (r"Quota", "Quota"),
            (r"^v(\d+)\.", "^v([0-9]+)[.]"),
            (r"refused|timed out", "refused|timed out"),
            (r"a(b|cd)?e", "a(b|cd)?e"),
            (r"x{2,3}y{2,}", "xxx?yy+"),
            (r"[]a^-]", "[]a^-]"),
            (r"[\^]", r"\^"),
            (r"\\w", r"\\w"),
            (r"[^/\s]+$", "[^\t\n\u{b}\u{c}\r /]+$"),
            (r"(?i)ab", "[Aa][Bb]"),
            (r".", "[^\n]"),
            (r"a*?b", "a*b"),
            (r"[\\x]", r"[\\x]"),
        ] {
            assert_eq!(search(ours).as_deref(), Ok(awk), "{ours}");
        }
    }

    #[test]
    fn what_awk_cannot_say_is_refused() {
        for pattern in [r"\bword\b", r"(?m)^x", r"\p{Greek}", "[aé]", "a{100}", "("] {
            assert!(search(pattern).is_err(), "{pattern}");
        }
        assert!(capture("(a)*b").is_err());
        assert!(capture("a*?(b)").is_err());
    }

    #[test]
    fn a_pattern_is_cut_at_its_first_group() {
        let cut = capture(r"id=([0-9]+);").expect("it can be cut");
        assert_eq!((cut.before.as_str(), cut.group.as_str(), cut.after.as_str()), ("id=", "([0-9]+)", ";"));
        let lazy = capture(r"^(.*?)/*$").expect("it can be cut");
        assert!(lazy.is_lazy);
        assert_eq!(
            (lazy.before.as_str(), lazy.group.as_str(), lazy.after.as_str()),
            ("^", "([^\n]*)", "/*$")
        );
        let whole = capture("[a-z]+").expect("it can be cut");
        assert_eq!((whole.before.as_str(), whole.group.as_str(), whole.after.as_str()), ("", "[a-z]+", ""));
    }
}
