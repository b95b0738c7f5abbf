//! Taking a condition apart: what must be written where for it to hold.
//!
//! `status == "shelved" and pages > 0` → write `"shelved"` at `status` and 1 at `pages`.

use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator, UnaryOp};
use serde_json::{Value, json};

use super::place::{Segment, Solver};

impl Solver<'_> {
    /// Changes the resource so that the expression is `wanted`. `false`: it could not.
    pub(super) fn aim(&mut self, expr: &Expr, wanted: bool) -> bool {
        match expr {
            Expr::Value(value) => *value == Value::Bool(wanted),
            Expr::Unary(UnaryOp::Not, operand) => self.aim(operand, !wanted),
            Expr::Binary(op, left, right) => self.aim_binary(*op, left, right, wanted),
            Expr::If(condition, then, otherwise) => self.either(
                |solver| solver.aim(condition, true) && solver.aim(then, wanted),
                |solver| solver.aim(condition, false) && solver.aim(otherwise, wanted),
            ),
            Expr::Call(Builtin::Has, arguments) => match arguments.as_slice() {
                [record, Expr::Value(Value::String(key))] if wanted => {
                    self.set(&Expr::Field(Box::new(record.clone()), key.clone()), json!(true))
                }
                _ => false,
            },
            other => self.value(other) == Some(Value::Bool(wanted)) || self.set(other, Value::Bool(wanted)),
        }
    }

    fn aim_binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, wanted: bool) -> bool {
        match (op, wanted) {
            (BinaryOp::And, true) | (BinaryOp::Or, false) => {
                self.aim(left, wanted) && self.aim(right, wanted)
            }
            (BinaryOp::And, false) | (BinaryOp::Or, true) => {
                self.either(|solver| solver.aim(left, wanted), |solver| solver.aim(right, wanted))
            }
            (BinaryOp::Default, wanted) => self.aim(left, wanted),
            (BinaryOp::Equal, true) | (BinaryOp::NotEqual, false) => self.make_equal(left, right),
            (BinaryOp::Equal, false) | (BinaryOp::NotEqual, true) => self.make_different(left, right),
            (BinaryOp::Greater, true) | (BinaryOp::LessEqual, false) => self.make_greater(left, right, 1),
            (BinaryOp::GreaterEqual, true) | (BinaryOp::Less, false) => self.make_greater(left, right, 0),
            (BinaryOp::Less, true) | (BinaryOp::GreaterEqual, false) => self.make_greater(right, left, 1),
            (BinaryOp::LessEqual, true) | (BinaryOp::Greater, false) => self.make_greater(right, left, 0),
            (BinaryOp::In, wanted) => self.make_member(left, right, wanted),
            (BinaryOp::Matching, true) => self.make_matching(left, right),
            _ => false,
        }
    }

    fn make_equal(&mut self, left: &Expr, right: &Expr) -> bool {
        let (left_value, right_value) = (self.value(left), self.value(right));
        if left_value.is_some() && left_value == right_value {
            return true;
        }
        self.either(
            |solver| right_value.clone().is_some_and(|value| solver.set(left, value)),
            |solver| left_value.clone().is_some_and(|value| solver.set(right, value)),
        )
    }

    fn make_different(&mut self, left: &Expr, right: &Expr) -> bool {
        let (left_value, right_value) = (self.value(left), self.value(right));
        if left_value.is_some() && right_value.is_some() && left_value != right_value {
            return true;
        }
        self.either(
            |solver| solver.set_to_other(left, &right_value.clone().into_iter().collect::<Vec<_>>()),
            |solver| solver.set_to_other(right, &left_value.clone().into_iter().collect::<Vec<_>>()),
        )
    }

    /// `left >= right + by`
    fn make_greater(&mut self, left: &Expr, right: &Expr, by: i64) -> bool {
        let (left_value, right_value) = (self.value(left), self.value(right));
        let number = |value: &Option<Value>| match value {
            Some(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        let (left_number, right_number) = (number(&left_value), number(&right_value));
        if let (Some(left), Some(right)) = (left_number, right_number)
            && left >= right + by as f64
        {
            return true;
        }
        self.either(
            |solver| right_number.is_some_and(|right| solver.set(left, whole(right + by as f64))),
            |solver| left_number.is_some_and(|left| solver.set(right, whole(left - by as f64))),
        )
    }

    fn make_member(&mut self, element: &Expr, whole: &Expr, wanted: bool) -> bool {
        let options: Vec<Value> = match self.value(whole) {
            Some(Value::Array(items)) => items,
            Some(Value::Object(fields)) => fields.keys().map(|key| json!(key)).collect(),
            Some(text @ Value::String(_)) => vec![text],
            _ => Vec::new(),
        };
        if !wanted {
            return self.set_to_other(element, &options);
        }
        if let Some(value) = self.value(element)
            && options.contains(&value)
        {
            return true;
        }
        if options.iter().any(|option| self.either(|solver| solver.set(element, option.clone()), |_| false)) {
            return true;
        }
        let (Some(value), Some(place)) = (self.value(element), self.place(whole)) else { return false };
        match self.at(&place) {
            None | Some(Value::Null | Value::Array(_)) => {
                let position = self.length_at(&place);
                self.write(&[place, vec![Segment::Index(position)]].concat(), value)
            }
            Some(Value::Object(_)) => value.as_str().is_some_and(|key| {
                self.write(&[place, vec![Segment::Field(key.into())]].concat(), json!(true))
            }),
            _ => self.write(&place, value),
        }
    }

    fn make_matching(&mut self, text: &Expr, pattern: &Expr) -> bool {
        let matching = Expr::Binary(BinaryOp::Matching, Box::new(text.clone()), Box::new(pattern.clone()));
        if self.value(&matching) == Some(Value::Bool(true)) {
            return true;
        }
        let Some(Value::String(pattern)) = self.value(pattern) else { return false };
        let literals =
            pattern.split('|').map(|part| part.trim_matches(|char| "^$()".contains(char)).replace('\\', ""));
        let words = self.place(text).map(|place| self.words_at(&place)).unwrap_or_default();
        words.into_iter().chain(literals.map(Value::String)).any(|candidate| {
            let saved = self.attributes.clone();
            let is_done = self.set(text, candidate) && self.value(&matching) == Some(Value::Bool(true));
            if !is_done {
                self.attributes = saved;
            }
            is_done
        })
    }

    /// Makes the expression give the value.
    pub(super) fn set(&mut self, expr: &Expr, value: Value) -> bool {
        if let Some(place) = self.place(expr) {
            return self.write(&place, value);
        }
        if self.value(expr).as_ref() == Some(&value) {
            return true;
        }
        match expr {
            Expr::Binary(BinaryOp::Default, left, _) => self.set(left, value),
            Expr::Binary(..) | Expr::Unary(UnaryOp::Not, _) => {
                value.as_bool().is_some_and(|wanted| self.aim(expr, wanted))
            }
            // A record may be wanted with more than is read of it: a reference, of which only the id is.
            Expr::Record(fields) => value.as_object().is_some_and(|wanted| {
                fields.iter().all(|(name, field)| {
                    wanted.get(name).is_some_and(|wanted| self.set(field, wanted.clone()))
                })
            }),
            Expr::ListFor(generator, element) => {
                value.as_array().is_some_and(|wanted| self.set_list(generator, element, wanted))
            }
            Expr::Call(Builtin::Without, arguments) => match (arguments.as_slice(), &value) {
                ([record, left_out], Value::Object(wanted)) => {
                    let left_out = self.value(left_out).unwrap_or(Value::Null);
                    let is_left_out = |key: &String| {
                        left_out.as_array().is_some_and(|keys| keys.contains(&Value::from(key.clone())))
                    };
                    wanted.iter().filter(|(key, _)| !is_left_out(key)).all(|(key, wanted)| {
                        self.set(&Expr::Field(Box::new(record.clone()), key.clone()), wanted.clone())
                    })
                }
                _ => false,
            },
            Expr::If(condition, then, otherwise) => self.either(
                |solver| solver.aim(condition, true) && solver.set(then, value.clone()),
                |solver| solver.aim(condition, false) && solver.set(otherwise, value.clone()),
            ),
            Expr::Call(Builtin::First, arguments) => match arguments.as_slice() {
                [list] => self.with_element(list, &mut |solver, element| solver.set(element, value.clone())),
                _ => false,
            },
            Expr::Field(base, field) => match &**base {
                Expr::Call(Builtin::First, arguments) if arguments.len() == 1 => {
                    self.with_element(&arguments[0], &mut |solver, element| {
                        solver.set(&Expr::Field(Box::new(element.clone()), field.clone()), value.clone())
                    })
                }
                _ => false,
            },
            Expr::Call(Builtin::Length, arguments) => match (arguments.as_slice(), value.as_u64()) {
                ([list], Some(wanted)) if wanted <= 64 => {
                    let length =
                        |solver: &Self| solver.value(expr).and_then(|value| value.as_u64()).unwrap_or(0);
                    while length(self) < wanted {
                        let before = length(self);
                        if !self.with_element(list, &mut |_, _| true) || length(self) <= before {
                            return false;
                        }
                    }
                    length(self) == wanted
                }
                _ => false,
            },
            Expr::Call(
                Builtin::Lower | Builtin::Upper | Builtin::Trim | Builtin::Text | Builtin::Int,
                arguments,
            ) => {
                let [operand] = arguments.as_slice() else { return false };
                let words = self.place(operand).map(|place| self.words_at(&place)).unwrap_or_default();
                let candidates = words.into_iter().chain([value.clone()]);
                candidates.into_iter().any(|candidate| {
                    let saved = self.attributes.clone();
                    let is_done = self.set(operand, candidate) && self.value(expr).as_ref() == Some(&value);
                    if !is_done {
                        self.attributes = saved;
                    }
                    is_done
                })
            }
            _ => false,
        }
    }

    /// Makes a comprehension give exactly these, one element of its source for each.
    fn set_list(&mut self, generator: &Generator, element: &Expr, wanted: &[Value]) -> bool {
        let Some(source) = self.place(&generator.source) else { return false };
        if !self.write(&source, json!([])) {
            return false;
        }
        let name = generator.second.as_ref().unwrap_or(&generator.name);
        wanted.iter().enumerate().all(|(position, wanted)| {
            self.places.push((name.clone(), [source.clone(), vec![Segment::Index(position)]].concat()));
            let is_done = self.set(element, wanted.clone());
            self.places.pop();
            is_done
        })
    }

    /// Adds an element to a list (of a comprehension: one that its condition lets through), and hands over the
    /// expression that stands for it.
    fn with_element(&mut self, list: &Expr, then: &mut dyn FnMut(&mut Self, &Expr) -> bool) -> bool {
        let (source, generator): (&Expr, Option<(&Generator, &Expr)>) = match list {
            Expr::ListFor(generator, value) => (&generator.source, Some((generator, value))),
            other => (other, None),
        };
        let Some(mut place) = self.place(source) else { return false };
        let saved = self.attributes.clone();
        let position = self.length_at(&place);
        place.push(Segment::Index(position));
        if !self.write(&place, json!({})) {
            return false;
        }
        let is_done = match generator {
            None => {
                // A name that no program can write stands for the element.
                self.places.push(("[]".into(), place));
                let is_done = then(self, &Expr::Name("[]".into()));
                self.places.pop();
                is_done
            }
            Some((generator, value)) => {
                let name = generator.second.as_ref().unwrap_or(&generator.name);
                self.places.push((name.clone(), place));
                let is_let_through =
                    generator.condition.as_ref().is_none_or(|condition| self.aim(condition, true));
                let is_done = is_let_through && then(self, value);
                self.places.pop();
                is_done
            }
        };
        if !is_done {
            self.attributes = saved;
        }
        is_done
    }

    /// Gives the expression a value that is none of these.
    fn set_to_other(&mut self, expr: &Expr, taken: &[Value]) -> bool {
        if let Some(value) = self.value(expr)
            && !taken.contains(&value)
        {
            return true;
        }
        let words = self.place(expr).map(|place| self.words_at(&place)).unwrap_or_default();
        let number = taken.iter().filter_map(Value::as_i64).max().map(|greatest| json!(greatest + 1));
        let text = taken.iter().any(|value| value.is_null() || value.is_string()).then(|| json!("simulated"));
        let truth = taken.iter().find_map(Value::as_bool).map(|truth| json!(!truth));
        let candidates: Vec<Value> = if words.is_empty() {
            [truth, number, text, Some(Value::Null)].into_iter().flatten().collect()
        } else {
            words
        };
        candidates
            .into_iter()
            .filter(|candidate| !taken.contains(candidate))
            .any(|candidate| self.either(|solver| solver.set(expr, candidate.clone()), |_| false))
    }

    /// The first way; if it fails, everything as before and the second way.
    fn either(
        &mut self,
        first: impl FnOnce(&mut Self) -> bool,
        second: impl FnOnce(&mut Self) -> bool,
    ) -> bool {
        let saved = self.attributes.clone();
        if first(self) {
            return true;
        }
        self.attributes.clone_from(&saved);
        if second(self) {
            return true;
        }
        self.attributes = saved;
        false
    }
}

/// `3.0` → `3`, `3.5` → `3.5`.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}
