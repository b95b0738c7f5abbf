//! The made-up application of the tests: `shelf.book` (copied between sites, with content) and `shelf.loan` (refers to a
//! book, needs it at its own site).
//!
//! `POST /books {"title": "Emma"}` → `201 {"id": "b1", "title": "Emma", "status": "open"}`.

use serde_json::{Value, json};

use crate::driver::{
    Answer, Attribute, Broken, Driver, Login, Mark, Meaning, Operation, OperationKind, Probe, Readiness,
    Repeat, Request, ResourceType, Service, Setting, Share, Type,
};
use crate::expr::{BinaryOp, Expr};

/// The driver without login.
pub fn shelf() -> Driver {
    Driver {
        name: "shelf".into(),
        versions: Some(("1".into(), "2".into())),
        settings: vec![
            Setting { name: "url".into(), is_secret: false, default: None },
            Setting { name: "user".into(), is_secret: false, default: Some(Expr::text("reader")) },
            Setting { name: "password".into(), is_secret: true, default: Some(Expr::Value(Value::Null)) },
        ],
        login: None,
        services: vec![Service {
            name: "shelf".into(),
            aliases: vec!["library".into()],
            address: Some(Expr::name("site").field("url")),
            headers: vec![("Accept".into(), Expr::text("application/json"))],
            answers: vec![
                answer(400, Meaning::Invalid(Some(Expr::name("text")))),
                answer(401, Meaning::Reauthenticate),
                answer(403, Meaning::Denied(Some(Expr::name("text")))),
                answer(404, Meaning::NotFound(None)),
                answer(409, Meaning::Busy(Some(Expr::name("text")))),
                answer(507, Meaning::Refused(Some(Expr::name("text")))),
                Answer {
                    codes: vec![(502, 504)],
                    condition: None,
                    meaning: Meaning::Unavailable(Some(Expr::name("text"))),
                },
            ],
            probe: Some(Probe {
                request: http("GET", Expr::text("/version"), None),
                answers: vec![answer(200, Meaning::Done(Some(Expr::name("body").field("version"))))],
            }),
        }],
        declared: Default::default(),
        types: vec![book(), loan()],
    }
}

/// The same, with a login that gives a token: `POST /login {user, password}` → `{"token": "t"}`.
pub fn shelf_with_login() -> Driver {
    let mut driver = shelf();
    let credentials = Expr::Record(vec![
        ("user".into(), Expr::name("site").field("user")),
        ("password".into(), Expr::name("site").field("password")),
    ]);
    driver.login = Some(Login {
        service: "shelf".into(),
        request: http("POST", Expr::text("/login"), Some(credentials)),
        answers: vec![
            answer(200, Meaning::Done(Some(Expr::name("body")))),
            answer(401, Meaning::Denied(Some(Expr::name("text")))),
        ],
        secret_fields: vec!["token".into()],
    });
    driver.services[0].headers.push(("X-Token".into(), Expr::name("session").field("token")));
    driver
}

fn book() -> ResourceType {
    let status = || Expr::name("status");
    ResourceType {
        name: "shelf.book".into(),
        service: "shelf".into(),
        attributes: vec![
            Attribute {
                is_computed: true,
                is_settable: true,
                is_immutable: true,
                ..attribute("id", Type::String)
            },
            Attribute { is_required: true, ..attribute("title", Type::String) },
            Attribute { default: Some(Expr::Value(json!(100))), ..attribute("pages", Type::Int) },
            Attribute {
                is_immutable: true,
                ..optional("language", Type::Enum(vec!["en".into(), "fr".into()]))
            },
            Attribute { is_write_only: true, ..optional("content", Type::Bytes) },
            Attribute { is_secret: true, is_write_only: true, ..optional("code", Type::String) },
            optional("notes", Type::Map(Box::new(Type::String))),
            Attribute { is_computed: true, is_settable: false, ..optional("checksum", Type::String) },
            Attribute {
                is_computed: true,
                is_settable: false,
                ..attribute(
                    "status",
                    Type::Enum(vec!["binding".into(), "open".into(), "closed".into(), "torn".into()]),
                )
            },
        ],
        identity: "id".into(),
        name_attribute: Some("title".into()),
        unique: Vec::new(),
        mark: Some(Mark { path: vec!["notes".into(), "scope_mark".into()] }),
        guard: None,
        ready: Some(Readiness { condition: equal(status(), "open"), within_ms: 10_000, every_ms: 100 }),
        broken: Some(Broken {
            condition: equal(status(), "torn"),
            message: Some(Expr::name("notes").field("damage")),
        }),
        stuck: None,
        stateful: None,
        share: Share::Copy {
            keep: ["id", "title", "pages", "language", "content"].map(str::to_owned).into(),
            same: Some("checksum".into()),
        },
        operations: vec![
            Operation {
                next_page: Some(Expr::name("body").field("next")),
                ..find("/books", "books", "title")
            },
            read("/books/"),
            create("/books", &["id", "title", "pages", "language", "code", "notes"]),
            Operation {
                after: Some("create".into()),
                when: Some(Expr::Binary(
                    BinaryOp::NotEqual,
                    Box::new(Expr::name("content")),
                    Box::new(Expr::Value(Value::Null)),
                )),
                answers: vec![answer(204, Meaning::Done(None))],
                ..operation(
                    "upload",
                    OperationKind::Upload,
                    http("PUT", path("/books/", "/content"), Some(Expr::name("content"))),
                )
            },
            Operation {
                answers: vec![answer(200, Meaning::Content)],
                ..operation(
                    "download",
                    OperationKind::Download,
                    http("GET", path("/books/", "/content"), None),
                )
            },
            update("/books/"),
            delete("/books/"),
            Operation {
                inputs: vec![("by".into(), Some(Expr::text("librarian")))],
                answers: vec![answer(202, Meaning::Done(None))],
                repeat: Repeat::Always,
                ready: Some(Readiness {
                    condition: equal(status(), "closed"),
                    within_ms: 5_000,
                    every_ms: 100,
                }),
                sets: vec![("status".into(), Expr::text("closed"))],
                ..operation(
                    "close",
                    OperationKind::Action,
                    http(
                        "POST",
                        path("/books/", "/close"),
                        Some(Expr::Record(vec![("by".into(), Expr::name("by"))])),
                    ),
                )
            },
        ],
        create: Some("create".into()),
    }
}

