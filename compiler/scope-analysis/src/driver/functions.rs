//! The functions a driver's expressions may call: the built-in ones, and the `fn`s of its file.
//!
//! Comes in: a name. Goes out: how many arguments it takes. The built-in ones are those of the plan's expressions; the
//! file's own are inlined by lowering, so they may not call each other in a circle, and see only their parameters.
//! `fn a(x: any) = b(x)`, `fn b(x: any) = a(x)` → E0112 at `b(x)`.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{self, ExprKind};

use super::expansion::Expansions;
use super::names::Names;
use super::{Outside, Part, types, walk};
use crate::hir::Type;

/// The types of a function: those of its parameters, in their order, and that of what it gives; `any` where none is declared.
pub(super) struct Signature {
    pub params: Vec<Type>,
    pub result: Type,
}

/// What each function takes and gives, as its own module's types say.
pub(super) fn signatures(
    functions: &IndexMap<String, ast::Function>,
    parts: &[Part<'_>],
    outside: Outside<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<String, Signature> {
    let part_of = |function: &ast::Function| {
        let file = function.name.span.file;
        parts.iter().position(|part| part.driver.name.span.file == file).unwrap_or(0)
    };
    let each = functions.iter().map(|(name, function)| {
        let part = part_of(function);
        // What is no type of its module is reported there.
        let mut resolve = |path: &ast::Path| Ok(outside(part, path).unwrap_or(Type::Any));
        let mut declared = |ty: &Option<ast::TypeExpr>| match ty {
            Some(ty) => types::type_of(ty, &mut resolve, diagnostics),
            None => Type::Any,
        };
        let params = function.params.iter().map(|param| declared(&param.ty)).collect();
        (name.clone(), Signature { params, result: declared(&function.result) })
    });
    each.collect()
}

/// Checks the bodies of the file's functions, and that none of them reaches itself; what they are, written out.
pub(super) fn check(
    functions: &IndexMap<String, ast::Function>,
    signatures: &IndexMap<String, Signature>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Expansions {
    let expansions = Expansions::of(functions, &order(functions, diagnostics));
    let types = IndexMap::new();
    for function in functions.values() {
        let Some(signature) = signatures.get(&function.name.text) else { continue };
        let mut names = Names::new(&types, functions, signatures, &expansions);
        for (param, ty) in function.params.iter().zip(&signature.params) {
            names.add(&param.name.text, ty.clone());
            if let Some(default) = &param.default {
                let names = Names::new(&types, functions, signatures, &expansions);
                names.check_as(default, ty, &param.name, diagnostics);
            }
        }
        let result = ast::Ident { text: "the result".to_owned(), span: function.name.span };
        names.check_as(&function.body, &signature.result, &result, diagnostics);
    }
    expansions
}

/// The functions, each behind those that it calls: depth-first over the calls, without recursion. An edge back into the
/// current path is a circle, and reported.
fn order(functions: &IndexMap<String, ast::Function>, diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
    let mut order = Vec::with_capacity(functions.len());
    let calls: Vec<Vec<(usize, scope_diagnostics::Span)>> =
        functions.values().map(|function| calls_of(&function.body, functions)).collect();
    let mut is_done = vec![false; calls.len()];
    let mut is_open = vec![false; calls.len()];
    // Where a circle is entered must not depend on the order in which they are declared.
    let mut starts: Vec<usize> = (0..calls.len()).collect();
    starts.sort_by_key(|start| functions.get_index(*start).map(|(name, _)| name));
    for start in starts {
        let mut path = vec![(start, 0)];
        if is_done[start] {
            continue;
        }
        is_open[start] = true;
        while let Some((function, next)) = path.last_mut() {
            let Some((callee, span)) = calls[*function].get(*next) else {
                is_done[*function] = true;
                is_open[*function] = false;
                order.push(*function);
                path.pop();
                continue;
            };
            *next += 1;
            if is_open[*callee] {
                let name = &functions[*callee].name.text;
                diagnostics.push(
                    Diagnostic::new(
                        codes::E0112,
                        *span,
                        format!("the function `{name}` calls itself in a circle"),
                    )
                    .secondary(functions[*callee].name.span, "declared here")
                    .help("a function is a formula: use `[for … => …]` for what repeats"),
                );
            } else if !is_done[*callee] {
                is_open[*callee] = true;
                path.push((*callee, 0));
            }
        }
    }
    order
}

fn calls_of(
    body: &ast::Expr,
    functions: &IndexMap<String, ast::Function>,
) -> Vec<(usize, scope_diagnostics::Span)> {
    let mut calls = Vec::new();
    walk::each(body, &mut |expr| {
        if let ExprKind::Call { callee, .. } = &*expr.kind
            && let ExprKind::Name(name) = &*callee.kind
            && let Some(index) = functions.get_index_of(name)
        {
            calls.push((index, expr.span));
        }
    });
    calls
}
