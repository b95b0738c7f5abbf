//! Two real clouds on loopback, and a witness of what they hold that does not share a line with the product.
//!
//! `Clouds::start()` installs what is absent (the first time this takes minutes), empties both clouds and starts them;
//! dropping it stops them, however the test ends. `clouds.one.images("base")` → what Glance itself says.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::root;

/// What the installer needs; without it the tests cannot be, and say so.
const PYTHON: &str = "python3";

/// Both clouds.
pub struct Clouds {
    pub one: Cloud,
    pub two: Cloud,
}

/// One cloud.
pub struct Cloud {
    /// As `clouds.py` knows it.
    name: String,
    pub auth_url: String,
    pub password_file: PathBuf,
    pub password: String,
    status: Value,
}

/// What a service answered to the witness.
pub struct Answer {
    pub status: u64,
    pub body: Value,
}

impl Clouds {
    /// Whether this machine can have them.
    pub fn are_possible() -> bool {
        Command::new(PYTHON).arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// Two empty clouds of the tests' own, beside those that a developer may have in the same folder.
    pub fn start() -> Clouds {
        let names = ["TestOne", "TestTwo"];
        let up = ["up", "--fresh", "--name", names[0], "--name", names[1]];
        let output = command(&up).stderr(Stdio::inherit()).output().expect("python starts");
        let mut clouds: Vec<Cloud> = json_of(&output, &up)["clouds"]
            .as_array()
            .expect("a list of clouds")
            .iter()
            .map(Cloud::new)
            .collect();
        let two = clouds.pop().expect("two were asked for");
        let one = clouds.pop().expect("two were asked for");
        Clouds { one, two }
    }
}

impl Drop for Clouds {
    fn drop(&mut self) {
        let _ = command(&["down", "--name", &self.one.name, "--name", &self.two.name]).output();
    }
}

impl Cloud {
    fn new(status: &Value) -> Cloud {
        let text = |name: &str| status[name].as_str().expect("a text").to_string();
        let password_file = PathBuf::from(text("password_file"));
        let password = std::fs::read_to_string(&password_file).expect("the password is there");
        Cloud {
            name: text("name"),
            auth_url: text("auth_url"),
            password: password.trim().to_string(),
            password_file,
            status: status.clone(),
        }
    }

    /// `127.0.0.1:9292`
    pub fn address(&self, service: &str) -> String {
        self.status["services"][service]["address"].as_str().expect("the service has an address").to_string()
    }

    /// Sends one request as the administrator.
    pub fn request(&self, method: &str, service: &str, path: &str, body: Option<Value>) -> Answer {
        self.request_with(method, service, path, body.map(|body| body.to_string()).as_deref(), &[])
    }

    /// The same with headers, and a body as it is sent.
    pub fn request_with(
        &self,
        method: &str,
        service: &str,
        path: &str,
        body: Option<&str>,
        headers: &[&str],
    ) -> Answer {
        let mut args = vec!["request", "--cloud", &self.name, method, service, path];
        for header in headers {
            args.extend(["--header", header]);
        }
        args.extend(body.into_iter().flat_map(|body| ["--body", body]));
        let answer = json_of(&command(&args).output().expect("python starts"), &args);
        Answer { status: answer["status"].as_u64().expect("a status"), body: answer["body"].clone() }
    }

