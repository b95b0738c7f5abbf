//! Secrets: from the source a plan names to their content, at the last moment and only in memory.
//!
//! In: `SecretSource::Env("NANTES_PASSWORD")`. Out: a [`Secret`] that is wiped when dropped and that no `Debug` prints, or
//! a [`SecretError`] that says what is missing in the user's words. Whatever is resolved is known to the [`Mask`] from
//! then on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use scope_plan::expr::SecretSource;
use zeroize::Zeroizing;

use super::mask::Mask;
use super::words;

/// The longest secret, in bytes: a private key with its chain fits many times.
const LONGEST_SECRET: u64 = 64 * 1024;
/// How much of what a failing command says is kept.
const LONGEST_COMPLAINT: u64 = 4 * 1024;
const COMMAND_POLL: Duration = Duration::from_millis(10);

/// Gives the content of secrets.
pub trait Secrets {
    /// The content of one secret. Every call for the same source gives the same answer.
    ///
    /// # Errors
    /// What is missing or cannot be read.
    fn resolve(&self, source: &SecretSource) -> Result<Secret, SecretError>;

    /// Whether something is in the place already in which a secret that a site makes is to be kept.
    fn is_taken(&self, file: &str) -> bool;

    /// Whether a file can be in that place, as far as that is seen without writing one.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn has_room(&self, file: &str) -> Result<(), String>;

    /// Makes that place ready: from here on it can be written. What is in it stays.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn prepare(&self, file: &str) -> Result<(), String>;

    /// Takes away what is in that place: what it was told for is taken back.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn forget(&self, file: &str) -> Result<(), String>;

    /// Keeps in that place what a site made: durable, and for nobody else to read.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn keep(&self, file: &str, content: &str) -> Result<(), String>;

    /// The mask that knows every secret resolved here.
    fn mask(&self) -> Mask;
}

/// The content of a secret: wiped when dropped, printed by no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the content over.
    pub fn new(content: String) -> Self {
        Self(Zeroizing::new(content))
    }

    /// The content, for the place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

/// Why a secret is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SecretError {
    /// Which.
    pub of: SecretSource,
    /// `environment variable `NANTES_PASSWORD` is not set`
    pub why: String,
}

/// Reads a value in a client's configuration file: the file, the keys from the top; an error is one sentence.
pub type ConfigReader = Box<dyn Fn(&Path, &[String]) -> Result<String, String>>;

/// The standard [`Secrets`]: environment, files, commands, and configuration files through a function of the caller.
pub struct SecretStore {
    base: PathBuf,
    config_reader: Option<ConfigReader>,
    command_timeout: Duration,
    mask: Mask,
    resolved: RefCell<BTreeMap<SecretSource, Result<Secret, SecretError>>>,
}

impl SecretStore {
    /// A store; relative paths of files and commands start at `base`, the program's folder.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self {
            base: base.into(),
            config_reader: None,
            command_timeout: Duration::from_secs(60),
            mask: Mask::new(),
            resolved: RefCell::default(),
        }
    }

    /// And this function reads configuration files.
    #[must_use]
    pub fn with_config_reader(mut self, reader: ConfigReader) -> Self {
        self.config_reader = Some(reader);
        self
    }

    /// And a command may take so long (default a minute: a person may have to unlock a store).
    #[must_use]
    pub fn with_command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// A secret that a site made: it is read whenever it is needed, since it may have been made just now.
    fn kept(&self, source: &SecretSource) -> Result<Secret, SecretError> {
        match self.content(source) {
            Ok(content) => {
                self.mask.learn(&content);
                Ok(Secret(content))
            }
            Err(why) => Err(SecretError { of: source.clone(), why: self.mask.hide(&why).into_owned() }),
        }
    }

    fn content(&self, source: &SecretSource) -> Result<Zeroizing<String>, String> {
        let content = match source {
            SecretSource::Env(name) => from_environment(name)?,
            SecretSource::File(path) | SecretSource::Kept { file: path, .. } => {
                from_file(&path_from(&self.base, path), path)?
            }
            SecretSource::Command(argv) => from_command(argv, &self.base, self.command_timeout)?,
            SecretSource::Config { file, keys } => {
                let Some(reader) = &self.config_reader else {
                    return Err(format!("`{}` in `{file}` cannot be read here", keys.join(".")));
                };
                Zeroizing::new(reader(&path_from(&self.base, file), keys)?)
            }
        };
        if content.is_empty() {
            return Err(format!("{} is empty", described(source)));
        }
        Ok(content)
    }
}

