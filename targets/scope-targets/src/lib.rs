//! A [`Plan`] rendered as files for existing engines: plan → view model → template → files.
//!
//! In comes a finished plan and a target's name, out come the files' names and contents; nothing is written here. Each
//! target has one module, which makes a view of the plan, and one folder of templates, which only print it.
//!
//! ```
//! let shell = scope_targets::targets()[0];
//! assert_eq!(shell.name, "shell");
//! ```

mod shell;

use scope_plan::plan::Plan;

/// What a plan can be rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// As given to `--target`.
    pub name: &'static str,
    /// One line for people.
    pub description: &'static str,
}

/// Every target, by name.
pub fn targets() -> &'static [Target] {
    &[Target {
        name: "shell",
        description: "one POSIX shell script that needs curl and nothing of Scope-Lang",
    }]
}

/// What a rendering may be told besides the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The deployment of the recorded state, part of every owner mark. `None`: what is rendered makes its own at its
    /// first run.
    pub deployment: Option<String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// Its name, relative to the folder that is written to, with `/`.
    pub path: String,
    /// Its whole text.
    pub contents: String,
    /// It is to be started by itself.
    pub executable: bool,
    /// What a run does and this does not, each as a sentence; it stands in the text as well.
    pub left_out: Vec<String>,
}

/// Why a plan could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no such target.
    #[error("no target is called `{0}`; there is {known}", known = names())]
    Unknown(String),
    /// The plan is of another version.
    #[error("the plan has version {found}, version {expected} was expected", expected = scope_plan::plan::VERSION)]
    Version {
        /// The plan's.
        found: u32,
    },
    /// An expression cannot be written for the target's engine.
    #[error("target `{target}` cannot express `{expression}`: {why}")]
    Expression {
        /// The target.
        target: &'static str,
        /// As text.
        expression: String,
        /// The reason.
        why: String,
    },
    /// Something else of the plan cannot.
    #[error("target `{target}` cannot do {what}: {why}")]
    Unsupported {
        /// The target.
        target: &'static str,
        /// What, with its name.
        what: String,
        /// The reason.
        why: String,
    },
    /// A plan that refers to what it does not hold. `verify` finds these before.
    #[error("the plan is broken: {0}")]
    Broken(String),
}

/// The files of `plan` for a target.
///
/// # Errors
/// The target is not known, or the plan has something that its engine cannot do; the message names it.
pub fn render(target: &str, plan: &Plan, options: &Options) -> Result<Vec<RenderedFile>, TargetError> {
    if plan.version != scope_plan::plan::VERSION {
        return Err(TargetError::Version { found: plan.version });
    }
    match target {
        "shell" => shell::render(plan, options),
        other => Err(TargetError::Unknown(other.to_owned())),
    }
}

fn names() -> String {
    let names: Vec<String> = targets().iter().map(|target| format!("`{}`", target.name)).collect();
    names.join(", ")
}
