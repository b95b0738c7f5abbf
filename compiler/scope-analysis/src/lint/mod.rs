//! Lints: what is allowed and probably not meant, one rule a file.
//!
//! Comes in: the trees, the program, where names are used. Goes out: reports, each with the code of its rule; how much
//! they weigh is decided by [`levels`], from the configuration and from `// allow NAME "reason"` in the program.
//!
//! ```text
//! resource base: openstack.image { … } scope { image: nantes & paris }   // both in zone west: W0320 one_failure_domain
//! ```

pub mod levels;

mod any_type;
mod chained_sharing;
mod cross_without_prime;
mod failure_domain;
mod here_for_local;
mod invisible;
mod known_credential;
mod large_copy;
mod literal_secret;
mod name_by_site;
mod name_for_reference;
mod plain_http;
mod published_spelling;
mod repeated_arm;
mod replaced_list;
mod reports;
mod retries;
mod secret_in_name;
mod shell_text;
mod undeclared_link;
mod unused;
pub(crate) mod walk;

pub use levels::{Level, Levels};

use scope_diagnostics::{Code, Diagnostic, SourceMap, Span, codes};
use scope_syntax::ast;

use crate::hir::Program;
use crate::modules::{Module, Modules, Use};
use reports::Reports;

/// A rule, by its code and the name that a configuration calls it.
#[derive(Clone, Copy, Debug)]
pub struct Lint {
    /// Its code.
    pub code: Code,
    /// Its name: `unused_let`.
    pub name: &'static str,
}

/// Every rule, also those that each check applies.
pub const ALL: &[Lint] = &[
    Lint { code: codes::W0308, name: "indirect_service" },
    Lint { code: codes::W0311, name: "empty_scope" },
    Lint { code: codes::W0312, name: "unreachable_alternative" },
    Lint { code: codes::W0313, name: "no_scope" },
    Lint { code: codes::W0320, name: "one_failure_domain" },
    Lint { code: codes::W0321, name: "chained_sharing" },
    Lint { code: codes::W0322, name: "repeated_site" },
    Lint { code: codes::W0323, name: "cross_without_prime" },
    Lint { code: codes::W0324, name: "literal_secret" },
    Lint { code: codes::W0325, name: "secret_in_name" },
    Lint { code: codes::W0326, name: "unused_let" },
    Lint { code: codes::W0327, name: "unused_param" },
    Lint { code: codes::W0328, name: "unused_import" },
    Lint { code: codes::W0329, name: "unused_site" },
    Lint { code: codes::W0330, name: "unused_existing" },
    Lint { code: codes::W0331, name: "any_type" },
    Lint { code: codes::W0332, name: "plain_http" },
    Lint { code: codes::W0334, name: "no_retry" },
    Lint { code: codes::W0335, name: "undeclared_link" },
    Lint { code: codes::W0336, name: "large_copy" },
    Lint { code: codes::W0337, name: "published_spelling" },
    Lint { code: codes::W0338, name: "here_for_local" },
    Lint { code: codes::W0339, name: "name_varies_by_site" },
    Lint { code: codes::W0340, name: "unused_function" },
    Lint { code: codes::W0341, name: "unused_allow" },
    Lint { code: codes::W0342, name: "unknown_lint" },
    Lint { code: codes::W0343, name: "allow_without_reason" },
    Lint { code: codes::W0344, name: "trailing_place" },
    Lint { code: codes::W0345, name: "shell_text" },
    Lint { code: codes::W0346, name: "name_for_reference" },
    Lint { code: codes::W0347, name: "unused_type" },
    Lint { code: codes::W0348, name: "invisible_character" },
    Lint { code: codes::W0353, name: "replaced_list" },
];

/// The rule that a name or a code means.
pub fn find(name: &str) -> Option<Lint> {
    ALL.iter().copied().find(|lint| lint.name == name || lint.code.as_str().eq_ignore_ascii_case(name))
}

/// What a rule looks at.
pub struct Input<'a> {
    /// The trees.
    pub modules: &'a Modules,
    /// What they mean.
    pub program: &'a Program,
    /// Where names are used, sorted.
    pub uses: &'a [Use],
    /// The texts.
    pub sources: &'a SourceMap,
    /// What the configuration says.
    pub levels: &'a Levels,
    /// Whether something is an error: then only rules that look at the trees apply.
    pub has_errors: bool,
}

/// What every rule reports, unsorted.
pub fn lint(input: &Input<'_>) -> Vec<Diagnostic> {
    let mut reports = Reports::default();
    cross_without_prime::check(input, &mut reports);
    here_for_local::check(input, &mut reports);
    any_type::check(input, &mut reports);
    literal_secret::check(input, &mut reports);
    published_spelling::check(input, &mut reports);
    shell_text::check(input, &mut reports);
    invisible::check(input, &mut reports);
    if !input.has_errors {
        failure_domain::check(input, &mut reports);
        repeated_arm::check(input, &mut reports);
        chained_sharing::check(input, &mut reports);
        secret_in_name::check(input, &mut reports);
        plain_http::check(input, &mut reports);
        retries::check(input, &mut reports);
        undeclared_link::check(input, &mut reports);
        large_copy::check(input, &mut reports);
        name_by_site::check(input, &mut reports);
        name_for_reference::check(input, &mut reports);
        replaced_list::check(input, &mut reports);
        unused::check(input, &mut reports);
    }
    known_credential::check(input, &mut reports);
    reports.finish()
}

impl<'a> Input<'a> {
    fn own_modules(&self) -> impl Iterator<Item = &'a Module> + use<'a> {
        self.modules.own(self.sources)
    }

    /// Every scope of a file's resources and commands.
    fn scopes(&self, module: &'a Module) -> Vec<&'a ast::Scope> {
        let mut scopes = Vec::new();
        for item in &module.tree.items {
            match &item.kind {
                ast::ItemKind::Thing(thing) => {
                    scopes.extend(thing.clauses.iter().filter_map(|clause| match clause {
                        ast::Clause::Scope(value) => match value.kind.as_ref() {
                            ast::ExprKind::Scope(scope) => Some(scope),
                            _ => None,
                        },
                        _ => None,
                    }));
                }
                ast::ItemKind::Native(item) => scopes.extend(&item.native.scope),
                ast::ItemKind::Let(item) => {
                    if let ast::ExprKind::Scope(scope) = item.value.kind.as_ref() {
                        scopes.push(scope);
                    }
                }
                _ => {}
            }
        }
        scopes
    }

    fn site(&self, site: crate::hir::SiteId) -> &'a crate::hir::Site {
        &self.program.sites[site.0 as usize]
    }

    /// The whole lines of an item, with the line end behind them: what is deleted with it.
    fn lines_of(&self, span: Span) -> Span {
        let Some(file) = self.sources.try_get(span.file) else { return span };
        let text = file.text();
        let start = text[..span.start as usize].rfind('\n').map_or(0, |end| end + 1);
        let end = text[span.end as usize..].find('\n').map_or(text.len(), |end| span.end as usize + end + 1);
        Span::new(span.file, start as u32, end as u32)
    }
}
