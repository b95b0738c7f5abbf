//! Any numbers → a well-formed plan: for property tests. The fewer and smaller the numbers, the smaller the plan, so that
//! a failure shrinks to one that can be read.
//!
//! `plan_from(&[])` → one site and nothing to do; `plan_from(&[2, 5, 0, …])` → three sites, five things to do.

use serde_json::json;

use super::Builder;
use crate::expr::{Builtin, Expr};
use crate::plan::{Action, OnUnreachable, Plan, Purpose, SiteId, StepId};

const DEEPEST: usize = 3;

/// See above.
pub fn plan_from(numbers: &[u16]) -> Plan {
    let mut random = Random {
        numbers: numbers.iter(),
        plan: Builder::new(),
        sites: Vec::new(),
        books: Vec::new(),
        steps: Vec::new(),
        items: 0,
        depth: 0,
        is_left: false,
    };
    random.sites();
    let count = random.next(24);
    for _ in 0..count {
        random.item();
    }
    random.order();
    random.outputs();
    random.plan.finish()
}

struct Random<'n> {
    numbers: std::slice::Iter<'n, u16>,
    plan: Builder,
    sites: Vec<SiteId>,
    /// Steps that give a book, and are done wherever a step made now is.
    books: Vec<StepId>,
    /// All that are done wherever a step made now is.
    steps: Vec<StepId>,
    items: usize,
    depth: usize,
    /// Left of a `|`, where nothing is queued.
    is_left: bool,
}

