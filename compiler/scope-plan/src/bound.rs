//! What a value has to be beyond its kind, and is held to when the run knows it.
//!
//! In: the bound of `port: int in 1..65535` and the value 70000. Out: a [`Misfit`], `in 1..65535`, `70000`. Bounds are made of a
//! program's types; what is expected is worded when compiling, so that both say it alike. `null` is unknown, and fits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::amount;
use crate::eval::pattern;
use crate::expr::Expr;
use crate::plan::Origin;
use crate::quantity::Unit;

/// A value that has to be as a rule of the program or of a driver says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounded {
    /// The value.
    pub value: Expr,
    /// What it has to be.
    pub bound: Bound,
    /// What takes it: `port`.
    pub name: String,
    /// It is never shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
    /// Where the value is written.
    pub origin: Origin,
    /// What declares the rule, and where, if that is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<(String, Origin)>,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// One test.
    Rule {
        /// The test.
        test: Test,
        /// What goes behind "expected `port`": `in 1..65535`.
        expected: String,
    },
    /// Each item of a list, each value of a record.
    Each(Box<Bound>),
    /// What is at several sites, and is read at none of them: each value of the record by site.
    BySite(Box<Bound>),
    /// These fields of a record; one named `...` is every other.
    Fields(Vec<(String, Bound)>),
    /// All of them.
    All(Vec<Bound>),
    /// One of them at least.
    Any {
        /// Of these.
        of: Vec<Bound>,
        /// As in a rule.
        expected: String,
    },
    /// The bound of a type that holds itself.
    Recursive {
        /// What it is called within itself.
        id: usize,
        /// What it is.
        of: Box<Bound>,
    },
    /// The recursive bound around this one that is called so, of a part of the value.
    Again(usize),
}

/// The recursive bounds around one, the innermost first.
struct Around<'b, 'v> {
    id: usize,
    of: &'v Bound,
    further: Option<&'b Around<'b, 'v>>,
}

/// What one rule asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// A number in what values count (seconds, bytes, bits per second), both ends included; `None`: no end.
    Range {
        /// The least.
        low: Option<f64>,
        /// The greatest.
        high: Option<f64>,
        /// What they count; `None`: nothing but themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<Unit>,
    },
    /// A text in which the regular expression is found.
    Matching(String),
    /// One of these texts.
    Word(Vec<String>),
    /// An IP address.
    Address,
    /// A network: `10.0.0.0/24`.
    Network,
    /// An amount as sites write it: `500m`.
    Amount,
    /// A text.
    Text,
    /// A number.
    Number,
    /// A number without a fraction.
    Whole,
    /// True or false.
    Truth,
    /// A list.
    List,
    /// A record.
    Record,
}

/// A value that is not as it has to be, or the part of it that is not.
#[derive(Debug, PartialEq)]
pub struct Misfit<'v> {
    /// Where it is in the whole: `.ports[2]`; empty: the whole.
    pub place: String,
    /// `in 1..65535`
    pub expected: &'v str,
    /// What is there.
    pub found: &'v Value,
    /// What it counts, where it is a number.
    pub unit: Option<Unit>,
}

impl Bound {
    /// The first part of a value that is not as it has to be.
    pub fn misfit<'v>(&'v self, value: &'v Value) -> Option<Misfit<'v>> {
        self.misfit_in(value, None)
    }

    fn misfit_in<'v>(&'v self, value: &'v Value, around: Option<&Around<'_, 'v>>) -> Option<Misfit<'v>> {
        let whole =
            |expected: &'v str| Some(Misfit { place: String::new(), expected, found: value, unit: None });
        match (self, value) {
            (_, Value::Null) => None,
            (Bound::Rule { test, .. }, value) if test.holds(value) => None,
            (Bound::Rule { test, expected }, _) => Some(Misfit { unit: test.unit(), ..whole(expected)? }),
            (Bound::BySite(bound), Value::Object(copies)) => copies
                .iter()
                .find_map(|(site, value)| Some(bound.misfit_in(value, around)?.at(&format!("[{site}]")))),
            // Of two alternatives only one may be of several sites.
            (Bound::BySite(bound), value) => bound.misfit_in(value, around),
            (Bound::Each(bound), Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                items.find_map(|(index, value)| {
                    Some(bound.misfit_in(value, around)?.at(&format!("[{index}]")))
                })
            }
            (Bound::Each(bound), Value::Object(fields)) => fields
                .iter()
                .find_map(|(key, value)| Some(bound.misfit_in(value, around)?.at(&format!(".{key}")))),
            (Bound::Each(_), _) => whole("to be a list or a record"),
            (Bound::Fields(bounds), Value::Object(fields)) => fields.iter().find_map(|(name, value)| {
                let is_of = |wanted: &str| bounds.iter().find(|(field, _)| field == wanted);
                let (_, bound) = is_of(name).or_else(|| is_of("..."))?;
                Some(bound.misfit_in(value, around)?.at(&format!(".{name}")))
            }),
            (Bound::Fields(_), _) => whole("to be a record"),
            (Bound::All(bounds), value) => bounds.iter().find_map(|bound| bound.misfit_in(value, around)),
            (Bound::Any { of, expected }, value) => {
                of.iter().all(|bound| bound.misfit_in(value, around).is_some()).then(|| whole(expected))?
            }
            (Bound::Recursive { id, of }, value) => {
                of.misfit_in(value, Some(&Around { id: *id, of, further: around }))
            }
            // As deep as the value is: it is of a part of what its bound is of.
            (Bound::Again(id), value) => {
                let mut all = std::iter::successors(around, |around| around.further);
                let around = all.find(|around| around.id == *id)?;
                around.of.misfit_in(value, Some(around))
            }
        }
    }
}

