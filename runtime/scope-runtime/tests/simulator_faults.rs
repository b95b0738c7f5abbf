//! What goes wrong in a simulation, and what the runner gets to see of it.

mod simulator_support;

use std::time::Duration;

use scope_runtime::simulator::SimulationOptions;
use scope_runtime::site::{Content, SiteErrorKind};
use serde_json::{Value, json};
use simulator_support::{Library, Sent, bytes, shown, sites, took};

async fn until(library: &Library, second: u64) {
    let now = library.simulator.now();
    tokio::time::sleep(Duration::from_micros((second * 1_000_000).saturating_sub(now))).await;
}

fn emma() -> Value {
    json!({"title": "Emma", "id": "b1"})
}

/// Of forty requests to paris, and of forty to lille, how many are lost.
async fn lost(loss_permille: u32, seed: u64) -> [Vec<bool>; 2] {
    let mut plan = sites().finish();
    plan.links[0].loss_permille = loss_permille;
    let library = Library::with(plan, SimulationOptions { seed, ..Default::default() });
    let mut lost = [Vec::new(), Vec::new()];
    for (site, lost) in ["paris", "lille"].into_iter().zip(&mut lost) {
        for _ in 0..40 {
            let answer = library.ask(site, "shelf.book", "find", json!({})).await;
            lost.push(answer["error"] == "Lost");
        }
    }
    lost
}

#[tokio::test(start_paused = true)]
async fn a_link_loses_what_it_says_drawn_from_the_seed() {
    let n_lost = |lost: &[bool]| lost.iter().filter(|is_lost| **is_lost).count();
    let [paris, lille] = lost(250, 7).await;
    assert!((4..=18).contains(&n_lost(&paris)), "a quarter of forty: {}", n_lost(&paris));
    assert_eq!(n_lost(&lille), 0, "its link loses nothing");
    assert_eq!(lost(250, 7).await[0], paris, "the same seed, the same losses");
    assert_ne!(lost(250, 8).await[0], paris);
    assert_eq!(n_lost(&lost(1000, 7).await[0]), 40);
}

