//! Clusters that answer in their own way: amounts are compared by how much they are, and what a cluster fills in by itself
//! is no difference. By the stand-in for `kubectl`, which writes amounts and defaults as a server does.

use crate::support::cluster::{Cluster, WEB, deployment};
use crate::support::root;

const POD: &str = r#"{
            containers: [{
                name: "web", image: "nginx:1.27"
                resources: { requests: { cpu: 0.5, memory: "1024Mi" }, limits: { cpu: 1, memory: 2GiB } }
                readinessProbe: { httpGet: { port: 80 } }
            }]
        }"#;

#[test]
fn as_much_is_no_difference_and_more_is_one() {
    let program = deployment(POD);
    let cluster = Cluster::with("amounts", &program);
    cluster.run();
    let held = || cluster.held(WEB);
    assert!(held().contains(r#""cpu": "500m""#) && held().contains(r#""memory": "1Gi""#), "{}", held());
    cluster.has_nothing_to_do(1);
    cluster.scope(&["drift", "main.scope"], 0);

    // Changed for real, there and in the program.
    std::fs::write(cluster.place(WEB), held().replace("500m", "501m")).expect("written");
    cluster.scope(&["drift", "main.scope"], 2);
    assert!(cluster.run().contains("1 changed"), "set back");
    cluster.write(&program.replace("cpu: 1,", "cpu: \"1500m\","));
    assert!(cluster.run().contains("1 changed"), "as the program says now");
    assert!(held().contains(r#""cpu": "1500m""#), "{}", held());
    // Only written in another way.
    cluster.write(&program.replace("cpu: 1,", "cpu: 1.5,"));
    cluster.has_nothing_to_do(1);
}

#[test]
fn a_second_run_over_one_of_each_kind_changes_nothing() {
    let cluster = Cluster::with("each-kind-again", crate::manifests::PROGRAM);
    cluster.run();
    cluster.has_nothing_to_do(13);
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
    let cluster = Cluster::with("amounts-defined", program);
    std::fs::write(cluster.folder.join("crd.yaml"), RESOURCE_DEFINITION).expect("written");
    cluster.scope(&["driver", "import", "crd.yaml", "--extend", "kubernetes", "--out", "caches.scope"], 0);
    let types = std::fs::read_to_string(cluster.folder.join("caches.scope")).expect("written");
    assert!(types.contains("space: quantity?"), "{types}");
    cluster.run();
    let near = "caches.v1.edge.example@default@near";
    let held = cluster.held(near);
    let other = held.replace("\"1024Mi\"", "\"1Gi\"").replace("\"port\": 80", "\"port\": \"80\"");
    assert_ne!(other, held);
    std::fs::write(cluster.place(near), other).expect("written");
    cluster.has_nothing_to_do(1);
    std::fs::write(cluster.place(near), held.replace("1024Mi", "1Mi")).expect("written");
    assert!(cluster.run().contains("1 changed"), "what is less is set back");
}

/// The library's own types know which of their fields are amounts.
#[test]
fn the_library_has_amounts() {
    let types = std::fs::read_to_string(root().join("stdlib/kubernetes/types.scope")).expect("there");
    assert!(types.contains("type Quantity = quantity\n"), "imported with `--quantity Quantity`");
}
