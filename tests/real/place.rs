//! A folder with a program and its sites, run as a user does; all that is printed is kept, for the search for secrets.
//!
//! `Place::new("adopting", clouds).program("resource …").run()` → what `scope run main.scope` printed.

use std::path::{Path, PathBuf};

use super::Case;
use crate::support::binary::{self, Ran};
use crate::support::clouds::{Cloud, Clouds};
use crate::support::root;

pub const CASES: &[Case] = &[("secrets are in no file, no output and no argument", no_secret_anywhere)];

/// What stands before every program.
const HEAD: &str = "import openstack\nimport \"./sites.scope\"\n\n";

/// A folder of its own.
pub struct Place {
    pub folder: PathBuf,
    env: Vec<(String, String)>,
}

impl Place {
    /// With the two clouds as CloudOne, the entry, and CloudTwo.
    pub fn new(name: &str, clouds: &Clouds) -> Place {
        let place = Place::empty(name);
        let sites = [site("CloudOne", &clouds.one, ""), site("CloudTwo", &clouds.two, "")].concat();
        place.sites(&format!("entry CloudOne\n{sites}"))
    }

    /// With nothing in it.
    pub fn empty(name: &str) -> Place {
        Place { folder: binary::folder(&format!("real-{name}")), env: Vec::new() }
    }

    /// Writes `sites.scope`.
    pub fn sites(self, declarations: &str) -> Place {
        self.file("sites.scope", format!("import openstack\n\n{declarations}").as_bytes())
    }

    /// Writes `main.scope`.
    pub fn program(self, text: &str) -> Place {
        self.write_program(text);
        self
    }

    pub fn write_program(&self, text: &str) {
        std::fs::write(self.folder.join("main.scope"), format!("{HEAD}{text}\n")).expect("writable");
    }

    /// Writes a file.
    pub fn file(self, name: &str, content: &[u8]) -> Place {
        std::fs::write(self.folder.join(name), content).expect("writable");
        self
    }

    /// Copies the image that the examples have.
    pub fn with_image(self) -> Place {
        let image = std::fs::read(root().join("examples/images/base.raw")).expect("it is committed");
        self.file("base.raw", &image)
    }

    pub fn env(mut self, name: &str, value: &str) -> Place {
        self.env.push((name.into(), value.into()));
        self
    }

    /// `scope run main.scope`
    pub fn run(&self) -> Ran {
        self.scope(&["run", "main.scope"])
    }

    /// The same, which must end as wished.
    pub fn runs(&self) -> Ran {
        let ran = self.run();
        assert_eq!(ran.code, 0, "{}", ran.all());
        ran
    }

    /// A run that must find all as the program says.
    pub fn changes_nothing(&self) -> Ran {
        let ran = self.runs();
        assert!(ran.stdout.contains("nothing to do"), "{}", ran.all());
        assert!(!ran.stderr.contains("done "), "{}", ran.all());
        ran
    }

    /// A run that must end so, with all of these words.
    pub fn fails(&self, code: i32, words: &[&str]) -> Ran {
        let ran = self.run();
        expect(&ran, code, words);
        ran
    }

    /// `scope exec -- …`, the command as it stands in a shell.
    pub fn exec(&self, command: &str) -> Ran {
        self.exec_at(None, command)
    }

    /// The same, entered at a site.
    pub fn exec_at(&self, at: Option<&str>, command: &str) -> Ran {
        let words = shell_words(command);
        let mut args = vec!["exec"];
        args.extend(at.into_iter().flat_map(|at| ["--at", at]));
        args.push("--");
        args.extend(words.iter().map(String::as_str));
        self.scope(&args)
    }

    /// The same, which must end as wished.
    pub fn execs(&self, command: &str) -> Ran {
        let ran = self.exec(command);
        assert_eq!(ran.code, 0, "{}", ran.all());
        ran
    }

    pub fn scope(&self, args: &[&str]) -> Ran {
        let env: Vec<(&str, &str)> =
            self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ran = binary::scope(&self.folder, args, &env);
        keep(&self.folder, args, &ran);
        ran
    }
}

/// The declaration of a site; `more` are further settings.
pub fn site(name: &str, cloud: &Cloud, more: &str) -> String {
    let password = cloud.password_file.display();
    site_of(name, &cloud.auth_url, "admin", &format!("secret(file: \"{password}\")"), more)
}

/// The same for another user, who has a project of the same name.
pub fn site_of(name: &str, auth_url: &str, user: &str, password: &str, more: &str) -> String {
    let name = if name.contains(' ') { format!("\"{name}\"") } else { name.to_string() };
    format!(
        "site {name} {{ openstack: {{\n    auth_url: \"{auth_url}\", user: \"{user}\", project: \"{user}\"\n    password: {password}\n    {more}\n}} }}\n"
    )
}

