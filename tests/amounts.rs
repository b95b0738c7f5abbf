//! Clusters that answer in their own way: amounts are compared by how much they are, and what a cluster fills in by itself
//! is no difference. By the stand-in for `kubectl`, which writes amounts and defaults as a server does.

use std::path::{Path, PathBuf};

use crate::drivers::stand_in;
use crate::support::{binary, root};

/// A folder with a program, and how `scope` is run in it.
pub fn with(name: &str, program: &str) -> (PathBuf, String) {
    let folder = binary::folder(name);
    let path = stand_in(&folder);
    std::fs::write(folder.join("main.scope"), program).expect("written");
    (folder, path)
}

pub fn run(folder: &Path, path: &str) -> String {
    let ran = binary::scope(folder, &["run", "main.scope"], &[("PATH", path), ("KEY", "planted-key")]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    ran.all()
}

const PROGRAM: &str = r#"import kubernetes
import kubernetes.apps.v1 as apps
site nantes { kubernetes: { context: "edge" } }
entry nantes
resource web: apps.Deployment {
    metadata: { name: "web" }
    spec: {
        selector: { matchLabels: { app: "web" } }
        template: {
            metadata: { labels: { app: "web" } }
            spec: { containers: [{
                name: "web", image: "nginx:1.27"
                resources: { requests: { cpu: 0.5, memory: "1024Mi" }, limits: { cpu: 1, memory: 2GiB } }
                readinessProbe: { httpGet: { port: 80 } }
            }] }
        }
    }
} scope { nantes }
"#;

#[test]
fn as_much_is_no_difference_and_more_is_one() {
    let (folder, path) = with("amounts", PROGRAM);
    run(&folder, &path);
    let place = folder.join("bin/clusters/edge/deployments.v1.apps@default@web.json");
    let held = || std::fs::read_to_string(&place).expect("there");
    assert!(held().contains(r#""cpu": "500m""#) && held().contains(r#""memory": "1Gi""#), "{}", held());
    let said = run(&folder, &path);
    assert!(said.contains("nothing to do: 1 of 1 as the program says"), "{said}");
    let ran = binary::scope(&folder, &["drift", "main.scope"], &[("PATH", &path)]);
    assert_eq!(ran.code, 0, "{}", ran.all());

    // Changed for real, there and in the program.
    std::fs::write(&place, held().replace("500m", "501m")).expect("written");
    let ran = binary::scope(&folder, &["drift", "main.scope"], &[("PATH", &path)]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(run(&folder, &path).contains("1 changed"), "set back");
    std::fs::write(folder.join("main.scope"), PROGRAM.replace("cpu: 1,", "cpu: \"1500m\","))
        .expect("written");
    assert!(run(&folder, &path).contains("1 changed"), "as the program says now");
    assert!(held().contains(r#""cpu": "1500m""#), "{}", held());
    // Only written in another way.
    std::fs::write(folder.join("main.scope"), PROGRAM.replace("cpu: 1,", "cpu: 1.5,")).expect("written");
    let said = run(&folder, &path);
    assert!(said.contains("nothing to do"), "{said}");
}

#[test]
fn a_second_run_over_one_of_each_kind_changes_nothing() {
    let (folder, path) = with("each-kind-again", crate::manifests::PROGRAM);
    run(&folder, &path);
    let said = run(&folder, &path);
    assert!(said.contains("nothing to do: 13 of 13 as the program says"), "{said}");
}

const RESOURCE_DEFINITION: &str = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: caches.edge.example }
spec:
  group: edge.example
  scope: Namespaced
  names: { plural: caches, kind: Cache }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                space:
                  anyOf: [{ type: integer }, { type: string }]
                  pattern: ^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$
                  x-kubernetes-int-or-string: true
                port:
                  anyOf: [{ type: integer }, { type: string }]
                  x-kubernetes-int-or-string: true
"#;

/// The same for a resource definition: its pattern tells that a field is an amount.
#[test]
fn amounts_of_a_resource_definition() {
    let program = r#"import kubernetes
import "./caches.scope" as caches
site nantes { kubernetes: { context: "edge" } }
entry nantes
resource near: caches.v1.Cache { metadata: { name: "near" }, spec: { space: "1024Mi", port: 80 } } scope { nantes }
"#;
    let (folder, path) = with("amounts-defined", program);
    std::fs::write(folder.join("crd.yaml"), RESOURCE_DEFINITION).expect("written");
    let import = ["driver", "import", "crd.yaml", "--extend", "kubernetes", "--out", "caches.scope"];
    let ran = binary::scope(&folder, &import, &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let types = std::fs::read_to_string(folder.join("caches.scope")).expect("written");
    assert!(types.contains("space: quantity?"), "{types}");
    run(&folder, &path);
    let place = folder.join("bin/clusters/edge/caches.v1.edge.example@default@near.json");
    let held = std::fs::read_to_string(&place).expect("there");
    let other = held.replace("\"1024Mi\"", "\"1Gi\"").replace("\"port\": 80", "\"port\": \"80\"");
    assert_ne!(other, held);
    std::fs::write(&place, other).expect("written");
    let said = run(&folder, &path);
    assert!(said.contains("nothing to do"), "{said}");
    std::fs::write(&place, held.replace("1024Mi", "1Mi")).expect("written");
    assert!(run(&folder, &path).contains("1 changed"), "what is less is set back");
}

/// The library's own types know which of their fields are amounts.
#[test]
fn the_library_has_amounts() {
    let types = std::fs::read_to_string(root().join("stdlib/kubernetes/types.scope")).expect("there");
    assert!(types.contains("type Quantity = quantity\n"), "imported with `--quantity Quantity`");
}
