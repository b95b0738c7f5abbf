//! What a simulated site answers: tables of requests over two made-up applications.

mod simulator_support;

use scope_plan::eval::{Bindings, eval};
use scope_plan::expr::{Expr, FileRef};
use scope_plan::plan::{SimulatedResource, SiteId};
use scope_runtime::simulator::{SimulationOptions, Simulator};
use scope_runtime::site::Content;
use serde_json::{Value, json};
use simulator_support::{Library, Sent, object, shown, sites};

async fn later(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_created_book_is_complete_and_becomes_ready() {
    let library = Library::open(&[]);
    let sent = Sent { mark: Some("mark-1"), ..Sent::new("shelf.book", "create", json!({"title": "Emma"})) };
    let created = shown(library.send("nantes", sent).await);
    let book = &created["done"];
    assert_eq!(book["title"], "Emma");
    assert_eq!(book["pages"], 100, "the driver's default");
    assert_eq!(book["status"], "binding", "not ready yet, and not torn");
    assert_eq!(book["notes"], json!({"scope_mark": "mark-1"}));
    assert_eq!(book["checksum"], Value::Null, "known with the content");
    assert!(book.get("content").is_none() && book.get("code").is_none(), "sent, never answered");
    let id = book["id"].as_str().expect("a text").to_string();
    assert_eq!(id.len(), 36);
    later(2).await;
    let read = library.ask("nantes", "shelf.book", "read", json!({ "id": id })).await;
    assert_eq!(read["found"]["status"], "open");
    assert_eq!(library.ask("nantes", "shelf.book", "delete", json!({ "id": id })).await, "gone");
    assert_eq!(library.ask("nantes", "shelf.book", "delete", json!({ "id": id })).await, "gone");
    let missing = library.ask("nantes", "shelf.book", "read", json!({ "id": id })).await;
    assert_eq!(missing["error"], "NotFound(None)");
}

#[tokio::test(start_paused = true)]
async fn wrong_requests_are_answered_by_a_sentence() {
    let mut plan = sites();
    plan.simulated(SiteId(1), "shelf.book", &[("title", json!("Emma")), ("id", json!("b1"))]);
    let library = Library::of(plan.finish(), &[]);
    for (resource_type, operation, inputs, kind, words) in [
        (
            "shelf.book",
            "create",
            json!({"title": 7}),
            "Invalid",
            "`shelf.book`: expected a text, found `7` at `title`",
        ),
        ("shelf.book", "create", json!({}), "Invalid", "`title` of `shelf.book` is missing"),
        (
            "shelf.book",
            "create",
            json!({"title": "x", "colour": "red"}),
            "Invalid",
            "`shelf.book` has no attribute `colour`",
        ),
        (
            "shelf.book",
            "create",
            json!({"title": "x", "status": "open"}),
            "Invalid",
            "`status` of `shelf.book` is given by the site",
        ),
        (
            "shelf.book",
            "create",
            json!({"title": "x", "language": "de"}),
            "Invalid",
            "`shelf.book`: expected `en` or `fr`, found `\"de\"` at `language`",
        ),
        ("shelf.book", "read", json!({"id": "b9"}), "NotFound(None)", "no `shelf.book` `b9` at `nantes`"),
        ("shelf.book", "read", json!({}), "Invalid", "`read shelf.book` wants `id`: which one is meant?"),
        ("shelf.book", "upload", json!({"id": "b9"}), "NotFound(None)", "no `shelf.book` `b9` at `nantes`"),
        (
            "shelf.loan",
            "create",
            json!({"book": {"id": "b1"}, "reader": "ana"}),
            "NotFound(Some(\"book\"))",
            "`book`: no `shelf.book` \"b1\" at `nantes`",
        ),
        (
            "garden.plant",
            "create",
            json!({"name": "rose", "beds": ["north"]}),
            "NotFound(Some(\"beds\"))",
            "`beds`: no `garden.bed` \"north\" at `nantes`",
        ),
    ] {
        let answer = library.ask("nantes", resource_type, operation, inputs.clone()).await;
        assert_eq!(
            (&answer["error"], &answer["words"]),
            (&json!(kind), &json!(words)),
            "{operation} {inputs}"
        );
    }
    assert_eq!(library.simulator.snapshot()["nantes"], json!({}), "nothing was made");
}

#[tokio::test(start_paused = true)]
async fn a_site_holds_exactly_what_is_declared_for_it() {
    let mut plan = sites();
    let paris = SiteId(1);
    plan.simulated(paris, "shelf.loan", &[("book", json!("Emma")), ("reader", json!("ana"))]);
    plan.simulated(
        paris,
        "shelf.book",
        &[("title", json!("Emma")), ("id", json!("b1")), ("checksum", json!("9f2c"))],
    );
    plan.simulated(paris, "shelf.book", &[("title", json!("Ulysses")), ("status", json!("torn"))]);
    plan.simulated(paris, "shelf.desk", &[("height", json!(3))]);
    let library = Library::of(plan.finish(), &[]);
    let found = library.ask("paris", "shelf.book", "find", json!({"title": "Emma", "pages": 7})).await;
    assert_eq!(
        found["list"].as_array().map(Vec::len),
        Some(1),
        "a site sees only what the request is made of"
    );
    assert_eq!(found["list"][0]["status"], "open");
    assert_eq!(found["list"][0]["checksum"], "9f2c");
    assert_eq!(
        library.simulator.record("paris", "shelf.book", "Ulysses").expect("declared")["status"],
        "torn"
    );
    let loan = library.ask("paris", "shelf.loan", "find", json!({"reader": "ana"})).await;
    assert_eq!(loan["list"][0]["book"], json!({"id": "b1", "title": "Emma"}));
    for (site, resource_type, inputs) in [
        ("nantes", "shelf.book", json!({"title": "Emma"})),
        ("paris", "shelf.book", json!({"title": "Dune"})),
        ("paris", "shelf.loan", json!({"reader": "bob"})),
    ] {
        assert_eq!(library.ask(site, resource_type, "find", inputs).await, json!({"list": []}));
    }
    let all = library.ask("paris", "shelf.book", "find", json!({})).await;
    assert_eq!(all["list"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_is_declared_wrongly_is_said_before_anything_runs() {
    let mut plan = sites();
    let nantes = SiteId(0);
    plan.simulated(nantes, "shelf.book", &[("title", json!("A")), ("pages", json!("many"))]);
    plan.simulated(nantes, "shelf.book", &[("titel", json!("B"))]);
    plan.simulated(nantes, "shelf.book", &[("title", json!("C")), ("id", json!("b1"))]);
    plan.simulated(nantes, "shelf.book", &[("title", json!("D")), ("id", json!("b1"))]);
    plan.simulated(nantes, "shelf.loan", &[("book", json!("E")), ("reader", json!("ana"))]);
    let faults = ["cut=pari", "deny=shelf.bok@paris", "lose=lend@paris", "refuse=shelf.book@paris"];
    let options = SimulationOptions {
        faults: faults.iter().map(|text| text.parse().expect(text)).collect(),
        ..Default::default()
    };
    let error = Simulator::new(&plan.finish(), options).err().expect("seven mistakes");
    assert_eq!(
        error.problems,
        [
            "in `cut=pari`: no site is called `pari`; the plan has `nantes`, `paris`, `lille`",
            "in `deny=shelf.bok@paris`: no type or operation is called `shelf.bok`; the plan uses `shelf.book`, `shelf.loan`",
            "in `lose=lend@paris`: no type or operation is called `lend`; the plan uses `shelf.book`, `shelf.loan`",
            "simulated `shelf.book` of `nantes`: expected a whole number, found `\"many\"` at `pages`",
            "simulated `shelf.book` of `nantes`: there is no attribute `titel`",
            "simulated `shelf.book` of `nantes`: `id` b1 is declared twice",
            "simulated `shelf.loan` of `nantes`: `book` leads to no `shelf.book` that is declared there: \"E\"",
        ]
    );
}

#[test]
fn a_cut_of_a_link_that_nothing_passes_is_said_before_anything_runs() {
    let options =
        SimulationOptions { faults: vec!["cut=paris--lille".parse().expect("a cut")], ..Default::default() };
    let error = Simulator::new(&sites().finish(), options).err().expect("nothing passes there");
    let said = "`cut=paris--lille` cuts off nothing: all goes through `nantes`, the site that the run enters";
    assert_eq!(error.problems, [said]);
}

#[tokio::test(start_paused = true)]
async fn a_second_one_is_answered_as_the_driver_says_repeats_are() {
    let library = Library::open(&[]);
    // The caller chooses the identity.
    let first = library.ask("nantes", "shelf.book", "create", json!({"title": "Emma", "id": "b1"})).await;
    assert_eq!(first["done"]["id"], "b1");
    let second = library.ask("nantes", "shelf.book", "create", json!({"title": "Emma", "id": "b1"})).await;
    assert_eq!(second, json!({"exists": "b1"}), "the driver reads the id of the one that is there");
    // Only the mark tells: two of a name are two.
    for key in ["one", "two"] {
        let made = library.ask_as(key, "nantes", "shelf.book", "create", json!({"title": "Dune"})).await;
        assert!(made["done"].is_object());
    }
    assert_eq!(library.simulator.count("nantes", "shelf.book"), 3);
    // The name is unique.
    library.ask("nantes", "garden.plant", "create", json!({"name": "rose"})).await;
    let first = library.simulator.record("nantes", "garden.plant", "rose").expect("made");
    assert_eq!((&first["id"], &first["created_at"]), (&json!(1), &json!("2026-01-01T00:00:00Z")));
    let second = library.ask_as("other", "nantes", "garden.plant", "create", json!({"name": "rose"})).await;
    assert_eq!(second, json!({"exists": null}), "the driver reads nothing of it");
    // What is unique is there once, whatever the driver says of repeats; nothing said is unique with nothing.
    let label =
        |name: &str, row: u32| json!({"name": name, "bed": "north", "place": {"row": row, "side": name}});
    for (name, row) in [("a", 1), ("b", 2)] {
        let made = library.ask("nantes", "garden.label", "create", label(name, row)).await;
        assert!(made.get("done").is_some(), "{made}");
    }
    let second = library.ask_as("other", "nantes", "garden.label", "create", label("c", 2)).await;
    assert!(second.get("exists").is_some(), "{second}");
    for key in ["one", "two"] {
        let bare = library.ask_as(key, "nantes", "garden.label", "create", json!({"name": "bare"})).await;
        assert!(bare.get("done").is_some(), "{bare}");
    }
    assert_eq!(library.simulator.count("nantes", "garden.label"), 4);
    // The key is the same for every attempt.
    library.ask("nantes", "garden.tree", "create", json!({"name": "oak"})).await;
    library.ask("nantes", "garden.tree", "create", json!({"name": "oak"})).await;
    assert_eq!(library.simulator.count("nantes", "garden.tree"), 1);
    library.ask_as("other", "nantes", "garden.tree", "create", json!({"name": "oak"})).await;
    assert_eq!(library.simulator.count("nantes", "garden.tree"), 2);
    // A second PUT replaces.
    library.ask("nantes", "garden.bed", "create", json!({"name": "north", "rows": 2})).await;
    let second = library.ask("nantes", "garden.bed", "create", json!({"name": "north", "rows": 5})).await;
    assert!(second.get("done").is_some(), "{second}");
    assert_eq!(library.simulator.record("nantes", "garden.bed", "north").expect("made")["rows"], 5);
    assert_eq!(library.simulator.count("nantes", "garden.bed"), 1);
}

#[tokio::test(start_paused = true)]
async fn any_condition_of_readiness_is_reached() {
    let library = Library::open(&[]);
    library.ask("nantes", "garden.tree", "create", json!({"name": "oak"})).await;
    let tree = library.simulator.record("nantes", "garden.tree", "oak").expect("made");
    assert_eq!(tree["state"], "Seed", "neither ready nor broken");
    library.ask("nantes", "garden.bed", "create", json!({"name": "north", "rows": 4})).await;
    let bed = library.simulator.record("nantes", "garden.bed", "north").expect("made");
    assert_eq!(bed["status"], Value::Null);
    later(2).await;
    let tree = library.simulator.record("nantes", "garden.tree", "oak").expect("made");
    assert_eq!(
        (&tree["state"], &tree["height"], &tree["is_sick"]),
        (&json!("Healthy"), &json!(3), &json!(false))
    );
    let bed = library.simulator.record("nantes", "garden.bed", "north").expect("made");
    assert_eq!(bed["status"], json!({"rows": 4, "conditions": [{"type": "Sown", "status": "True"}]}));
    // More rows: not ready until they are there.
    let sent = Sent {
        changes: Some(json!({"rows": 9})),
        ..Sent::new("garden.bed", "update", json!({"name": "north"}))
    };
    let updated = shown(library.send("nantes", sent).await);
    assert!(updated.get("done").is_some(), "{updated}");
    let bed = library.simulator.record("nantes", "garden.bed", "north").expect("made");
    assert_eq!((&bed["rows"], &bed["status"]["rows"]), (&json!(9), &json!(4)));
    later(2).await;
    let bed = library.simulator.record("nantes", "garden.bed", "north").expect("made");
    assert_eq!(bed["status"]["rows"], 9);
}

#[tokio::test(start_paused = true)]
async fn operations_set_what_the_driver_says_when_its_time_comes() {
    let library = Library::open(&[]);
    let book = library.ask("nantes", "shelf.book", "create", json!({"title": "Emma", "id": "b1"})).await;
    assert_eq!(book["done"]["status"], "binding");
    let busy = library.ask("nantes", "shelf.book", "close", json!({"id": "b1"})).await;
    assert_eq!(busy["error"], "Busy", "the driver knows that word, and the book is being bound");
    later(2).await;
    let closed = library.ask("nantes", "shelf.book", "close", json!({"id": "b1", "title": "Emma"})).await;
    assert_eq!(closed, json!({"done": null}), "as the driver says, without a record");
    assert_eq!(library.simulator.record("nantes", "shelf.book", "b1").expect("made")["status"], "open");
    later(2).await;
    assert_eq!(library.simulator.record("nantes", "shelf.book", "b1").expect("made")["status"], "closed");
    // A counter adds to what is stored, not to what the caller remembers.
    library.ask("nantes", "garden.well", "create", json!({"name": "deep"})).await;
    for (inputs, drawn) in [(json!({"name": "deep"}), 1), (json!({"name": "deep", "drawn": 0, "by": 5}), 6)] {
        let answer = library.ask("nantes", "garden.well", "draw", inputs).await;
        assert_eq!(answer["done"]["drawn"], drawn);
    }
}

#[tokio::test(start_paused = true)]
async fn updates_are_typed_and_leave_our_mark_as_they_write_it() {
    let library = Library::open(&[]);
    let sent = Sent {
        mark: Some("mark-1"),
        ..Sent::new("shelf.book", "create", json!({"title": "Emma", "id": "b1", "notes": {"a": "1"}}))
    };
    library.send("nantes", sent).await.expect("made");
    for (changes, expected) in [
        (json!({"language": "fr"}), "`language` of `shelf.book` cannot be changed once it is created"),
        (json!({"pages": "7"}), "`shelf.book`: expected a whole number, found `\"7\"` at `pages`"),
        (json!({"status": "open"}), "`status` of `shelf.book` is given by the site"),
        (json!({"cover": "red"}), "`shelf.book` has no attribute `cover`"),
    ] {
        let sent = Sent { changes: Some(changes), ..Sent::new("shelf.book", "update", json!({"id": "b1"})) };
        assert_eq!(shown(library.send("nantes", sent).await)["words"], expected);
    }
    let sent = Sent {
        changes: Some(json!({"title": "Emma!", "notes": {"b": "2", "scope_mark": "mark-1"}})),
        ..Sent::new("shelf.book", "update", json!({"id": "b1"}))
    };
    let updated = shown(library.send("nantes", sent).await);
    assert_eq!(updated["done"]["notes"], json!({"b": "2", "scope_mark": "mark-1"}));
    let sent = Sent {
        changes: Some(json!({"notes": {"c": "3"}})),
        ..Sent::new("shelf.book", "update", json!({"id": "b1"}))
    };
    assert_eq!(shown(library.send("nantes", sent).await)["done"]["notes"], json!({"c": "3"}));
    let by_name = library.ask("nantes", "shelf.book", "find", json!({"title": "Emma!"})).await;
    assert_eq!(by_name["list"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        library.ask("nantes", "shelf.book", "find", json!({"title": "Emma"})).await,
        json!({"list": []})
    );
}

#[tokio::test(start_paused = true)]
async fn answers_are_read_as_the_driver_reads_them() {
    let library = Library::open(&[]);
    for name in ["north", "south"] {
        library.ask("nantes", "garden.bed", "create", json!({ "name": name })).await;
    }
    for given in [
        json!({"name": "plain"}),
        json!({
            "name": "full", "zone": "west", "bed": {"name": "north"}, "beds": [{"name": "south"}, "north"],
            "labels": {"a": "1", "b": "2"}, "depth": 7, "glazed": true, "soil": {"sand": 3}, "tags": ["x"]
        }),
    ] {
        let made = library.ask("nantes", "garden.pot", "create", given.clone()).await;
        let id = made["done"]["id"].clone();
        let read = library.ask("nantes", "garden.pot", "read", json!({ "id": id })).await;
        let (_, pot) = library.plan.resource_type("garden.pot").expect("a type");
        for attribute in &pot.attributes {
            let Some(expr) = &attribute.read else { continue };
            let body = Bindings::new().with("body", read["found"].clone());
            let found = eval(expr, &body).expect("the answer can be read");
            let expected = match (attribute.name.as_str(), given["name"].as_str()) {
                ("zone", Some("full")) => json!("west"),
                ("bed", Some("full")) => json!({"name": "north"}),
                ("beds", Some("full")) => json!([{"name": "south"}, {"name": "north"}]),
                ("labels", Some("full")) => json!({"a": "1", "b": "2"}),
                ("depth", Some("full")) => json!(7),
                ("glazed", Some("full")) => json!(true),
                ("soil", Some("full")) => json!({"sand": 3}),
                ("beds", _) => json!([]),
                ("labels" | "soil", _) => json!({}),
                ("depth", _) => json!(0),
                ("glazed", _) => json!(false),
                _ => Value::Null,
            };
            assert_eq!(found, expected, "`{}` of {}", attribute.name, read["found"]);
        }
        let echoed = json!({"name": given["name"], "soil": given.get("soil").cloned().unwrap_or(json!({}))});
        assert_eq!(read["found"]["answer"], echoed, "what the service says of itself is what it was told");
        let by_zone = library.ask("nantes", "garden.pot", "find", json!({"zone": "west"})).await;
        assert!(by_zone["list"].as_array().expect("a list").iter().all(|pot| pot["name"] == "full"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_identity_may_be_made_of_what_was_sent() {
    let library = Library::open(&[]);
    let made = library.ask("nantes", "garden.errand", "create", json!({"words": ["water", "roses"]})).await;
    assert_eq!(made["done"]["id"], "water roses");
    let found = library.ask("nantes", "garden.errand", "find", json!({"words": ["water", "roses"]})).await;
    assert_eq!(found["list"][0]["id"], "water roses");
    assert_eq!(
        library.ask("nantes", "garden.errand", "find", json!({"words": ["dig"]})).await,
        json!({"list": []})
    );
}

#[tokio::test(start_paused = true)]
async fn a_film_is_queued_until_its_content_is_there() {
    let mut plan = sites();
    let file = FileRef { path: "film.raw".into(), sha256: "ab".repeat(32), size: 3 };
    let content = vec![("name", Expr::text("long")), ("data", Expr::File(file.clone()))];
    let with_content = plan.ensure(SiteId(0), "long", "garden.film", content);
    let plan = plan.finish();
    let key = plan.steps[with_content.index()].key.clone();
    let library = Library::of(plan, &[]);
    let status =
        |name: &str| library.simulator.record("nantes", "garden.film", name).expect("made")["status"].clone();
    library.ask_as(&key, "nantes", "garden.film", "create", json!({"name": "long"})).await;
    library.ask("nantes", "garden.film", "create", json!({"name": "empty"})).await;
    later(60).await;
    assert_eq!((status("long"), status("empty")), (json!("queued"), json!("queued")));
    let id = library.simulator.record("nantes", "garden.film", "long").expect("made")["id"].clone();
    let sent = Sent {
        key: &key,
        content: Some(Content::File(file)),
        ..Sent::new("garden.film", "upload", json!({ "id": id }))
    };
    assert_eq!(shown(library.send("nantes", sent).await), json!({"done": null}));
    assert_eq!(status("long"), "queued");
    later(2).await;
    assert_eq!((status("long"), status("empty")), (json!("active"), json!("queued")));
    library.ask("nantes", "garden.film", "withdraw", json!({ "id": id })).await;
    later(2).await;
    assert_eq!(status("long"), "withdrawn");
}

#[tokio::test(start_paused = true)]
async fn changes_past_the_program_are_seen() {
    let library = Library::open(&[]);
    let book = SimulatedResource {
        resource_type: "shelf.book".into(),
        attributes: [("title".to_string(), json!("Emma")), ("code".to_string(), json!("hunter2"))]
            .into_iter()
            .collect(),
    };
    library.simulator.insert("paris", &book).expect("a good book");
    library
        .simulator
        .change("paris", "shelf.book", "Emma", &object(json!({"pages": 7})))
        .expect("it is there");
    let found = library.ask("paris", "shelf.book", "find", json!({"title": "Emma"})).await;
    assert_eq!(found["list"][0]["pages"], 7);
    assert!(!library.simulator.snapshot().to_string().contains("hunter2"), "secrets are masked");
    library.simulator.remove("paris", "shelf.book", "Emma").expect("it is there");
    assert_eq!(library.simulator.count("paris", "shelf.book"), 0);
    assert!(library.simulator.remove("paris", "shelf.book", "Emma").is_err());
    assert!(library.simulator.insert("rome", &book).is_err());
}

#[tokio::test(start_paused = true)]
async fn probes_answer_without_secrets() {
    let library = Library::open(&[]);
    let probes = library.site("paris").probe().await.expect("paris answers");
    let told: Vec<_> =
        probes.iter().map(|probe| (probe.service.as_str(), probe.version.as_deref(), probe.rtt_us)).collect();
    assert_eq!(told, [("shelf", Some("2 (simulated)"), 12_000), ("garden", Some("simulated"), 12_000)]);
}
