//! What the simulator's tests share: three sites with a library (`shelf`) and a garden, and one request in one line.
//!
//! `library.ask("nantes", "shelf.book", "create", json!({"title": "Emma"})).await` → `{"done": {"id": …}}`

#![allow(dead_code)]

use std::rc::Rc;

use scope_plan::driver::{
    Answer as AnswerRule, Attribute, Driver, Meaning, Operation, OperationKind, Readiness, Repeat, Request,
    ResourceType, Service, Share, Type,
};
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator};
use scope_plan::plan::{Plan, SiteId};
use scope_plan::testing::Builder;
use scope_runtime::simulator::{SimulationOptions, Simulator};
use scope_runtime::site::{Answer, Content, ContentStream, OperationCall, Site, SiteError};
use serde_json::{Map, Value, json};

/// The plan of most tests: nantes (entry), paris (12 ms, 1 Gbit/s), lille (no link).
pub fn sites() -> Builder {
    let mut plan = Builder::new();
    let (nantes, paris, _) = (plan.site("nantes"), plan.site("paris"), plan.site("lille"));
    plan.link(nantes, paris, 12, Some(1_000_000_000));
    plan
}

/// A simulation, and short ways to ask it.
pub struct Library {
    pub plan: Plan,
    pub simulator: Simulator,
}

impl Library {
    pub fn open(faults: &[&str]) -> Library {
        Library::of(sites().finish(), faults)
    }

    /// The garden's driver beside the library's.
    pub fn of(mut plan: Plan, faults: &[&str]) -> Library {
        plan.drivers.push(garden());
        let faults = faults.iter().map(|text| text.parse().expect(text)).collect();
        Library::with(plan, SimulationOptions { faults, ..Default::default() })
    }

    pub fn with(plan: Plan, options: SimulationOptions) -> Library {
        let simulator = Simulator::new(&plan, options).expect("the simulation begins");
        Library { plan, simulator }
    }

    pub fn site(&self, name: &str) -> Rc<dyn Site> {
        let position = self.plan.sites.iter().position(|site| site.name == name).expect("a site of the plan");
        self.simulator.site(SiteId(position as u32))
    }

    /// One request; its answer as JSON.
    pub async fn ask(&self, site: &str, resource_type: &str, operation: &str, inputs: Value) -> Value {
        shown(self.send(site, Sent { key: operation, ..Sent::new(resource_type, operation, inputs) }).await)
    }

    /// The same with a key of its own, as another step has.
    pub async fn ask_as(
        &self,
        key: &str,
        site: &str,
        resource_type: &str,
        operation: &str,
        inputs: Value,
    ) -> Value {
        shown(self.send(site, Sent { key, ..Sent::new(resource_type, operation, inputs) }).await)
    }

    pub async fn send(&self, site: &str, sent: Sent<'_>) -> Result<Answer, SiteError> {
        let types =
            self.plan.drivers.iter().flat_map(|driver| driver.types.iter().map(move |ty| (driver, ty)));
        let (driver, resource_type) =
            types.into_iter().find(|(_, ty)| ty.name == sent.resource_type).expect("a type of the plan");
        let operation = resource_type
            .operations
            .iter()
            .find(|operation| operation.name == sent.operation)
            .expect("an operation of the type");
        let (inputs, changes) = (object(sent.inputs), sent.changes.map(object));
        let call = OperationCall {
            driver,
            resource_type,
            operation,
            inputs: &inputs,
            changes: changes.as_ref(),
            mark: sent.mark.map(str::to_string),
            idempotency_key: &sent.key,
            content: sent.content,
            keep_in: &[],
            progress: None,
        };
        self.site(site).operate(call).await
    }

    pub async fn upload(&self, site: &str, id: &str, content: Content) -> Value {
        let sent = Sent { content: Some(content), ..Sent::new("shelf.book", "upload", json!({ "id": id })) };
        shown(self.send(site, sent).await)
    }

    pub async fn download(&self, site: &str, id: &str) -> ContentStream {
        let sent = Sent::new("shelf.book", "download", json!({ "id": id }));
        match self.send(site, sent).await {
            Ok(Answer::Content(stream)) => stream,
            other => panic!("expected content, found {}", shown(other)),
        }
    }
}

pub struct Sent<'a> {
    pub resource_type: &'a str,
    pub operation: &'a str,
    pub inputs: Value,
    pub changes: Option<Value>,
    pub mark: Option<&'a str>,
    pub key: &'a str,
    pub content: Option<Content>,
}

impl<'a> Sent<'a> {
    pub fn new(resource_type: &'a str, operation: &'a str, inputs: Value) -> Sent<'a> {
        Sent { resource_type, operation, inputs, changes: None, mark: None, key: "key", content: None }
    }
}

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("a record")
}

