//! A rendered script in a folder, and how it ended; plans about shelves of books for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::Plan;
use scope_plan::testing::{Builder, shelf_with_login};
use scope_targets::{Options, render};
use serde_json::json;

use crate::library::Library;

pub(crate) const PASSWORD: &str = "s3cret \"ü\\";

/// A folder with a script in it.
pub(crate) struct Scripted {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) script: PathBuf,
}

impl Scripted {
    pub(crate) fn new(plan: &Plan) -> Scripted {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = render("shell", plan, &Options::default()).expect("the plan can be rendered");
        let script = folder.path().join(&files[0].path);
        std::fs::write(&script, &files[0].contents).expect("written");
        assert!(files[0].executable && files.len() == 1);
        Scripted { folder, script }
    }

    pub(crate) fn run(&self) -> Ended {
        self.run_with(&[], Some(PASSWORD))
    }

    pub(crate) fn run_with(&self, arguments: &[&str], password: Option<&str>) -> Ended {
        let shell = std::env::var("SCOPE_TEST_SHELL").unwrap_or_else(|_| "sh".to_owned());
        let mut words = shell.split(' ');
        let mut command = Command::new(words.next().expect("a shell"));
        command.args(words).arg(&self.script).args(arguments).env_remove("LIBRARY_PASSWORD");
        if let Some(password) = password {
            command.env("LIBRARY_PASSWORD", password);
        }
        let temporary = self.folder.path().join("tmp");
        std::fs::create_dir_all(&temporary).expect("a folder");
        let output = command.env("TMPDIR", &temporary).output().expect("the shell is there");
        let left: Vec<_> = std::fs::read_dir(&temporary).expect("a folder").collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
        let ended = Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        };
        for text in [&ended.out, &ended.err] {
            assert!(!text.contains("s3cret"), "the secret is shown: {text}");
            assert!(!text.contains("t-0123456789"), "the token is shown: {text}");
        }
        ended
    }
}

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(self, code: i32, words: &[&str]) -> Ended {
        let all = format!("exit {}\n{}{}", self.code, self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        words.iter().for_each(|words| assert!(all.contains(words), "no `{words}` in: {all}"));
        self
    }
}

pub(crate) fn builder() -> Builder {
    Builder::with_driver(shelf_with_login())
}

/// Points the plan's sites at the libraries.
pub(crate) fn at(mut plan: Plan, libraries: &[&Library]) -> Plan {
    for (site, library) in plan.sites.iter_mut().zip(libraries) {
        let settings = site.settings.get_mut("shelf").expect("every site has the driver");
        settings.insert("url".to_owned(), Expr::text(library.url.as_str()));
        settings
            .insert("password".to_owned(), Expr::Secret(SecretSource::Env("LIBRARY_PASSWORD".to_owned())));
    }
    plan
}

pub(crate) fn book(title: &str) -> Vec<(&'static str, Expr)> {
    vec![("title", Expr::text(title)), ("pages", Expr::Value(json!(300)))]
}

pub(crate) fn gone(library: &Library) -> Library {
    // A port that was free a moment ago, and on which nobody listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let mut gone = Library::start("x");
    gone.url = url;
    let _ = library;
    gone
}

pub(crate) fn check(script: &Path) {
    let output = Command::new("shellcheck")
        .args(["-s", "sh", "-e", "SC2034,SC2154,SC2153"])
        .arg(script)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
