//! Which of the jobs that may be done is started next: by priority at each site, fair over the sites, within the limits.
//!
//! In come jobs with a site and a priority, out comes one at a time while its site has a place: of two sites with a
//! thousand jobs each, `next` gives one of the first, one of the second, one of the first, …

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use scope_plan::plan::{SiteId, StepId};

use super::mutants::{self, Mutant};

/// Something that takes a place at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    /// An attempt of a step.
    Step(StepId),
    /// Deleting what a step created.
    Undo(StepId),
}

/// The jobs that wait for a place.
#[derive(Debug)]
pub(super) struct ReadyQueue {
    sites: Vec<SiteQueue>,
    /// Sites that have a job and a place, each once, the one served longest ago first.
    ring: VecDeque<SiteId>,
    n_taken: usize,
    limit: usize,
}

#[derive(Debug)]
struct SiteQueue {
    /// Greatest priority first; the smaller job breaks ties, so that the order is always the same.
    jobs: BinaryHeap<(u64, Reverse<Job>)>,
    n_taken: usize,
    limit: usize,
    is_in_ring: bool,
}

impl ReadyQueue {
    /// Limits of the sites, and of all together.
    pub(super) fn new(limits: impl Iterator<Item = usize>, limit: usize) -> Self {
        let site = |limit| SiteQueue { jobs: BinaryHeap::new(), n_taken: 0, limit, is_in_ring: false };
        Self { sites: limits.map(site).collect(), ring: VecDeque::new(), n_taken: 0, limit }
    }

    /// Adds a job.
    pub(super) fn push(&mut self, site: SiteId, priority: u64, job: Job) {
        self.sites[site.index()].jobs.push((priority, Reverse(job)));
        self.enter_ring(site);
    }

    /// Takes a job and a place for it, if there are both.
    pub(super) fn next(&mut self) -> Option<(SiteId, Job)> {
        if self.n_taken >= self.limit {
            return None;
        }
        while let Some(site) = self.ring.pop_front() {
            let queue = &mut self.sites[site.index()];
            queue.is_in_ring = false;
            if queue.n_taken >= queue.limit && !mutants::is(Mutant::TwoInOnePlace) {
                continue;
            }
            if let Some((_, Reverse(job))) = queue.jobs.pop() {
                queue.n_taken += 1;
                self.n_taken += 1;
                self.enter_ring(site);
                return Some((site, job));
            }
        }
        None
    }

    /// Gives a place back.
    pub(super) fn release(&mut self, site: SiteId) {
        self.sites[site.index()].n_taken -= 1;
        self.n_taken -= 1;
        self.enter_ring(site);
    }

    /// Takes out every job that waits at a site.
    pub(super) fn drain(&mut self, site: SiteId) -> Vec<Job> {
        self.sites[site.index()].jobs.drain().map(|(_, Reverse(job))| job).collect()
    }

    fn enter_ring(&mut self, site: SiteId) {
        let queue = &mut self.sites[site.index()];
        let has_place = queue.n_taken < queue.limit || mutants::is(Mutant::TwoInOnePlace);
        if !queue.is_in_ring && !queue.jobs.is_empty() && has_place {
            queue.is_in_ring = true;
            self.ring.push_back(site);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: u32) -> Job {
        Job::Step(StepId(number))
    }

    #[test]
    fn priority_at_a_site_fair_over_sites() {
        let mut queue = ReadyQueue::new([2, 2].into_iter(), 10);
        for (site, priority, number) in [(0, 1, 0), (0, 9, 1), (0, 9, 2), (1, 0, 3), (1, 0, 4)] {
            queue.push(SiteId(site), priority, step(number));
        }
        let order: Vec<Job> = std::iter::from_fn(|| queue.next()).map(|(_, job)| job).collect();
        assert_eq!(order, [step(1), step(3), step(2), step(4)], "two places at each site");
        queue.release(SiteId(0));
        assert_eq!(queue.next(), Some((SiteId(0), step(0))));
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn all_sites_together_have_a_limit() {
        let mut queue = ReadyQueue::new([5, 5].into_iter(), 1);
        queue.push(SiteId(0), 0, step(0));
        queue.push(SiteId(1), 0, step(1));
        assert_eq!(queue.next(), Some((SiteId(0), step(0))));
        assert_eq!(queue.next(), None);
        queue.release(SiteId(0));
        assert_eq!(queue.next(), Some((SiteId(1), step(1))));
    }
}
