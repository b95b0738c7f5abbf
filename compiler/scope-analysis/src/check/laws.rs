//! Laws that operators state (R12), tried on sets of the program's own sites; a counter-example is shown.
//!
//! `operator both(a: loc, b: loc) laws(commutative): loc = a | b` → `both(nantes, paris)` is `nantes | paris`, and
//! `both(paris, nantes)` is `paris | nantes`: not commutative. Where an operator refuses its arguments, no law is asked.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, codes, similar};
use scope_syntax::ast::{Function, Ident, ItemKind};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Location, LocationKind, SiteId, Slot, Type, Value};
use crate::modules::ModuleId;

/// The laws, and what each says.
const LAWS: [(&str, &str); 5] = [
    ("commutative", "f(a, b) is f(b, a)"),
    ("associative", "f(f(a, b), c) is f(a, f(b, c))"),
    ("idempotent", "f(a, a) is a, or of one set, f(f(a)) is f(a)"),
    ("within", "every site of the result is one of the arguments'"),
    ("keeps", "the result has exactly the sites of the last argument"),
];

/// So many of the program's sites are tried, and so many calls for each law.
const MOST_SITES: usize = 4;
const MOST_CALLS: usize = 1500;

/// An operator whose laws are looked at.
struct Operator<'a> {
    function: &'a Function,
    module: ModuleId,
    params: Vec<Type>,
}