/// `{"done": {…}}`, `{"error": "Invalid", "words": "…"}`
pub fn shown(result: Result<Answer, SiteError>) -> Value {
    match result {
        Ok(Answer::Found(record)) => json!({ "found": record }),
        Ok(Answer::List(records)) => json!({ "list": records }),
        Ok(Answer::Done(record)) => json!({ "done": record }),
        Ok(Answer::Exists(record)) => json!({ "exists": record }),
        Ok(Answer::Gone) => json!("gone"),
        Ok(Answer::Content(stream)) => json!({ "content": stream.length }),
        Err(error) => json!({ "error": format!("{:?}", error.kind), "words": error.words }),
    }
}

/// All bytes of a stream.
pub async fn bytes(mut stream: ContentStream) -> Result<Vec<u8>, SiteError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.chunks.next().await {
        bytes.extend(chunk?);
    }
    Ok(bytes)
}

/// Milliseconds of virtual time that something took.
pub async fn took<T>(simulator: &Simulator, future: impl Future<Output = T>) -> (T, u64) {
    let before = simulator.now();
    let result = future.await;
    (result, (simulator.now() - before) / 1000)
}

/// A made-up application with what the library has not: named resources, numbers as identities, conditions over
/// several attributes and nested ones, every way of repeating.
pub fn garden() -> Driver {
    Driver {
        name: "garden".into(),
        versions: None,
        settings: Vec::new(),
        login: None,
        services: vec![Service {
            name: "garden".into(),
            aliases: Vec::new(),
            address: None,
            headers: Vec::new(),
            answers: Vec::new(),
            probe: None,
        }],
        declared: Default::default(),
        types: vec![bed(), plant(), label(), tree(), well(), pot(), errand(), film()],
    }
}

/// Named; needs so many healthy rows as it was given; a later `PUT` replaces it.
fn bed() -> ResourceType {
    let status = Type::Record(vec![
        ("rows".into(), Type::Optional(Box::new(Type::Int))),
        (
            "conditions".into(),
            Type::List(Box::new(Type::Record(vec![
                ("type".into(), Type::String),
                ("status".into(), Type::String),
            ]))),
        ),
    ]);
    let rows = binary(BinaryOp::Default, Expr::name("status").field("rows"), value(0));
    let generator = Generator {
        name: "entry".into(),
        second: None,
        source: binary(BinaryOp::Default, Expr::name("status").field("conditions"), Expr::List(Vec::new())),
        condition: Some(binary(BinaryOp::Equal, Expr::name("entry").field("type"), Expr::text("Sown"))),
    };
    let sown = Expr::Call(
        Builtin::First,
        vec![Expr::ListFor(Box::new(generator), Box::new(Expr::name("entry").field("status")))],
    );
    ResourceType {
        ready: ready(binary(
            BinaryOp::And,
            binary(BinaryOp::GreaterEqual, rows, Expr::name("rows")),
            binary(BinaryOp::Equal, sown, Expr::text("True")),
        )),
        ..resource_type(
            "garden.bed",
            "name",
            vec![
                Attribute { is_immutable: true, is_required: true, ..attribute("name", Type::String) },
                Attribute { default: Some(value(3)), ..attribute("rows", Type::Int) },
                computed("status", Type::Optional(Box::new(status))),
            ],
            Repeat::Always,
        )
    }
}

/// Numbered; names are unique.
fn plant() -> ResourceType {
    resource_type(
        "garden.plant",
        "id",
        vec![
            computed("id", Type::Int),
            Attribute { is_required: true, ..attribute("name", Type::String) },
            attribute(
                "beds",
                Type::Optional(Box::new(Type::List(Box::new(Type::Reference("garden.bed".into()))))),
            ),
            computed("created_at", Type::String),
        ],
        Repeat::Name,
    )
}

/// Of a bed and a place in it there is one.
fn label() -> ResourceType {
    ResourceType {
        unique: vec![vec!["bed".into()], vec!["place".into(), "row".into()]],
        ..resource_type(
            "garden.label",
            "id",
            vec![
                computed("id", Type::String),
                attribute("name", Type::Optional(Box::new(Type::String))),
                attribute("bed", Type::Optional(Box::new(Type::String))),
                attribute("place", Type::Any),
            ],
            Repeat::Mark,
        )
    }
}

