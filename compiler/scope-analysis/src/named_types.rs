//! Written types to their meaning: `Port`, `types.Pod`, `openstack.server`, in the module that writes them.
//!
//! A `type` item may name itself and others in any order: each has its place first, and is given its meaning after.

use scope_diagnostics::Diagnostic;
use scope_syntax::ast::{self, ItemKind};

use crate::bounds::MAX_CHAIN;
use crate::context::Context;
use crate::driver::types::{is_plain, mean, type_of, unknown_type};
use crate::hir::Type;
use crate::modules::{ModuleId, NameKind};
use crate::names::Definition;

impl Context<'_> {
    /// What a written type means in a module.
    pub fn declared_type(&self, written: &ast::TypeExpr, module: ModuleId) -> Type {
        let mut diagnostics = Vec::new();
        let ty = type_of(written, &mut |path| self.named_type(path, module), &mut diagnostics);
        self.report_all(diagnostics);
        ty
    }

    /// The declared type that a path names in a module; nothing where it names no type.
    pub fn declared_in(&self, module: ModuleId, path: &ast::Path) -> Result<Type, Vec<String>> {
        let is_type = |module: ModuleId, name: &str| {
            self.names.get(module, name).is_some_and(|named| matches!(named.definition, Definition::Type(..)))
        };
        let is_declared = match path.names.as_slice() {
            [name] => is_type(module, &name.text),
            [alias, name] => match self.names.get(module, &alias.text).map(|named| &named.definition) {
                Some(Definition::Module(target)) => is_type(*target, &name.text),
                _ => false,
            },
            _ => false,
        };
        if is_declared && let Ok(found) = self.named_type(path, module) {
            return Ok(found);
        }
        let types = |module: ModuleId| {
            let all = self.names.all(module);
            all.filter(|(_, named)| matches!(named.definition, Definition::Type(..))).map(|(name, _)| name)
        };
        Err(match path.names.as_slice() {
            [_] => types(module).map(str::to_owned).collect(),
            [alias, _] => match self.names.get(module, &alias.text).map(|named| &named.definition) {
                Some(Definition::Module(of)) => {
                    types(*of).map(|name| format!("{}.{name}", alias.text)).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        })
    }

    fn named_type(&self, path: &ast::Path, module: ModuleId) -> Result<Type, Diagnostic> {
        let first = &path.names[0];
        match self.names.get(module, &first.text).map(|named| (&named.definition, named.span)) {
            Some((Definition::Type(module, item), span)) if path.names.len() == 1 => {
                self.record_use(NameKind::Type, first.span, span, format!("type `{}`", first.text));
                Ok(self.type_of_item(*module, *item))
            }
            // `types.Pod`, of a module under its alias.
            Some((Definition::Module(target), _))
                if path.names.len() == 2
                    && matches!(
                        self.names.get(*target, &path.names[1].text).map(|named| &named.definition),
                        Some(Definition::Type(..))
                    ) =>
            {
                let name = ast::Path { names: path.names[1..].to_vec(), span: path.names[1].span };
                self.named_type(&name, *target)
            }
            Some((Definition::Driver(_), _)) => match self.resource_type(path, module) {
                Some(ty) => Ok(Type::Reference(ty.name.clone())),
                None => Ok(Type::Error),
            },
            _ => {
                let declared: Vec<String> = self
                    .names
                    .all(module)
                    .filter(|(_, named)| matches!(named.definition, Definition::Type(..)))
                    .map(|(name, _)| name.to_string())
                    .collect();
                Err(unknown_type(path, declared.iter().map(String::as_str)))
            }
        }
    }

    /// What a `type` item stands for.
    pub(crate) fn type_of_item(&self, module: ModuleId, item: usize) -> Type {
        let ItemKind::Type(alias) = &self.item(module, item).kind else { return Type::Error };
        if is_plain(&alias.ty) {
            let meant = self.deeper(alias.name.span, || self.declared_type(&alias.ty, module));
            return meant.unwrap_or(Type::Error);
        }
        let named = self.types.get(module, item, &alias.name);
        self.types.once(|| {
            while let Some((module, item, named)) = self.types.next() {
                let ItemKind::Type(alias) = &self.item(module, item).kind else { continue };
                let meaning = self.types.with_names(module, item, self.declared_type(&alias.ty, module));
                if self.types.is_too_long(&named, &meaning, MAX_CHAIN as usize) {
                    self.chain_too_long(alias.name.span);
                    named.mean(Type::Error);
                    continue;
                }
                let mut diagnostics = Vec::new();
                mean(&named, meaning, &mut diagnostics);
                self.report_all(diagnostics);
            }
        });
        Type::Named(named)
    }
}
