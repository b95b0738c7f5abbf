//! A site by another name is the same one; what is not at its new address is not made anew.

use serde_json::json;

use super::desk::{Desks, ends};
use super::names::{Programs, words};

#[test]
fn keys_that_are_a_sites_name_go_along_when_it_gets_another_one() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-site");
    let (driver, _) = programs.base.split_once("site nantes").expect("it has sites");
    let program = |site: &str| {
        format!(
            "site {site} {{ desk: {{ url: \"{}\" }} }}\nsite paris {{ desk: {{ url: \"{}\" }} }}\nentry paris\n\
             resource each for s in [{site}, paris]: desk.card {{ title: \"each\" }} scope {{ s }}\n\
             resource far for s in [{site}]: desk.card {{ title: \"far ${{s.name}}\" }} scope {{ paris }}\n\
             resource door: desk.bell {{ name: \"door\" }} scope {{ paris }}\n\
             resource word for n in [\"nantes\"]: desk.card {{ title: \"a word\" }} scope {{ paris }}\n\
             call rung for s in [{site}]: desk.bell.ring {{ name: door.name }} scope {{ paris }}\n",
            desks.nantes.url, desks.paris.url
        )
    };
    let programs = Programs { base: driver.to_owned(), ..programs };
    programs.run(&program("nantes"), 0);
    let mut cards = Vec::new();
    let mut ids = || {
        cards.clear();
        for desk in [&desks.nantes, &desks.paris] {
            desk.change(|_, on_it| cards.extend(on_it.keys().cloned()));
        }
        cards.clone()
    };
    let before = ids();
    assert_eq!(desks.paris.held()["bells"], json!({ "door": 1 }));
    programs.say(&program("brest"));
    ends(&programs.folder, &["state", "rename-site", "nantes", "brest", "--program", "main.scope"], 0);
    let plan = words(&ends(&programs.folder, &["plan", "main.scope"], 0).all());
    assert!(plan.contains("0 to create") && plan.contains("0 to delete"), "{plan}");
    programs.run(&program("brest"), 0);
    assert_eq!(ids(), before, "they are the same ones");
    assert_eq!(desks.paris.held()["bells"], json!({ "door": 1 }), "it was not rung again");
    let again = programs.run(&program("brest"), 0);
    assert!(again.contains("nothing to do"), "{again}");
    let plan = words(&ends(&programs.folder, &["plan", "main.scope"], 0).all());
    assert!(plan.contains("= card far[\"brest\"]") && plan.contains("= card word[\"nantes\"]"), "{plan}");
}

#[test]
fn what_is_not_at_the_new_address_of_its_site_is_not_made_anew() {
    let (desks, others, third) = (Desks::start(), Desks::start(), Desks::start());
    let programs = Programs::place(&desks, "moved-address");
    let gone = "resource gone: desk.card { title: \"gone\" } scope { paris }\n";
    let program = &format!("resource kept: desk.card {{ title: \"kept\" }} scope {{ paris }}\n{gone}");
    // The one that stays is the second one here, so that the first one that is made elsewhere is not called so.
    programs.run(gone, 0);
    programs.run(program, 0);
    let at = |desks: &Desks| {
        programs.base.replace(
            &programs.base[programs.base.find("site paris").expect("it is")..],
            &format!("site paris {{ desk: {{ url: \"{}\" }} }}\nentry nantes\n", desks.paris.url),
        )
    };
    let moved = Programs { folder: programs.folder.clone(), base: at(&others) };

    // An empty one: nothing is made, nothing is forgotten, however often.
    for _ in 0..2 {
        let plan = words(&moved.plan(program, 0));
        assert!(plan.contains("x card kept E0895") && !plan.contains("deleted outside"), "{plan}");
        let drift = words(&ends(&moved.folder, &["drift", "main.scope"], 2).all());
        assert!(!drift.contains("deleted outside") && drift.contains("another address"), "{drift}");
        let refused = words(&moved.run(program, 1));
        assert!(
            refused.contains(
                "`kept` is not at `paris`, which is at another address than when it was seen there"
            ),
            "{refused}"
        );
        assert!(refused.contains("`scope state forget kept paris`"), "{refused}");
        let former = format!("put the address back that `paris` had (url: \"{}\"):", desks.paris.url);
        assert!(refused.contains(&former), "{refused}");
        let deleted = words(&moved.run("", 1));
        assert!(deleted.contains("E0895"), "{deleted}");
    }
    assert_eq!((others.paris.held()["cards"].clone(), others.paris.n_changes()), (json!([]), 0));
    assert_eq!(desks.paris.held()["cards"], json!(["gone", "kept"]));

    // The same one, moved but for one thing: what is there is what it was, and the other is let go, and made.
    let mut taken = std::collections::BTreeMap::new();
    desks.paris.change(|_, cards| {
        taken.extend(
            cards
                .iter()
                .filter(|(_, card)| card["title"] == "kept")
                .map(|(id, card)| (id.clone(), card.clone())),
        )
    });
    others.paris.change(|_, cards| cards.extend(taken));
    let refused = words(&moved.run(program, 1));
    assert!(refused.contains("`gone` is not at `paris`") && !refused.contains("`kept` is not"), "{refused}");
    ends(&moved.folder, &["state", "forget", "gone", "paris", "--program", "main.scope"], 0);
    let made = words(&moved.run(program, 0));
    assert!(made.contains("1 created"), "{made}");
    // Where all of it was seen, that is its address: what is not there by now was deleted.
    others.paris.change(|_, cards| cards.retain(|_, card| card["title"] == "kept"));
    let plan = words(&moved.plan(program, 0));
    assert!(plan.contains("deleted outside"), "{plan}");
    let made = words(&moved.run(program, 0));
    assert!(made.contains("1 created"), "{made}");

    // Another one altogether, after a fire.
    let anew = Programs { folder: programs.folder.clone(), base: at(&third) };
    assert!(words(&anew.run(program, 1)).contains("`scope state forget --all-at paris`"));
    let mistaken = ends(&anew.folder, &["state", "forget", "--all-at", "pari", "--program", "main.scope"], 3);
    assert!(mistaken.all().contains("did you mean `paris`?"), "{}", mistaken.all());
    let forgotten =
        ends(&anew.folder, &["state", "forget", "--all-at", "paris", "--program", "main.scope"], 0);
    assert_eq!(forgotten.all().matches("forgotten: ").count(), 2, "{}", forgotten.all());
    assert!(words(&anew.run(program, 0)).contains("2 created"));
}
