//! What placement counts with: traits, classes, providers in their groups, inventories and what is held of them, at both clouds.

use serde_json::{Value, json};

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::{Cloud, Clouds, text};

pub const CASES: &[Case] = &[("stock: what placement counts with, changed and taken away", counted)];

const PROGRAM: &str = r#"import openstack.placement as stock
param cards: int = 2
param wanted: int? = null
param groups: list<string> = ["5a2f9a2e-6bd0-4f2c-8d7c-2a6c4a1e0c31"]
resource fpga: stock.resource_class { name: "CUSTOM_STOCK_FPGA" } scope { CloudOne & CloudTwo }
resource fast: stock.trait { name: "CUSTOM_STOCK_FAST" } scope { CloudOne & CloudTwo }
resource rack: stock.resource_provider { name: "stock-rack", traits: [fast], aggregates: groups } scope { CloudOne & CloudTwo }
resource card: stock.resource_provider { name: "stock-card", parent: rack } scope { CloudOne & CloudTwo }
resource two:  stock.inventory { provider: card, resource_class: fpga, total: cards } scope { CloudOne & CloudTwo }
resource disk: stock.inventory { provider: rack, resource_class: "DISK_GB", total: cards } scope { CloudOne & CloudTwo }
resource cpus: stock.inventory { provider: rack, resource_class: "VCPU", total: cards } scope { CloudOne & CloudTwo }
resource held: stock.allocation {
    id:     "3b0e6d9c-8f0a-4a53-9d6f-5f1a7f0c2e11"
    claims: [{ provider: card, amounts: { CUSTOM_STOCK_FPGA: wanted ?? cards - 1 } }, { provider: rack, amounts: { VCPU: 1 } }]
} scope { CloudOne & CloudTwo } with { after: [two, cpus] }
"#;

const VERSION: [&str; 1] = ["OpenStack-API-Version: placement 1.39"];

fn told(cloud: &Cloud, path: &str) -> Value {
    let answer = cloud.request_with("GET", "placement", path, None, &VERSION);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn counted(clouds: &Clouds) {
    let place = Place::new("stock", clouds).program(PROGRAM);
    expect(&place.runs(), 0, &["16 created"]);
    place.changes_nothing();
    for cloud in [&clouds.one, &clouds.two] {
        let card = told(cloud, "/resource_providers?name=stock-card")["resource_providers"][0].clone();
        let rack = text(&card["parent_provider_uuid"]);
        assert_eq!(
            told(cloud, &format!("/resource_providers/{rack}/traits"))["traits"],
            json!(["CUSTOM_STOCK_FAST"])
        );
        let held = told(cloud, &format!("/resource_providers/{}/inventories", text(&card["uuid"])));
        assert_eq!(held["inventories"]["CUSTOM_STOCK_FPGA"]["total"], 2);
    }
    // Several of one provider at once: each change takes the number of the last one.
    let other = r#"groups=["0c9e1a52-0b3f-4f63-9a64-0f4f9a1d2b17", "5a2f9a2e-6bd0-4f2c-8d7c-2a6c4a1e0c31"]"#;
    let changed = ["run", "main.scope", "--set", "cards=3", "--set", other];
    expect(&place.scope(&changed), 0, &["10 changed"]);
    expect(&place.scope(&changed), 0, &["nothing to do"]);
    let rack = told(&clouds.two, "/resource_providers?name=stock-rack")["resource_providers"][0].clone();
    let held = told(&clouds.two, &format!("/resource_providers/{}/inventories", text(&rack["uuid"])));
    assert_eq!(
        (&held["inventories"]["VCPU"]["total"], &held["inventories"]["DISK_GB"]["total"]),
        (&json!(3), &json!(3))
    );
    let groups = told(&clouds.two, &format!("/resource_providers/{}/aggregates", text(&rack["uuid"])));
    assert_eq!(groups["aggregates"].as_array().map(Vec::len), Some(2));
    let held = told(&clouds.one, "/allocations/3b0e6d9c-8f0a-4a53-9d6f-5f1a7f0c2e11");
    let amounts: Vec<&Value> = held["allocations"]
        .as_object()
        .into_iter()
        .flat_map(|held| held.values())
        .map(|one| &one["resources"])
        .collect();
    assert!(
        amounts.contains(&&json!({ "CUSTOM_STOCK_FPGA": 2 })) && amounts.contains(&&json!({ "VCPU": 1 })),
        "{held}"
    );
    // More than there is: refused, and nothing is changed.
    expect(
        &place.scope(&["run", "main.scope", "--set", "cards=3", "--set", "wanted=9"]),
        1,
        &["held", "capacity"],
    );
    expect(&place.scope(&["destroy", "main.scope", "--yes"]), 0, &["16 deleted"]);
    let left = told(&clouds.one, "/traits?name=startswith:CUSTOM_STOCK");
    assert_eq!(left["traits"], json!([]));
}
