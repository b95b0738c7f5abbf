//! A program as the reference knows it, and its text.
//!
//! Site 0 is the entry. Resource number 3 is `r3`, of a type and a service of its own, so that what happens to one request
//! happens to no other. `Or([Site(0), And([Site(1), Site(2)])])` → `scope { s3: here | (paris & lille) }`.

use std::collections::BTreeSet;
use std::fmt::Write;

/// The sites' names, by number.
pub(super) const SITES: [&str; 4] = ["nantes", "paris", "lille", "rennes"];

/// The number of a site.
pub(super) fn site_number(name: &str) -> usize {
    SITES.iter().position(|site| *site == name).expect("one of the sites")
}

/// A program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) n_sites: usize,
    /// How many requests a site takes at once.
    pub(super) concurrency: usize,
    /// All resources are of one service, `s0`, so that what is heard from one is heard of all.
    pub(super) has_one_service: bool,
    pub(super) resources: Vec<Resource>,
    /// `call c: toy.coin0.spin { id: r0.id }` of a coin at one site: an operation that must not be repeated.
    pub(super) call: Option<usize>,
}

/// What stands for the call where resources are numbered.
pub(super) const CALL: usize = 100;

/// One `resource` item.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) loc: Loc,
    /// `with { after: … }`: earlier resources.
    pub(super) after: Vec<usize>,
    /// `with { on_disconnect: … }`
    pub(super) on_disconnect: Option<OnDisconnect>,
    /// `with { on_failure: undo }`
    pub(super) is_undone: bool,
    /// What a tally counts, divided by a `%`.
    pub(super) total: u32,
    /// `with { weights: … }`, for the parts in order.
    pub(super) weights: Option<Vec<u32>>,
    /// `with { quorum: … }`
    pub(super) quorum: Option<usize>,
    /// `with { rollout: … }`, of copies at plain sites.
    pub(super) rollout: Option<Rollout>,
    /// The seal that a slip refers to.
    pub(super) about: Option<usize>,
}

/// Waves, in which also what is new is made.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    /// The first wave.
    pub(super) first: Vec<usize>,
    /// So many sites at a time after it.
    pub(super) then: usize,
    pub(super) stop_after: usize,
}

/// What a site makes of a request, and what makes its repeat safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The program names it (`PUT`, repeated at will), and the answer tells nothing of it.
    Note,
    /// The site numbers it; it bears our mark, and is ready only after a while.
    Card,
    /// The site numbers it, and the request must not be repeated.
    Coin,
    /// A number that can be divided.
    Tally,
    /// What others refer to, and may be copied to where they are.
    Seal,
    /// Refers to a seal.
    Slip,
}

/// A location.
#[derive(Clone, Debug)]
pub(super) enum Loc {
    Site(usize),
    And(Vec<Loc>),
    Or(Vec<Loc>),
    /// The parts, and which of them is the prime.
    Cross(Vec<Loc>, usize),
}

/// `on_disconnect`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDisconnect {
    Queue,
    Skip,
    Fail,
    LocalOnly,
}

impl Loc {
    /// The sites in it, each once.
    pub(super) fn sites(&self) -> BTreeSet<usize> {
        match self {
            Loc::Site(site) => BTreeSet::from([*site]),
            Loc::And(parts) | Loc::Or(parts) | Loc::Cross(parts, _) => {
                parts.iter().flat_map(Loc::sites).collect()
            }
        }
    }

    /// Whether there is a `|` in it.
    pub(super) fn has_choice(&self) -> bool {
        match self {
            Loc::Site(_) => false,
            Loc::Or(_) => true,
            Loc::And(parts) | Loc::Cross(parts, _) => parts.iter().any(Loc::has_choice),
        }
    }

    /// The `%` in it; the generator makes at most one.
    pub(super) fn cross(&self) -> Option<(&[Loc], usize)> {
        match self {
            Loc::Cross(parts, prime) => Some((parts, *prime)),
            Loc::Or(arms) | Loc::And(arms) => arms.iter().find_map(Loc::cross),
            Loc::Site(_) => None,
        }
    }

    /// The copies of an `&`, those of one inside it too; of anything else it is one.
    pub(super) fn copies(&self) -> Vec<&Loc> {
        match self {
            Loc::And(parts) => parts.iter().flat_map(Loc::copies).collect(),
            _ => vec![self],
        }
    }

    /// How many copies each outermost `&` has.
    pub(super) fn counts(&self) -> Vec<usize> {
        match self {
            Loc::And(_) => vec![self.copies().len()],
            Loc::Or(arms) => arms.iter().flat_map(Loc::counts).collect(),
            Loc::Site(_) | Loc::Cross(..) => Vec::new(),
        }
    }