fn loan() -> ResourceType {
    ResourceType {
        name: "shelf.loan".into(),
        service: "shelf".into(),
        attributes: vec![
            Attribute { is_computed: true, is_settable: false, ..attribute("id", Type::String) },
            Attribute {
                is_required: true,
                is_immutable: true,
                read: Some(Expr::name("body").field("book")),
                ..attribute("book", Type::Reference("shelf.book".into()))
            },
            Attribute { is_required: true, ..attribute("reader", Type::String) },
            optional("notes", Type::Map(Box::new(Type::String))),
        ],
        identity: "id".into(),
        name_attribute: None,
        unique: Vec::new(),
        mark: Some(Mark { path: vec!["notes".into(), "scope_mark".into()] }),
        guard: None,
        ready: None,
        broken: None,
        stuck: None,
        stateful: None,
        share: Share::None { because: "a loan is between one reader and one library".into() },
        operations: vec![
            find("/loans", "loans", "reader"),
            read("/loans/"),
            Operation {
                request: http(
                    "POST",
                    Expr::text("/loans"),
                    Some(Expr::Record(vec![
                        ("book".into(), Expr::name("book").field("id")),
                        ("reader".into(), Expr::name("reader")),
                        ("notes".into(), Expr::name("notes")),
                    ])),
                ),
                ..create("/loans", &[])
            },
            update("/loans/"),
            delete("/loans/"),
        ],
        create: Some("create".into()),
    }
}

fn attribute(name: &str, ty: Type) -> Attribute {
    Attribute {
        name: name.into(),
        ty,
        is_computed: false,
        is_settable: true,
        is_immutable: false,
        is_write_only: false,
        canonical: None,
        is_secret: false,
        is_required: false,
        default: None,
        read: None,
        relation: None,
        is_in_place: false,
        unit: None,
    }
}

fn optional(name: &str, ty: Type) -> Attribute {
    attribute(name, Type::Optional(Box::new(ty)))
}

fn operation(name: &str, kind: OperationKind, request: Request) -> Operation {
    Operation {
        name: name.into(),
        kind,
        request,
        inputs: Vec::new(),
        after: None,
        when: None,
        answers: Vec::new(),
        repeat: Repeat::Always,
        settles_ms: 2_000,
        ready: None,
        sets: Vec::new(),
        next_page: None,
    }
}

fn find(collection: &str, field: &str, by: &str) -> Operation {
    let Request::Http { method, path, headers, body, .. } = http("GET", Expr::text(collection), None) else {
        unreachable!("`http` makes no other request");
    };
    let query = vec![(by.to_owned(), Expr::name(by))];
    Operation {
        answers: vec![answer(200, Meaning::List(Expr::name("body").field(field)))],
        ..operation("find", OperationKind::Find, Request::Http { method, path, query, headers, body })
    }
}

fn read(collection: &str) -> Operation {
    Operation {
        answers: vec![answer(200, Meaning::Found(Expr::name("body")))],
        ..operation("read", OperationKind::Read, http("GET", path(collection, ""), None))
    }
}

fn create(collection: &str, attributes: &[&str]) -> Operation {
    let body = attributes.iter().map(|name| ((*name).to_owned(), Expr::name(*name))).collect();
    Operation {
        answers: vec![
            answer(201, Meaning::Done(Some(Expr::name("body")))),
            answer(409, Meaning::Exists(Some(Expr::name("body").field("id")))),
        ],
        repeat: Repeat::Mark,
        ..operation(
            "create",
            OperationKind::Create,
            http("POST", Expr::text(collection), Some(Expr::Record(body))),
        )
    }
}

fn update(collection: &str) -> Operation {
    Operation {
        answers: vec![answer(200, Meaning::Done(Some(Expr::name("body"))))],
        ..operation(
            "update",
            OperationKind::Update,
            http("PATCH", path(collection, ""), Some(Expr::name("changes"))),
        )
    }
}

fn delete(collection: &str) -> Operation {
    Operation {
        answers: vec![answer(204, Meaning::Gone), answer(404, Meaning::Gone)],
        ..operation("delete", OperationKind::Delete, http("DELETE", path(collection, ""), None))
    }
}

fn http(method: &str, path: Expr, body: Option<Expr>) -> Request {
    Request::Http { method: Expr::text(method), path, query: Vec::new(), headers: Vec::new(), body }
}

fn path(before: &str, after: &str) -> Expr {
    let mut parts = vec![Expr::text(before), Expr::name("id")];
    if !after.is_empty() {
        parts.push(Expr::text(after));
    }
    Expr::Concat(parts)
}

fn answer(code: u16, meaning: Meaning) -> Answer {
    Answer { codes: vec![(code, code)], condition: None, meaning }
}

fn equal(left: Expr, right: &str) -> Expr {
    Expr::Binary(BinaryOp::Equal, Box::new(left), Box::new(Expr::text(right)))
}
