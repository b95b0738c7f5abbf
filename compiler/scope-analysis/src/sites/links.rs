//! Links: `link nantes -- paris { rtt: 12ms }`, both ways.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, ItemKind};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{self, Link, Value};
use crate::modules::ModuleId;

/// What a link says.
const FIELDS: [&str; 3] = ["rtt", "bandwidth", "loss"];

/// What people call the time of one way.
const ONE_WAY: [&str; 3] = ["latency", "delay", "ping"];

impl Context<'_> {
    /// Evaluates the links.
    pub fn evaluate_links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        for (index, module) in self.modules.modules.iter().enumerate() {
            let frame = Frame::new(ModuleId(index as u32));
            for item in &module.tree.items {
                let ItemKind::Link(link) = &item.kind else { continue };
                let ends = [self.one_site(&link.from, &frame), self.one_site(&link.to, &frame)];
                let body = self.eval(&link.body, &frame);
                let [Some(from), Some(to)] = ends else { continue };
                if from == to {
                    self.joins_itself(link, from);
                    continue;
                }
                let mut evaluated =
                    Link { from, to, rtt: None, bandwidth: None, loss_permille: 0, span: item.span };
                let Value::Record(fields) = body else { continue };
                for (key, slot) in fields {
                    match (key.as_str(), slot.value) {
                        (_, Value::Error) => {}
                        ("rtt", Value::Duration(rtt)) if rtt >= 0 => evaluated.rtt = Some(rtt),
                        ("bandwidth", Value::Rate(rate)) if rate > 0 => evaluated.bandwidth = Some(rate),
                        ("loss", Value::Percent(loss)) if (0.0..=100.0).contains(&loss) => {
                            evaluated.loss_permille = (loss * 10.0).round() as u32;
                        }
                        ("rtt", other) => self.mismatch("a duration such as `12ms`", &other, slot.span),
                        ("bandwidth", other) => self.mismatch("a rate such as `1Gbps`", &other, slot.span),
                        ("loss", other) => self.mismatch("a percentage such as `1%`", &other, slot.span),
                        _ => {
                            let report = self.no_such_field(&key, slot.key, "a link", FIELDS.into_iter());
                            let is_one_way = ONE_WAY.contains(&key.as_str());
                            self.report(match is_one_way {
                                true => report.help("`rtt` is the round trip: twice the latency of one way"),
                                false => report,
                            });
                        }
                    }
                }
                links.push(evaluated);
            }
        }
        self.check_joined_once(&links);
        links
    }

    /// Of two links of the same sites that in the imported file is the first: a program is written over it.
    fn check_joined_once(&self, links: &[Link]) {
        let place = |link: &Link| {
            let module = self.modules.modules.iter().position(|module| module.file == link.span.file);
            (std::cmp::Reverse(module), link.span.start)
        };
        let mut sorted: Vec<&Link> = links.iter().collect();
        sorted.sort_by_cached_key(|link| place(link));
        let mut joined: HashMap<[hir::SiteId; 2], Span> = HashMap::new();
        for link in sorted {
            let pair = [link.from.min(link.to), link.from.max(link.to)];
            match joined.entry(pair) {
                Entry::Occupied(first) => self.is_joined_twice(*first.get(), link.span, link.from, link.to),
                Entry::Vacant(first) => drop(first.insert(link.span)),
            }
        }
    }

    fn joins_itself(&self, link: &ast::Link, site: hir::SiteId) {
        let name = self.site_name(site);
        self.report(
            Diagnostic::new(codes::E0108, link.to.span, "a link joins two sites")
                .label(format!("is `{name}`, as the other end"))
                .secondary(link.from.span, format!("`{name}`"))
                .help("name another site at one of the ends; within a site there is no link"),
        );
    }

    /// A link is the same both ways.
    fn is_joined_twice(&self, first: Span, again: Span, from: hir::SiteId, to: hir::SiteId) {
        let (from, to) = (self.site_name(from), self.site_name(to));
        self.report(
            Diagnostic::new(codes::E0103, again, format!("`{from}` and `{to}` are linked twice"))
                .label("linked again, whichever end is named first")
                .secondary(first, "first linked here")
                .help("say all of it in one link"),
        );
    }

    fn one_site(&self, expr: &ast::Expr, frame: &Frame) -> Option<hir::SiteId> {
        let location = self.eval_location(expr, frame)?;
        match location.kind {
            hir::LocationKind::Site(site) => Some(site),
            _ => {
                self.report(
                    Diagnostic::new(codes::E0108, expr.span, "a link joins two sites")
                        .label("expected one site")
                        .help("name one site at each end"),
                );
                None
            }
        }
    }
}
