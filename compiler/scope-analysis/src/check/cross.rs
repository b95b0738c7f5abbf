//! R6: one resource over several sites: whether its parts go together, and the share of each.
//!
//! `value: 10` of a type with `cross by sum(value)` at `nantes % paris % lille` → 4, 3, 3: the largest remainders get what
//! is left, ties to the left. Shares are made once, over all named parts, whatever is cut later.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};

use crate::context::Context;
use crate::eval::{Frame, describe};
use crate::hir::{
    Attribute, Cross, Instance, Location, LocationKind, Reference, Relation, ResourceKind, ResourceType,
    SiteId, Slot, Value, With,
};
use crate::modules::Modules;
use crate::request::Head;

/// What is divided, for the checks and messages.
pub(crate) struct Whole<'a> {
    pub name: &'a str,
    pub ty: &'a ResourceType,
    pub kind: &'a ResourceKind,
    pub span: Span,
}

impl Context<'_> {
    /// Whether a request may be at the `%` of its location: the type is divided, the parts share no site and hold no `&`.
    pub fn check_cross(&self, location: &Location, ty: &ResourceType, kind: &ResourceKind, name: &str) {
        let crosses = location.crosses();
        let Some(first) = crosses.first() else { return };
        if let ResourceKind::Call { operation } = kind {
            self.report(
                Diagnostic::new(
                    codes::E0304,
                    first.span,
                    format!("`{operation}` is done at sites, not divided over them"),
                )
                .label("an operation has no parts")
                .help("`&` does it at each of the sites, `|` at the first that can"),
            );
            return;
        }
        if let Cross::None { because } = &ty.cross {
            self.report(
                Diagnostic::new(codes::E0304, first.span, format!("`{name}` cannot be divided over sites"))
                    .label("one resource over several sites")
                    .secondary(ty.span, format!("`{}` has no division rule", ty.name))
                    .note(because.clone())
                    .help("`&` makes the resource at each of the sites, `|` at the first that can"),
            );
            return;
        }
        let mut seen: IndexMap<SiteId, Span> = IndexMap::new();
        for site in location.occurrences() {
            let LocationKind::Site(id) = site.kind else { continue };
            let is_part = crosses.iter().any(|cross| cross.sites().contains(&id));
            match seen.get(&id) {
                Some(earlier) if is_part => {
                    self.report(
                        Diagnostic::new(
                            codes::E0307,
                            site.span,
                            format!("a part of `{name}` is at {} already", self.site_name(id)),
                        )
                        .label("again here")
                        .secondary(*earlier, "first here")
                        .help("a site holds one part: name it once"),
                    );
                    return;
                }
                Some(_) => {}
                None => {
                    seen.insert(id, site.span);
                }
            }
        }
        for cross in crosses {
            self.check_parts(cross, name);
        }
    }

    fn check_parts(&self, cross: &Location, name: &str) {
        let LocationKind::Cross { parts, prime } = &cross.kind else { return };
        if let Some(both) = parts.iter().find_map(Location::first_and) {
            self.report(
                Diagnostic::new(
                    codes::E0307,
                    both.span,
                    format!("a part of `{name}` would be at several sites"),
                )
                .label("a part is at one site")
                .help("join parts with `%`; of alternatives for a part, `a % (b | c)`, one is taken"),
            );
            return;
        }
        if !matches!(parts[*prime].kind, LocationKind::Site(_) | LocationKind::Error) {
            self.report(
                Diagnostic::new(
                    codes::E0307,
                    parts[*prime].span,
                    format!("the prime of `{name}` may end at several sites"),
                )
                .label("holds the identity of the whole")
                .help("name the prime: `prime: SITE`, the site of another part"),
            );
        }
    }

    /// `local_only` leaves one part of a `%`: it has to be the prime, which holds the identity of the whole.
    pub fn check_local_part(&self, head: &Head<'_>, entry: SiteId) {
        for cross in head.location.crosses() {
            let LocationKind::Cross { parts, prime } = &cross.kind else { continue };
            let sites = parts[*prime].sites();
            if !cross.sites().contains(&entry) || sites.contains(&entry) {
                continue;
            }
            let (entry, at) = (self.site_name(entry), self.site_name(sites[0]));
            self.report(
                Diagnostic::new(
                    codes::E0324,
                    cross.span,
                    format!(
                        "`local_only` would leave the part of `{}` at {entry} without its prime",
                        head.name
                    ),
                )
                .label(format!("the prime is at {at}"))
                .note("the prime holds the identity of the whole, and is made first")
                .help(format!(
                    "make the entry site the prime: `prime: {entry}`; or choose `queue`, `skip` or `fail`"
                )),
            );
        }
    }

    /// Gives each part its share, and what links it to the prime.
    pub fn divide(
        &self,
        whole: &Whole<'_>,
        location: &Location,
        with: &With,
        instances: &mut IndexMap<SiteId, Instance>,
    ) {
        let crosses = location.crosses();
        if crosses.is_empty() {
            if let Some((_, _, span)) = with.weights.first() {
                self.report(
                    Diagnostic::new(codes::E0209, *span, format!("`{}` has no parts to weigh", whole.name))
                        .label("weights go with `%`")
                        .secondary(location.span, "nothing is divided here")
                        .help("leave `weights` out, or divide it: `a % b`"),
                );
            }
            return;
        }
        let Cross::By(division) = &whole.ty.cross else { return };
        if *whole.kind != ResourceKind::Managed {
            return;
        }
        for cross in crosses {
            let LocationKind::Cross { parts, prime } = &cross.kind else { continue };
            if cross.sites().len() < cross.occurrences().len() {
                // Two parts at one site: reported.
                continue;
            }
            let LocationKind::Site(prime) = parts[*prime].kind else { continue };
            let Some(weights) = self.part_weights(whole.name, parts, with) else { continue };
            for name in &division.divided {
                let path: Vec<&str> = name.split('.').collect();
                let Some(attribute) = whole.ty.attributes.get(path[0]) else { continue };
                self.divide_attribute(whole, (attribute, &path), (parts, prime), &weights, instances);
            }
            let Some(link) = &division.link else { continue };
            let others = parts.iter().flat_map(Location::sites).filter(|site| *site != prime);
            for site in others.collect::<Vec<_>>() {
                if let Some(instance) = instances.get_mut(&site) {
                    leave_at_prime(whole.ty, link, instance);
                }
            }
        }
    }

    /// The weight of each part, 1 where none is written.
    fn part_weights(&self, name: &str, parts: &[Location], with: &With) -> Option<Vec<u64>> {
        if with.weights.is_empty() {
            return Some(vec![1; parts.len()]);
        }
        let all: Vec<SiteId> = parts.iter().flat_map(Location::sites).collect();
        if let Some((site, _, span)) = with.weights.iter().find(|(site, ..)| !all.contains(site)) {
            self.report(
                Diagnostic::new(
                    codes::E0209,
                    *span,
                    format!("no part of `{name}` is at {}", self.site_name(*site)),
                )
                .label("weighs nothing")
                .help(format!("its parts are at {}", self.site_names(&all))),
            );
            return None;
        }
        let mut weights = Vec::with_capacity(parts.len());
        for part in parts {
            let sites = part.sites();
            let Some((.., weight, _)) = with.weights.iter().find(|(site, ..)| sites.contains(site)) else {
                let place = with.weights[0].2;
                let missing = self.site_names(&sites);
                self.report(
                    Diagnostic::new(
                        codes::E0209,
                        place,
                        format!("the part of `{name}` at {missing} has no weight"),
                    )
                    .label("weighs the others")
                    .secondary(part.span, "this part")
                    .help(format!("add `{missing}: 1`; a part with 0 gets nothing")),
                );
                return None;
            };
            weights.push(*weight);
        }
        if weights.iter().all(|weight| *weight == 0) {
            self.report(
                Diagnostic::new(codes::E0209, with.weights[0].2, "every part has the weight 0")
                    .label("nothing could be given to any of them")
                    .help("give one of them a weight above 0"),
            );
            return None;
        }
        Some(weights)
    }

    fn divide_attribute(
        &self,
        whole: &Whole<'_>,
        (attribute, path): (&Attribute, &[&str]),
        (parts, prime): (&[Location], SiteId),
        weights: &[u64],
        instances: &mut IndexMap<SiteId, Instance>,
    ) {
        let written = instances.get(&prime).and_then(|instance| slot_at(&instance.attributes, path)).cloned();
        let total = match (&written, &attribute.default) {
            (Some(slot), _) => slot.clone(),
            (None, Some(default)) if path.len() == 1 => {
                let value = self.eval(default, &Frame::new(Modules::ROOT));
                Slot { value, key: whole.span, span: whole.span }
            }
            (None, _) => return,
        };
        let shares: Vec<Value> = match total.value {
            Value::Int(amount) if amount >= 0 => {
                let shares = shares(amount.unsigned_abs(), weights).into_iter();
                shares.map(|share| Value::Int(i64::try_from(share).unwrap_or(i64::MAX))).collect()
            }
            Value::Size(amount) => shares(amount, weights).into_iter().map(Value::Size).collect(),
            Value::Error | Value::Null => return,
            other => {
                self.report(
                    Diagnostic::new(
                        codes::E0307,
                        total.span,
                        format!("`{}` is divided, and {} cannot be", path.join("."), describe(&other)),
                    )
                    .label("divided over the sites")
                    .secondary(attribute.span, "declared here")
                    .help("give a number that is known when compiling, not below 0"),
                );
                return;
            }
        };
        for (part, share) in parts.iter().zip(shares) {
            for site in part.sites() {
                let Some(instance) = instances.get_mut(&site) else { continue };
                let own = slot_at(&instance.attributes, path);
                if let Some(own) = own.filter(|own| own.value != total.value && own.value != Value::Error) {
                    self.report(
                        Diagnostic::new(
                            codes::E0307,
                            own.span,
                            format!("`{}` of `{}` is one number for the whole", path.join("."), whole.name),
                        )
                        .label(format!("{} at {}", describe(&own.value), self.site_name(site)))
                        .secondary(total.span, format!("{} at the prime", describe(&total.value)))
                        .help("write the whole, and who gets how much with `weights`"),
                    );
                    return;
                }
                let slot = Slot { value: share.clone(), ..total.clone() };
                put_at(&mut instance.attributes, path, slot);
            }
        }
    }
}

