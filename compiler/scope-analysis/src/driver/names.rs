//! Whether every name in a driver's expression means something where it stands.
//!
//! Comes in: an expression and the names of its place (attributes, inputs, `site`, `body`, …) with what is known of
//! them. Goes out: E0402 for what is not there, with the nearest name. `site.urll` → "the driver has no setting
//! `urll`", `image.idd` → "`openstack.image` has no attribute `idd`".

use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, BinaryOp, ChainOp, Element, ExprKind, RecordEntry, TextPart, UnaryOp};

use super::compared;
use super::expansion::Expansions;
use super::functions::Signature;
use crate::check::{fits, in_words, no_such_word};
use crate::comparison;
use crate::functions;
use crate::hir::{ResourceType, Type};

/// The names that may be used at one place.
#[derive(Clone)]
pub(super) struct Names<'a> {
    /// Shared by all places of a type, since there are many and most differ by a few names.
    words: Rc<IndexMap<String, Type>>,
    /// Those of this place alone; the last of a name hides the others.
    own: Vec<(String, Type)>,
    types: &'a IndexMap<String, ResourceType>,
    functions: &'a IndexMap<String, ast::Function>,
    signatures: &'a IndexMap<String, Signature>,
    expansions: &'a Expansions,
    allows_file: bool,
}

impl<'a> Names<'a> {
    /// No names but the functions.
    pub(super) fn new(
        types: &'a IndexMap<String, ResourceType>,
        functions: &'a IndexMap<String, ast::Function>,
        signatures: &'a IndexMap<String, Signature>,
        expansions: &'a Expansions,
    ) -> Names<'a> {
        let (words, own) = (Rc::default(), Vec::new());
        Names { words, own, types, functions, signatures, expansions, allows_file: false }
    }

    /// Adds a name for all that is made from these; one that is there already is replaced.
    pub(super) fn add(&mut self, name: &str, ty: Type) {
        Rc::make_mut(&mut self.words).insert(name.to_owned(), ty);
    }

    /// Adds a name here; one that is there already is hidden.
    pub(super) fn hide(&mut self, name: &str, ty: Type) {
        self.own.push((name.to_owned(), ty));
    }

    fn get(&self, name: &str) -> Option<&Type> {
        let own = self.own.iter().rev().find(|(own, _)| own == name).map(|(_, ty)| ty);
        own.or_else(|| self.words.get(name))
    }

    /// Also these names.
    pub(super) fn with(&self, more: impl IntoIterator<Item = (&'static str, Type)>) -> Names<'a> {
        let mut names = self.clone();
        for (name, ty) in more {
            names.hide(name, ty);
        }
        names
    }

    /// Nothing but the functions.
    pub(super) fn without_words(&self) -> Names<'a> {
        Names { words: Rc::default(), own: Vec::new(), ..self.clone() }
    }

    /// In a command's words, where `file(content)` is the path of a temporary file.
    pub(super) fn with_files(&self) -> Names<'a> {
        Names { allows_file: true, ..self.clone() }
    }

    /// Reports every name in `expr` that means nothing here.
    pub(super) fn check(&self, expr: &ast::Expr, diagnostics: &mut Vec<Diagnostic>) {
        self.check_with(expr, diagnostics, |_, _| {});
    }

    /// The same, and that it is of a type; `what` is what it is given for.
    pub(super) fn check_as(
        &self,
        expr: &ast::Expr,
        ty: &Type,
        what: &ast::Ident,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        self.check_with(expr, diagnostics, |checker, found| checker.is_of(expr, found, ty, what));
    }

    fn check_with(
        &self,
        expr: &ast::Expr,
        diagnostics: &mut Vec<Diagnostic>,
        then: impl FnOnce(&mut Checker<'_, '_>, &Type),
    ) {
        let n_reports = diagnostics.len();
        let mut checker = Checker { names: self, locals: Vec::new(), diagnostics: &mut *diagnostics };
        let found = checker.visit(expr);
        then(&mut checker, &found);
        if diagnostics.len() == n_reports {
            self.expansions.check(expr, self.functions, diagnostics);
        }
    }
}

