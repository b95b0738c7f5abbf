//! Tests in a file that requests nothing: they are of another program, and that is one mistake, however many names they use.
//!
//! `import "./main.scope"`, and `expect base at paris` in a test → E0114 once, "move the tests to `main.scope`".

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::ItemKind;

use crate::modules::Modules;

/// The reports of a program's tests, those on names of another file's resources as one, where the program has none itself.
pub(super) fn once(reports: Vec<Diagnostic>, modules: &Modules) -> Vec<Diagnostic> {
    let own = &modules.get(Modules::ROOT).tree.items;
    let requests = own.iter().any(|item| matches!(item.kind, ItemKind::Thing(_) | ItemKind::Native(_)));
    if requests {
        return reports;
    }
    let (of_others, mut rest): (Vec<Diagnostic>, Vec<Diagnostic>) =
        reports.into_iter().partition(|report| report.code == codes::E0114);
    let declared = |report: &Diagnostic| report.secondary.first().map(|label| label.span.file);
    let files: BTreeSet<_> = of_others.iter().filter_map(declared).collect();
    for file in files {
        let mut of_file = of_others.iter().filter(|report| declared(report) == Some(file));
        let Some(first) = of_file.next() else { continue };
        let Some(module) = modules.modules.iter().find(|module| module.file == file) else { continue };
        let path = &module.path;
        let n_others = of_file.count();
        let note =
            (n_others > 0).then(|| format!("the tests here use what is of that file {n_others} times more"));
        let report = Diagnostic { help: Vec::new(), ..first.clone() }
            .help(format!("tests stand in the file of the program that they are of: move them to `{path}`"));
        rest.push(note.into_iter().fold(report, Diagnostic::note));
    }
    rest
}
