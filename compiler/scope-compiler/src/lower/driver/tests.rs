//! Drivers as plans hold them: the image type of the standard library in full, and what of a driver a plan takes.

use std::collections::BTreeSet;

use scope_analysis::hir;
use scope_plan::{
    driver as plan,
    eval::{Bindings, eval, eval_path},
    expr::Expr,
};
use serde_json::{Value, json};

use super::lower_driver;
use crate::{FileDigest, ReadError, World};

/// A program, and the standard library.
struct Text<'t>(&'t str);

impl World for Text<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let text = match path.strip_prefix("std:") {
            Some(module) => scope_stdlib::module(module),
            None => (path == "main.scope").then_some(self.0),
        };
        text.map(|text| text.as_bytes().to_vec()).ok_or(ReadError::NotFound)
    }

    fn digest(&self, _: &str) -> Result<FileDigest, ReadError> {
        Err(ReadError::NotFound)
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_owned).collect()
    }

    fn env(&self, _: &str) -> Option<String> {
        None
    }
}

/// The drivers of a program without mistakes.
fn drivers_of(text: &str) -> Vec<hir::Driver> {
    let compilation = crate::compile(&Text(text), "main.scope", &crate::Options::default());
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics);
    compilation.program.drivers.into_values().collect()
}

fn driver_of(text: &str) -> hir::Driver {
    let mut drivers = drivers_of(text);
    assert_eq!(drivers.len(), 1, "one driver");
    drivers.remove(0)
}

fn lowered(module: &str, used: &[&str]) -> plan::Driver {
    let used: BTreeSet<String> = used.iter().map(|name| (*name).to_owned()).collect();
    lower_driver(&driver_of(&format!("import {module}\n")), &used)
}

fn type_of<'d>(driver: &'d plan::Driver, name: &str) -> &'d plan::ResourceType {
    driver.types.iter().find(|ty| ty.name == name).expect("the type is used")
}

#[test]
fn the_image_type() {
    let driver = lowered("openstack", &["openstack.image"]);
    insta::assert_json_snapshot!("openstack_image", type_of(&driver, "openstack.image"));
}

#[test]
fn the_login() {
    insta::assert_json_snapshot!("openstack_login", lowered("openstack", &[]).login);
}

#[test]
fn a_plan_takes_what_it_uses() {
    let names = |driver: &plan::Driver| driver.types.iter().map(|ty| ty.name.clone()).collect::<Vec<_>>();
    let image = lowered("openstack", &["openstack.image"]);
    assert_eq!(names(&image), ["openstack.image"]);
    // All services, as `scope sites` asks them all.
    assert_eq!(image.services.len(), 6);
    let server = lowered("openstack", &["openstack.server"]);
    let referred = ["flavor", "keypair", "server", "network", "security_group", "port"];
    for name in referred {
        assert!(names(&server).contains(&format!("openstack.{name}")), "{name}");
    }
    // Of what is only referred to: what finds one.
    let flavor = type_of(&server, "openstack.flavor");
    assert_eq!(
        flavor.operations.iter().map(|operation| operation.name.as_str()).collect::<Vec<_>>(),
        ["find", "read"]
    );
    assert_eq!(flavor.create, None);
}

#[test]
fn every_driver_is_lowered_whole_with_its_parts() {
    let imports: String = scope_stdlib::modules()
        .enumerate()
        .map(|(index, module)| format!("import {module} as m{index}\n"))
        .collect();
    let drivers = drivers_of(&imports);
    assert!(drivers.len() >= 4, "{}", drivers.len());
    for driver in drivers {
        let all = driver.types.keys().cloned().collect();
        let lowered = lower_driver(&driver, &all);
        assert_eq!(lowered.types.len(), driver.types.len());
        let text = serde_json::to_string(&lowered).expect("a driver is plain data");
        assert_eq!(serde_json::from_str::<plan::Driver>(&text).expect("and back"), lowered);
    }
}

const FUNCTIONS: &str = r#"
fn named(list: any, wanted: any) = first([for x in list if x.name == wanted => x])
fn twice(x: any, by: any = 2) = x * by
driver d {
    site { n: int }
    service s {
        address: "http://h"
        type t {
            id: string identity
            x:  string?
            size: size = 2KiB
            time: duration = 1min
            less: int = -3
            operation read GET "/t/${id}" {
                query: { x: named(site.labels.list, x), n: twice(by: 3, x: site.n), m: twice(twice(site.n)) }
                headers: { ...site.labels, "A": "b" }
                200 -> found({ ...body, "k${status}": 1, list: [0, ...body.list, 2] })
                404 -> not_found(id)
            }
        }
    }
}
"#;

#[test]
fn functions_are_written_out_and_names_stay_apart() {
    let driver = lower_driver(&driver_of(FUNCTIONS), &BTreeSet::from(["d.t".to_owned()]));
    let ty = type_of(&driver, "d.t");
    let plan::Request::Http { query, headers, path, .. } = &ty.operations[0].request else {
        panic!("over HTTP")
    };
    let site = json!({ "n": 5, "labels": { "list": [{ "name": "a", "v": 1 }, { "name": "b", "v": 2 }] } });
    // The attribute `x` is not the `x` of the function's comprehension.
    let names = Bindings::new().with("site", site).with("x", json!("b")).with("id", json!("a/b"));
    let value = |expr: &Expr| eval(expr, &names).expect("it has a value");
    assert_eq!(value(&query[0].1), json!({ "name": "b", "v": 2 }));
    assert_eq!(value(&query[1].1), json!(15));
    assert_eq!(value(&query[2].1), json!(20));
    assert_eq!(headers[0].0, plan::SPREAD);
    assert_eq!(eval_path(path, &names).expect("a path"), "/t/a%2Fb");
    let defaults: Vec<Option<Expr>> =
        ty.attributes.iter().skip(2).map(|attribute| attribute.default.clone()).collect();
    let number = |number: i64| Some(Expr::Value(Value::from(number)));
    assert_eq!(defaults, [number(2048), number(60), number(-3)]);
    let plan::Meaning::Found(record) = &ty.operations[0].answers[0].meaning else { panic!("found") };
    let names = Bindings::new().with("status", json!(200)).with("body", json!({ "list": [1], "b": 1 }));
    assert_eq!(eval(record, &names).expect("a record"), json!({ "list": [0, 1, 2], "b": 1, "k200": 1 }));
}

#[test]
fn a_missing_reference_is_called_by_its_name() {
    let driver = lowered("openstack", &["openstack.server"]);
    let server = type_of(&driver, "openstack.server");
    let create =
        server.operations.iter().find(|operation| operation.name == "create").expect("a server is created");
    let missing: Vec<&plan::Meaning> = create
        .answers
        .iter()
        .map(|answer| &answer.meaning)
        .filter(|meaning| matches!(meaning, plan::Meaning::NotFound(Some(_))))
        .collect();
    assert_eq!(missing[0], &plan::Meaning::NotFound(Some(Expr::Value(json!("image")))));
}
