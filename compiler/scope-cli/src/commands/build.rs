//! `scope build`: the plan as JSON, or a target's files.

use std::path::Path;

use scope_diagnostics::{Diagnostic, Severity, Span, codes};
use scope_plan::recorded::Recorded;

use serde_json::json;

use super::{FAILED, OK, WRONG};
use crate::args::Build;
use crate::output::{Output, document, line, say, say_error, verbatim};
use crate::world::Disk;

pub fn run(command: &Build, output: Output) -> u8 {
    if command.target.as_deref() == Some("list") {
        let listed: Vec<_> = scope_targets::targets()
            .iter()
            .map(|target| json!({ "name": target.name, "description": target.description }))
            .collect();
        document::tell("scope-targets/1", json!({ "targets": listed }));
        for target in scope_targets::targets() {
            line(&format!("{:<8} {}", target.name, target.description));
        }
        return OK;
    }
    let mut options = match super::options(&command.program.with(&command.of), Recorded::default()) {
        Ok(options) => options,
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    options.unoptimised = command.unoptimised;
    let compilation = scope_compiler::compile(&Disk, &command.program.file, &options);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let plan = super::plan_of(&compilation);
    match &command.target {
        None => {
            let text = scope_plan::json::to_json(plan);
            match &command.out {
                Some(path) => {
                    document::tell("scope-build/1", json!({ "target": null, "files": [{ "path": path }] }));
                    super::write_beside(&compilation, path, text.as_bytes()).map_or_else(|code| code, |()| OK)
                }
                None => {
                    document::tell_whole(&text);
                    verbatim(text.trim_end());
                    OK
                }
            }
        }
        Some(target) => render(target, plan, command),
    }
}

/// What a rendering is told of the recorded state: with it, the script finds what `scope run` made.
fn targets_options(command: &Build) -> scope_targets::Options {
    // Of a state that others share, nothing is asked: building uses no network.
    let place = crate::world::state_place(&command.program.file, None).ok();
    let place = place.filter(|place| matches!(place, scope_runtime::state::Place::Folder(_)));
    let state = place.and_then(|place| scope_runtime::state::StateStore::peek_at(&place).ok());
    scope_targets::Options { deployment: state.map(|state| state.deployment) }
}

fn render(target: &str, plan: &scope_plan::plan::Plan, command: &Build) -> u8 {
    let files = match scope_targets::render(target, plan, &targets_options(command)) {
        Ok(files) => files,
        Err(error) => {
            say_error(codes::E0980, &error.to_string());
            return WRONG;
        }
    };
    for left_out in files.iter().flat_map(|file| &file.left_out) {
        let message = format!("target `{target}` leaves something out: {left_out}");
        say(&Diagnostic::new(codes::E0417, Span::DUMMY, message).severity(Severity::Warning));
    }
    // One file may go to stdout; several need a folder.
    if command.out.is_none()
        && let [file] = files.as_slice()
    {
        let told = json!({ "path": null, "text": file.contents });
        document::tell("scope-build/1", json!({ "target": target, "files": [told] }));
        line(file.contents.trim_end());
        return OK;
    }
    let mut written = Vec::new();
    let folder = command.out.clone().unwrap_or_else(|| crate::world::stem(&command.program.file));
    for file in &files {
        let path = Path::new(&folder).join(&file.path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        if let Err(error) = made.and_then(|()| std::fs::write(&path, &file.contents)) {
            say_error(codes::E0981, &format!("`{}` cannot be written: {error}", path.display()));
            return FAILED;
        }
        if file.executable {
            set_executable(&path);
        }
        line(&path.display().to_string());
        written.push(json!({ "path": path }));
    }
    document::tell("scope-build/1", json!({ "target": target, "files": written }));
    OK
}

#[cfg(unix)]
fn set_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = std::fs::metadata(path) {
        let mut permissions = metadata.permissions();
        permissions.set_mode(permissions.mode() | 0o755);
        // The script can still be run with `sh`.
        let _ = std::fs::set_permissions(path, permissions);
    }
}

#[cfg(not(unix))]
fn set_executable(_path: &Path) {}
