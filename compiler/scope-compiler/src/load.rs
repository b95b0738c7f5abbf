//! Loading: the entry file, and through its imports every file of the program, each read and parsed once.
//!
//! `import openstack` → the standard library's `std:openstack`; `import "./sites.scope"` → the file beside this one. A
//! circle of imports is reported with its path and cut.

use std::collections::BTreeMap;

use scope_analysis::{Module, ModuleId, Modules, join_path};
use scope_diagnostics::{Diagnostic, Diagnostics, Edit, SourceMap, Span, codes, similar};
use scope_syntax::ast::{self, ImportSource, ItemKind};

use crate::{MOST_MIB, ReadError, World};

/// The name of the file that holds the words of `scope exec`.
pub(crate) const COMMAND_LINE: &str = "command line";

/// Texts larger than this are not parsed.
const MAX_BYTES: usize = MOST_MIB * 1024 * 1024;

/// The files of a program.
pub(crate) struct Loaded {
    pub modules: Modules,
    pub diagnostics: Diagnostics,
    /// Every file read, in order.
    pub files: Vec<String>,
}

/// Loads a program, and the policies beside it.
pub(crate) fn load<'p>(
    world: &dyn World,
    entry: &str,
    policies: impl Iterator<Item = &'p String>,
    sources: &mut SourceMap,
) -> Loaded {
    let mut loader = Loader::new(world, sources);
    let id = loader.file(entry, None, &mut Vec::new());
    if id.is_none() {
        let file = loader.sources.add(entry, "");
        loader.modules.push(Some(Module {
            path: entry.to_string(),
            file,
            tree: scope_syntax::parse(file, "").module,
            imports: Vec::new(),
        }));
    }
    loader.policies(policies);
    loader.finish()
}

/// Loads a command line as a program of one native line that imports everything of the file `context`.
pub(crate) fn load_command<'p>(
    world: &dyn World,
    context: &str,
    words: &[String],
    policies: impl Iterator<Item = &'p String>,
    sources: &mut SourceMap,
) -> Loaded {
    let mut loader = Loader::new(world, sources);
    let text = scope_syntax::argv_text(words);
    let file = loader.sources.add(COMMAND_LINE, text.as_str());
    let (native, diagnostics) = scope_syntax::parse_native(file, &text);
    loader.diagnostics.extend(diagnostics);
    // The root takes the first place before its import is read.
    loader.modules.push(None);
    let import_span = Span::new(file, 0, 0);
    let imported = loader.file(context, Some(import_span), &mut Vec::new());
    let span = native.span;
    let item = |kind| ast::Item { docs: Vec::new(), kind, span };
    let path = ast::Ident { text: context.to_string(), span: import_span };
    let mut items = vec![item(ItemKind::Import(ast::Import {
        source: ImportSource::File(path),
        names: None,
        alias: None,
    }))];
    items.push(item(ItemKind::Native(ast::NativeItem { name: None, ty: None, native })));
    // Paths among the words are relative to where the command is typed.
    loader.modules[0] = Some(Module {
        path: String::new(),
        file,
        tree: ast::Module { docs: Vec::new(), items, comments: Vec::new(), span },
        imports: vec![imported],
    });
    loader.policies(policies);
    loader.finish()
}

struct Loader<'a> {
    world: &'a dyn World,
    sources: &'a mut SourceMap,
    modules: Vec<Option<Module>>,
    policies: Vec<ModuleId>,
    known: BTreeMap<String, ModuleId>,
    diagnostics: Diagnostics,
}

