//! What placement counts with: traits, classes, providers and their inventories, at both clouds.

use serde_json::{Value, json};

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::{Cloud, Clouds, text};

pub const CASES: &[Case] = &[("stock: what placement counts with, changed and taken away", counted)];

const PROGRAM: &str = r#"import openstack.placement as stock
param cards: int = 2
resource fpga: stock.resource_class { name: "CUSTOM_STOCK_FPGA" } scope { CloudOne & CloudTwo }
resource fast: stock.trait { name: "CUSTOM_STOCK_FAST" } scope { CloudOne & CloudTwo }
resource rack: stock.resource_provider { name: "stock-rack", traits: [fast] } scope { CloudOne & CloudTwo }
resource card: stock.resource_provider { name: "stock-card", parent: rack } scope { CloudOne & CloudTwo }
resource two:  stock.inventory { provider: card, resource_class: fpga, total: cards } scope { CloudOne & CloudTwo }
resource disk: stock.inventory { provider: rack, resource_class: "DISK_GB", total: cards } scope { CloudOne & CloudTwo }
resource cpus: stock.inventory { provider: rack, resource_class: "VCPU", total: cards } scope { CloudOne & CloudTwo }
"#;

const VERSION: [&str; 1] = ["OpenStack-API-Version: placement 1.39"];

fn told(cloud: &Cloud, path: &str) -> Value {
    let answer = cloud.request_with("GET", "placement", path, None, &VERSION);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn counted(clouds: &Clouds) {
    let place = Place::new("stock", clouds).program(PROGRAM);
    expect(&place.runs(), 0, &["14 created"]);
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
    // Three of one provider at once: each change takes the number of the last one.
    expect(&place.scope(&["run", "main.scope", "--set", "cards=3"]), 0, &["6 changed"]);
    let rack = told(&clouds.two, "/resource_providers?name=stock-rack")["resource_providers"][0].clone();
    let held = told(&clouds.two, &format!("/resource_providers/{}/inventories", text(&rack["uuid"])));
    assert_eq!(
        (&held["inventories"]["VCPU"]["total"], &held["inventories"]["DISK_GB"]["total"]),
        (&json!(3), &json!(3))
    );
    expect(&place.scope(&["destroy", "main.scope", "--yes"]), 0, &["14 deleted"]);
    let left = told(&clouds.one, "/traits?name=startswith:CUSTOM_STOCK");
    assert_eq!(left["traits"], json!([]));
}
