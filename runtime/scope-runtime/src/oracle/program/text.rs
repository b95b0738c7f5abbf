//! A program as people write it: the driver, the sites, the items; with a group, three files.
//!
//! `Or([Site(0), And([Site(1), Site(2)])])` → `scope { s3: nantes | (paris & lille) }`.

use std::fmt::Write;

use super::{Kind, Loc, OnDisconnect, Program, Resource, Rollout, SITES};

impl Program {
    fn service(&self, resource: usize) -> usize {
        if self.has_one_service { 0 } else { resource }
    }

    /// The items that are about one resource, without the driver and the sites.
    pub(in crate::oracle) fn items(&self) -> Vec<String> {
        let is_single = |number: &usize| !self.group.contains(number) && !self.gone.contains(number);
        let single = (0..self.resources.len()).filter(is_single);
        let resources = single.map(|number| self.item(number));
        let calls = self.called().map(|(coin, site)| self.call_item(coin, site));
        resources.chain(self.group_item()).chain(calls).collect()
    }

    fn call_item(&self, coin: usize, site: usize) -> String {
        let (ty, site) = (self.resource_type(coin), SITES[site]);
        format!("call c{coin}: {ty}.spin {{ id: r{coin}.id }} scope {{ {site} }}")
    }

    fn group_item(&self) -> Option<String> {
        let first = &self.resources[*self.group.first()?];
        let mut scope = String::new();
        first.loc.write(&mut scope, false);
        Some(format!("resource g: crew {{}} scope {{ {scope} }}{}", with_words(&self.with(first, false))))
    }

    /// The whole program, without its modules.
    pub(in crate::oracle) fn text(&self) -> String {
        let mut text = self.frame();
        for item in self.items().into_iter().chain(self.outputs()) {
            let _ = writeln!(text, "{item}");
        }
        text
    }