impl<'a> Loader<'a> {
    fn new(world: &'a dyn World, sources: &'a mut SourceMap) -> Loader<'a> {
        Loader {
            world,
            sources,
            modules: Vec::new(),
            policies: Vec::new(),
            known: BTreeMap::new(),
            diagnostics: Diagnostics::new(),
        }
    }

    fn finish(self) -> Loaded {
        let modules: Vec<Module> = self.modules.into_iter().flatten().collect();
        let files =
            modules.iter().map(|module| module.path.clone()).filter(|path| !path.is_empty()).collect();
        Loaded { modules: Modules { modules, policies: self.policies }, diagnostics: self.diagnostics, files }
    }

    /// Loads the policies: files that nothing imports.
    fn policies<'p>(&mut self, paths: impl Iterator<Item = &'p String>) {
        for path in paths {
            if let Some(id) = self.file(path, None, &mut Vec::new())
                && !self.policies.contains(&id)
            {
                self.policies.push(id);
            }
        }
    }

    /// Loads one file and what it imports; `None` where it cannot be read (reported).
    fn file(&mut self, path: &str, imported: Option<Span>, stack: &mut Vec<String>) -> Option<ModuleId> {
        if let Some(start) = stack.iter().position(|open| open == path) {
            let mut circle: Vec<&str> = stack[start..].iter().map(String::as_str).collect();
            circle.push(path);
            let span = imported.unwrap_or(Span::DUMMY);
            self.diagnostics.push(
                Diagnostic::new(codes::E0106, span, format!("`{path}` imports itself"))
                    .label("closes the circle")
                    .note(circle.join(" → "))
                    .help("move what both need into a file of its own"),
            );
            return None;
        }
        if let Some(known) = self.known.get(path) {
            return Some(*known);
        }
        let bytes = match self.world.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.diagnostics.push(unreadable(self.world, path, &error, imported));
                return None;
            }
        };
        let id = ModuleId(u32::try_from(self.modules.len()).expect("fewer files than bytes of memory"));
        self.known.insert(path.to_string(), id);
        self.modules.push(None);
        let (file, text) = self.text(path, &bytes);
        let parsed = scope_syntax::parse(file, &text);
        self.diagnostics.extend(parsed.diagnostics);
        stack.push(path.to_string());
        let imports = self.imports(path, &parsed.module, stack);
        stack.pop();
        self.modules[id.0 as usize] =
            Some(Module { path: path.to_string(), file, tree: parsed.module, imports });
        Some(id)
    }

    fn text(&mut self, path: &str, bytes: &[u8]) -> (scope_diagnostics::FileId, String) {
        if bytes.len() > MAX_BYTES {
            let file = self.sources.add(path, "");
            self.diagnostics.push(too_large(path, Span::at(file, 0)));
            return (file, String::new());
        }
        // The file's id is needed for reports about its bytes, and its text for the id: bytes are decoded first.
        let lossy = String::from_utf8_lossy(bytes);
        let file = self.sources.add(path, lossy.as_ref());
        let (text, diagnostics) = scope_syntax::decode(file, bytes);
        self.diagnostics.extend(diagnostics);
        (file, text)
    }

    fn imports(&mut self, path: &str, tree: &ast::Module, stack: &mut Vec<String>) -> Vec<Option<ModuleId>> {
        let mut imports = Vec::new();
        for item in &tree.items {
            let ItemKind::Import(import) = &item.kind else { continue };
            let (target, span) = match &import.source {
                ImportSource::File(written) => (join_path(path, &written.text), written.span),
                ImportSource::Library(names) => {
                    let joined: Vec<&str> = names.names.iter().map(|name| name.text.as_str()).collect();
                    (format!("std:{}", joined.join(".")), names.span)
                }
            };
            imports.push(self.file(&target, Some(span), stack));
        }
        imports
    }
}

fn too_large(path: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0016, span, format!("`{path}` is larger than {MOST_MIB} MiB"))
        .help("split it into several files")
}

/// Of the files of a folder the program that was meant.
fn meant_file<'f>(path: &str, files: &'f [String]) -> Option<&'f str> {
    let name = |path: &'f str| path.rsplit('/').next().unwrap_or(path);
    let programs = || files.iter().filter_map(|file| Some((file.strip_suffix(".scope")?, file.as_str())));
    let written = path.rsplit('/').next().unwrap_or(path);
    let written = written.strip_suffix(".scope").unwrap_or(written);
    let near = similar::nearest(written, programs().map(|(stem, _)| name(stem)))?;
    programs().find(|(stem, file)| name(stem) == near && *file != path).map(|(_, file)| file)
}

fn unreadable(world: &dyn World, path: &str, error: &ReadError, imported: Option<Span>) -> Diagnostic {
    let span = imported.unwrap_or(Span::DUMMY);
    let Some(module) = path.strip_prefix("std:") else {
        let report = match error {
            ReadError::NotFound => Diagnostic::new(codes::E0104, span, format!("there is no file `{path}`")),
            ReadError::TooLarge => return too_large(path, span).label("imported here"),
            ReadError::Other(words) => {
                Diagnostic::new(codes::E0104, span, format!("`{path}` cannot be read")).note(words.clone())
            }
        };
        let report = report.label("imported here");
        let files = world.beside(path);
        return match meant_file(path, &files) {
            Some(meant) => report.help(format!("did you mean `{meant}`?")),
            None if imported.is_some() => report.help("paths are relative to the file that imports them"),
            None => report.help("name a `.scope` file"),
        };
    };
    let report = Diagnostic::new(codes::E0104, span, format!("the standard library has no `{module}`"))
        .label("not there");
    if module.ends_with(".scope") {
        let path = format!("\"./{module}\"");
        let fix = vec![Edit::new(span, path.clone())];
        return report
            .help(format!("a file is imported by its path, as a text: `import {path}`"))
            .fix(format!("write `{path}`"), fix);
    }
    let library = world.library();
    let names = library.iter().map(String::as_str);
    match similar::nearest(module, names.clone()) {
        Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
        None => report.help(format!(
            "it has {}; a file is imported by its path: `import \"./{module}.scope\"`",
            names.collect::<Vec<_>>().join(", ")
        )),
    }
}
