//! Virtual time, content over links, and that the same simulation gives the same bytes.

mod simulator_support;

use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, Instant};

use scope_plan::expr::{Expr, FileRef};
use scope_plan::plan::SiteId;
use scope_runtime::simulator::{Files, SimulationOptions, virtual_runtime};
use scope_runtime::site::{Content, OperationCall};
use serde_json::{Value, json};
use simulator_support::{Library, Sent, bytes, object, shown, sites, took};

#[test]
fn ten_minutes_take_milliseconds() {
    let real = Instant::now();
    let library = Library::open(&["ready=shelf.book@paris:10min"]);
    virtual_runtime().expect("a runtime").block_on(async {
        library.ask("paris", "shelf.book", "create", json!({"title": "Emma", "id": "b1"})).await;
        let mut looks = 0;
        while library.ask("paris", "shelf.book", "read", json!({"id": "b1"})).await["found"]["status"]
            != "open"
        {
            tokio::time::sleep(Duration::from_secs(1)).await;
            looks += 1;
        }
        assert_eq!(looks, 593, "a look takes 12 ms");
        assert!(library.simulator.now() > 600_000_000);
    });
    assert!(real.elapsed() < Duration::from_secs(10), "{:?}", real.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_takes_the_round_trip_of_its_link() {
    let library = Library::open(&[]);
    for (site, milliseconds) in [("nantes", 1), ("paris", 12), ("lille", 20)] {
        let (_, took) = took(&library.simulator, library.ask(site, "shelf.book", "find", json!({}))).await;
        assert_eq!(took, milliseconds, "{site}");
    }
    let requests =
        ["nantes", "paris", "lille"].map(|site| library.ask(site, "shelf.book", "find", json!({})));
    let [one, two, three] = requests;
    let (_, all) = took(&library.simulator, async { tokio::join!(one, two, three) }).await;
    assert_eq!(all, 20, "at once");
}

fn history(seed: u64) -> (String, String) {
    let mut plan = sites();
    plan.simulated(SiteId(2), "shelf.book", &[("title", json!("Dune"))]);
    let mut plan = plan.finish();
    plan.drivers.push(simulator_support::garden());
    let faults = ["lose=create@paris", "duplicate=garden.tree.create@*:*", "cut=lille@1s..2s"];
    let faults = faults.map(|text| text.parse().expect(text)).into();
    let library = Library::with(plan, SimulationOptions { seed, faults, ..Default::default() });
    virtual_runtime().expect("a runtime").block_on(async {
        let work = ["nantes", "paris", "lille"].map(|site| {
            let library = &library;
            async move {
                for (number, resource_type) in
                    ["shelf.book", "garden.tree", "garden.plant"].into_iter().enumerate()
                {
                    let name = if resource_type == "shelf.book" { "title" } else { "name" };
                    for attempt in 0..3 {
                        let inputs = json!({ name: format!("{number}") });
                        library
                            .ask_as(&format!("{site}/{attempt}"), site, resource_type, "create", inputs)
                            .await;
                    }
                }
            }
        });
        let [one, two, three] = work;
        tokio::join!(one, two, three);
        tokio::time::sleep(Duration::from_secs(5)).await;
        library.simulator.now()
    });
    let calls = serde_json::to_string(&library.simulator.calls()).expect("plain data");
    (library.simulator.snapshot().to_string(), calls)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = history(7);
    assert!(first == history(7), "the same seed");
    assert!(
        first.0.contains("Healthy") && !first.0.contains("Seed"),
        "all that was due has come: {}",
        first.0
    );
    let other = history(8);
    assert!(first.0 != other.0, "ids are made of the seed");
    assert_eq!(first.1.len(), other.1.len(), "what happens is not");
}

#[tokio::test(start_paused = true)]
async fn an_image_goes_from_site_to_site_and_stays_the_same() {
    const GIB: u64 = 1 << 30;
    let mut plan = sites();
    let original = [("title", json!("Emma")), ("id", json!("b1")), ("checksum", json!("9f2c"))];
    let mut long: Vec<(&str, Value)> = original.to_vec();
    long.push(("content", json!({"sha256": "ab".repeat(32), "size": 4 * GIB})));
    plan.simulated(SiteId(1), "shelf.book", &long);
    plan.simulated(
        SiteId(1),
        "shelf.book",
        &[("title", json!("Dune")), ("content", json!("the spice must flow"))],
    );
    plan.simulated(
        SiteId(1),
        "shelf.book",
        &[("title", json!("Note")), ("content", json!({"sha256": "cd".repeat(32), "size": 10}))],
    );
    let library = Library::of(plan.finish(), &[]);
    for (title, milliseconds) in [("Emma", 34_000..36_000), ("Dune", 0..100), ("Note", 0..100)] {
        let original = library.simulator.record("paris", "shelf.book", title).expect("declared");
        let id = original["id"].as_str().expect("a text");
        let copied = json!({"title": title, "id": id});
        library.ask("nantes", "shelf.book", "create", copied).await;
        let transfer = async {
            let stream = library.download("paris", id).await;
            assert_eq!(stream.length, original["content"]["size"].as_u64());
            library.upload("nantes", id, Content::Stream(stream)).await
        };
        let (answer, took) = took(&library.simulator, transfer).await;
        assert_eq!(answer, json!({"done": null}));
        assert!(milliseconds.contains(&took), "{title}: {took} ms for {original}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let copy = library.simulator.record("nantes", "shelf.book", title).expect("copied");
        assert_eq!(
            (&copy["checksum"], &copy["content"]),
            (&original["checksum"], &original["content"]),
            "{title}"
        );
        assert_eq!(copy["status"], "open");
    }
    let words = bytes(library.download("nantes", library_id(&library, "Dune").as_str()).await).await;
    assert_eq!(words, Ok(b"the spice must flow".to_vec()));
}

fn library_id(library: &Library, title: &str) -> String {
    let record = library.simulator.record("nantes", "shelf.book", title).expect("there");
    record["id"].as_str().expect("a text").to_string()
}

#[tokio::test(start_paused = true)]
async fn a_copy_without_its_content_is_not_ready() {
    let mut plan = sites();
    let content = Expr::File(FileRef { path: "emma.txt".into(), sha256: "ab".repeat(32), size: 3 });
    plan.ensure(SiteId(0), "emma", "shelf.book", vec![("title", Expr::text("Emma")), ("content", content)]);
    plan.ensure(SiteId(0), "dune", "shelf.book", vec![("title", Expr::text("Dune"))]);
    let plan = plan.finish();
    let keys: Vec<String> = plan.steps.iter().map(|step| step.key.clone()).collect();
    let library = Library::of(plan, &[]);
    for (key, id) in [(&keys[0], "b1"), (&keys[1], "b2")] {
        library.ask_as(key, "nantes", "shelf.book", "create", json!({"title": id, "id": id})).await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let status =
        |id: &str| library.simulator.record("nantes", "shelf.book", id).expect("made")["status"].clone();
    assert_eq!(
        (status("b1"), status("b2")),
        (json!("binding"), json!("open")),
        "only the first has content to come"
    );
    library.upload("nantes", "b1", file("emma.txt", 3, "ab")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(status("b1"), "open");
}

fn file(path: &str, size: u64, sha256: &str) -> Content {
    Content::File(FileRef { path: path.into(), sha256: sha256.repeat(64 / sha256.len()), size })
}

/// Files of a program: path and content.
struct Shelf(&'static [(&'static str, &'static [u8])]);

impl Files for Shelf {
    fn open(&self, file: &FileRef) -> std::io::Result<Box<dyn Read>> {
        let found = self.0.iter().find(|(path, _)| *path == file.path);
        found.map(|(_, bytes)| Box::new(*bytes) as Box<dyn Read>).ok_or(std::io::ErrorKind::NotFound.into())
    }
}

#[tokio::test(start_paused = true)]
async fn files_are_read_through_the_caller_alone() {
    const SHA256: &str = "315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3";
    let files: Rc<dyn Files> = Rc::new(Shelf(&[("hello.txt", b"Hello, world!")]));
    let library =
        Library::with(sites().finish(), SimulationOptions { files: Some(files), ..Default::default() });
    library.ask("paris", "shelf.book", "create", json!({"title": "Hello", "id": "b1"})).await;
    let answer = library.upload("paris", "b1", file("hello.txt", 13, SHA256)).await;
    assert_eq!(answer, json!({"done": null}));
    let record = library.simulator.record("paris", "shelf.book", "b1").expect("made");
    assert_eq!((&record["checksum"], &record["content"]["size"]), (&json!(SHA256), &json!(13)));
    assert_eq!(bytes(library.download("paris", "b1").await).await, Ok(b"Hello, world!".to_vec()));
    for (path, sha256, kind, words) in [
        (
            "hello.txt",
            "ab",
            "FileChanged(\"hello.txt\")",
            "file `hello.txt` has changed since the plan was made",
        ),
        ("gone.txt", SHA256, "Configuration", "file `gone.txt` cannot be read: entity not found"),
    ] {
        let answer = library.upload("paris", "b1", file(path, 13, sha256)).await;
        assert_eq!((&answer["error"], &answer["words"]), (&json!(kind), &json!(words)));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_on_the_way() {
    let library = Library::open(&[]);
    library.ask("paris", "shelf.book", "create", json!({"title": "Emma", "id": "b1"})).await;
    let told = Rc::new(RefCell::new(Vec::new()));
    let listener = Rc::clone(&told);
    let book = &library.plan.drivers[0].types[0];
    let inputs = object(json!({"id": "b1"}));
    let call = OperationCall {
        driver: &library.plan.drivers[0],
        resource_type: book,
        operation: book.operations.iter().find(|operation| operation.name == "upload").expect("there is one"),
        inputs: &inputs,
        changes: None,
        mark: None,
        idempotency_key: &"key",
        content: Some(file("large.raw", 125_000_000, "ab")),
        keep_in: &[],
        progress: Some(Rc::new(move |done, of| listener.borrow_mut().push((done, of)))),
    };
    let site = library.site("paris");
    let (answer, milliseconds) = took(&library.simulator, site.operate(call)).await;
    assert_eq!(shown(answer), json!({"done": null}));
    assert!((1_000..1_100).contains(&milliseconds), "1 Gbit over 1 Gbit/s: {milliseconds} ms");
    let told = told.borrow();
    assert!(told.len() > 10 && told.is_sorted() && told.last() == Some(&(125_000_000, Some(125_000_000))));
}

#[tokio::test(start_paused = true)]
async fn thousands_of_books_are_found_in_no_time() {
    let library = Library::open(&[]);
    let real = Instant::now();
    for number in 0..4_000 {
        let title = format!("book {number}");
        let sent = Sent { mark: Some("m"), ..Sent::new("shelf.book", "create", json!({ "title": title })) };
        library.send("nantes", sent).await.expect("made");
        let found = library.ask("nantes", "shelf.book", "find", json!({ "title": title })).await;
        assert_eq!(found["list"].as_array().map(Vec::len), Some(1));
    }
    assert!(real.elapsed() < Duration::from_secs(60), "{:?}", real.elapsed());
}
