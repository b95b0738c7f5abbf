//! How a request is carried out over its sites: in waves, with a quorum, from where it was.
//!
//! `rollout: { first: lille, then: 25% }` over nine sites → waves of 1, 3, 3 and 2.

use std::borrow::Cow;
use std::collections::BTreeSet;

use scope_diagnostics::Span;

use super::SiteId;

/// `rollout: { … }`: sites are changed one wave after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// What it rolls out: the item (a resource, a family, a group) that it is written at, by path.
    pub owner: String,
    /// The first wave, with where each site is named; empty: none of its own.
    pub first: Vec<SiteId>,
    /// The waves after it.
    pub then: WaveSize,
    /// From the end of a wave to the next one, in nanoseconds.
    pub soak: i64,
    /// With so many sites failed nothing more is begun.
    pub stop_after: u32,
    /// What is new waits for its wave, too.
    pub creates: bool,
    /// Where it is written.
    pub span: Span,
    /// Where `first` is, where it is written.
    pub first_span: Option<Span>,
    /// Where `stop_after` is, where it is written.
    pub stop_span: Option<Span>,
}

/// How many sites a wave has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WaveSize {
    /// All that are left.
    Rest,
    /// So many.
    Sites(u32),
    /// So many of all its sites, rounded up.
    Percent(f64),
}

impl Rollout {
    /// The sites of each wave: of these, in their order.
    pub fn waves(&self, sites: &[SiteId]) -> Vec<Vec<SiteId>> {
        let (first, rest): (Vec<SiteId>, Vec<SiteId>) =
            sites.iter().copied().partition(|site| self.first.contains(site));
        let size = match self.then {
            WaveSize::Rest => rest.len(),
            WaveSize::Sites(count) => count as usize,
            WaveSize::Percent(percent) => (sites.len() as f64 * percent / 100.0).ceil() as usize,
        };
        let mut waves: Vec<Vec<SiteId>> = Vec::new();
        if !first.is_empty() {
            waves.push(first);
        }
        waves.extend(rest.chunks(size.max(1)).map(<[SiteId]>::to_vec));
        waves
    }

    /// Whether another one, of the same item, says the same.
    pub fn says_as(&self, other: &Rollout) -> bool {
        (self.then, self.soak, self.stop_after, self.creates)
            == (other.then, other.soak, other.stop_after, other.creates)
            && self.first == other.first
    }
}

/// `quorum: n`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// So many copies are enough.
    pub need: u32,
    /// Where it is written.
    pub span: Span,
    /// It is of a group: items without copies have nothing to count.
    pub is_inherited: bool,
}

/// `moved_from: "old.path"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedFrom {
    /// The path as written: of the group that it is written in, and else of the program.
    pub path: String,
    /// The path of that group; empty: the program's own.
    pub within: String,
    /// What has it now, where one name is given to all of a family: the item's path.
    pub item: String,
    /// What has it now, where each element has its own: the element's path.
    pub element: String,
    /// Where it is written.
    pub span: Span,
    /// What the group that it is written in, or one around that, says for itself.
    pub around: Option<Box<MovedFrom>>,
}

impl MovedFrom {
    /// The global path, where it is one of the group that it is written in.
    pub fn path_within(&self) -> Cow<'_, str> {
        match self.within.as_str() {
            "" => Cow::Borrowed(&self.path),
            within => format!("{within}.{}", self.path).into(),
        }
    }

    /// The global paths that it may be in the group that it is written in, the likeliest first: by the name that this has, and by what it was called
    /// before.
    pub fn paths_within(&self) -> Vec<String> {
        let mut paths = vec![self.path_within().into_owned()];
        for was in self.around.iter().flat_map(|around| around.former(&self.within)) {
            paths.push(format!("{was}.{}", self.path));
        }
        paths
    }

    /// What a path was by this, of what it is written at or of something below that.
    pub fn former(&self, now: &str) -> Vec<String> {
        // One word of a family is the family's, or its only element's.
        let below: BTreeSet<&str> =
            [&self.item, &self.element].into_iter().filter_map(|at| now.strip_prefix(at.as_str())).collect();
        let paths = self.paths_within();
        paths.iter().flat_map(|path| below.iter().map(move |below| format!("{path}{below}"))).collect()
    }

    /// This, and what the groups around say for themselves.
    pub fn with_around(&self) -> impl Iterator<Item = &MovedFrom> {
        std::iter::successors(Some(self), |moved| moved.around.as_deref())
    }
}

/// `replace`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// `move`: it may be made anew elsewhere, though what is in it stays behind.
    Move,
    /// `anew`: so it may, and another one takes its place where it cannot be changed as the program says.
    Anew,
    /// `never`: it is neither moved nor made anew.
    Never,
}

/// `on_unknown`: the answer to the question whether it was done, given beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// A person is asked.
    Ask,
    /// It counts as failed.
    Fail,
    /// It is sent again, and may be done twice.
    Retry,
}

/// `on_delete`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// Deleted.
    Delete,
    /// Left at its site, and forgotten.
    Keep,
}

/// `borrow`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Borrow {
    /// What is needed of other sites is copied, and goes with its last user.
    Copy,
    /// It is copied, and the copy stays.
    Keep,
    /// Nothing is copied.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(first: &[u32], then: WaveSize, count: u32) -> Vec<usize> {
        let rollout = Rollout {
            owner: "agent".into(),
            first: first.iter().copied().map(SiteId).collect(),
            then,
            soak: 0,
            stop_after: 1,
            creates: false,
            span: Span::DUMMY,
            first_span: None,
            stop_span: None,
        };
        let sites: Vec<SiteId> = (0..count).map(SiteId).collect();
        rollout.waves(&sites).iter().map(Vec::len).collect()
    }

    #[test]
    fn every_site_is_in_one_wave() {
        assert_eq!(waves(&[3], WaveSize::Percent(25.0), 9), [1, 3, 3, 2]);
        assert_eq!(waves(&[3, 1], WaveSize::Sites(3), 9), [2, 3, 3, 1]);
        assert_eq!(waves(&[0], WaveSize::Rest, 5), [1, 4]);
        assert_eq!(waves(&[], WaveSize::Percent(1.0), 4), [1, 1, 1, 1]);
        assert_eq!(waves(&[0, 1], WaveSize::Rest, 2), [2]);
    }
}