    /// A request that must succeed.
    pub fn ask(&self, method: &str, service: &str, path: &str, body: Option<Value>) -> Value {
        let answer = self.request(method, service, path, body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    /// The images of this name.
    pub fn images(&self, name: &str) -> Vec<Value> {
        let path = format!("/v2/images?name={name}");
        list(&self.ask("GET", "image", &path, None)["images"])
    }

    /// The one image of this name.
    pub fn image(&self, name: &str) -> Value {
        one(self.images(name), name)
    }

    /// The servers of exactly this name, of all projects. Nova killed while it gives up a server that it found no host for
    /// leaves a request to build one, which its lists show for ever and which it does not have: 404, and no way to delete it.
    pub fn servers(&self, name: &str) -> Vec<Value> {
        let path = format!("/v2.1/servers/detail?all_tenants=1&name=%5E{name}%24");
        let version = ["OpenStack-API-Version: compute 2.46"];
        let answer = self.request_with("GET", "compute", &path, None, &version);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut servers = list(&answer.body["servers"]);
        servers.retain(|server| {
            let answer =
                self.request("GET", "compute", &format!("/v2.1/servers/{}", text(&server["id"])), None);
            assert!([200, 404].contains(&answer.status), "{}", answer.body);
            answer.status == 200
        });
        servers
    }

    /// The one server of this name.
    pub fn server(&self, name: &str) -> Value {
        one(self.servers(name), name)
    }

    /// Makes an image behind the product's back, with content; its id.
    pub fn make_image(&self, name: &str) -> String {
        let described = json!({ "name": name, "disk_format": "raw", "container_format": "bare" });
        let id = text(&self.ask("POST", "image", "/v2/images", Some(described))["id"]);
        let content = format!("{name}, as far as the tests need it\n").repeat(64);
        let path = format!("/v2/images/{id}/file");
        let octets = ["Content-Type: application/octet-stream"];
        let answer = self.request_with("PUT", "image", &path, Some(&content), &octets);
        assert_eq!(answer.status, 204, "{}", answer.body);
        id
    }

    /// Freezes services until the guard is dropped: connections are taken, nothing answers.
    pub fn frozen(&self, services: &[&str]) -> Disturbed<'_> {
        self.control("freeze", services);
        Disturbed { cloud: self, services: owned(services), end: "thaw" }
    }

    /// Stops services until the guard is dropped: connections are refused.
    pub fn stopped(&self, services: &[&str]) -> Disturbed<'_> {
        self.control("stop-service", services);
        Disturbed { cloud: self, services: owned(services), end: "start-service" }
    }

    /// Freezes a service for good; for a hook that outlives its caller. [`Cloud::thaw`] ends it.
    pub fn freezer(&self, service: &str) -> impl Fn() + Send + use<> {
        let (name, service) = (self.name.clone(), service.to_string());
        move || {
            let args = ["freeze", "--cloud", &name, &service];
            json_of(&command(&args).output().expect("python starts"), &args);
        }
    }

    /// Does something to all services at once, such as `freeze`, also on another thread.
    pub fn all(&self, what: &str, options: &[&str]) -> impl Fn() + Send + use<> {
        let args = [&[what, "--cloud", &self.name], options].concat();
        let args: Vec<String> = args.into_iter().map(str::to_string).collect();
        move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            json_of(&command(&args).output().expect("python starts"), &args);
        }
    }

    /// Lets a service go on.
    pub fn thaw(&self, service: &str) {
        self.control("thaw", &[service]);
    }

    /// How many servers the project may have.
    pub fn allow_servers(&self, number: u32) {
        // Also fewer than there are.
        let quota = json!({ "quota_set": { "instances": number, "cores": 200, "force": true } });
        self.ask("PUT", "compute", "/v2.1/os-quota-sets/{project_id}", Some(quota));
    }

    fn control(&self, what: &str, services: &[&str]) {
        let mut args = vec![what, "--cloud", &self.name];
        args.extend(services);
        json_of(&command(&args).output().expect("python starts"), &args);
    }
}

/// Services that do not answer.
pub struct Disturbed<'c> {
    cloud: &'c Cloud,
    services: Vec<String>,
    end: &'static str,
}

impl Drop for Disturbed<'_> {
    fn drop(&mut self) {
        let services: Vec<&str> = self.services.iter().map(String::as_str).collect();
        let mut args = vec![self.end, "--cloud", &self.cloud.name];
        args.extend(services);
        let _ = command(&args).output();
    }
}

/// A JSON text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: found {value}")).to_string()
}

fn one(mut found: Vec<Value>, name: &str) -> Value {
    assert_eq!(found.len(), 1, "of `{name}` there is {found:#?}");
    found.remove(0)
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| panic!("a list: found {value}"))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(PYTHON);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("clouds");
    command.arg(root().join("tests/clouds/clouds.py")).arg(args[0]).arg("--dir").arg(folder).args(&args[1..]);
    command.stdin(Stdio::null());
    command
}

fn json_of(output: &Output, args: &[&str]) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "clouds.py {args:?}: {}\n{errors}", output.status);
    serde_json::from_slice(&output.stdout).expect("clouds.py prints JSON")
}