/// The exit code and words that must have been printed.
pub fn expect(ran: &Ran, code: i32, words: &[&str]) {
    let printed: String = ran.all().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(ran.code, code, "{}", ran.all());
    for word in words {
        assert!(printed.contains(word), "`{word}` is not in\n{}", ran.all());
    }
}

/// What `tests/clouds/seed.scope` makes, by `scope run`.
pub fn seed(clouds: &Clouds) {
    let ran = run_checked_in("tests/clouds/seed.scope", clouds);
    assert_eq!(ran.code, 0, "{}", ran.all());
    // More servers than a project may have by default.
    clouds.one.allow_servers(100);
    clouds.two.allow_servers(100);
}

/// Runs a program of the checkout as it is; its state is kept elsewhere.
pub fn run_checked_in(program: &str, clouds: &Clouds) -> Ran {
    let name = Path::new(program).file_stem().expect("a file").to_string_lossy().into_owned();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("real-state-{name}"));
    std::fs::create_dir_all(&folder).expect("writable");
    let state = folder.join("state").to_string_lossy().into_owned();
    let args = ["run", program, "--state", &state];
    let env = [
        ("CLOUDONE_URL", clouds.one.auth_url.as_str()),
        ("CLOUDTWO_URL", clouds.two.auth_url.as_str()),
        ("CLOUDONE_PASSWORD", clouds.one.password.as_str()),
        ("CLOUDTWO_PASSWORD", clouds.two.password.as_str()),
    ];
    let ran = binary::scope(&root(), &args, &env);
    keep(&folder, &args, &ran);
    ran
}

/// Forgets earlier runs of the tests: the clouds are new.
pub fn clear() {
    for folder in folders() {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Splits a command line as a shell does, as far as the published ones need it: blanks, `'…'`, `"…"`.
pub fn shell_words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in command.chars() {
        match quote {
            Some(end) if character == end => quote = None,
            Some(_) => word.get_or_insert_default().push(character),
            None if character == '\'' || character == '"' => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

fn keep(folder: &Path, args: &[&str], ran: &Ran) {
    let file = folder.join("printed.txt");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(&file, format!("{before}$ scope {}\n{}\n", args.join(" "), ran.all())).expect("writable");
}

fn folders() -> Vec<PathBuf> {
    let all = std::fs::read_dir(env!("CARGO_TARGET_TMPDIR")).into_iter().flatten().flatten();
    let is_ours =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("real-"));
    all.map(|entry| entry.path()).filter(is_ours).collect()
}

/// The last case: what all the others wrote and printed, plans, states and journals included, holds neither password.
fn no_secret_anywhere(clouds: &Clouds) {
    let place = Place::new("secrets", clouds).program(
        "resource vm: openstack.server { name: \"secret-vm\", flavor: \"m1.tiny\", image: \"debian-12\" } \
         scope { compute: CloudOne, image: CloudTwo }",
    );
    let plan = place.scope(&["build", "main.scope", "--out", "plan.json"]);
    assert_eq!(plan.code, 0, "{}", plan.all());
    expect(&place.scope(&["plan", "main.scope"]), 0, &["secret"]);
    place.scope(&["plan", "--steps", "main.scope"]);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let passwords = [clouds.one.password.as_str(), clouds.two.password.as_str()];
    let n_seen = std::thread::scope(|threads| {
        let watching = threads.spawn(|| {
            let mut n_seen = 0;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                n_seen += arguments_are_clean(&passwords);
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            n_seen
        });
        let ran = place.scope(&["run", "plan.json", "--verbose", "--events", "json"]);
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ran.code, 0, "{}", ran.all());
        watching.join().expect("no password is in an argument")
    });
    assert!(n_seen > 0, "the run was watched");
    let mut n_files = 0;
    let mut left = folders();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).expect("readable").flatten().map(|entry| entry.path()));
            continue;
        }
        let content = std::fs::read(&path).expect("readable");
        n_files += 1;
        for password in passwords {
            let is_in = content.windows(password.len()).any(|window| window == password.as_bytes());
            assert!(!is_in, "a password stands in {}", path.display());
        }
    }
    assert!(n_files > 3, "states and outputs are searched");
}

/// Looks at the arguments of every process; how many are the product's.
fn arguments_are_clean(passwords: &[&str]) -> usize {
    let mut n_ours = 0;
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let Ok(arguments) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        n_ours += usize::from(arguments.starts_with(binary::path()));
        assert!(!passwords.iter().any(|password| arguments.contains(password)), "a password is an argument");
    }
    n_ours
}
