//! R6, what each part of a `%` has.
//!
//! 7 over `nantes % paris` → 4 and 3.

use std::collections::BTreeMap;

use super::kept;
use crate::oracle::program::Resource;

/// Each part of a `%` and its share: the floor, and what is left to the largest remainders, ties to the left (R6).
pub(in crate::oracle) fn shares(resource: &Resource) -> BTreeMap<usize, u32> {
    let Some((parts, _)) = resource.loc.cross() else {
        return kept(resource).sites().into_iter().map(|site| (site, resource.total)).collect();
    };
    let weights = resource.weights.clone().unwrap_or_else(|| vec![1; parts.len()]);
    let all: u32 = weights.iter().sum();
    let mut shares: Vec<u32> = weights.iter().map(|weight| resource.total * weight / all).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(resource.total * weights[*index] % all));
    let left = resource.total - shares.iter().sum::<u32>();
    for index in order.into_iter().take(left as usize) {
        shares[index] += 1;
    }
    let mut by_site: BTreeMap<usize, u32> =
        resource.loc.sites().into_iter().map(|site| (site, resource.total)).collect();
    for (part, share) in parts.iter().zip(shares) {
        by_site.extend(part.sites().into_iter().map(|site| (site, share)));
    }
    by_site
}