struct Checker<'n, 'a> {
    names: &'n Names<'a>,
    /// Names of the comprehensions around, innermost last.
    locals: Vec<(String, Type)>,
    diagnostics: &'n mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    /// Checks an expression; its type as far as fields can be followed, [`Type::Any`] where they cannot.
    fn visit(&mut self, expr: &ast::Expr) -> Type {
        match &*expr.kind {
            ExprKind::Error => Type::Error,
            ExprKind::Null => Type::Optional(Box::new(Type::Error)),
            ExprKind::Bool(_) => Type::Bool,
            ExprKind::Number(number) => comparison::type_of_number(number),
            ExprKind::Text(text) => {
                self.text(text);
                Type::String
            }
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Field { base, name, .. } => {
                let is_site = matches!(&*base.kind, ExprKind::Name(word) if word == "site");
                let base = self.visit(base);
                self.field(&base, name, is_site)
            }
            ExprKind::Index { base, index } => {
                let base = self.visit(base);
                self.visit(index);
                match base.required() {
                    Type::List(inner) | Type::Map(inner) => (**inner).clone(),
                    _ => Type::Any,
                }
            }
            ExprKind::Record(entries) => {
                for entry in entries {
                    match entry {
                        RecordEntry::Field { key, value } => {
                            self.text(key);
                            self.visit(value);
                        }
                        RecordEntry::Spread(base) => {
                            self.visit(base);
                        }
                        RecordEntry::Error { .. } => {}
                    }
                }
                Type::Any
            }
            ExprKind::List(elements) => {
                let mut types: Vec<Type> = Vec::new();
                for element in elements {
                    let (Element::Value(value) | Element::Spread(value)) = element;
                    let ty = match (element, self.visit(value)) {
                        (Element::Value(_), ty) => ty,
                        (Element::Spread(_), _) => Type::Any,
                    };
                    if !types.contains(&ty) {
                        types.push(ty);
                    }
                }
                Type::List(Box::new(if types.is_empty() { Type::Error } else { Type::OneOf(types) }))
            }
            ExprKind::ListFor { generator, value } => {
                let depth = self.generator(generator);
                self.visit(value);
                self.locals.truncate(depth);
                Type::Any
            }
            ExprKind::MapFor { generator, key, value } => {
                let depth = self.generator(generator);
                self.visit(key);
                self.visit(value);
                self.locals.truncate(depth);
                Type::Any
            }
            ExprKind::Call { callee, args } => {
                let given: Vec<Type> = args.iter().map(|argument| self.visit(&argument.value)).collect();
                self.call(callee, args, &given, expr.span)
            }
            ExprKind::Unary { op, operand } => {
                self.visit(operand);
                match op {
                    UnaryOp::Not => Type::Bool,
                    UnaryOp::Negate => Type::Any,
                }
            }
            ExprKind::Binary { op, left, right } => {
                let left_type = self.visit(left);
                let right_type = self.visit(right);
                match op {
                    BinaryOp::Matching => return Type::Bool,
                    op if op.is_comparison() && *op != BinaryOp::Within => {
                        let sides = ((left, &left_type), (right, &right_type));
                        self.diagnostics.extend(compared::check(*op, sides.0, sides.1));
                        return Type::Bool;
                    }
                    BinaryOp::Within | BinaryOp::Where | BinaryOp::Except | BinaryOp::Range => {
                        self.no_meaning(expr.span)
                    }
                    BinaryOp::Default => return left_type.required().clone(),
                    _ => {}
                }
                Type::Any
            }
            ExprKind::Chain { op, operands } => {
                for operand in operands {
                    self.visit(operand);
                }
                match op {
                    ChainOp::Cross | ChainOp::And | ChainOp::Or => self.no_meaning(expr.span),
                    ChainOp::LogicalAnd | ChainOp::LogicalOr => return Type::Bool,
                    _ => {}
                }
                Type::Any
            }
            ExprKind::If { branches, otherwise } => {
                for (condition, value) in branches {
                    self.visit(condition);
                    self.visit(value);
                }
                self.visit(otherwise);
                Type::Any
            }
            ExprKind::Scope(_) => {
                self.no_meaning(expr.span);
                Type::Error
            }
        }
    }

