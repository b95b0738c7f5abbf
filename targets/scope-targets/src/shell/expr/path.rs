//! The path of an address: what is filled in is encoded, what is written stands as it is.
//!
//! `"/v2/images/${id}"` → `p = p "/v2/images/"`, `p = filled(p, …)`.

use scope_plan::expr::{BinaryOp, Builtin, Expr};
use serde_json::Value;

use super::{Context, Expressions, constant};
use crate::TargetError;
use crate::shell::quote;

impl Expressions {
    pub(super) fn path_part(
        &mut self,
        expr: &Expr,
        context: &Context<'_>,
        depth: usize,
        lines: &mut Vec<String>,
    ) -> Result<(), TargetError> {
        let indent = "    ".repeat(depth);
        match expr {
            Expr::Concat(parts) => {
                parts.iter().try_for_each(|part| self.path_part(part, context, depth, lines))
            }
            Expr::Binary(BinaryOp::Concat, left, right) => {
                self.path_part(left, context, depth, lines)?;
                self.path_part(right, context, depth, lines)
            }
            Expr::If(condition, then, otherwise) => {
                lines.push(format!("{indent}if ({}) {{", self.condition(condition, context)?));
                self.path_part(then, context, depth + 1, lines)?;
                lines.push(format!("{indent}}} else {{"));
                self.path_part(otherwise, context, depth + 1, lines)?;
                lines.push(format!("{indent}}}"));
                Ok(())
            }
            Expr::Binary(BinaryOp::Default, left, right) => {
                let left = self.handle(left, context)?;
                lines.push(format!("{indent}if (!is_null({left})) p = filled(p, {left})"));
                lines.push(format!("{indent}else {{"));
                self.path_part(right, context, depth + 1, lines)?;
                lines.push(format!("{indent}}}"));
                Ok(())
            }
            Expr::Value(Value::String(text)) => {
                lines.push(format!("{indent}p = p {}", quote::awk(text)));
                Ok(())
            }
            Expr::Value(value) => {
                lines.push(format!("{indent}p = p text_of({})", constant(value)));
                Ok(())
            }
            Expr::Call(Builtin::Url, _) => {
                lines.push(format!("{indent}p = filled_url(p, text_of({}))", self.handle(expr, context)?));
                Ok(())
            }
            other => {
                lines.push(format!("{indent}p = filled(p, {})", self.handle(other, context)?));
                Ok(())
            }
        }
    }
}