impl Secrets for SecretStore {
    fn resolve(&self, source: &SecretSource) -> Result<Secret, SecretError> {
        if let Some(known) = self.resolved.borrow().get(source) {
            return known.clone();
        }
        if let SecretSource::Kept { .. } = source {
            return self.kept(source);
        }
        let resolved = match self.content(source) {
            Ok(content) => {
                self.mask.learn(&content);
                Ok(Secret(content))
            }
            Err(why) => Err(SecretError { of: source.clone(), why: self.mask.hide(&why).into_owned() }),
        };
        self.resolved.borrow_mut().insert(source.clone(), resolved.clone());
        resolved
    }

    fn is_taken(&self, file: &str) -> bool {
        let metadata = std::fs::metadata(path_from(&self.base, file));
        metadata.is_ok_and(|metadata| !metadata.is_dir() && (!metadata.is_file() || metadata.len() > 0))
    }

    fn has_room(&self, file: &str) -> Result<(), String> {
        let path = path_from(&self.base, file);
        let why = match path.is_dir() {
            true => "it is a folder",
            false => match path.ancestors().skip(1).find(|folder| folder.exists()) {
                Some(folder) if !folder.is_dir() => "a file stands where its folder would be",
                _ => return Ok(()),
            },
        };
        Err(format!("file `{file}` cannot be written: {why}"))
    }

    fn prepare(&self, file: &str) -> Result<(), String> {
        self.has_room(file)?;
        match self.is_taken(file) {
            true => Ok(()),
            false => {
                write_private(&path_from(&self.base, file), b"").map_err(|error| unwritable(file, &error))
            }
        }
    }

    fn forget(&self, file: &str) -> Result<(), String> {
        match remove_durably(&path_from(&self.base, file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(file, &error)),
            _ => Ok(()),
        }
    }

    fn keep(&self, file: &str, content: &str) -> Result<(), String> {
        self.mask.learn(content);
        write_private(&path_from(&self.base, file), content.as_bytes())
            .map_err(|error| unwritable(file, &error))
    }

    fn mask(&self) -> Mask {
        self.mask.clone()
    }
}

fn unwritable(file: &str, error: &std::io::Error) -> String {
    format!("file `{file}` cannot be written: {}", reason(error))
}

/// Writes a file as a whole that only its owner may read, and waits until it is on the disk.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".kept-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}

/// Removes a file, and waits until the disk has it no more.
fn remove_durably(path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(path)?;
    std::fs::File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A source in words: `environment variable `X``.
pub fn described(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("environment variable `{name}`"),
        SecretSource::File(path) | SecretSource::Kept { file: path, .. } => format!("file `{path}`"),
        SecretSource::Command(argv) => format!("command `{}`", argv.join(" ")),
        SecretSource::Config { file, keys } => format!("`{}` in `{file}`", keys.join(".")),
    }
}

/// `path` as seen from `base`; `~/` is the home folder.
pub(super) fn path_from(base: &Path, path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(below_home), Some(home)) => home.join(below_home),
        _ => base.join(path),
    }
}

fn from_environment(name: &str) -> Result<Zeroizing<String>, String> {
    match std::env::var(name) {
        Ok(content) => Ok(Zeroizing::new(content)),
        Err(std::env::VarError::NotPresent) => Err(format!("environment variable `{name}` is not set")),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(format!("environment variable `{name}` is not UTF-8 text"))
        }
    }
}

fn from_file(path: &Path, as_written: &str) -> Result<Zeroizing<String>, String> {
    let unreadable =
        |error: std::io::Error| format!("file `{as_written}` cannot be read: {}", reason(&error));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LONGEST_SECRET + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    as_text(bytes, &format!("file `{as_written}`"))
}

