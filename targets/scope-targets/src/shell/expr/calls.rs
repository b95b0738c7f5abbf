//! Calls of built-in functions, and comprehensions.
//!
//! `join(names, ", ")` → `joined(…)`; `[for x in xs if x.ok => x.id]` → `each_1(…)`, a function with a loop.

use scope_plan::expr::{Builtin, Expr, Generator};

use super::{Context, Expressions, constant_pattern, function, inside, refused};
use crate::TargetError;
use crate::shell::{pattern, quote};

impl Expressions {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        builtin: Builtin,
        arguments: &[Expr],
        context: &Context<'_>,
    ) -> Result<String, TargetError> {
        let (least, most) = builtin.arity();
        if arguments.len() < least || most.is_some_and(|most| arguments.len() > most) {
            return Err(refused(expr, "it has the wrong number of arguments"));
        }
        if let (Builtin::Base64, [Expr::File(file)]) = (builtin, arguments) {
            self.note_file(file);
            return Ok(format!("str(base64_file(given_file({})))", quote::awk(&file.path)));
        }
        if builtin == Builtin::Capture {
            let cut = pattern::capture(constant_pattern(expr, &arguments[1])?)
                .map_err(|why| refused(expr, &why))?;
            return Ok(format!(
                "{}({}, {}, {}, {})",
                if cut.is_lazy { "capture_shortest" } else { "capture" },
                self.handle(&arguments[0], context)?,
                quote::awk(&cut.before),
                quote::awk(&cut.group),
                quote::awk(&cut.after)
            ));
        }
        if builtin == Builtin::ConcatLists {
            let mut text = "list()".to_owned();
            for argument in arguments {
                text = format!("appended({text}, {})", self.handle(argument, context)?);
            }
            return Ok(text);
        }
        let mut handles = Vec::new();
        for argument in arguments {
            handles.push(self.handle(argument, context)?);
        }
        let all = handles.join(", ");
        Ok(match builtin {
            Builtin::Json => format!("from_json({all})"),
            Builtin::ToJson => format!("str(json({all}))"),
            Builtin::First => format!("first({all})"),
            Builtin::Length => format!("length_of({all})"),
            Builtin::Lower => format!("str(tolower(text_of({all})))"),
            Builtin::Upper => format!("str(toupper(text_of({all})))"),
            Builtin::Trim => format!("trimmed({all})"),
            Builtin::Join => format!("join({all})"),
            Builtin::Split => format!("split_text({all})"),
            Builtin::Keys => format!("keys({all})"),
            Builtin::Values => format!("values({all})"),
            Builtin::Has => format!("has({all})"),
            Builtin::Text => format!("str(text_of({all}))"),
            Builtin::Int => format!("to_int({all})"),
            Builtin::Base64 => format!("str(base64(text_of({all})))"),
            Builtin::Url => format!("str(url(text_of({all})))"),
            Builtin::Merge => format!("merged({all})"),
            Builtin::Without => format!("without({all})"),
            Builtin::Distinct => format!("distinct({all})"),
            Builtin::Sort => format!("sorted({all})"),
            Builtin::Range => format!("range_to({all})"),
            Builtin::Sum => format!("summed({all})"),
            Builtin::Min => format!("least({all})"),
            Builtin::Max => format!("greatest({all})"),
            Builtin::Div => format!("whole_quotient({all})"),
            Builtin::Mod => format!("modulo({all})"),
            Builtin::Size | Builtin::Rate => format!("amount({all})"),
            Builtin::Duration => format!("duration({all})"),
            Builtin::Round => format!("rounded({all})"),
            Builtin::DurationText => format!("duration_text({all})"),
            Builtin::SizeText => format!("size_text({all})"),
            Builtin::RateText => format!("rate_text({all})"),
            Builtin::Replace => format!("replaced({all})"),
            Builtin::Capture | Builtin::ConcatLists => unreachable!("both were handled above"),
        })
    }

    pub(super) fn list_for(
        &mut self,
        generator: &Generator,
        value: &Expr,
        context: &Context<'_>,
    ) -> Result<String, TargetError> {
        self.comprehension(generator, context, "list()", &mut |expressions, inner| {
            Ok(format!("add(out, {})", expressions.handle(value, inner)?))
        })
    }

    pub(super) fn map_for(
        &mut self,
        generator: &Generator,
        key: &Expr,
        value: &Expr,
        context: &Context<'_>,
    ) -> Result<String, TargetError> {
        self.comprehension(generator, context, "record()", &mut |expressions, inner| {
            let key = expressions.text(key, inner)?;
            Ok(format!("put(out, {key}, {})", expressions.handle(value, inner)?))
        })
    }

    pub(super) fn comprehension(
        &mut self,
        generator: &Generator,
        context: &Context<'_>,
        empty: &str,
        body: &mut dyn FnMut(&mut Self, &Context<'_>) -> Result<String, TargetError>,
    ) -> Result<String, TargetError> {
        let source = self.handle(&generator.source, context)?;
        let n = self.next();
        let (key, item) = (format!("key{n}"), format!("item{n}"));
        let mut inner = inside(context);
        match &generator.second {
            Some(second) => {
                inner.bound.push((&generator.name, key.clone()));
                inner.bound.push((second, item.clone()));
            }
            None => inner.bound.push((&generator.name, item.clone())),
        }
        let add = body(self, &inner)?;
        let guarded = match &generator.condition {
            Some(condition) => format!("if ({}) {add}", self.condition(condition, &inner)?),
            None => add,
        };
        // Over a record a single name is the key.
        let single = if generator.second.is_none() {
            format!("; if (T[all] == \"o\") {item} = {key}")
        } else {
            String::new()
        };
        let lines = [
            "if (T[all] != \"a\" && T[all] != \"o\") not_a(\"a list or a record\", all)".to_owned(),
            format!("out = {empty}"),
            "for (i = 1; i <= N[all]; i++) {".to_owned(),
            format!("    {item} = C[all, i]; {key} = T[all] == \"o\" ? str(K[all, i]) : num(i - 1){single}"),
            format!("    {guarded}"),
            "}".to_owned(),
            "return out".to_owned(),
        ];
        let bound: Vec<String> = context.bound.iter().map(|(_, variable)| variable.clone()).collect();
        let mut given = vec![source];
        given.extend(bound.iter().cloned());
        let mut parameters = vec!["all".to_owned()];
        parameters.extend(bound);
        self.functions.push(function(
            &format!("each_{n}"),
            &parameters,
            &format!("i, out, {key}, {item}"),
            &lines,
        ));
        Ok(format!("each_{n}({})", given.join(", ")))
    }
}