/// What stands at a path of a record.
fn slot_at<'s>(fields: &'s IndexMap<String, Slot>, path: &[&str]) -> Option<&'s Slot> {
    let (first, rest) = path.split_first()?;
    let slot = fields.get(*first)?;
    match (&slot.value, rest) {
        (_, []) => Some(slot),
        (Value::Record(fields), rest) => slot_at(fields, rest),
        _ => None,
    }
}

/// Puts a value at a path of a record; the records on the way are made where they are missing.
fn put_at(fields: &mut IndexMap<String, Slot>, path: &[&str], value: Slot) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        fields.insert((*first).to_owned(), value);
        return;
    }
    let (key, span) = (value.key, value.span);
    let inner = fields.entry((*first).to_owned()).or_insert(Slot {
        value: Value::Record(IndexMap::new()),
        key,
        span,
    });
    if let Value::Record(fields) = &mut inner.value {
        put_at(fields, rest, value);
    }
}

/// R9: a part refers to the prime, by the attribute that lowering fills in; what the whole requires or relies on stays
/// beside the prime.
fn leave_at_prime(ty: &ResourceType, link: &str, instance: &mut Instance) {
    let stays = |attribute: &&Attribute| {
        let rule = attribute.reference.as_ref();
        !attribute.is_required
            && rule.is_some_and(|rule| rule.relation != Relation::Composed)
            && attribute.name != link
    };
    for attribute in ty.attributes.values().filter(stays) {
        instance.attributes.shift_remove(&attribute.name);
    }
    keep_used(instance);
}

