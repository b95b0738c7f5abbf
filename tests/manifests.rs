//! What plans send to a cluster, held against the published schemas: `kubernetes-validate` from PyPI, strictly, for the
//! version of the site. What was changed is refused, so that the check can fail.
//!
//! `SCOPE_REAL=0` leaves it out, as the real clouds.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::drivers::stand_in;
use crate::support::{binary, python};

const PACKAGE: &str = "kubernetes-validate==1.37.0";

/// Reads manifests, one a line; says of each what is wrong with it, an empty line if nothing.
const VALIDATE: &str = "\
import json, sys, kubernetes_validate
for line in sys.stdin:
    try:
        kubernetes_validate.validate(json.loads(line), '1.33', strict=True)
        print()
    except Exception as error:
        print(type(error).__name__, *str(error).splitlines()[:1])
";

/// One of each kind that has a type, with most of what people write in them.
pub const PROGRAM: &str = r#"import kubernetes
import kubernetes.apps.v1 as apps
import kubernetes.batch.v1 as batch
import kubernetes.core.v1 as core
import kubernetes.networking.v1 as net
site nantes { kubernetes: { context: "edge", version: "1.33" } }
entry nantes
let labels = { app: "shop" }
let pod = {
    metadata: { labels: labels }
    spec: {
        serviceAccountName: "shop"
        containers: [{
            name: "web", image: "shop:1.4", env: [{ name: "MODE", value: "edge" }]
            ports: [{ containerPort: 8080, name: "http" }]
            resources: { requests: { cpu: "500m", memory: "64Mi" }, limits: { memory: "1Gi" } }
            readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 }
            volumeMounts: [{ name: "data", mountPath: "/data" }]
        }]
        volumes: [{ name: "data", emptyDir: { sizeLimit: "1Gi" } }]
    }
}
let once = { ...pod, spec: { restartPolicy: "Never" } }
resource space: core.Namespace { metadata: { name: "shop" } } scope { nantes }
resource settings: core.ConfigMap { metadata: { name: "shop" }, data: { greeting: "hello" } } scope { nantes }
resource key: core.Secret { metadata: { name: "shop" }, stringData: { key: secret("KEY") } } scope { nantes }
resource account: core.ServiceAccount { metadata: { name: "shop" }, automountServiceAccountToken: false } scope { nantes }
resource address: core.Service { metadata: { name: "shop" }, spec: { selector: labels, ports: [{ port: 80, targetPort: "http" }] } } scope { nantes }
resource disk: core.PersistentVolumeClaim {
    metadata: { name: "shop" }
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
} scope { nantes }
resource web: apps.Deployment { metadata: { name: "shop" }, spec: { replicas: 2, selector: { matchLabels: labels }, template: pod } } scope { nantes }
resource agent: apps.DaemonSet { metadata: { name: "shop" }, spec: { selector: { matchLabels: labels }, template: pod } } scope { nantes }
resource store: apps.StatefulSet {
    metadata: { name: "shop" }
    spec: { replicas: 1, serviceName: "shop", selector: { matchLabels: labels }, template: pod }
} scope { nantes }
resource first: batch.Job { metadata: { name: "shop" }, spec: { backoffLimit: 2, template: once } } scope { nantes }
resource nightly: batch.CronJob {
    metadata: { name: "shop" }
    spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template: once } } }
} scope { nantes }
resource front: net.Ingress {
    metadata: { name: "shop" }
    spec: { rules: [{ host: "shop.example", http: { paths: [{
        path: "/", pathType: "Prefix", backend: { service: { name: "shop", port: { number: 80 } } }
    }] } }] }
} scope { nantes }
resource wall: net.NetworkPolicy { metadata: { name: "shop" }, spec: { podSelector: { matchLabels: labels }, policyTypes: ["Ingress"] } } scope { nantes }
"#;

#[test]
fn what_is_sent_is_what_the_schemas_describe() {
    if std::env::var("SCOPE_REAL").is_ok_and(|chosen| chosen == "0") || !python::is_possible() {
        println!("manifests: left out (SCOPE_REAL=0, or there is no python3)");
        return;
    }
    let folder = binary::folder("manifests");
    let path = stand_in(&folder);
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("written");
    let ran = binary::scope(&folder, &["run", "main.scope"], &[("PATH", &path), ("KEY", "planted-key")]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let sent = sent(&folder.join("bin/clusters/edge"));
    assert_eq!(sent.len(), 13, "one of each kind");

    let python = python::with("kubernetes-validate", PACKAGE);
    let said = validated(&python, &sent);
    for (manifest, said) in sent.iter().zip(&said) {
        assert_eq!(said, "", "{manifest:#}");
    }
    let changed: Vec<Value> = sent.iter().flat_map(changed).collect();
    assert!(changed.len() >= 2 * sent.len());
    for (manifest, said) in changed.iter().zip(&validated(&python, &changed)) {
        assert_ne!(said, "", "this should be refused: {manifest:#}");
    }
    println!("{} manifests as their schemas say, {} changed ones refused", sent.len(), changed.len());
}

/// What the stand-in was sent, in the order of the names.
fn sent(cluster: &Path) -> Vec<Value> {
    let files = std::fs::read_dir(cluster).expect("something was sent");
    let mut files: Vec<_> = files.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".sent.json"));
    files.sort();
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).expect("readable");
    files.iter().map(|path| serde_json::from_str(&read(path)).expect("JSON")).collect()
}

/// The same with a field that its kind does not have, of another version, and with a value of another type.
fn changed(manifest: &Value) -> Vec<Value> {
    let with = |pointer: &str, key: &str, value: Value| {
        let mut copy = manifest.clone();
        copy.pointer_mut(pointer)?.as_object_mut()?.insert(key.to_owned(), value);
        Some(copy)
    };
    let all = [
        with("", "sepc", json!({})),
        with("", "apiVersion", json!("shop.example/v9")),
        with("/metadata", "labels", json!("text")),
        with("/spec", "replicsa", json!(1)),
        with("/spec/template/spec", "containers", json!({})),
    ];
    all.into_iter().flatten().collect()
}

/// What is wrong with each.
fn validated(python: &Path, manifests: &[Value]) -> Vec<String> {
    let lines: String = manifests.iter().map(|manifest| format!("{manifest}\n")).collect();
    let folder = binary::folder("manifests-validated");
    let input = folder.join("manifests.jsonl");
    std::fs::write(&input, lines).expect("written");
    let output = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(std::fs::File::open(input).expect("readable"))
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}
