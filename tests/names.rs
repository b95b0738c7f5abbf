//! Resources of the program where imported types hold names, by the stand-in for `kubectl`: they are made first, their name is
//! sent, a second run changes nothing, and deleting goes the other way.

use serde_json::Value;

use crate::support::cluster::Cluster;

const PROGRAM: &str = r#"import kubernetes
import kubernetes.apps.v1 as apps
import kubernetes.core.v1 as core
site nantes { kubernetes: { context: "edge" } }
entry nantes
resource web: apps.Deployment {
    metadata: { name: "web", namespace: shop }
    spec: {
        selector: { matchLabels: { app: "web" } }
        template: {
            metadata: { labels: { app: "web" } }
            spec: {
                serviceAccountName: robot
                containers: [{
                    name: "web", image: "web:1"
                    env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: key, key: "key" } } }]
                    envFrom: [{ configMapRef: { name: "there-already" } }]
                }]
            }
        }
    }
} scope { nantes }
resource key: core.Secret { metadata: { name: "key", namespace: shop }, stringData: { key: secret("KEY") } } scope { nantes }
resource robot: core.ServiceAccount { metadata: { name: "shop-robot", namespace: shop } } scope { nantes }
resource shop: core.Namespace { metadata: { name: "shop" } } scope { nantes }
"#;

#[test]
fn what_is_named_is_made_first_and_its_name_is_sent() {
    let cluster = Cluster::with("names", PROGRAM);
    cluster.run();
    let sent = cluster.folder.join("bin/clusters/edge/deployments.v1.apps@shop@web.sent.json");
    let sent: Value = serde_json::from_slice(&std::fs::read(sent).expect("sent")).expect("JSON");
    let pod = &sent["spec"]["template"]["spec"];
    assert_eq!(sent["metadata"]["namespace"], "shop");
    assert_eq!(pod["serviceAccountName"], "shop-robot");
    assert_eq!(pod["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"], "key");
    assert_eq!(pod["containers"][0]["envFrom"][0]["configMapRef"]["name"], "there-already");

    // The order of what was asked for: the namespace, what is in it, what names that.
    let asked = |verb: &str| -> Vec<String> {
        let log = std::fs::read_to_string(cluster.folder.join("bin/clusters/asked.log")).expect("there");
        let lines = log.lines().map(|line| serde_json::from_str::<Vec<String>>(line).expect("JSON"));
        lines.filter(|words| words.iter().any(|word| word == verb)).map(|words| words.join(" ")).collect()
    };
    cluster.has_nothing_to_do(4);

    cluster.scope(&["destroy", "main.scope", "--yes"], 0);
    let deleted = asked("delete");
    let at = |plural: &str| {
        let found = deleted.iter().position(|words| {
            words.contains(&format!("delete {plural}")) || words.contains(&format!(" {plural}."))
        });
        found.unwrap_or_else(|| panic!("{plural}: {deleted:#?}"))
    };
    assert!(at("deployments") < at("serviceaccounts") && at("deployments") < at("secrets"), "{deleted:#?}");
    assert!(at("serviceaccounts") < at("namespaces"), "{deleted:#?}");
}