impl Context<'_> {
    /// Tries every stated law of every loaded module.
    pub fn check_laws(&self) {
        for (index, module) in self.modules.modules.iter().enumerate() {
            for item in &module.tree.items {
                let ItemKind::Function(function) = &item.kind else { continue };
                if function.laws.is_empty() {
                    continue;
                }
                let module = ModuleId(index as u32);
                let typed = |param: &scope_syntax::ast::Param| {
                    param.ty.as_ref().map_or(Type::Any, |ty| self.declared_type(ty, module))
                };
                let params = function.params.iter().map(typed).collect();
                let operator = Operator { function, module, params };
                for law in &function.laws {
                    self.check_law(&operator, law);
                }
            }
        }
    }

    fn check_law(&self, operator: &Operator<'_>, law: &Ident) {
        let Some((_, meaning)) = LAWS.iter().find(|(name, _)| *name == law.text) else {
            let names = LAWS.iter().map(|(name, _)| *name);
            let report = Diagnostic::new(codes::E0314, law.span, format!("no law is called `{}`", law.text))
                .label("not a law");
            self.report(match similar::nearest(&law.text, names.clone()) {
                Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
                None => report.help(format!("the laws are {}", names.collect::<Vec<_>>().join(", "))),
            });
            return;
        };
        let is_place = |ty: &&Type| matches!(ty, Type::Site | Type::Location | Type::SiteSet | Type::Any);
        let places = operator.params.iter().filter(is_place).count();
        let of_two = matches!(law.text.as_str(), "commutative" | "associative");
        if of_two && (operator.params.len() != 2 || operator.params[0] != operator.params[1]) || places == 0 {
            self.report(
                Diagnostic::new(
                    codes::E0314,
                    law.span,
                    format!("`{}` cannot be {}", operator.function.name.text, law.text),
                )
                .label(*meaning)
                .secondary(operator.function.name.span, "its parameters do not fit the law")
                .help(if of_two {
                    "a law of two operands needs two parameters of one type"
                } else {
                    "a law is about sites: `from: set<site>`"
                }),
            );
            return;
        }
        for arguments in self.samples(operator) {
            let Some((left, right)) = self.sides(operator, &law.text, &arguments) else { continue };
            if left.1 != right.1 {
                self.report(
                    Diagnostic::new(
                        codes::E0314,
                        law.span,
                        format!("`{}` is not {}", operator.function.name.text, law.text),
                    )
                    .label(*meaning)
                    .secondary(operator.function.body.span, "what it does")
                    .note(format!("{} is {}", left.0, left.1))
                    .note(format!("{} is {}", right.0, right.1))
                    .help("leave the law out, or change the operator"),
                );
                return;
            }
        }
    }

    /// Both sides of a law for some arguments, each as it would be written and what it is; `None` where the operator
    /// refuses.
    fn sides(
        &self,
        operator: &Operator<'_>,
        law: &str,
        arguments: &[Value],
    ) -> Option<((String, String), (String, String))> {
        let name = &operator.function.name.text;
        let call = |arguments: &[Value]| {
            self.quietly(|| self.apply(operator, arguments)).filter(|value| *value != Value::Error)
        };
        let show = |value: &Value| self.shown(value);
        let written = |arguments: &[Value]| {
            let arguments: Vec<String> = arguments.iter().map(show).collect();
            format!("{name}({})", arguments.join(", "))
        };
        match (law, arguments) {
            ("commutative", [a, b]) => {
                let swapped = [b.clone(), a.clone()];
                let (left, right) = (call(arguments)?, call(&swapped)?);
                Some(((written(arguments), show(&left)), (written(&swapped), show(&right))))
            }
            ("associative", [a, b]) => {
                // The third operand is the first: three different sites are among the pairs of sets.
                for c in self.samples(operator).into_iter().take(15).map(|mut pair| pair.remove(1)) {
                    let left = call(&[call(arguments)?, c.clone()])?;
                    let inner = [b.clone(), c.clone()];
                    let right = call(&[a.clone(), call(&inner)?])?;
                    if show(&left) != show(&right) {
                        let first = format!("{name}({}, {})", written(arguments), show(&c));
                        let second = format!("{name}({}, {})", show(a), written(&inner));
                        return Some(((first, show(&left)), (second, show(&right))));
                    }
                }
                None
            }
            ("idempotent", [a, b]) if operator.params[0] == operator.params[1] => {
                if a != b {
                    return None;
                }
                let once = call(arguments)?;
                Some(((written(arguments), show(&once)), (show(a), show(a))))
            }
            ("idempotent", _) => {
                let place =
                    operator.params.iter().rposition(|ty| matches!(ty, Type::Location | Type::SiteSet))?;
                let once = call(arguments)?;
                let mut again = arguments.to_vec();
                again[place] = once.clone();
                let twice = call(&again)?;
                Some(((written(arguments), show(&once)), (written(&again), show(&twice))))
            }
            ("within", _) => {
                let result = call(arguments)?;
                let allowed: Vec<SiteId> =
                    arguments.iter().filter_map(|value| self.sites_of(value)).flatten().collect();
                let outside = self.sites_of(&result)?.into_iter().find(|site| !allowed.contains(site))?;
                Some((
                    (written(arguments), show(&result)),
                    ("the argument".into(), format!("without {}", self.site_name(outside))),
                ))
            }
            ("keeps", [.., last]) => {
                let result = call(arguments)?;
                let (mut found, mut given) = (self.sites_of(&result)?, self.sites_of(last)?);
                found.sort_unstable();
                given.sort_unstable();
                (found != given)
                    .then(|| ((written(arguments), show(&result)), ("the last argument".into(), show(last))))
            }
            _ => None,
        }
    }

    fn apply(&self, operator: &Operator<'_>, arguments: &[Value]) -> Value {
        let mut frame = Frame::new(operator.module);
        for (param, value) in operator.function.params.iter().zip(arguments) {
            frame.locals.push((param.name.text.clone(), value.clone()));
        }
        self.eval(&operator.function.body, &frame)
    }

    /// Arguments to try: small numbers, the labels of the sites, and every set of a few sites.
    fn samples(&self, operator: &Operator<'_>) -> Vec<Vec<Value>> {
        let mut all: Vec<Vec<Value>> = vec![Vec::new()];
        for (ty, param) in operator.params.iter().zip(&operator.function.params) {
            let values = match &param.default {
                Some(default) => vec![self.eval(default, &Frame::new(operator.module))],
                None => self.sample(ty, param.name.span),
            };
            let longer = all.iter().flat_map(|before| {
                values.iter().map(|value| before.iter().chain([value]).cloned().collect::<Vec<Value>>())
            });
            all = longer.take(MOST_CALLS).collect();
        }
        all
    }

    fn sample(&self, ty: &Type, span: scope_diagnostics::Span) -> Vec<Value> {
        let count = self.sites.borrow().len().min(MOST_SITES);
        let sites = || (0..count).map(|index| SiteId(index as u32));
        let sets = || {
            (1..1_u32 << count)
                .map(move |set| sites().filter(|site| set >> site.0 & 1 == 1).collect::<Vec<SiteId>>())
        };
        let at = |site: SiteId| Location { kind: LocationKind::Site(site), span };
        match ty {
            Type::Int => (0..4).map(Value::Int).collect(),
            Type::Duration => [0, 5_000_000, 50_000_000].map(Value::Duration).to_vec(),
            Type::String => {
                let sites = self.sites.borrow();
                let labels = sites.iter().flat_map(|site| site.labels.keys().cloned());
                let labels: BTreeSet<String> = labels.collect();
                labels.into_iter().take(3).map(Value::Text).collect()
            }
            Type::Site | Type::Any => sites().map(Value::Site).collect(),
            Type::SiteSet => sets()
                .map(|set| {
                    Value::List(
                        set.into_iter()
                            .map(|site| Slot { value: Value::Site(site), key: span, span })
                            .collect(),
                    )
                })
                .collect(),
            Type::Location => sets()
                .flat_map(|set| match set.as_slice() {
                    [only] => vec![Value::Site(*only)],
                    more => {
                        let parts: Vec<Location> = more.iter().map(|site| at(*site)).collect();
                        [LocationKind::And(parts.clone()), LocationKind::Or(parts)]
                            .map(|kind| Value::Location(Location { kind, span }))
                            .to_vec()
                    }
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What a value is, the same for what means the same: `&` in no order, nothing twice.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::Location(location) => self.meaning(location),
            Value::Site(site) => self.site_name(*site),
            Value::List(slots) => {
                let parts: Vec<String> = slots.iter().map(|slot| self.shown(&slot.value)).collect();
                format!("[{}]", parts.join(", "))
            }
            Value::Text(text) => format!("\"{text}\""),
            Value::Int(number) => number.to_string(),
            Value::Duration(nanoseconds) => crate::eval::number::duration_text(*nanoseconds),
            other => crate::eval::describe(other),
        }
    }

    fn meaning(&self, location: &Location) -> String {
        self.normal_text(&normal(location))
    }

    fn normal_text(&self, normal: &Normal) -> String {
        let join = |parts: &mut dyn Iterator<Item = &Normal>, symbol: &str| {
            let parts: Vec<String> = parts
                .map(|part| match part {
                    Normal::Site(_) => self.normal_text(part),
                    _ => format!("({})", self.normal_text(part)),
                })
                .collect();
            parts.join(symbol)
        };
        match normal {
            Normal::Site(site) => self.site_name(*site),
            Normal::Each(parts) => join(&mut parts.iter(), " & "),
            Normal::First(parts) => join(&mut parts.iter(), " | "),
            Normal::Cross(parts) => join(&mut parts.iter(), " % "),
            Normal::Unknown => "?".into(),
        }
    }
}

/// What a location means, the same for all that mean the same: `&` in no order, what is there already left out, an
/// operator inside itself one with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Normal {
    Site(SiteId),
    Each(BTreeSet<Normal>),
    First(Vec<Normal>),
    Cross(Vec<Normal>),
    Unknown,
}