#[tokio::test(start_paused = true)]
async fn a_fault_gives_its_own_error_in_its_own_time() {
    for (faults, site, expected, milliseconds, books) in [
        (&["cut=paris"][..], "paris", "Unreachable", 5_000, 0),
        (&["cut=paris"], "nantes", "done", 1, 1),
        (&["cut=nantes--paris"], "paris", "Unreachable", 5_000, 0),
        (&["cut=nantes--paris"], "lille", "done", 20, 1),
        // The connection is tried until the cut is over.
        (&["cut=paris@0s..2s"], "paris", "done", 2_012, 1),
        (&["cut=paris@0s..2s", "cut=paris@1s..3s"], "paris", "done", 3_012, 1),
        // Cut while the request is on its way: it arrives late, or never.
        (&["cut=paris@3ms..2s"], "paris", "done", 2_006, 1),
        (&["cut=paris@3ms"], "paris", "Lost", 30_000, 0),
        // Cut while the answer is on its way.
        (&["cut=paris@9ms..2s"], "paris", "done", 2_000, 1),
        (&["cut=paris@9ms"], "paris", "Lost", 30_000, 1),
        (&["freeze=paris@0s..9s"], "paris", "done", 9_006, 1),
        (&["freeze=paris"], "paris", "Lost", 30_000, 0),
        (&["slow=paris:500ms"], "paris", "done", 512, 1),
        (&["unavailable=paris"], "paris", "Unavailable", 12, 0),
        (&["unavailable=find@paris"], "paris", "done", 12, 1),
        (&["deny=create@paris"], "paris", "Denied", 12, 0),
        (&["deny=shelf.book.create@*"], "paris", "Denied", 12, 0),
        (&["deny=loan@paris"], "paris", "done", 12, 1),
        (&["refuse=shelf.book@paris"], "paris", "Refused", 12, 0),
        (&["refuse=shelf.book@paris:1"], "paris", "done", 12, 1),
        (&["lose=create@paris"], "paris", "Lost", 12, 1),
        (&["lose=create@paris:2"], "paris", "done", 12, 1),
        (&["late=create@paris:5s"], "paris", "Lost", 12, 0),
    ] {
        let library = Library::open(faults);
        let (answer, took) =
            took(&library.simulator, library.ask(site, "shelf.book", "create", emma())).await;
        let told = answer["error"].as_str().unwrap_or(if answer["done"].is_object() { "done" } else { "?" });
        assert_eq!((told, took), (expected, milliseconds), "{faults:?} at {site}");
        assert_eq!(library.simulator.count(site, "shelf.book"), books, "{faults:?} at {site}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_takes_effect_though_nobody_waits() {
    // A late effect.
    let library = Library::open(&["late=create@paris:5s"]);
    library.ask("paris", "shelf.book", "create", emma()).await;
    assert_eq!(library.simulator.count("paris", "shelf.book"), 0);
    until(&library, 6).await;
    assert_eq!(library.simulator.count("paris", "shelf.book"), 1);
    // A frozen site that has taken the request; the caller gave up after three seconds.
    let library = Library::open(&["freeze=paris@0s..9s"]);
    let request = library.ask("paris", "shelf.book", "create", emma());
    assert!(tokio::time::timeout(Duration::from_secs(3), request).await.is_err());
    until(&library, 8).await;
    assert_eq!(library.simulator.count("paris", "shelf.book"), 0);
    until(&library, 10).await;
    assert_eq!(library.simulator.count("paris", "shelf.book"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_delivered_twice_is_answered_once() {
    let library = Library::open(&["duplicate=create@paris"]);
    let answer = library.ask("paris", "shelf.book", "create", emma()).await;
    assert_eq!(answer["done"]["id"], "b1");
    assert_eq!(library.simulator.count("paris", "shelf.book"), 1, "the caller chose the identity");
    let library = Library::open(&["duplicate=create@paris"]);
    library.ask("paris", "shelf.book", "create", json!({"title": "Emma"})).await;
    assert_eq!(library.simulator.count("paris", "shelf.book"), 2, "the site chose two");
    let outcomes: Vec<&str> = library.simulator.calls().iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["done", "done"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_one_is_never_ready() {
    let library = Library::open(&["break=shelf.book@paris"]);
    library.ask("paris", "shelf.book", "create", emma()).await;
    library.ask("paris", "shelf.book", "create", json!({"title": "Dune"})).await;
    until(&library, 2).await;
    let status =
        |name: &str| library.simulator.record("paris", "shelf.book", name).expect("made")["status"].clone();
    assert_eq!((status("Emma"), status("Dune")), (json!("torn"), json!("open")));
}

#[tokio::test(start_paused = true)]
async fn faults_wait_for_requests_and_steps() {
    // After the second answer.
    let library = Library::open(&["cut=paris@op2..+10s"]);
    for title in ["one", "two"] {
        assert!(
            library.ask("paris", "shelf.book", "create", json!({ "title": title })).await["done"].is_object()
        );
    }
    let (answer, milliseconds) =
        took(&library.simulator, library.ask("paris", "shelf.book", "find", json!({"title": "one"}))).await;
    assert_eq!((answer["error"].as_str(), milliseconds), (Some("Unreachable"), 5_000));
    until(&library, 11).await;
    assert!(library.ask("paris", "shelf.book", "find", json!({"title": "one"})).await["list"].is_array());
    // After a step, by its name; looking for it is not yet it.
    let mut plan = sites();
    let paris = scope_plan::plan::SiteId(1);
    plan.ensure(paris, "base", "shelf.book", vec![]);
    let plan = plan.finish();
    let key = plan.steps[0].key.clone();
    let library = Library::of(plan, &["cut=paris@after:create:base"]);
    library.ask_as(&key, "paris", "shelf.book", "find", json!({"title": "Emma"})).await;
    let key = format!("deployment-7/{key}/create");
    let made = library.ask_as(&key, "paris", "shelf.book", "create", emma()).await;
    assert!(made["done"].is_object(), "its own answer still arrives");
    assert_eq!(library.ask("paris", "shelf.book", "read", json!({"id": "b1"})).await["error"], "Unreachable");
}

#[tokio::test(start_paused = true)]
async fn healing_lets_through_what_waited() {
    let library = Library::open(&["freeze=paris", "cut=lille"]);
    let paris = library.ask("paris", "shelf.book", "create", emma());
    let lille = library.ask_as("lille", "lille", "shelf.book", "create", emma());
    let healer = async {
        until(&library, 3).await;
        library.simulator.heal(Some("paris")).expect("a site");
        library.simulator.heal(None).expect("all sites");
    };
    let (paris, lille, ()) = tokio::join!(paris, lille, healer);
    assert!(paris["done"].is_object() && lille["done"].is_object(), "{paris} {lille}");
    assert_eq!(library.simulator.now() / 1000, 3_020);
    assert!(library.simulator.heal(Some("rome")).is_err());
    library.simulator.inject("deny=paris".parse().expect("a fault")).expect("a site");
    assert_eq!(library.ask("paris", "shelf.book", "read", json!({"id": "b1"})).await["error"], "Denied");
    assert!(library.simulator.inject("deny=rome".parse().expect("a fault")).is_err());
}

#[tokio::test(start_paused = true)]
async fn content_is_lost_in_a_cut_and_goes_on_after_a_short_one() {
    let mut plan = sites();
    plan.simulated(
        scope_plan::plan::SiteId(1),
        "shelf.book",
        &[("title", json!("Emma")), ("id", json!("b1")), ("content", json!("x".repeat(1 << 20)))],
    );
    let plan = plan.finish();
    for (fault, expected) in [("cut=paris@15ms..5s", None), ("freeze=paris@15ms", Some(SiteErrorKind::Lost))]
    {
        let library = Library::of(plan.clone(), &[fault]);
        let received = bytes(library.download("paris", "b1").await).await;
        match expected {
            None => assert_eq!(received.map(|bytes| bytes.len()), Ok(1 << 20)),
            Some(kind) => assert_eq!(received.expect_err("lost").kind, kind),
        }
        assert!(library.simulator.now() > 4_000_000);
    }
    // On the way to a site: nothing of it is there.
    let library = Library::of(plan, &["cut=lille@35ms"]);
    library.ask("lille", "shelf.book", "create", emma()).await;
    let stream = library.download("paris", "b1").await;
    let sent = Sent {
        content: Some(Content::Stream(stream)),
        ..Sent::new("shelf.book", "upload", json!({"id": "b1"}))
    };
    assert_eq!(shown(library.send("lille", sent).await)["error"], "Lost");
    assert_eq!(library.simulator.record("lille", "shelf.book", "b1").expect("made")["checksum"], Value::Null);
}