impl Misfit<'_> {
    fn at(mut self, part: &str) -> Self {
        self.place.insert_str(0, part);
        self
    }
}

impl Test {
    fn unit(&self) -> Option<Unit> {
        match self {
            Test::Range { unit, .. } => *unit,
            _ => None,
        }
    }

    fn holds(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Test::Range { low, high, .. } => value.as_f64().is_some_and(|number| {
                low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high)
            }),
            // What is no regular expression was refused where it is written.
            Test::Matching(pattern) => text.is_some_and(|text| {
                pattern::compiled(pattern).map_or(true, |pattern| pattern.is_match(text))
            }),
            Test::Word(words) => text.is_some_and(|text| words.iter().any(|word| word == text)),
            Test::Address => text.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
            Test::Network => text.is_some_and(is_network),
            Test::Amount => amount::is_amount(value),
            Test::Text => value.is_string(),
            Test::Number => value.is_number(),
            Test::Whole => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Test::Truth => value.is_boolean(),
            Test::List => value.is_array(),
            Test::Record => value.is_object(),
        }
    }
}

fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    match (address.parse::<std::net::IpAddr>(), length.parse::<u8>()) {
        (Ok(std::net::IpAddr::V4(_)), Ok(length)) => length <= 32,
        (Ok(std::net::IpAddr::V6(_)), Ok(length)) => length <= 128,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(test: Test) -> Bound {
        Bound::Rule { test, expected: "as said".into() }
    }

    fn port() -> Bound {
        rule(Test::Range { low: Some(1.0), high: Some(65_535.0), unit: None })
    }

    #[test]
    fn a_value_is_held_to_its_rule() {
        let words = || rule(Test::Word(vec!["up".into(), "down".into()]));
        for (bound, fits, does_not) in [
            (port(), json!(80), json!(0)),
            (port(), json!(65_535), json!("80")),
            (rule(Test::Range { low: None, high: Some(-1.0), unit: None }), json!(-7.5), json!(0)),
            (rule(Test::Matching("^[a-z]+$".into())), json!("vm"), json!("VM")),
            (words(), json!("up"), json!("upper")),
            (rule(Test::Address), json!("2001:db8::1"), json!("10.0.0.0/24")),
            (rule(Test::Network), json!("10.0.0.0/24"), json!("10.0.0.0/33")),
            (rule(Test::Amount), json!("500m"), json!("a lot")),
            (rule(Test::Whole), json!(3.0), json!(3.5)),
            (Bound::Each(Box::new(port())), json!([1, null, 2]), json!([1, 0])),
            (Bound::Each(Box::new(port())), json!({ "a": 1 }), json!(1)),
            (Bound::BySite(Box::new(port())), json!({ "a": 1, "b": 2 }), json!({ "a": 1, "b": 0 })),
            (Bound::BySite(Box::new(port())), json!(1), json!(0)),
            (Bound::All(vec![port(), rule(Test::Whole)]), json!(5), json!(5.5)),
            (Bound::Any { of: vec![port(), words()], expected: "x".into() }, json!("up"), json!("on")),
        ] {
            assert_eq!(bound.misfit(&fits), None, "{bound:?} {fits}");
            assert!(bound.misfit(&does_not).is_some(), "{bound:?} {does_not}");
            assert_eq!(bound.misfit(&json!(null)), None, "{bound:?}");
        }
    }

    #[test]
    fn what_holds_itself_is_looked_into_as_deep_as_it_is() {
        let of_node = |next: Bound| Bound::Fields(vec![("port".into(), port()), ("next".into(), next)]);
        let recursive = |id, of| Bound::Recursive { id, of: Box::new(of) };
        let node = recursive(0, of_node(Bound::Each(Box::new(Bound::Again(0)))));
        let fits = json!({ "port": 1, "next": [{ "port": 2, "next": [] }, { "next": null }] });
        assert_eq!(node.misfit(&fits), None);
        let wrong = json!({ "port": 1, "next": [{ "port": 2, "next": [{ "port": 3 }, { "port": 0 }] }] });
        assert_eq!(node.misfit(&wrong).expect("0 is no port").place, ".next[0].next[1].port");
        // One within another: the inner one goes on to the outer one.
        let inner = Bound::Fields(vec![("own".into(), Bound::Again(2)), ("whole".into(), Bound::Again(1))]);
        let both = recursive(1, of_node(recursive(2, inner)));
        let wrong =
            json!({ "next": { "own": { "own": { "whole": { "next": { "whole": { "port": 0 } } } } } } });
        let place = both.misfit(&wrong).expect("0 is no port").place;
        assert_eq!(place, ".next.own.own.whole.next.whole.port");
    }

    #[test]
    fn the_place_of_what_does_not_fit_is_told() {
        let ports = Bound::Fields(vec![("ports".into(), Bound::Each(Box::new(port())))]);
        let other = Bound::Fields(vec![("kept".into(), rule(Test::Truth)), ("...".into(), port())]);
        let value = json!({ "kept": 0, "ports": [80, 0] });
        let misfit = ports.misfit(&value).expect("0 is no port");
        assert_eq!((misfit.place.as_str(), misfit.found), (".ports[1]", &json!(0)));
        assert_eq!(other.misfit(&value).expect("0 is no truth").place, ".kept");
        assert_eq!(other.misfit(&json!({ "kept": true, "a": 0 })).expect("0 is no port").place, ".a");
    }
}