    /// All of its files; the first is the one that is run.
    pub(in crate::oracle) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = vec![("main.scope", self.text())];
        if !self.group.is_empty() {
            let members = self.group.iter().map(|number| self.item(*number));
            let imports = std::iter::once(String::from("import \"./toy.scope\" { toy }"));
            files.push(("crew.scope", imports.chain(members).collect::<Vec<_>>().join("\n")));
            files.push(("toy.scope", self.driver()));
        }
        files
    }

    /// What is printed of each resource.
    pub(in crate::oracle) fn outputs(&self) -> Vec<String> {
        let output = |(number, resource): (usize, &Resource)| {
            format!("output o{number} = {}.{}", self.name(number), resource.kind.shown())
        };
        let is_single = |number: &usize| !self.group.contains(number) && !self.gone.contains(number);
        let single = self.resources.iter().enumerate().filter(|(number, _)| is_single(number));
        single.map(output).collect()
    }

    /// The driver, the sites and the entry.
    pub(in crate::oracle) fn frame(&self) -> String {
        let mut text = match self.group.is_empty() {
            true => self.driver(),
            false => "import \"./toy.scope\" { toy }\nimport \"./crew.scope\" as crew\n".to_owned(),
        };
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

    fn driver(&self) -> String {
        let mut text = String::from("driver toy {\n    site { url: string }\n");
        for (resource, what) in self.resources.iter().enumerate() {
            let about = what
                .about
                .map_or(String::new(), |about| format!("{}{about}", self.resources[about].kind.name()));
            let (kind, body) = (what.kind.name(), what.kind.body().replace("ABOUT", &about));
            if self.service(resource) == resource {
                let answers = "answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }";
                let _ = writeln!(
                    text,
                    "    service s{resource} {{\n        address: site.url\n        {answers}"
                );
            }
            let body = body.replace("OARS", &format!("oars{resource}"));
            let _ = writeln!(text, "        type {kind}{resource} {{{body}\n        }}");
            if what.kind.is_linked() {
                let _ = writeln!(text, "        type oars{resource} {{{}\n        }}", Kind::Tally.body());
            }
            let is_last = resource + 1 == self.resources.len();
            if is_last || self.service(resource + 1) != self.service(resource) {
                text.push_str("    }\n");
            }
        }
        text.push_str("}\n");
        text
    }

    fn item(&self, number: usize) -> String {
        let resource = &self.resources[number];
        let ty = self.resource_type(number);
        let body = match resource.kind {
            Kind::Note => format!("name: \"r{number}\", text: \"of ${{here.name}}\""),
            Kind::Card | Kind::Coin => format!("title: \"r{number}\""),
            Kind::Tally => {
                let read = resource.about.map(|about| format!("{}.value", self.name(about)));
                format!("name: \"r{number}\", value: {}", read.unwrap_or_else(|| resource.total.to_string()))
            }
            Kind::Seal => format!("name: \"r{number}\", text: \"sealed\""),
            Kind::Pier => format!("name: \"r{number}\""),
            Kind::Slip | Kind::Boat => {
                let about = resource.about.expect("a slip is about a seal, a boat at a pier");
                format!("name: \"r{number}\", about: {}", self.name(about))
            }
        };
        if self.group.contains(&number) {
            return format!(
                "resource r{number}: {ty} {{ {body} }}{}",
                with_words(&self.with(resource, true))
            );
        }
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
        let mut with = self.with(resource, false);
        if self.renamed.contains(&number) {
            with.push(format!("moved_from: \"r{number}\""));
        }
        let (name, with) = (self.name(number), with_words(&with));
        format!("resource {name}: {ty} {{ {body} }} scope {{ {service}{scope} }}{with}")
    }

    /// What a resource says in `with`; of a member of the group, that which is about other members, or the rest.
    fn with(&self, resource: &Resource, is_inside: bool) -> Vec<String> {
        let mut with = Vec::new();
        let is_member = |other: &usize| self.group.contains(other);
        let name =
            |other: &usize| if is_member(other) && !is_inside { "g".to_owned() } else { self.name(*other) };
        let names = resource.after.iter().filter(|other| !is_inside || is_member(other)).map(name);
        let names: Vec<String> = names.collect();
        match names.as_slice() {
            [] => {}
            [one] => with.push(format!("after: {one}")),
            several => with.push(format!("after: [{}]", several.join(", "))),
        }
        // What else is said of the group is said of all of it.
        if is_inside {
            return with;
        }
        if let Some(on_disconnect) = resource.on_disconnect {
            let word = match on_disconnect {
                OnDisconnect::Queue => "queue",
                OnDisconnect::Skip => "skip",
                OnDisconnect::Fail => "fail",
                OnDisconnect::LocalOnly => "local_only",
            };
            with.push(format!("on_disconnect: {word}"));
        }
        if resource.is_undone {
            with.push("on_failure: undo".to_owned());
        }
        if let Some(quorum) = resource.quorum {
            with.push(format!("quorum: {quorum}"));
        }
        if let Some(Rollout { first, then, stop_after }) = &resource.rollout {
            let first: Vec<&str> = first.iter().map(|site| SITES[*site]).collect();
            let first = first.join(", ");
            with.push(format!(
                "rollout: {{ first: [{first}], then: {then}, soak: 5min, stop_after: {stop_after}, create: true }}"
            ));
        }
        if let (Some(weights), Some((parts, _))) = (&resource.weights, resource.loc.cross()) {
            let weigh = |(part, weight): (&Loc, &u32)| {
                part.sites().iter().map(|site| format!("{}: {weight}", SITES[*site])).collect::<Vec<_>>()
            };
            let pairs: Vec<String> = parts.iter().zip(weights).flat_map(weigh).collect();
            with.push(format!("weights: {{ {} }}", pairs.join(", ")));
        }
        with
    }
}

fn with_words(with: &[String]) -> String {
    if with.is_empty() { String::new() } else { format!(" with {{ {} }}", with.join(", ")) }
}

impl Loc {
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