/// Its first argument is the program; never a shell. The terminal stays its own, so that it may ask there.
fn from_command(argv: &[String], base: &Path, timeout: Duration) -> Result<Zeroizing<String>, String> {
    let name = format!("command `{}`", argv.join(" "));
    let Some((program, arguments)) = argv.split_first() else {
        return Err("a secret's command is empty".to_owned());
    };
    let program = if program.contains('/') { path_from(base, program) } else { PathBuf::from(program) };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(if base.as_os_str().is_empty() { Path::new(".") } else { base })
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} cannot be started: {}", reason(&error)))?;
    // Threads, because a full pipe would stop a command that nobody listens to.
    let output = read_in_thread(child.stdout.take().expect("it is piped"), LONGEST_SECRET + 1);
    let complaint = read_in_thread(child.stderr.take().expect("it is piped"), LONGEST_COMPLAINT);
    let deadline = Instant::now() + timeout;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(COMMAND_POLL),
            Ok(None) => {
                // Errors: it has just ended by itself, which is as good.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{name} gave no answer within {} s", timeout.as_secs_f32()));
            }
            Err(error) => return Err(format!("{name} is lost: {}", reason(&error))),
        }
    };
    if !status.success() {
        let complaint = complaint.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let words = words::plain(&String::from_utf8_lossy(&complaint));
        return Err(format!("{name} failed ({status}){}{words}", if words.is_empty() { "" } else { ": " }));
    }
    let bytes = output
        .recv_timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1)))
        .map_err(|_| format!("{name} has ended, but something it started still holds its output"))?;
    as_text(bytes, &name)
}

fn read_in_thread(stream: impl Read + Send + 'static, at_most: u64) -> mpsc::Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let mut bounded = stream.take(at_most);
        // An unreadable pipe is an empty one: the exit status tells the rest. Nobody waits any more: nothing to send to.
        let _ = bounded.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
        let _ = std::io::copy(&mut bounded.into_inner(), &mut std::io::sink());
    });
    receiver
}

/// UTF-8 without the final newline.
fn as_text(bytes: Zeroizing<Vec<u8>>, name: &str) -> Result<Zeroizing<String>, String> {
    if bytes.len() as u64 > LONGEST_SECRET {
        return Err(format!("{name} is longer than {} KiB: not a secret", LONGEST_SECRET / 1024));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| format!("{name} is not UTF-8 text"))?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(Zeroizing::new(text.to_owned()))
}

/// `No such file or directory (os error 2)` → `no such file or directory`
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn sources_are_read_and_masked() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pass"), "hunter22\r\n").expect("written");
        let store = SecretStore::new(folder.path()).with_config_reader(Box::new(|file, keys| {
            Ok(format!("{}:{}", file.ends_with("c.yaml"), keys.join("/")))
        }));
        assert_eq!(store.resolve(&SecretSource::File("pass".into())).expect("read").expose(), "hunter22");
        assert_eq!(store.resolve(&command(&["cat", "pass"])).expect("run").expose(), "hunter22");
        let config = SecretSource::Config { file: "c.yaml".into(), keys: vec!["a".into(), "b".into()] };
        assert_eq!(store.resolve(&config).expect("read").expose(), "true:a/b");
        assert_eq!(store.mask().hide("x hunter22"), "x ***");
        assert_eq!(format!("{:?}", store.resolve(&config)), "Ok(Secret(***))");
    }

    #[test]
    fn what_is_missing_is_said() {
        let store = SecretStore::new(".").with_command_timeout(Duration::from_millis(200));
        let why = |source: SecretSource| store.resolve(&source).expect_err("missing").why;
        assert_eq!(
            why(SecretSource::Env("SCOPE_NOT_SET".into())),
            "environment variable `SCOPE_NOT_SET` is not set"
        );
        assert_eq!(
            why(SecretSource::File("/none".into())),
            "file `/none` cannot be read: no such file or directory"
        );
        assert_eq!(why(command(&["false"])), "command `false` failed (exit status: 1)");
        assert_eq!(
            why(command(&["no-such-program"])),
            "command `no-such-program` cannot be started: no such file or directory"
        );
        assert_eq!(why(command(&["sleep", "9"])), "command `sleep 9` gave no answer within 0.2 s");
        assert_eq!(why(command(&["true"])), "command `true` is empty");
        assert_eq!(
            why(command(&["sh", "-c", "echo no >&2; exit 3"])),
            "command `sh -c echo no >&2; exit 3` failed (exit status: 3): no"
        );
        assert_eq!(
            why(command(&["head", "-c", "70000", "/dev/zero"])),
            "command `head -c 70000 /dev/zero` is longer than 64 KiB: not a secret"
        );
    }
}