/// Carries the key; is ready when it is healthy, tall and not sick.
fn tree() -> ResourceType {
    let words = ["Seed", "Sick", "Healthy"].map(str::to_owned).to_vec();
    ResourceType {
        ready: ready(binary(
            BinaryOp::And,
            binary(
                BinaryOp::In,
                Expr::Call(Builtin::Lower, vec![Expr::name("state")]),
                Expr::List(vec![Expr::text("healthy"), Expr::text("strong")]),
            ),
            binary(
                BinaryOp::And,
                binary(BinaryOp::Greater, Expr::name("height"), value(2)),
                Expr::Unary(scope_plan::expr::UnaryOp::Not, Box::new(Expr::name("is_sick"))),
            ),
        )),
        broken: Some(scope_plan::driver::Broken {
            condition: binary(BinaryOp::Equal, Expr::name("state"), Expr::text("Sick")),
            message: None,
        }),
        ..resource_type(
            "garden.tree",
            "id",
            vec![
                Attribute { is_settable: true, ..computed("id", Type::String) },
                Attribute { is_required: true, ..attribute("name", Type::String) },
                computed("state", Type::Enum(words)),
                computed("height", Type::Optional(Box::new(Type::Int))),
                computed("is_sick", Type::Bool),
            ],
            Repeat::Key("Idempotency-Key".into()),
        )
    }
}

/// Counts: `draw` adds to what is stored, `list` tells all.
fn well() -> ResourceType {
    let mut well = resource_type(
        "garden.well",
        "name",
        vec![
            Attribute { is_required: true, ..attribute("name", Type::String) },
            Attribute { default: Some(value(0)), ..attribute("drawn", Type::Int) },
        ],
        Repeat::Id,
    );
    well.operations.push(Operation {
        inputs: vec![("by".into(), Some(value(1)))],
        sets: vec![("drawn".into(), binary(BinaryOp::Add, Expr::name("drawn"), Expr::name("by")))],
        answers: vec![rule(Meaning::Done(Some(Expr::name("body"))))],
        ..operation("draw", OperationKind::Action, &["name", "by"], Repeat::None)
    });
    well
}

/// Everything that can stand in a driver's `read(…)`.
fn pot() -> ResourceType {
    let body = |field: &str| Expr::name("body").field(field);
    let read = |name: &str, ty: Type, read: Expr| Attribute { read: Some(read), ..attribute(name, ty) };
    let optional = |ty: Type| Type::Optional(Box::new(ty));
    let bed = || Type::Reference("garden.bed".into());
    let is_nothing = binary(
        BinaryOp::Or,
        binary(BinaryOp::Equal, body("bed_name"), Expr::Value(Value::Null)),
        binary(BinaryOp::Equal, body("bed_name"), Expr::text("")),
    );
    let by_name = Expr::If(
        Box::new(is_nothing),
        Box::new(Expr::Value(Value::Null)),
        Box::new(Expr::Record(vec![("name".into(), body("bed_name"))])),
    );
    let generator = Generator {
        name: "entry".into(),
        second: None,
        source: binary(BinaryOp::Default, body("beds"), Expr::List(Vec::new())),
        condition: None,
    };
    let all = Expr::ListFor(
        Box::new(generator),
        Box::new(Expr::Record(vec![("name".into(), Expr::name("entry"))])),
    );
    let own = ["id", "name", "AZ:zone", "bed_name", "beds", "depth", "glaze", "value", "tags", "answer"];
    let others = Expr::Call(Builtin::Without, vec![Expr::name("body"), Expr::Value(json!(own))]);
    let depth = Expr::If(
        Box::new(binary(BinaryOp::Equal, body("depth"), Expr::Value(Value::Null))),
        Box::new(value(0)),
        Box::new(body("depth")),
    );
    let zone = Expr::Index(Box::new(Expr::name("body")), Box::new(Expr::text("AZ:zone")));
    let empty = || Some(Expr::Value(json!({})));
    let mut pot = resource_type(
        "garden.pot",
        "id",
        vec![
            computed("id", Type::String),
            attribute("name", Type::String),
            read("zone", optional(Type::String), zone),
            read("bed", optional(bed()), by_name),
            read("beds", optional(Type::List(Box::new(bed()))), all),
            Attribute { default: empty(), ..read("labels", Type::Map(Box::new(Type::String)), others) },
            Attribute { default: Some(value(0)), ..read("depth", Type::Int, depth) },
            Attribute {
                default: Some(Expr::Value(json!(false))),
                ..read("glazed", Type::Bool, binary(BinaryOp::Equal, body("glaze"), Expr::text("True")))
            },
            Attribute { default: empty(), ..read("soil", Type::Any, body("value")) },
            attribute("tags", optional(Type::List(Box::new(Type::String)))),
            computed("answer", Type::Any),
        ],
        Repeat::Mark,
    );
    let echoed = Expr::Record(vec![("name".into(), body("name")), ("soil".into(), body("soil"))]);
    for operation in &mut pot.operations {
        match operation.name.as_str() {
            "create" => {
                operation.answers =
                    vec![rule(Meaning::Done(Some(Expr::Record(vec![("answer".into(), echoed.clone())]))))];
            }
            // The request lists all; what is wanted is chosen from its answer.
            "find" => {
                let wanted = binary(BinaryOp::Equal, Expr::name("zone"), Expr::name("body"));
                operation.answers = vec![rule(Meaning::List(wanted))];
            }
            _ => {}
        }
    }
    pot
}

