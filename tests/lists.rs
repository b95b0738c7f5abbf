//! Lists that a cluster adds to: what it adds is its own, what the program changes or takes out is done. By the stand-in for
//! `kubectl`.

use serde_json::{Value, json};

use crate::amounts::{run, with};
use crate::support::binary;

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
            spec: { containers: [
                { name: "web", image: "nginx:1.27", env: [{ name: "MODE", value: "edge" }] },
                { name: "logs", image: "logs:1" },
            ] }
        }
    }
} scope { nantes }
"#;

#[test]
fn what_a_cluster_adds_is_its_own() {
    let (folder, path) = with("lists", PROGRAM);
    run(&folder, &path);
    let place = folder.join("bin/clusters/edge/deployments.v1.apps@default@web.json");
    let held = || -> Value {
        serde_json::from_str(&std::fs::read_to_string(&place).expect("there")).expect("it is JSON")
    };
    let change = |how: fn(&mut Vec<Value>)| {
        let mut object = held();
        let containers = object["spec"]["template"]["spec"]["containers"].as_array_mut();
        how(containers.expect("it has containers"));
        std::fs::write(&place, object.to_string()).expect("written");
    };
    let says_nothing_to_do = || {
        let said = run(&folder, &path);
        assert!(said.contains("nothing to do: 1 of 1 as the program says"), "{said}");
        let ran = binary::scope(&folder, &["drift", "main.scope"], &[("PATH", &path)]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        let ran = binary::scope(&folder, &["plan", "main.scope", "--check"], &[("PATH", &path)]);
        assert_eq!(ran.code, 0, "{}", ran.all());
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
    let ran = binary::scope(&folder, &["drift", "main.scope"], &[("PATH", &path)]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(run(&folder, &path).contains("1 changed"));
    change(with_sidecar);
    says_nothing_to_do();
    // Gone there: it is put back.
    change(|containers| drop(containers.pop()));
    assert!(run(&folder, &path).contains("1 changed"));
    change(with_sidecar);
    // What the program takes out goes, though the cluster has more than the program says.
    let logs = "                { name: \"logs\", image: \"logs:1\" },\n";
    std::fs::write(folder.join("main.scope"), PROGRAM.replace(logs, "")).expect("written");
    let said = run(&folder, &path);
    assert!(said.contains("1 changed"), "{said}");
    assert!(!held().to_string().contains("logs:1"), "{}", held());
    says_nothing_to_do();
}