    fn text(&mut self, text: &ast::Text) {
        for part in &text.parts {
            if let TextPart::Interpolation(expr) = part {
                self.visit(expr);
            }
        }
    }

    /// Opens the names of a comprehension; the number of names that were open before.
    fn generator(&mut self, generator: &ast::Generator) -> usize {
        let source = self.visit(&generator.source);
        let depth = self.locals.len();
        let element = match source.required() {
            Type::List(inner) => (**inner).clone(),
            _ => Type::Any,
        };
        let (first, second) = match &generator.second {
            Some(_) => (Type::Any, element),
            None => (element, Type::Any),
        };
        self.locals.push((generator.name.text.clone(), first));
        if let Some(name) = &generator.second {
            self.locals.push((name.text.clone(), second));
        }
        if let Some(condition) = &generator.condition {
            self.visit(condition);
        }
        depth
    }

    fn name(&mut self, name: &str, span: Span) -> Type {
        if let Some((_, ty)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return ty.clone();
        }
        if let Some(ty) = self.names.get(name) {
            return ty.clone();
        }
        let known: Vec<&str> = self
            .locals
            .iter()
            .map(|(name, _)| name)
            .chain(self.names.own.iter().map(|(name, _)| name))
            .chain(self.names.words.keys())
            .map(String::as_str)
            .collect();
        let mut report =
            Diagnostic::new(codes::E0402, span, format!("nothing is called `{name}` here")).label("unknown");
        if let Some(near) = similar::nearest(name, known.iter().copied()) {
            report = report
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), vec![Edit::new(span, near)]);
        } else {
            report = report.note(match known.as_slice() {
                [] => "no name is known here, only functions".to_owned(),
                _ => format!("known here: {}", quoted(&known)),
            });
        }
        self.diagnostics.push(report);
        Type::Error
    }

    fn field(&mut self, base: &Type, name: &ast::Ident, is_site: bool) -> Type {
        let (known, owner): (Vec<&str>, String) = match base.required() {
            Type::Any | Type::Error => return Type::Any,
            Type::Map(inner) => return (**inner).clone(),
            Type::Secret(inner) => return self.field(&(**inner).clone(), name, is_site),
            Type::Record(fields) => {
                if let Some(field) = Type::field(fields, &name.text) {
                    return field.ty.clone();
                }
                let owner = if is_site { "the driver's `site`" } else { "the record" };
                (fields.iter().map(|field| field.name.as_str()).collect(), owner.to_owned())
            }
            Type::Reference(target) => {
                let Some(target_type) = self.names.types.get(target) else { return Type::Any };
                if let Some(attribute) = target_type.attributes.get(&name.text) {
                    return attribute.ty.clone();
                }
                (target_type.attributes.keys().map(String::as_str).collect(), format!("`{target}`"))
            }
            other => (Vec::new(), format!("`{other}`")),
        };
        let what = if is_site { "setting" } else { "field" };
        let mut report =
            Diagnostic::new(codes::E0402, name.span, format!("{owner} has no {what} `{}`", name.text))
                .label("not there");
        if let Some(near) = similar::nearest(&name.text, known.iter().copied()) {
            report = report
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), vec![Edit::new(name.span, near)]);
        } else if !known.is_empty() {
            report = report.note(format!("it has {}", quoted(&known)));
        }
        self.diagnostics.push(report);
        Type::Error
    }

    /// Checks a call; what it gives, as far as that is the same for whatever it is given.
    fn call(&mut self, callee: &ast::Expr, args: &[ast::Argument], given: &[Type], span: Span) -> Type {
        let ExprKind::Name(name) = &*callee.kind else {
            self.diagnostics.push(Diagnostic::new(
                codes::E0402,
                callee.span,
                "only functions, by their name, can be called",
            ));
            return Type::Error;
        };
        if name == "file" && self.names.allows_file {
            self.arity("file(content)", args.len(), 1, 1, span);
            return Type::String;
        }
        if let Some(function) = self.names.functions.get(name) {
            return self.own_function(function, args, given, span);
        }
        if let Some(function) = functions::of_drivers().find(|function| function.name == name) {
            let (fewest, most) = function.takes;
            self.arity(function.written, args.len(), fewest, most, span);
            return functions::gives(name).unwrap_or(Type::Any);
        }
        let known = functions::of_drivers()
            .map(|function| function.name)
            .chain(self.names.functions.keys().map(String::as_str));
        let report =
            Diagnostic::new(codes::E0402, callee.span, format!("no function is called `{name}` here"))
                .label("unknown function");
        self.diagnostics.push(match similar::nearest(name, known) {
            Some(near) => report
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), vec![Edit::new(callee.span, near)]),
            None => report,
        });
        Type::Error
    }

    fn own_function(
        &mut self,
        function: &ast::Function,
        args: &[ast::Argument],
        given: &[Type],
        span: Span,
    ) -> Type {
        let required = function.params.iter().filter(|param| param.default.is_none()).count();
        let params: Vec<&str> = function.params.iter().map(|param| param.name.text.as_str()).collect();
        let written = format!("{}({})", function.name.text, params.join(", "));
        for argument in args {
            if let Some(name) = &argument.name
                && !params.contains(&name.text.as_str())
            {
                self.diagnostics.push(
                    Diagnostic::new(codes::E0210, name.span, format!("`{written}` has no `{}`", name.text))
                        .secondary(function.name.span, "declared here"),
                );
            }
        }
        self.arity(&written, args.len(), required, params.len(), span);
        let Some(signature) = self.names.signatures.get(&function.name.text) else { return Type::Any };
        for (position, (argument, found)) in args.iter().zip(given).enumerate() {
            let position = match &argument.name {
                Some(name) => params.iter().position(|param| *param == name.text),
                None => Some(position),
            };
            let Some(position) = position else { continue };
            if let (Some(param), Some(ty)) = (function.params.get(position), signature.params.get(position)) {
                self.is_of(&argument.value, found, ty, &param.name);
            }
        }
        signature.result.clone()
    }

    /// Reports what is of another type than it is declared to be, as far as that is known before anything runs.
    fn is_of(&mut self, expr: &ast::Expr, found: &Type, ty: &Type, what: &ast::Ident) {
        let is_null = matches!(found, Type::Optional(inner) if **inner == Type::Error);
        let literal = match expr.kind.as_ref() {
            ExprKind::Text(text) => text.literal(),
            _ => None,
        };
        let fits = match (ty.required(), literal) {
            _ if is_null => ty.is_optional(),
            (Type::Enum(words), Some(word)) if !words.contains(&word) => {
                let report = no_such_word(words, &word, expr.span, &what.text);
                return self.diagnostics.push(report.secondary(what.span, "declared here"));
            }
            _ => fits(found, ty),
        };
        if fits {
            return;
        }
        let found = if is_null { "null".to_owned() } else { in_words(found) };
        self.diagnostics.push(
            Diagnostic::new(
                codes::E0201,
                expr.span,
                format!("expected `{}` to be {}, found {found}", what.text, in_words(ty)),
            )
            .label(format!("this is {found}"))
            .secondary(what.span, "declared here")
            .help(format!("its type is `{ty}`")),
        );
    }

    fn arity(&mut self, written: &str, given: usize, fewest: usize, most: usize, span: Span) {
        if (fewest..=most).contains(&given) {
            return;
        }
        let expected = if fewest == most { fewest.to_string() } else { format!("{fewest} to {most}") };
        self.diagnostics.push(
            Diagnostic::new(
                codes::E0210,
                span,
                format!("`{written}` takes {expected} arguments, not {given}"),
            )
            .help(format!("it is called `{written}`")),
        );
    }

    fn no_meaning(&mut self, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(codes::E0402, span, "locations have no meaning in a driver")
                .label("reads as a location")
                .help("for conditions write `and`, `or`; for lists of numbers `range(n)`"),
        );
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
