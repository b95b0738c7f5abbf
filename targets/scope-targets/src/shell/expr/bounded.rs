//! Values that a rule bounds, as awk: what is not as the rule says stops the step before anything is sent.
//!
//! `port: int in 1..65535`, given `a.count` → a function that takes the value's handle and gives it back, or fails with "expected
//! `port` in 1..65535, found 0". Addresses and amounts are told by their form.

use scope_plan::bound::{Bound, Bounded, Test};

use super::{Expressions, function};
use crate::shell::{pattern, quote};

impl Expressions {
    /// The name of a function that holds a value to a rule, or why there is none.
    pub(super) fn holder(&mut self, bounded: &Bounded) -> Result<String, String> {
        let rules = match &bounded.bound {
            Bound::All(rules) => rules.as_slice(),
            rule => std::slice::from_ref(rule),
        };
        let mut lines = Vec::with_capacity(rules.len() + 1);
        for rule in rules {
            let words = quote::awk(&format!(": expected `{}` {}", bounded.name, words(rule)));
            let found = match (bounded.is_secret, rule) {
                (false, Bound::Rule { .. } | Bound::Any { .. }) => " as_found(v)",
                _ => "",
            };
            lines.push(format!("if (!{}) fail(EVALUATION, WHERE {words}{found})", self.fits(rule, "v")?));
        }
        lines.push("return v".to_owned());
        let name = format!("held_{}", self.next());
        self.functions.push(function(&name, &["v".to_owned()], "", &lines));
        Ok(name)
    }

    /// The awk condition that a value is as a rule says.
    fn fits(&mut self, bound: &Bound, value: &str) -> Result<String, String> {
        let condition = match bound {
            Bound::Rule { test, .. } => tested(test, value)?,
            Bound::Each(bound) => self.each(bound, value)?,
            Bound::BySite(bound) => {
                let (each, one) = (self.each(bound, value)?, self.fits(bound, value)?);
                format!("(T[{value}] == \"o\" ? {each} : {one})")
            }
            Bound::Fields(fields) => {
                let mut fit = vec![format!("T[{value}] == \"o\"")];
                for (name, bound) in fields {
                    if name == "..." {
                        return Err("fields that its type does not name are bounded".to_owned());
                    }
                    fit.push(self.fits(bound, &format!("field({value}, {})", quote::awk(name)))?);
                }
                fit.join(" && ")
            }
            Bound::All(bounds) => self.joined(bounds, value, " && ")?,
            Bound::Any { of, .. } => self.joined(of, value, " || ")?,
            Bound::Recursive { id, of } => {
                let name = format!("again_{}", self.next());
                let outer = self.recursive.insert(*id, name.clone());
                let condition = self.fits(of, "v")?;
                match outer {
                    Some(outer) => self.recursive.insert(*id, outer),
                    None => self.recursive.remove(id),
                };
                self.functions.push(function(&name, &["v".to_owned()], "", &[format!("return {condition}")]));
                format!("{name}({value})")
            }
            Bound::Again(id) => match self.recursive.get(id) {
                Some(name) => format!("{name}({value})"),
                None => return Err("a rule is of nothing around it".to_owned()),
            },
        };
        Ok(format!("(is_null({value}) || {condition})"))
    }

    fn joined(&mut self, bounds: &[Bound], value: &str, by: &str) -> Result<String, String> {
        let fit: Vec<String> =
            bounds.iter().map(|bound| self.fits(bound, value)).collect::<Result<_, _>>()?;
        Ok(format!("({})", fit.join(by)))
    }

    fn each(&mut self, bound: &Bound, value: &str) -> Result<String, String> {
        let lines = [
            "if (T[v] != \"a\" && T[v] != \"o\") return 0".to_owned(),
            format!("for (i = 1; i <= N[v]; i++) if (!{}) return 0", self.fits(bound, "C[v, i]")?),
            "return 1".to_owned(),
        ];
        let name = format!("each_{}", self.next());
        self.functions.push(function(&name, &["v".to_owned()], "i", &lines));
        Ok(format!("{name}({value})"))
    }
}

/// A number with a prefix or an exponent behind it.
const AMOUNT: &str = "^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([a-zA-Z]+|[eE][-+]?[0-9]+)?$";

fn tested(test: &Test, value: &str) -> Result<String, String> {
    let is = |kind: &str| format!("T[{value}] == \"{kind}\"");
    let looks_like = |form: &str| format!("({} && V[{value}] ~ /{form}/)", is("s"));
    Ok(match test {
        Test::Range { low, high, .. } => {
            let low = low.map(|low| format!(" && V[{value}] + 0 >= {low}")).unwrap_or_default();
            let high = high.map(|high| format!(" && V[{value}] + 0 <= {high}")).unwrap_or_default();
            format!("({}{low}{high})", is("n"))
        }
        Test::Matching(wanted) => {
            format!("({} && matching({value}, {}))", is("s"), quote::awk(&pattern::search(wanted)?))
        }
        Test::Word(words) => {
            let each: Vec<String> =
                words.iter().map(|word| format!("(V[{value}] \"\") == {}", quote::awk(word))).collect();
            format!("({} && ({}))", is("s"), each.join(" || "))
        }
        Test::Address => looks_like("^[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*$"),
        Test::Network => looks_like("^[0-9a-fA-F.:]+[/][0-9]+$"),
        Test::Amount => {
            format!("({} || {})", is("n"), looks_like(AMOUNT))
        }
        Test::Text => format!("({})", is("s")),
        Test::Number => format!("({})", is("n")),
        Test::Whole => format!("({} && V[{value}] ~ /^-?[0-9]+([.]0+)?$/)", is("n")),
        Test::Truth => format!("({})", is("b")),
        Test::List => format!("({})", is("a")),
        Test::Record => format!("({})", is("o")),
    })
}

/// What is expected, behind the name of what takes it.
fn words(bound: &Bound) -> String {
    match bound {
        Bound::Rule { expected, .. } | Bound::Any { expected, .. } => expected.clone(),
        Bound::Each(bound) | Bound::BySite(bound) => format!("to have in it what is {}", words(bound)),
        Bound::Fields(fields) => {
            let each: Vec<String> =
                fields.iter().map(|(name, bound)| format!("`{name}` {}", words(bound))).collect();
            each.join(", ")
        }
        Bound::All(bounds) => bounds.iter().map(words).collect::<Vec<_>>().join(", "),
        Bound::Recursive { of, .. } => words(of),
        Bound::Again(_) => "of the same".to_owned(),
    }
}
