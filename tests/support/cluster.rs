//! A program beside a cluster that stands in for a real one: `kubectl` writes objects as a server does, and keeps each in a
//! file that a test reads and changes.

use std::path::PathBuf;

use crate::drivers::stand_in;
use crate::support::binary::{self, Ran};

/// A folder with `main.scope`, and the stand-in that is found first.
pub struct Cluster {
    pub folder: PathBuf,
    path: String,
}

impl Cluster {
    pub fn with(name: &str, program: &str) -> Cluster {
        let folder = binary::folder(name);
        let cluster = Cluster { path: stand_in(&folder), folder };
        cluster.write(program);
        cluster
    }

    /// Writes the program.
    pub fn write(&self, program: &str) {
        std::fs::write(self.folder.join("main.scope"), program).expect("written");
    }

    /// Runs `scope`, and checks how it ends.
    pub fn scope(&self, args: &[&str], code: i32) -> Ran {
        let ran = binary::scope(&self.folder, args, &[("PATH", &self.path), ("KEY", "planted-key")]);
        assert_eq!(ran.code, code, "{}", ran.all());
        ran
    }

    /// What a run says, which ends as wished.
    pub fn run(&self) -> String {
        self.scope(&["run", "main.scope"], 0).all()
    }

    /// A run finds all of so many as the program says.
    pub fn has_nothing_to_do(&self, n: usize) {
        let said = self.run();
        assert!(said.contains(&format!("nothing to do: {n} of {n} as the program says")), "{said}");
    }

    /// The file of an object, `deployments.v1.apps@default@web`.
    pub fn place(&self, object: &str) -> PathBuf {
        self.folder.join(format!("bin/clusters/edge/{object}.json"))
    }

    /// What the cluster holds as that object.
    pub fn held(&self, object: &str) -> String {
        std::fs::read_to_string(self.place(object)).expect("there")
    }
}

/// One deployment whose pod is this.
pub fn deployment(pod: &str) -> String {
    DEPLOYMENT.replace("POD", pod.trim())
}

const DEPLOYMENT: &str = r#"import kubernetes
import kubernetes.apps.v1 as apps
site nantes { kubernetes: { context: "edge" } }
entry nantes
resource web: apps.Deployment {
    metadata: { name: "web" }
    spec: {
        selector: { matchLabels: { app: "web" } }
        template: { metadata: { labels: { app: "web" } }, spec: POD }
    }
} scope { nantes }
"#;

/// Its name among the objects.
pub const WEB: &str = "deployments.v1.apps@default@web";
