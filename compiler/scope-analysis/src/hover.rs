//! What an editor shows of a name: one line of what it is, and the words written above its declaration.

use scope_diagnostics::credentials;
use scope_syntax::ast::ItemKind;

use crate::context::Context;
use crate::hir::ResourceType;
use crate::names::Definition;

impl Context<'_> {
    /// The hover text of a name.
    pub fn hover(&self, name: &str, definition: &Definition) -> String {
        match definition {
            Definition::Site(site) => format!("site `{}`", self.site_name(*site)),
            Definition::Driver(driver) => format!("driver `{driver}`"),
            Definition::Value(module, item) => {
                let item = self.item(*module, *item);
                let word = if matches!(item.kind, ItemKind::Param(_)) { "param" } else { "let" };
                with_docs(format!("{word} `{name}`"), &item.docs)
            }
            Definition::Function(module, item) => {
                with_docs(format!("function `{name}`"), &self.item(*module, *item).docs)
            }
            Definition::Type(module, item) => {
                with_docs(format!("type `{name}`"), &self.item(*module, *item).docs)
            }
            Definition::Resource(..) => format!("resource `{name}`"),
            Definition::Module(module) => format!("module `{}`", self.modules.get(*module).path),
            Definition::NoValue(what) => format!("{what} `{name}`"),
            Definition::Hole => format!("`{name}`"),
        }
    }
}

/// A heading and documentation lines below it, without credentials that are known by their form.
pub(crate) fn with_docs(heading: String, docs: &[String]) -> String {
    let hover = if docs.is_empty() { heading } else { format!("{heading}\n\n{}", docs.join("\n")) };
    credentials::masked(&hover).into_owned()
}

/// What a resource type's hover says.
pub(crate) fn type_hover(ty: &ResourceType) -> String {
    with_docs(format!("`{}`, of the service `{}`", ty.name, ty.service), &ty.docs)
}