/// Leaves out the references that no attribute holds any more, and numbers the others again.
fn keep_used(instance: &mut Instance) {
    let mut kept: Vec<Reference> = Vec::new();
    let mut positions: Vec<Option<usize>> = vec![None; instance.references.len()];
    for slot in instance.attributes.values_mut() {
        renumber(&mut slot.value, &mut positions, &instance.references, &mut kept);
    }
    instance.references = kept;
}

fn renumber(
    value: &mut Value,
    positions: &mut [Option<usize>],
    all: &[Reference],
    kept: &mut Vec<Reference>,
) {
    match value {
        Value::Reference(index) => {
            let position = *positions[*index].get_or_insert_with(|| {
                kept.push(all[*index].clone());
                kept.len() - 1
            });
            *index = position;
        }
        Value::List(slots) => {
            slots.iter_mut().for_each(|slot| renumber(&mut slot.value, positions, all, kept));
        }
        Value::Record(fields) => {
            fields.values_mut().for_each(|slot| renumber(&mut slot.value, positions, all, kept));
        }
        _ => {}
    }
}

/// A whole number by weight: each part the floor of its quota, what is left to the largest remainders, ties to the left.
/// At least one weight is above 0. The shares' sum is the whole.
fn shares(whole: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    debug_assert!(sum > 0, "a part has a weight");
    let quota = |weight: u64| u128::from(whole) * u128::from(weight);
    let mut shares: Vec<u64> = weights
        .iter()
        .map(|weight| u64::try_from(quota(*weight) / sum).expect("at most the whole"))
        .collect();
    let left = whole - shares.iter().sum::<u64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|part| std::cmp::Reverse(quota(weights[*part]) % sum));
    for part in order.into_iter().take(usize::try_from(left).expect("fewer than parts")) {
        shares[part] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn largest_remainders_get_what_is_left() {
        assert_eq!(shares(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(shares(7, &[2, 1, 1]), [3, 2, 2]);
        assert_eq!(shares(1, &[1, 1]), [1, 0]);
        assert_eq!(shares(0, &[3, 1]), [0, 0]);
        assert_eq!(shares(10, &[0, 1, 0]), [0, 10, 0]);
        assert_eq!(shares(u64::MAX, &[1, 1]), [u64::MAX / 2 + 1, u64::MAX / 2]);
    }

    #[test]
    fn shares_sum_to_the_whole_and_are_within_one_of_the_quota() {
        for whole in 0..40 {
            for weights in [vec![1, 2, 3], vec![5, 0, 1, 1], vec![7], vec![1, 1, 1, 1, 1, 1], vec![9, 4, 4]] {
                let shares = shares(whole, &weights);
                let sum: u64 = weights.iter().sum();
                assert_eq!(shares.iter().sum::<u64>(), whole);
                for (share, weight) in shares.iter().zip(&weights) {
                    assert!((share * sum).abs_diff(whole * weight) < sum, "{whole} {weights:?} {shares:?}");
                }
            }
        }
    }
}