/// Known by its words, as a command is.
fn errand() -> ResourceType {
    let words = Type::List(Box::new(Type::String));
    let mut errand = resource_type(
        "garden.errand",
        "id",
        vec![
            computed("id", Type::String),
            Attribute { is_required: true, is_write_only: true, ..attribute("words", words) },
        ],
        Repeat::None,
    );
    errand.name_attribute = None;
    let id = Expr::Call(Builtin::Join, vec![Expr::name("words"), Expr::text(" ")]);
    for operation in &mut errand.operations {
        match operation.name.as_str() {
            "create" => {
                operation.answers =
                    vec![rule(Meaning::Done(Some(Expr::Record(vec![("id".into(), id.clone())]))))];
            }
            "find" => {
                let told = Expr::List(vec![Expr::Record(vec![("id".into(), id.clone())])]);
                operation.answers = vec![rule(Meaning::List(told))];
            }
            _ => {}
        }
    }
    errand
}

/// What each operation makes of it is said by the driver: queued, active with its content, withdrawn.
fn film() -> ResourceType {
    let is = |word: &str| binary(BinaryOp::Equal, Expr::name("status"), Expr::text(word));
    let has_none = binary(BinaryOp::Equal, Expr::name("data"), Expr::Value(Value::Null));
    let words = ["saving", "queued", "active", "withdrawn"].map(str::to_owned).to_vec();
    let mut film = resource_type(
        "garden.film",
        "id",
        vec![
            computed("id", Type::String),
            Attribute { is_required: true, ..attribute("name", Type::String) },
            Attribute { is_write_only: true, ..attribute("data", Type::Optional(Box::new(Type::Bytes))) },
            computed("status", Type::Enum(words)),
        ],
        Repeat::Mark,
    );
    film.ready = ready(binary(BinaryOp::Or, is("active"), binary(BinaryOp::And, is("queued"), has_none)));
    let sets = |word: &str| vec![("status".to_string(), Expr::text(word))];
    let done = || vec![rule(Meaning::Done(None))];
    film.operations[2].sets = sets("queued");
    film.operations.push(Operation {
        after: Some("create".into()),
        sets: sets("active"),
        answers: done(),
        ..operation("upload", OperationKind::Upload, &["id", "data"], Repeat::Always)
    });
    film.operations.push(Operation {
        sets: sets("withdrawn"),
        answers: done(),
        ..operation("withdraw", OperationKind::Action, &["id"], Repeat::Always)
    });
    film
}

fn resource_type(name: &str, identity: &str, attributes: Vec<Attribute>, repeat: Repeat) -> ResourceType {
    let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let operations = vec![
        operation("find", OperationKind::Find, &["name"], Repeat::Always),
        operation("read", OperationKind::Read, &[identity], Repeat::Always),
        operation("create", OperationKind::Create, &names, repeat),
        operation("update", OperationKind::Update, &[identity, "changes"], Repeat::Always),
        operation("delete", OperationKind::Delete, &[identity], Repeat::Always),
    ];
    ResourceType {
        name: name.into(),
        service: "garden".into(),
        identity: identity.into(),
        name_attribute: Some("name".into()),
        unique: Vec::new(),
        mark: None,
        guard: None,
        ready: None,
        broken: None,
        stuck: None,
        stateful: None,
        share: Share::None { because: "it is rooted".into() },
        create: Some("create".into()),
        operations,
        attributes,
    }
}

fn operation(name: &str, kind: OperationKind, names: &[&str], repeat: Repeat) -> Operation {
    let body = names.iter().map(|name| ((*name).to_owned(), Expr::name(*name))).collect();
    Operation {
        name: name.into(),
        kind,
        request: Request::Http {
            method: Expr::text("POST"),
            path: Expr::text("/garden"),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(Expr::Record(body)),
        },
        inputs: Vec::new(),
        after: None,
        when: None,
        answers: Vec::new(),
        repeat,
        settles_ms: 0,
        ready: None,
        sets: Vec::new(),
        next_page: None,
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
        is_secret: false,
        is_required: false,
        default: None,
        read: None,
        canonical: None,
        relation: None,
        is_in_place: false,
        unit: None,
    }
}

fn computed(name: &str, ty: Type) -> Attribute {
    Attribute { is_computed: true, is_settable: false, ..attribute(name, ty) }
}

fn ready(condition: Expr) -> Option<Readiness> {
    Some(Readiness { condition, within_ms: 600_000, every_ms: 1000 })
}

fn rule(meaning: Meaning) -> AnswerRule {
    AnswerRule { codes: vec![(200, 200)], condition: None, meaning }
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary(op, Box::new(left), Box::new(right))
}

fn value(number: i64) -> Expr {
    Expr::Value(json!(number))
}
