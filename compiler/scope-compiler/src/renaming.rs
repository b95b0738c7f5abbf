//! A name wherever it stands, and the edits that give it another.
//!
//! Comes in: a compilation and where the name is declared. Goes out: the places, or a change that leaves the program as
//! right as it was: a name that is taken, or is no name, is refused.

use scope_diagnostics::{Edit, FileId, Fix, Span};
use scope_syntax::ast::{ItemKind, ThingKind, TypeExpr, TypeKind};
pub use scope_syntax::is_name;

use crate::{Compilation, Options, World, fixing};

/// Every place where what is declared there is named, its declaration with them, in order.
pub fn places(compilation: &Compilation, definition: Span) -> Vec<Span> {
    let uses = compilation.uses.iter().filter(|found| found.definition == definition);
    let mut places: Vec<Span> = uses.map(|found| found.span).chain([definition]).collect();
    places.sort();
    places.dedup();
    places
}

/// The change that renames what is declared there; `Err` says why it cannot be.
///
/// # Errors
/// It is not of the program, is called otherwise where it is used, or the program would not be right with the new name.
pub fn renamed(
    world: &dyn World,
    entry: &str,
    options: &Options,
    compilation: &Compilation,
    definition: Span,
    name: &str,
) -> Result<Fix, String> {
    if !is_name(name) {
        return Err(format!("`{name}` is not a name"));
    }
    let text = |span: Span| {
        let file =
            compilation.sources.try_get(span.file).filter(|file| fixing::is_of_program(file.path()))?;
        file.text().get(span.start as usize..span.end as usize)
    };
    let Some(old) = text(definition) else { return Err("it is not declared in this program".into()) };
    let old = old.trim_matches('"').to_string();
    let mut edits = Vec::new();
    for place in places(compilation, definition) {
        match text(place) {
            Some(found) if found == old => edits.push(Edit::new(place, name)),
            Some(found) if found.trim_matches('"') == old => {
                edits.push(Edit::new(place, format!("{name:?}")))
            }
            // By another name that an import gave it: that stays.
            _ => {}
        }
    }
    if edits.is_empty() {
        return Err(format!("`{old}` is not named anywhere"));
    }
    let fix = Fix { title: format!("rename `{old}` to `{name}`"), edits };
    match fixing::safe(world, entry, options, compilation, &[&fix], &|_, _| true).is_empty() {
        true => {
            Err(format!("the program would not be right with `{name}`: it is taken, or means something else"))
        }
        false => Ok(fix),
    }
}

/// What a file declares: name, what it is, the whole item, its name's place.
pub struct Declared {
    /// Its name; of a link, its ends.
    pub name: String,
    /// `resource`, `site`, …
    pub word: &'static str,
    /// The whole of it.
    pub item: Span,
    /// Where its name stands.
    pub place: Span,
    /// Of a record type, or one of several: its fields, those of a record within it below it.
    pub fields: Vec<DeclaredField>,
}

/// A field of a record type.
pub struct DeclaredField {
    /// `port`, `limits.cpu`
    pub path: String,
    /// Its type as written.
    pub written: Span,
    /// It holds a record, whose fields follow.
    pub is_record: bool,
    /// What it is where it is left out.
    pub default: Option<Span>,
    /// What is written above it.
    pub docs: Vec<String>,
}

/// The declarations of a file, in order.
pub fn outline(compilation: &Compilation, file: FileId) -> Vec<Declared> {
    let Some(source) = compilation.sources.try_get(file) else { return Vec::new() };
    let items = scope_syntax::parse(file, source.text()).module.items;
    let declared = items.into_iter().filter_map(|item| {
        let mut fields = Vec::new();
        let (name, word, place) = match item.kind {
            ItemKind::Param(it) => (it.name.text, "param", it.name.span),
            ItemKind::Let(it) => (it.name.text, "let", it.name.span),
            ItemKind::Function(it) => {
                (it.name.text, if it.is_operator { "operator" } else { "fn" }, it.name.span)
            }
            ItemKind::Type(it) => {
                add_fields(&it.ty, "", &mut fields);
                (it.name.text, "type", it.name.span)
            }
            ItemKind::Thing(it) => {
                let word = match it.kind {
                    ThingKind::Resource => "resource",
                    ThingKind::Existing => "existing",
                    ThingKind::Call => "call",
                };
                (it.name.text, word, it.name.span)
            }
            ItemKind::Sequence(it) => (it.name.text, "sequence", it.name.span),
            ItemKind::Output(it) => (it.name.text, "output", it.name.span),
            ItemKind::Driver(it) => (it.name.text, "driver", it.name.span),
            ItemKind::Site(it) => (span_text(source.text(), it.name.span), "site", it.name.span),
            ItemKind::Link(it) => {
                let ends = it.from.span.to(it.to.span);
                (source.text().get(ends.range()).unwrap_or_default().to_string(), "link", ends)
            }
            ItemKind::Test(it) => (span_text(source.text(), it.name.span), "test", it.name.span),
            _ => return None,
        };
        Some(Declared { name, word, item: item.span, place, fields })
    });
    declared.collect()
}

/// The fields of the records in a type; whether there is one.
fn add_fields(ty: &TypeExpr, path: &str, fields: &mut Vec<DeclaredField>) -> bool {
    match ty.kind.as_ref() {
        TypeKind::Record(attributes) => {
            for attribute in attributes {
                let path = format!("{path}{}", attribute.name.text);
                let at = fields.len();
                fields.push(DeclaredField {
                    written: attribute.ty.span,
                    is_record: false,
                    default: attribute.default.as_ref().map(|value| value.span),
                    docs: attribute.docs.clone(),
                    path: path.clone(),
                });
                fields[at].is_record = add_fields(&attribute.ty, &format!("{path}."), fields);
            }
            true
        }
        TypeKind::Optional(inner) | TypeKind::By(inner, _) => add_fields(inner, path, fields),
        TypeKind::Named { args: several, .. } | TypeKind::Union(several) => {
            // Of all of them, not only of the first that has some.
            let has: Vec<bool> = several.iter().map(|one| add_fields(one, path, fields)).collect();
            has.contains(&true)
        }
        _ => false,
    }
}

fn span_text(text: &str, span: Span) -> String {
    text.get(span.start as usize..span.end as usize).unwrap_or_default().trim_matches('"').to_string()
}