fn normal(location: &Location) -> Normal {
    let ordered = |parts: Vec<Normal>| {
        let mut once: Vec<Normal> = Vec::with_capacity(parts.len());
        for part in parts {
            if !once.contains(&part) {
                once.push(part);
            }
        }
        once
    };
    match &location.kind {
        LocationKind::Site(site) => Normal::Site(*site),
        LocationKind::And(parts) => {
            let parts = parts.iter().map(normal).flat_map(|part| match part {
                Normal::Each(inner) => inner.into_iter().collect(),
                other => vec![other],
            });
            let mut parts: BTreeSet<Normal> = parts.collect();
            if parts.len() == 1 { parts.pop_first().expect("there is one") } else { Normal::Each(parts) }
        }
        LocationKind::Or(parts) => {
            let parts = parts.iter().map(normal).flat_map(|part| match part {
                Normal::First(inner) => inner,
                other => vec![other],
            });
            let mut parts = ordered(parts.collect());
            if parts.len() == 1 { parts.remove(0) } else { Normal::First(parts) }
        }
        LocationKind::Cross { parts, .. } => Normal::Cross(parts.iter().map(normal).collect()),
        LocationKind::Around { sites, .. } => {
            Normal::First(sites.iter().map(|site| Normal::Site(*site)).collect())
        }
        LocationKind::Here | LocationKind::Error => Normal::Unknown,
    }
}
