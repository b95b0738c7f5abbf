//! How large an expression becomes when the functions in it are written out.
//!
//! Comes in: the file's functions, and an expression that calls them. Goes out: E0210 where writing out would never come
//! to an end in practice. `fn a(x: any) = x + x`, `a(a(a(a(…))))` doubles with each level: sixty levels are refused.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{self, ExprKind};

use super::walk;

/// The most parts of an expression, written out.
const MOST_PARTS: u64 = 20_000;
/// The deepest nesting of an expression, written out: lowering and evaluation recurse over it.
const DEEPEST: u64 = 200;
/// The most functions written out in each other.
const MOST_CALLS: u64 = 64;

/// The size of every function's body, written out.
#[derive(Clone, Debug, Default)]
pub(super) struct Expansions(IndexMap<String, Size>);

/// The size of an expression, written out.
#[derive(Clone, Debug, Default)]
struct Size {
    /// Parts but for those that parameters stand for.
    parts: u64,
    /// How often each parameter is used.
    uses: Vec<u64>,
    /// Nesting.
    height: u64,
    /// Functions written out in each other.
    calls: u64,
}

impl Expansions {
    /// Of these functions, of which every one stands behind those that it calls in `order`.
    pub(super) fn of(functions: &IndexMap<String, ast::Function>, order: &[usize]) -> Expansions {
        let mut expansions = Expansions::default();
        for &index in order {
            let function = &functions[index];
            let params: Vec<&str> = function.params.iter().map(|param| param.name.text.as_str()).collect();
            let size = expansions.size(&function.body, &params, functions);
            expansions.0.insert(function.name.text.clone(), size);
        }
        expansions
    }

    /// Reports a call that becomes too large.
    pub(super) fn check(
        &self,
        call: &ast::Expr,
        functions: &IndexMap<String, ast::Function>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let size = self.size(call, &[], functions);
        if size.parts > MOST_PARTS || size.height > DEEPEST || size.calls > MOST_CALLS {
            diagnostics.push(
                Diagnostic::new(
                    codes::E0210,
                    call.span,
                    "this call is too large when its functions are written out",
                )
                .label("too large")
                .note("a function is a formula: what it is called with stands wherever its parameter is used")
                .help("use a parameter once, or make a list and go through it with `[for … => …]`"),
            );
        }
    }

    fn size(&self, expr: &ast::Expr, params: &[&str], functions: &IndexMap<String, ast::Function>) -> Size {
        let mut size = Size { parts: 1, uses: vec![0; params.len()], height: 1, calls: 0 };
        if let ExprKind::Name(name) = &*expr.kind
            && let Some(position) = params.iter().position(|param| param == name)
        {
            size.parts = 0;
            size.uses[position] = 1;
            return size;
        }
        let own = match &*expr.kind {
            ExprKind::Call { callee, args } => match &*callee.kind {
                ExprKind::Name(name) => self.0.get(name).zip(functions.get(name)).map(|own| (own, args)),
                _ => None,
            },
            _ => None,
        };
        let Some(((body, function), args)) = own else {
            for part in walk::children(expr) {
                let part = self.size(part, params, functions);
                size.add(&part, 1);
                size.height = size.height.max(part.height.saturating_add(1));
            }
            return size;
        };
        size.parts = body.parts;
        size.calls = body.calls + 1;
        let mut height = 0;
        for (position, argument) in args.iter().enumerate() {
            let named = argument.name.as_ref().map(|name| name.text.as_str());
            let param = named
                .and_then(|name| function.params.iter().position(|param| param.name.text == name))
                .unwrap_or(position);
            let part = self.size(&argument.value, params, functions);
            size.add(&part, body.uses.get(param).copied().unwrap_or(1));
            height = height.max(part.height);
        }
        size.height = body.height.saturating_add(height);
        size
    }
}

impl Size {
    fn add(&mut self, part: &Size, times: u64) {
        self.parts = self.parts.saturating_add(part.parts.saturating_mul(times));
        for (uses, more) in self.uses.iter_mut().zip(&part.uses) {
            *uses = uses.saturating_add(more.saturating_mul(times));
        }
        self.calls = self.calls.max(part.calls);
    }
}