impl Random<'_> {
    fn next(&mut self, below: usize) -> usize {
        self.numbers.next().map_or(0, |number| usize::from(*number) % below.max(1))
    }

    fn one<T: Copy>(&mut self, things: &[T]) -> Option<T> {
        if things.is_empty() { None } else { Some(things[self.next(things.len())]) }
    }

    fn sites(&mut self) {
        let count = 1 + self.next(4);
        for name in ["nantes", "paris", "lille", "rennes"].into_iter().take(count) {
            let site = self.plan.site(name);
            for other in self.sites.clone() {
                if self.next(2) == 1 {
                    let (rtt, bandwidth) = (self.next(40) as u64, self.next(3) as u64);
                    self.plan.link(other, site, rtt, (bandwidth > 0).then_some(bandwidth * 100_000_000));
                }
            }
            self.sites.push(site);
        }
    }

    fn site(&mut self) -> SiteId {
        let sites = self.sites.clone();
        self.one(&sites).expect("there is a site")
    }

    fn name(&mut self, what: &str) -> String {
        self.items += 1;
        format!("{what}{}", self.items)
    }

    fn item(&mut self) {
        match self.next(8) {
            0 => self.lookup(),
            1 => self.loan(),
            2 => self.bring(),
            3 => self.book(),
            4 => self.choice(),
            5 => self.gather(),
            6 => self.call(),
            _ if self.depth == 0 => {
                let (site, name) = (self.site(), self.name("old"));
                self.plan.delete(site, &name, "shelf.book", "b-old");
            }
            _ => self.lookup(),
        }
    }

    fn done(&mut self, step: StepId, is_book: bool) {
        self.steps.push(step);
        if is_book {
            self.books.push(step);
        }
        let on_unreachable = match self.next(8) {
            1 if !self.is_left => OnUnreachable::Queue { for_ms: None },
            2 => OnUnreachable::Skip,
            _ => OnUnreachable::Fail,
        };
        self.plan.step_mut(step).on_unreachable = on_unreachable;
    }

    fn lookup(&mut self) {
        let (site, name) = (self.site(), self.name("find"));
        let title =
            if self.next(4) == 3 { self.title() } else { Expr::text(["Emma", "Ulysses"][self.next(2)]) };
        let purpose = if self.next(4) == 3 { Purpose::Existing } else { Purpose::Reference };
        let action = Action::Lookup {
            resource_type: "shelf.book".into(),
            text: Some(title),
            filter: Vec::new(),
            purpose,
        };
        let step = self.plan.step(site, &name, action);
        self.done(step, true);
    }

    fn title(&mut self) -> Expr {
        let books = self.books.clone();
        match self.one(&books) {
            Some(book) => Expr::Call(Builtin::Lower, vec![Expr::step(book, &["title"])]),
            None => Expr::text("Emma"),
        }
    }

    fn book(&mut self) {
        let (site, name, title) = (self.site(), self.name("book"), self.title());
        // Two of one title are two books, and a look-up by it finds one or both, by what is made first.
        let title = Expr::Concat(vec![title, Expr::text(format!(" {name}"))]);
        let pages = Expr::Value(json!(self.next(500)));
        let step = self.plan.ensure(site, &name, "shelf.book", vec![("title", title), ("pages", pages)]);
        self.done(step, true);
    }

    fn loan(&mut self) {
        let books = self.books.clone();
        let Some(book) = self.one(&books) else { return self.lookup() };
        let (site, name) = (self.site(), self.name("loan"));
        let inputs = vec![("book", Expr::step(book, &[])), ("reader", self.title())];
        let step = self.plan.ensure(site, &name, "shelf.loan", inputs);
        self.done(step, false);
    }

    fn bring(&mut self) {
        let books = self.books.clone();
        let mut sources = Vec::new();
        for _ in 0..=self.next(3) {
            sources.extend(self.one(&books).filter(|book| !sources.contains(book)));
        }
        if sources.is_empty() {
            return self.lookup();
        }
        let (site, name) = (self.site(), self.name("copy"));
        let step = self.plan.bring(site, &name, "shelf.book", &sources);
        self.done(step, true);
    }

    fn gather(&mut self) {
        let mut parts: Vec<StepId> = Vec::new();
        let steps = self.steps.clone();
        for step in steps.into_iter().rev().take(4) {
            let site = self.plan.step_mut(step).site;
            if parts.iter().all(|part| self.plan.step_mut(*part).site != site) {
                parts.push(step);
            }
        }
        if parts.is_empty() {
            return self.lookup();
        }
        let (site, name) = (self.site(), self.name("all"));
        let step = self.plan.gather(site, &name, &parts);
        self.steps.push(step);
    }

    fn call(&mut self) {
        let books = self.books.clone();
        let Some(book) = self.one(&books) else { return self.lookup() };
        let (site, name) = (self.site(), self.name("close"));
        let step =
            self.plan.call(site, &name, "shelf.book", "close", vec![("id", Expr::step(book, &["id"]))]);
        self.done(step, false);
    }

    fn choice(&mut self) {
        if self.depth >= DEEPEST {
            return self.lookup();
        }
        let (site, name) = (self.site(), self.name("choice"));
        let arms = 1 + self.next(3);
        let choice = self.plan.choice(&name, &["first", "second", "third"][..arms]);
        let mut results = Vec::new();
        for arm in 0..arms {
            let outer = (self.books.len(), self.steps.len(), self.is_left);
            self.depth += 1;
            self.is_left |= arm + 1 < arms;
            let guard = crate::plan::Guard { choice, arm: arm as u32 };
            self.plan.guards.push(guard);
            for _ in 0..self.next(4) {
                self.item();
            }
            self.lookup();
            results.push(*self.books.last().expect("a look-up was made"));
            self.plan.guards.pop();
            self.depth -= 1;
            self.books.truncate(outer.0);
            self.steps.truncate(outer.1);
            self.is_left = outer.2;
        }
        let step = self.plan.choose(site, &name, choice, &results);
        self.steps.push(step);
        self.books.push(step);
    }

    /// Later steps after earlier ones: no circle.
    fn order(&mut self) {
        let count = self.plan.plan.steps.len();
        for _ in 0..self.next(20) {
            let (from, to) = (self.next(count), self.next(count));
            let edge = crate::plan::Edge {
                from: StepId(from as u32),
                to: StepId(to as u32),
                reason: crate::plan::EdgeReason::After,
            };
            if from < to && !self.plan.plan.edges.contains(&edge) {
                self.plan.after(edge.from, edge.to);
            }
        }
    }

    fn outputs(&mut self) {
        let steps = self.steps.clone();
        for position in 0..self.next(3) {
            if let Some(step) = self.one(&steps) {
                self.plan.output(&format!("output{position}"), Expr::step(step, &["id"]));
            }
        }
    }
}
