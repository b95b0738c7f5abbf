//! The services of OpenStack that no cloud of the tests has, over real HTTP: on a stand-in that answers as their documentation
//! says, things are made, found as they are, changed and taken away.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::{binary, root};

/// Every type of these services, as one program.
const PROGRAM: &str = r#"import openstack
import openstack.dns
import openstack.load_balancer as lb
import openstack.object_store as store
import openstack.containers
import openstack.shares
import openstack.placement as stock

site nantes { openstack: { auth_url: env("CLOUD"), user: "ana", project: "demo", password: secret("PASSWORD") } }
entry nantes

param records: list<string> = ["203.0.113.7"]
param nodes: int = 3
param size: int = 20

resource zone: dns.zone { name: "shop.example.", email: "ops@shop.example", attributes: { tier: "edge" } }
resource www:  dns.recordset { zone: zone, name: "www.shop.example.", kind: "A", records: records }

resource net:    openstack.network { name: "shop" }
resource subnet: openstack.subnet { name: "shop", network: net, cidr: "10.1.0.0/24" }
resource front:  lb.balancer { name: "front", subnet: subnet, tags: ["shop"] }
resource web:    lb.pool { name: "web", balancer: front, protocol: "HTTP", session_persistence: { type: "HTTP_COOKIE" } }
resource http:   lb.listener { name: "http", balancer: front, protocol: "HTTP", protocol_port: 80, default_pool: web }
resource member: lb.member { name: "web", pool: web, address: "10.1.0.10", protocol_port: 8080, weight: nodes }
resource asked:  lb.health_monitor { name: "web", pool: web, kind: "TCP", delay: 5, timeout: 3, max_retries: 2 }

resource pages: store.container { name: "pages", metadata: { owner: "shop" }, read_acl: ".r:*", quota: 1GiB, quota_count: nodes }
resource index: store.object {
    name:        "de/index.html"
    container:   pages
    data:        file("main.scope")
    metadata:    { lang: "de" }
    disposition: if nodes > 3 then "attachment" else "inline"
}

resource coreos: openstack.image { name: "coreos" }
resource base: containers.cluster_template { name: "base", image: coreos, labels: { kube_tag: "v1.31.4" } }
resource shop: containers.cluster { name: "shop", template: base, node_count: nodes }

resource nfs:   shares.share_type { name: "nfs", extra_specs: { snapshot_support: "True" } }
resource over:  shares.share_network { name: "shop", network: net, subnet: subnet }
resource home:  shares.share { name: "home", protocol: "NFS", size: size, kind: nfs }
resource night: shares.snapshot { name: "night", share: home, description: "of ${nodes} nodes" }
resource again: shares.share { name: "again", protocol: "NFS", size: 20, kind: nfs, snapshot: night }
resource inner: shares.access { share: home, kind: "ip", to: "10.1.0.0/24" }

param traits: list<string> = ["CUSTOM_FAST", "HW_CPU_X86_AVX2"]
param groups: list<string> = ["5a2f9a2e-6bd0-4f2c-8d7c-2a6c4a1e0c31", "0c9e1a52-0b3f-4f63-9a64-0f4f9a1d2b17"]
resource fpga: stock.resource_class { name: "CUSTOM_FPGA" }
resource fast: stock.trait { name: "CUSTOM_FAST" }
resource rack: stock.resource_provider { name: "rack-7", traits: traits, aggregates: groups } with { after: fast }
resource card: stock.resource_provider { name: "rack-7-card", parent: rack }
resource two:  stock.inventory { provider: card, resource_class: fpga, total: nodes }
resource disk: stock.inventory { provider: rack, resource_class: "DISK_GB", total: 500, reserved: size, allocation_ratio: 1.5 }
resource held: stock.allocation {
    id:     "3b0e6d9c-8f0a-4a53-9d6f-5f1a7f0c2e11"
    claims: [{ provider: card, amounts: { CUSTOM_FPGA: nodes } }, { provider: rack, amounts: { DISK_GB: 20 } }]
} with { after: [two, disk] }
"#;

/// The stand-in, ended with the test.
struct Cloud {
    process: Child,
    url: String,
}

impl Cloud {
    fn start() -> Cloud {
        let program = root().join("tests/openstack.py");
        let mut process =
            Command::new("python3").arg(program).stdout(Stdio::piped()).spawn().expect("Python is there");
        let mut url = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut url).expect("it says where it is");
        Cloud { process, url: url.trim().to_owned() }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn made_found_changed_and_taken_away() {
    let cloud = Cloud::start();
    let folder = binary::folder("services");
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("written");
    let scope_ends = |code: i32, words: &[&str]| {
        let ran = binary::scope(&folder, words, &[("CLOUD", &cloud.url), ("PASSWORD", "x")]);
        assert_eq!(ran.code, code, "{words:?}: {}", ran.all());
        ran.all()
    };
    let scope = |words: &[&str]| scope_ends(0, words);
    // What is asked for below something that is yet to be made: members, objects, inventories.
    let plan = scope(&["plan", "main.scope"]);
    assert!(plan.contains("27 to create") && !plan.contains("would fail"), "{plan}");
    let made = scope(&["run", "main.scope"]);
    assert!(made.contains("27 created"), "{made}");
    let found = scope(&["run", "main.scope"]);
    assert!(found.contains("nothing to do: 27 of 27 as the program says"), "{found}");
    let other = [
        "--set",
        "nodes=5",
        "--set",
        "size=30",
        "--set",
        r#"records=["203.0.113.8"]"#,
        "--set",
        r#"traits=["HW_CPU_X86_AVX2"]"#,
        "--set",
        r#"groups=["0c9e1a52-0b3f-4f63-9a64-0f4f9a1d2b17"]"#,
    ];
    let changed = scope(&[&["run", "main.scope"], other.as_slice()].concat());
    assert!(changed.contains("11 changed, 16 unchanged"), "{changed}");
    let found = scope(&[&["run", "main.scope"], other.as_slice()].concat());
    assert!(found.contains("nothing to do: 27 of 27 as the program says"), "{found}");
    // A lost state: what bears a mark is found, what has none is named.
    let state = folder.join(".scope");
    std::fs::rename(&state, folder.join("lost")).expect("a run leaves a state");
    let found = scope_ends(2, &[&["state", "rebuild", "main.scope"], other.as_slice()].concat());
    for name in ["member", "index", "www"] {
        assert!(
            found.lines().any(|line| line.contains(&format!(" {name} ")) && line.contains("bears the mark")),
            "{found}"
        );
    }
    let inner = "there without a mark; if it is this program's: scope import main.scope inner nantes ";
    assert!(found.contains(inner), "{found}");
    std::fs::remove_dir_all(&state).expect("there is a new one");
    std::fs::rename(folder.join("lost"), &state).expect("the old one is kept");
    // A guard on what others rely upon is let go, then each is deleted.
    let gone = scope(&["destroy", "main.scope", "--yes"]);
    assert!(gone.contains("27 deleted"), "{gone}");
}