    fn write(&self, out: &mut String, is_inside: bool) {
        let (parts, operator) = match self {
            Loc::Site(site) => return out.push_str(SITES[*site]),
            Loc::And(parts) => (parts, " & "),
            Loc::Or(parts) => (parts, " | "),
            Loc::Cross(parts, _) => (parts, " % "),
        };
        out.push_str(if is_inside { "(" } else { "" });
        for (index, part) in parts.iter().enumerate() {
            out.push_str(if index == 0 { "" } else { operator });
            part.write(out, true);
        }
        out.push_str(if is_inside { ")" } else { "" });
    }
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Note => "note",
            Kind::Card => "card",
            Kind::Coin => "coin",
            Kind::Tally => "tally",
            Kind::Seal => "seal",
            Kind::Slip => "slip",
        }
    }

    /// An attribute that the site tells.
    fn shown(self) -> &'static str {
        match self {
            Kind::Note | Kind::Seal => "text",
            Kind::Slip => "name",
            Kind::Card => "state",
            Kind::Coin => "id",
            Kind::Tally => "value",
        }
    }

    /// Whether a lost request may be sent again.
    pub(super) fn is_repeatable(self) -> bool {
        self != Kind::Coin
    }

    /// The type's body, its operations at paths of their own.
    fn body(self) -> &'static str {
        match self {
            Kind::Note => {
                r#"
            name: string identity immutable
            text: string = ""
            cross by none because "a note has no parts"
            share by none because "a note stays where it is"
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/${name}" { body: { text: text }, repeat by name, settles within 2s, 200 | 201 -> done }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by write"#
            }
            Kind::Card => {
                r#"
            id: string identity computed
            title: string
            remark: string = ""
            state: "new" | "on" | "bad" computed
            named by title
            mark in remark
            cross by none because "a card has no parts"
            share by none because "a card stays where it is"
            ready when state == "on" within 10s every 500ms
            broken when state == "bad"
            stuck when state == "new"
            operation find GET "/" { query: { title: title }, 200 -> list(body) }
            operation read GET "/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/" { body: { title: title, remark: remark }, repeat by mark, settles within 2s, 201 -> done(body) }
            operation delete DELETE "/${id}" { 204 | 404 -> gone }"#
            }
            Kind::Coin => {
                r#"
            id: string identity computed
            title: string
            named by title
            cross by none because "a coin has no parts"
            share by none because "a coin stays where it is"
            operation find GET "/" { query: { title: title }, 200 -> list(body) }
            operation read GET "/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/" { body: { title: title }, repeat by none, settles within 2s, 201 -> done(body) }
            operation spin POST "/${id}/spin" { repeat by none, settles within 2s, 200 -> done }
            operation delete DELETE "/${id}" { 204 | 404 -> gone }"#
            }
            Kind::Tally => {
                r#"
            name: string identity immutable
            value: int = 0
            cross by sum(value)
            share by none because "a tally stays where it is"
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation set PUT "/${name}" { body: { value: value }, repeat by name, settles within 2s, 200 | 201 -> done(body) }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by set"#
            }
            Kind::Seal => {
                r#"
            name: string identity immutable
            text: string = ""
            cross by none because "a seal has no parts"
            share by copy(keep: [name, text])
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation press PUT "/${name}" { body: { text: text }, repeat by name, settles within 2s, 200 | 201 -> done(body) }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by press"#
            }
            Kind::Slip => {
                r#"
            name: string identity immutable
            about: SEAL requires shared(copy) immutable
            cross by none because "a slip has no parts"
            share by none because "a slip stays where it is"
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/${name}" { body: { about: about.name }, repeat by name, settles within 2s, 200 | 201 -> done(body) }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by write"#
            }
        }
    }
}

impl Program {
    /// The type of a resource: `toy.card3`.
    pub(super) fn resource_type(&self, resource: usize) -> String {
        format!("toy.{}{resource}", self.resources[resource].kind.name())
    }

    fn service(&self, resource: usize) -> usize {
        if self.has_one_service { 0 } else { resource }
    }

    /// The items that are about one resource, without the driver and the sites.
    pub(super) fn items(&self) -> Vec<String> {
        let resources = (0..self.resources.len()).map(|resource| self.item(resource));
        let call = self.called().map(|(resource, site)| self.call_item(resource, site));
        resources.chain(call).collect()
    }

    /// The resource that the call is of, and its site.
    pub(super) fn called(&self) -> Option<(usize, usize)> {
        let resource = self.call?;
        Some((resource, self.resources[resource].loc.sites().into_iter().next()?))
    }

    fn call_item(&self, resource: usize, site: usize) -> String {
        let (ty, site) = (self.resource_type(resource), SITES[site]);
        format!("call c: {ty}.spin {{ id: r{resource}.id }} scope {{ {site} }}")
    }

    /// The whole program.
    pub(super) fn text(&self) -> String {
        let mut text = self.frame();
        for item in self.items().into_iter().chain(self.outputs()) {
            let _ = writeln!(text, "{item}");
        }
        text
    }

    /// What is printed of each resource.
    pub(super) fn outputs(&self) -> Vec<String> {
        let output = |(number, resource): (usize, &Resource)| {
            format!("output o{number} = r{number}.{}", resource.kind.shown())
        };
        self.resources.iter().enumerate().map(output).collect()
    }

