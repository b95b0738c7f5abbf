//! What a field of an attribute is, before the run knows the attribute: a field of its type, a site's copy, a part of a whole.
//!
//! `hits.value.sum` of a `%`, `base.id.paris` of a `&`, `vm.metadata.tier`.

use super::kind::Kind;
use crate::context::Context;
use crate::hir::{Cross, Deferred, ResourceId, SiteId, Type, Value};
use scope_syntax::ast;

/// What is read of a whole (R6).
const OF_A_WHOLE: [&str; 3] = ["sum", "of", "not_reached"];

/// What a field of an attribute is.
pub(super) enum Part {
    /// A field of the value, as far as its type tells.
    Field,
    /// The attribute at a site.
    At(SiteId),
    /// Nothing; it is reported.
    None,
}

impl Context<'_> {
    /// What `name` is behind an attribute of a resource, as it is used at `here`.
    pub(super) fn part_of_output(
        &self,
        resource: ResourceId,
        site: Option<SiteId>,
        path: &[String],
        name: &ast::Ident,
        here: Option<SiteId>,
    ) -> Part {
        let of =
            |path: &[String], site: Option<SiteId>| Deferred::Output { resource, site, path: path.to_vec() };
        let what = || format!("`{}`", path.join("."));
        let is_whole = |path: &[String]| site.is_none() && self.is_divided(resource, path);
        if is_whole(path) {
            if OF_A_WHOLE.contains(&name.text.as_str()) {
                return Part::Field;
            }
            let owner = format!("{}, which is read of a whole,", what());
            self.no_field(&name.text, name.span, &owner, OF_A_WHOLE.into_iter());
            return Part::None;
        }
        if (1..path.len()).any(|end| is_whole(&path[..end])) {
            return Part::Field;
        }
        let is_by_site = site.is_none() && here.is_none() && self.is_by_site(resource);
        let Some(ty) = self.deferred_type(&of(path, site)) else { return Part::Field };
        let kind = self.kind(&Value::Deferred(Box::new(of(path, site))), Some(SiteId(0)));
        match ty.required() {
            Type::Record(fields) if Type::field(fields, &name.text).is_none() => {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                self.no_field(&name.text, name.span, &what(), names.into_iter());
                Part::None
            }
            _ if matches!(kind, Kind::Unknown | Kind::Record) => Part::Field,
            _ if is_by_site => {
                let sites = self.sites_of_resource(resource);
                if let Some(site) = sites.iter().find(|site| self.site_name(**site) == name.text) {
                    return Part::At(*site);
                }
                let names: Vec<String> = sites.into_iter().map(|site| self.site_name(site)).collect();
                let owner = format!("{}, which is at several sites,", what());
                self.no_field(&name.text, name.span, &owner, names.iter().map(String::as_str));
                Part::None
            }
            // Where it is was told to be wrong: it may be at several sites.
            _ if self.head_summary(resource).is_some_and(|head| head.location.is_wrong()) => Part::None,
            _ => {
                let value = Value::Deferred(Box::new(of(path, site)));
                self.may_be(&value, &[Kind::Record], "a record before the dot", name.span, Some(SiteId(0)));
                Part::None
            }
        }
    }

    /// Whether an attribute is divided over the sites of a resource, and so read of the whole.
    pub(super) fn is_divided(&self, resource: ResourceId, path: &[String]) -> bool {
        let Some(head) = self.head_summary(resource) else { return false };
        let Some(ty) = self.driver_type(&head.ty) else { return false };
        head.location.divided().is_some()
            && matches!(&ty.cross, Cross::By(division) if division.divided.contains(&path.join(".")))
    }
}
