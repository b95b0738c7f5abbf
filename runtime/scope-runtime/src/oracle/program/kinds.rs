//! What a resource's type says: its attributes, what makes a repeat safe, its operations at paths of their own.
//!
//! `Kind::Note` → `type note3 { name: string identity immutable … create by write }`.

/// What a site makes of a request, and what makes its repeat safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oracle) enum Kind {
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
    /// Refers to a seal; its parts name the first one.
    Slip,
    /// What others rely upon, where it is; it keeps guards.
    Pier,
    /// Relies upon a pier; its parts name the first one.
    Boat,
}

impl Kind {
    pub(in crate::oracle) fn name(self) -> &'static str {
        match self {
            Kind::Note => "note",
            Kind::Card => "card",
            Kind::Coin => "coin",
            Kind::Tally => "tally",
            Kind::Seal => "seal",
            Kind::Slip => "slip",
            Kind::Pier => "pier",
            Kind::Boat => "boat",
        }
    }

    /// An attribute that the site tells.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Kind::Note | Kind::Seal => "text",
            Kind::Slip | Kind::Pier | Kind::Boat => "name",
            Kind::Card => "state",
            Kind::Coin => "id",
            Kind::Tally => "value",
        }
    }

    /// Whether a lost request may be sent again.
    pub(in crate::oracle) fn is_repeatable(self) -> bool {
        self != Kind::Coin
    }

    /// Whether what it refers to is relied upon as long as it lives, and used from where it is.
    pub(in crate::oracle) fn relies(self) -> bool {
        self == Kind::Boat
    }

    /// Whether the other parts of a whole name the first one.
    pub(in crate::oracle) fn is_linked(self) -> bool {
        matches!(self, Kind::Slip | Kind::Boat)
    }

    /// The type's body, its operations at paths of their own.
    pub(super) fn body(self) -> &'static str {
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
            operation update PATCH "/${id}" { body: { remark: remark }, repeat by always, 200 -> done(body) }
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
            about: ABOUT? requires shared(copy) immutable
            lead: string?
            oars: list<OARS>? composed
            cross by parts(link: lead)
            share by none because "a slip stays where it is"
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/${name}" { body: { about: about.name, lead: lead }, repeat by name, settles within 2s, 200 | 201 -> done(body) }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by write"#
            }
            Kind::Pier => {
                r#"
            name: string identity immutable
            notes: string = ""
            guard in notes
            cross by none because "a pier has no parts"
            share by place
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation build PUT "/${name}" { body: { notes: notes }, repeat by name, settles within 2s, 200 | 201 -> done(body) }
            operation update PATCH "/${name}" { body: { notes: notes }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by build"#
            }
            Kind::Boat => {
                r#"
            name: string identity immutable
            about: ABOUT? relies immutable
            lead: string?
            oars: list<OARS>? composed
            cross by parts(link: lead)
            share by none because "a boat stays where it is"
            operation read GET "/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/${name}" { body: { about: about.name, lead: lead }, repeat by name, settles within 2s, 200 | 201 -> done(body) }
            operation delete DELETE "/${name}" { 204 | 404 -> gone }
            create by write"#
            }
        }
    }
}
