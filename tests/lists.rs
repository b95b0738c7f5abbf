//! Lists that a cluster adds to: what it adds is its own, what the program changes or takes out is done. By the stand-in for
//! `kubectl`.

use serde_json::{Value, json};

use crate::support::cluster::{Cluster, WEB, deployment};

const POD: &str = r#"{
            containers: [
                { name: "web", image: "nginx:1.27", env: [{ name: "MODE", value: "edge" }] },
                { name: "logs", image: "logs:1" },
            ]
        }"#;

#[test]
fn what_a_cluster_adds_is_its_own() {
    let cluster = Cluster::with("lists", &deployment(POD));
    cluster.run();
    let held = || -> Value { serde_json::from_str(&cluster.held(WEB)).expect("it is JSON") };
    let change = |how: fn(&mut Vec<Value>)| {
        let mut object = held();
        let containers = object["spec"]["template"]["spec"]["containers"].as_array_mut();
        how(containers.expect("it has containers"));
        std::fs::write(cluster.place(WEB), object.to_string()).expect("written");
    };
    let says_nothing_to_do = || {
        cluster.has_nothing_to_do(1);
        cluster.scope(&["drift", "main.scope"], 0);
        cluster.scope(&["plan", "main.scope", "--check"], 0);
    };
    let with_sidecar = |containers: &mut Vec<Value>| {
        containers.insert(0, json!({ "name": "proxy", "image": "proxy:1" }));
        let env = containers[1]["env"].as_array_mut().expect("it has variables");
        env.insert(0, json!({ "name": "PROXY", "value": "on" }));
    };
    change(with_sidecar);
    says_nothing_to_do();
    // Changed there for real: it is set back.
    change(|containers| containers[2]["image"] = json!("logs:2"));
    cluster.scope(&["drift", "main.scope"], 2);
    assert!(cluster.run().contains("1 changed"));
    change(with_sidecar);
    says_nothing_to_do();
    // Gone there: it is put back.
    change(|containers| drop(containers.pop()));
    assert!(cluster.run().contains("1 changed"));
    change(with_sidecar);
    // What the program takes out goes, though the cluster has more than the program says.
    let logs = "                { name: \"logs\", image: \"logs:1\" },\n";
    cluster.write(&deployment(&POD.replace(logs, "")));
    let said = cluster.run();
    assert!(said.contains("1 changed"), "{said}");
    assert!(!held().to_string().contains("logs:1"), "{}", held());
    says_nothing_to_do();
}
