//! A driver's command, evaluated: argument vector, environment, temporary files, standard input.
//!
//! `["kubectl", "apply", "-f", paths.manifest]` with the file `manifest` → a folder only we can read, with that file, and
//! the vector with its path. Never a shell: `$(x)` in an argument is five characters. A secret in an argument is refused:
//! every user of the machine can read those.

use std::path::{Path, PathBuf};

use scope_plan::eval::eval;
use scope_plan::expr::Expr;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::entries::{self, Entry};
use super::environment::SiteEnvironment;
use super::failure::{configuration, error, evaluation};
use super::mask::Mask;
use super::pump::Reader;
use super::request::is_content;
use super::secrets::{path_from, reason};
use crate::site::{Content, SiteError, SiteErrorKind};

/// A command ready to be started.
pub(super) struct Command {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub stdin: Input,
    /// Where it runs: the program's folder.
    pub directory: PathBuf,
    /// Removed, with the files in it, when this is dropped.
    pub folder: Option<TempDir>,
    /// The program's name as written.
    pub label: String,
}

/// What a command reads.
pub(super) enum Input {
    Nothing,
    Bytes(Vec<u8>),
    Content(Reader),
}

/// The parts of a driver's command.
#[derive(Clone, Copy)]
pub(super) struct CommandParts<'a> {
    pub argv: &'a [Expr],
    pub env: &'a [(String, Expr)],
    pub files: &'a [(String, Expr)],
    pub stdin: Option<&'a Expr>,
}

/// Evaluates all of it and writes the files. `content` is taken if a file or the input is a content attribute.
///
/// # Errors
/// What cannot be evaluated or written, a secret in an argument.
pub(super) async fn evaluated(
    parts: CommandParts<'_>,
    environment: SiteEnvironment<'_>,
    content: &mut Option<Content>,
    mask: &Mask,
) -> Result<Command, SiteError> {
    let (folder, paths) = written_files(parts.files, &environment, content).await?;
    let environment = environment.with_paths(&paths);
    let (program, arguments) = arguments(parts.argv, &environment, mask)?;
    let mut variables = inherited();
    for (name, value) in entries::values(parts.env, &environment, "environment variable")? {
        variables.retain(|(earlier, _)| *earlier != name);
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(configuration(format!("`{name}` is no name of an environment variable")));
        }
        let text = entries::text(&value, &format!("environment variable `{name}`"))?;
        if text.as_ref().is_some_and(|text| text.contains('\0')) {
            return Err(error(SiteErrorKind::Invalid, format!("environment variable `{name}`: a NUL in it")));
        }
        variables.extend(text.map(|text| (name, text)));
    }
    let stdin = match parts.stdin {
        None => Input::Nothing,
        Some(expr) => input(expr, &environment, content).await?,
    };
    let label =
        Path::new(&program).file_name().map_or(program.clone(), |name| name.to_string_lossy().into_owned());
    // Only a name is looked for in PATH; a path starts at the program's folder.
    let program =
        if program.contains('/') { path_from(environment.base, &program) } else { PathBuf::from(program) };
    let directory = environment.base.to_owned();
    Ok(Command { program, arguments, environment: variables, stdin, directory, folder, label })
}

/// What every command gets of our own environment: where programs and its user's settings are, the language, proxies.
fn inherited() -> Vec<(String, String)> {
    const INHERITED: [&str; 20] = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SystemRoot",
    ];
    INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

fn arguments(
    argv: &[Expr],
    environment: &SiteEnvironment<'_>,
    mask: &Mask,
) -> Result<(String, Vec<String>), SiteError> {
    let mut words = Vec::new();
    for (position, expr) in argv.iter().enumerate() {
        let what = format!("argument {position} of the command");
        let value = eval(expr, environment).map_err(|error| evaluation(&error, &what))?;
        let values = if let Value::Array(values) = value { values } else { vec![value] };
        for value in values {
            words.extend(entries::text(&value, &what)?);
        }
    }
    for (position, word) in words.iter().enumerate() {
        if mask.is_in(word) {
            return Err(configuration(format!(
                "argument {position} of `{}` holds a secret, which every user of this machine could read: give it by `env`, \
                 `files` or `stdin`",
                mask.hide(&words[0])
            )));
        }
        if word.contains('\0') {
            return Err(error(
                SiteErrorKind::Invalid,
                format!("argument {position} of the command: a NUL in it"),
            ));
        }
    }
    let mut words = words.into_iter();
    match words.next() {
        Some(program) if !program.is_empty() => Ok((program, words.collect())),
        _ => Err(configuration("the command is empty")),
    }
}

async fn written_files(
    files: &[(String, Expr)],
    environment: &SiteEnvironment<'_>,
    content: &mut Option<Content>,
) -> Result<(Option<TempDir>, Map<String, Value>), SiteError> {
    let mut paths = Map::new();
    let files = entries::spread(files, environment, "file")?;
    if files.is_empty() {
        return Ok((None, paths));
    }
    let unwritable = |error: std::io::Error| {
        configuration(format!("no temporary file can be written: {}", reason(&error)))
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix("scope-");
    // For this user only, from the start.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir().map_err(unwritable)?;
    for (name, entry) in files {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Err(configuration(format!("`{name}` is no name of a file")));
        }
        let path = folder.path().join(&name);
        let input = match entry {
            Entry::Spread(value) => Input::Bytes(bytes_of(value)),
            Entry::Written(expr) => input(expr, environment, content).await?,
        };
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&path).await.map_err(unwritable)?;
        match input {
            Input::Nothing => {}
            Input::Bytes(bytes) => file.write_all(&bytes).await.map_err(unwritable)?,
            Input::Content(mut reader) => {
                while let Some(chunk) = reader.next().await {
                    file.write_all(&chunk?).await.map_err(unwritable)?;
                }
            }
        }
        // The last write is done in the background otherwise.
        file.flush().await.map_err(unwritable)?;
        paths.insert(name, Value::String(path.to_string_lossy().into_owned()));
    }
    Ok((Some(folder), paths))
}

async fn input(
    expr: &Expr,
    environment: &SiteEnvironment<'_>,
    content: &mut Option<Content>,
) -> Result<Input, SiteError> {
    let content = match expr {
        Expr::File(file) => Some(Content::File(file.clone())),
        expr if is_content(expr, environment.asked.resource_type) => content.take(),
        expr => {
            let value =
                eval(expr, environment).map_err(|error| evaluation(&error, "input of the command"))?;
            return Ok(if value.is_null() { Input::Nothing } else { Input::Bytes(bytes_of(value)) });
        }
    };
    match content {
        Some(content) => Ok(Input::Content(Reader::open(content, environment.base).await?)),
        None => Ok(Input::Nothing),
    }
}

/// A text as it is, anything else as JSON.
fn bytes_of(value: Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.into_bytes(),
        value => serde_json::to_vec_pretty(&value).expect("a JSON value can be written"),
    }
}