    /// The driver, the sites and the entry.
    pub(super) fn frame(&self) -> String {
        let mut text = String::from("driver toy {\n    site { url: string }\n");
        for (resource, what) in self.resources.iter().enumerate() {
            let seal = what.about.map_or(String::new(), |seal| format!("seal{seal}"));
            let (kind, body) = (what.kind.name(), what.kind.body().replace("SEAL", &seal));
            if self.service(resource) == resource {
                let answers = "answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }";
                let _ = writeln!(
                    text,
                    "    service s{resource} {{\n        address: site.url\n        {answers}"
                );
            }
            let _ = writeln!(text, "        type {kind}{resource} {{{body}\n        }}");
            let is_last = resource + 1 == self.resources.len();
            if is_last || self.service(resource + 1) != self.service(resource) {
                text.push_str("    }\n");
            }
        }
        text.push_str("}\n");
        for site in &SITES[..self.n_sites] {
            let _ = writeln!(
                text,
                "site {site} {{ toy: {{ url: \"https://{site}.example\" }}, concurrency: {} }}",
                self.concurrency
            );
        }
        let _ = writeln!(text, "entry {}", SITES[0]);
        text
    }

    fn item(&self, number: usize) -> String {
        let resource = &self.resources[number];
        let ty = self.resource_type(number);
        let body = match resource.kind {
            Kind::Note => format!("name: \"r{number}\", text: \"of ${{here.name}}\""),
            Kind::Card | Kind::Coin => format!("title: \"r{number}\""),
            Kind::Tally => format!("name: \"r{number}\", value: {}", resource.total),
            Kind::Seal => format!("name: \"r{number}\", text: \"sealed\""),
            Kind::Slip => {
                let about = resource.about.expect("a slip is about a seal");
                format!("name: \"r{number}\", about: r{about}")
            }
        };
        let mut scope = String::new();
        resource.loc.write(&mut scope, false);
        if let Some((parts, prime)) = resource.loc.cross()
            && prime > 0
        {
            let mut name = String::new();
            parts[prime].write(&mut name, false);
            let _ = write!(scope, ", prime: {name}");
        }
        let service =
            if number.is_multiple_of(2) { String::new() } else { format!("s{}: ", self.service(number)) };
        let mut item = format!("resource r{number}: {ty} {{ {body} }} scope {{ {service}{scope} }}");
        let with = resource.with();
        if !with.is_empty() {
            let _ = write!(item, " with {{ {} }}", with.join(", "));
        }
        item
    }
}

impl Resource {
    /// The waves of a rollout: the first one, then so many of the other sites at a time, in the order of the scope.
    pub(super) fn waves(&self) -> Vec<Vec<usize>> {
        let (Some(rollout), Loc::And(parts)) = (&self.rollout, &self.loc) else { return Vec::new() };
        let sites = parts.iter().flat_map(Loc::sites);
        let others: Vec<usize> = sites.filter(|site| !rollout.first.contains(site)).collect();
        let first = std::iter::once(rollout.first.clone());
        first.chain(others.chunks(rollout.then).map(<[usize]>::to_vec)).collect()
    }

    fn with(&self) -> Vec<String> {
        let mut with = Vec::new();
        let names: Vec<String> = self.after.iter().map(|other| format!("r{other}")).collect();
        match names.as_slice() {
            [] => {}
            [one] => with.push(format!("after: {one}")),
            several => with.push(format!("after: [{}]", several.join(", "))),
        }
        if let Some(on_disconnect) = self.on_disconnect {
            let word = match on_disconnect {
                OnDisconnect::Queue => "queue",
                OnDisconnect::Skip => "skip",
                OnDisconnect::Fail => "fail",
                OnDisconnect::LocalOnly => "local_only",
            };
            with.push(format!("on_disconnect: {word}"));
        }
        if self.is_undone {
            with.push("on_failure: undo".to_owned());
        }
        if let Some(quorum) = self.quorum {
            with.push(format!("quorum: {quorum}"));
        }
        if let Some(Rollout { first, then, stop_after }) = &self.rollout {
            let first: Vec<&str> = first.iter().map(|site| SITES[*site]).collect();
            let first = first.join(", ");
            with.push(format!(
                "rollout: {{ first: [{first}], then: {then}, soak: 5min, stop_after: {stop_after}, create: true }}"
            ));
        }
        if let (Some(weights), Some((parts, _))) = (&self.weights, self.loc.cross()) {
            let weigh = |(part, weight): (&Loc, &u32)| {
                part.sites().iter().map(|site| format!("{}: {weight}", SITES[*site])).collect::<Vec<_>>()
            };
            let pairs: Vec<String> = parts.iter().zip(weights).flat_map(weigh).collect();
            with.push(format!("weights: {{ {} }}", pairs.join(", ")));
        }
        with
    }
}
