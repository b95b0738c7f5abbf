//! Policies: files of rules from outside the program (`--policy org.scope`), which every program has to keep.
//!
//! A policy is written in the language: `require`s over `resources` and `sites`, with what they need (`let`, `fn`,
//! `type`, `import`). It adds nothing to the program.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::ItemKind;

use crate::context::Context;
use crate::eval::Frame;

impl Context<'_> {
    /// Checks the rules of every policy, and that they hold nothing but rules.
    pub fn check_policies(&self) {
        for id in &self.modules.policies {
            let module = self.modules.get(*id);
            let frame = Frame::new(*id);
            for item in &module.tree.items {
                match &item.kind {
                    ItemKind::Require(require) => self.check_rule(require, &frame, Some(&module.path)),
                    kind => {
                        if let Some((word, span)) = not_of_a_policy(kind, item.span) {
                            self.report(
                                Diagnostic::new(codes::E0116, span, format!("a policy declares no `{word}`"))
                                    .label("not a rule")
                                    .note("it is checked beside a program, and adds nothing to it")
                                    .help("write `require`s, and the `let`, `fn`, `type` and `import` they need"),
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The word and the place of an item that is no part of a policy.
fn not_of_a_policy(kind: &ItemKind, span: Span) -> Option<(&'static str, Span)> {
    Some(match kind {
        ItemKind::Entry(_) => ("entry", span),
        ItemKind::Param(param) => ("param", param.name.span),
        ItemKind::Site(site) => ("site", site.name.span),
        ItemKind::Link(_) => ("link", span),
        ItemKind::Thing(thing) => ("resource", thing.name.span),
        ItemKind::Native(native) => ("$", native.native.span),
        ItemKind::Sequence(sequence) => ("sequence", sequence.name.span),
        ItemKind::Output(output) => ("output", output.name.span),
        ItemKind::Test(test) => ("test", test.name.span),
        ItemKind::Driver(driver) => ("driver", driver.name.span),
        ItemKind::Import(_)
        | ItemKind::Let(_)
        | ItemKind::Function(_)
        | ItemKind::Type(_)
        | ItemKind::Require(_)
        | ItemKind::Error { .. } => return None,
    })
}
