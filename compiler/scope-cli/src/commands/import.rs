//! `scope import FILE NAME SITE ID`: a resource that is at a site already becomes one of the program.
//!
//! It is read by its identity, recorded as adopted (so it is never deleted; with `--ours` as made by this program, which a lost
//! state no longer tells, also of a copy of what is at another site), and its text is printed, or appended with `--write`. One that bears another deployment's mark is that one's, and is refused.

mod arguments;
mod copy;
mod relations;

use std::collections::BTreeMap;

use scope_compiler::renaming::is_name;
use scope_compiler::{Compilation, Options, Over, World, hir};
use scope_diagnostics::{codes, similar};
use scope_plan::plan::Plan;
use scope_plan::recorded::How;
use scope_runtime::events::Failure;
use scope_runtime::report::StepStatus;
use scope_runtime::shell;
use scope_runtime::state::{Hold, Holder, Record, Resource, State, StateStore};
use serde_json::{Map, Value, json};

use arguments::Arguments;
use copy::Copy;

use super::survey::{NotAsked, survey};
use super::{FAILED, OK, WRONG, asked, now_ms, place};
use crate::args::Import;
use crate::output::{Output, document, line, note, say, say_error, say_help, verbatim};
use crate::show::source::{self, Declared};
use crate::show::{said, short_type};
use crate::world::Disk;

/// The name under which it is looked up; no program calls anything so.
const PROBE: &str = "imported__";
/// What stands before its type, at the end of the program.
const PROBE_BEGIN: &str = "\nexisting imported__: ";

pub fn run(command: &Import, output: Output) -> u8 {
    match imported(command, output) {
        Ok(()) => OK,
        Err(code) => code,
    }
}

fn imported(command: &Import, output: Output) -> Result<(), u8> {
    let file = &command.program.file;
    let kept = place::of_program(file, command.kept.state.as_deref())?;
    let holder = Holder::current(&format!("scope import {file}"), now_ms());
    let mut store = StateStore::open_at(&kept, &holder).map_err(|error| place::refused(&error))?;
    let recorded = place::recorded(store.state(), file, command.kept.state.as_deref());
    let options = super::options(&command.program, recorded.clone()).map_err(|message| {
        say_error(codes::E0980, &message);
        WRONG
    })?;
    let compilation = super::compile(&command.program, recorded, output)?;
    let copy = Copy::of(super::plan_of(&compilation), &command.resource, &command.site);
    if let (Some(copy), false) = (&copy, command.ours) {
        return refuse(
            &format!("`{}` at {} is a copy of the one at {}", command.resource, command.site, copy.origin),
            "it is used as it is there; with `--ours` it is this program's, and deleted when nothing needs it any more",
        );
    }
    let (name, written_type) = match (&copy, command.resource.split_once(':')) {
        (Some(copy), _) => (copy.name.as_str(), None),
        (None, Some((name, ty))) => (name.trim(), Some(ty.trim())),
        (None, None) => (command.resource.as_str(), None),
    };
    let declared = compilation.program.resources.iter().find(|resource| resource.name == name);
    if declared.is_none() && copy.is_none() && !is_name(name) {
        return refuse(
            &format!("`{name}` is no name that a program can declare"),
            "a name has letters, digits, `_` and `-`; an element of a family is imported once the program has the family",
        );
    }
    let written_type = match &copy {
        Some(copy) => copy.resource_type.clone(),
        None => wanted_type(&compilation, command, name, declared, written_type)?,
    };
    if let Some(known) =
        store.state().resource(name, &command.site).filter(|known| known.identity != command.id)
    {
        return refuse(
            &format!("`{name}` at {} is {} already", command.site, known.identity),
            &format!(
                "import it by another name, or let that one go first: `scope state forget {} {}`; `scope why {0}` says more",
                shell::word(name),
                shell::word(&command.site)
            ),
        );
    }
    let (ty, plan, record) = read(command, &options, &written_type, store.state(), output)?;
    let is_it = |known: &Resource| known.identity == command.id && known.resource_type == ty.name;
    let mut others = store.state().resources.iter().filter(|(other, _)| *other != name);
    if let Some((other, _)) = others.find(|(_, sites)| sites.get(&command.site).is_some_and(is_it)) {
        return refuse(
            &format!("{} at {} is `{other}` of this program already", command.id, command.site),
            &format!(
                "to give it another name, write `with {{ moved_from: \"{other}\" }}` where it is declared"
            ),
        );
    }
    let unmarked = without_marks(&ty, &record, store.state(), &command.site)?;
    if let (true, Some(place), true) = (command.ours, &ty.mark, unmarked == record) {
        let mark = format!("scope:{}/{name}@{}", store.state().deployment, command.site);
        return refuse(
            &format!("{} at {} has room for an owner mark, and bears none", command.id, command.site),
            &format!(
                "what bears our mark is ours: write `[{mark}]` into its `{}` there, or leave `--ours` out: then it is adopted",
                place.join(".")
            ),
        );
    }
    let record = unmarked;
    let how = match &copy {
        Some(_) => How::Borrowed,
        None if command.ours => How::Created,
        None => How::Adopted,
    };
    let word = if command.ours { "ours" } else { "adopted" };
    let known = store.state().resource(name, &command.site).filter(|_| command.ours);
    let planned = plan.resource_type(&ty.name).map(|(_, planned)| planned);
    let resource = match known {
        // What it needs and what it was set to is known already.
        Some(known) => Resource { how, ..known.clone() },
        None => Resource {
            needs: relations::needed(&plan, name, &command.site),
            relies: planned
                .map(|planned| relations::relied(&plan, planned, &command.site, &record))
                .unwrap_or_default(),
            from: copy.as_ref().map(|copy| copy.origin.clone()),
            ..Resource::new(&ty.name, &command.id, how)
        },
    };
    let fact = Record::Resource { name: name.to_string(), site: command.site.clone(), resource };
    if declared.is_some() || copy.is_some() {
        store.remember(fact).map_err(|error| place::refused(&error))?;
        told(command, name, &ty, None);
        line(&format!("{word}: {} {name} at {} is {}", short_type(&ty.name), command.site, command.id));
        line(&format!("next: {}", planning(command, &plan)));
        return Ok(());
    }
    let Some(planned) = planned else { return Err(FAILED) };
    let named = |target: &str, identity: &str| {
        program_name(&compilation, store.state(), target, &command.site, identity)
    };
    let shown = Declared {
        name,
        written_type: &written_type,
        ty: &ty,
        planned,
        site: &command.site,
        record: &record,
    };
    let (text, untold) = source::resource(&shown, &named);
    let text = scope_compiler::format(&text).unwrap_or(text);
    told(command, name, &ty, Some(&text));
    if command.write {
        append(file, &text)?;
        line(&format!("written to {file}: {name}"));
    } else {
        verbatim(text.trim_end());
    }
    store.remember(fact).map_err(|error| place::refused(&error))?;
    untold.iter().for_each(|what| note(&format!("note: {what}")));
    // A run of the program without it would let it go again.
    let first = if command.write { "" } else { "put this into the program, then " };
    let kind = short_type(&ty.name);
    note(&format!("{word}: {kind} {name} at {}; next: {first}{}", command.site, planning(command, &plan)));
    Ok(())
}

/// The plan of the same program, with what was said of it.
fn planning(command: &Import, plan: &Plan) -> String {
    let started = asked::of_program(&command.program, plan);
    let words = format!("scope plan {}", shell::word(&command.program.file));
    said::with_what_was_said(&words, &started, command.kept.state.as_deref())
}

/// The same for programs; `text` is the program's, where it did not have it.
fn told(command: &Import, name: &str, ty: &hir::ResourceType, text: Option<&str>) {
    document::tell(
        "scope-import/1",
        json!({
            "program": command.program.file,
            "name": name,
            "type": ty.name,
            "site": command.site,
            "id": command.id,
            "text": text,
            "written": command.write && text.is_some(),
        }),
    );
}

/// The type as the program writes it, when it fits what is declared and asked.
fn wanted_type(
    compilation: &Compilation,
    command: &Import,
    name: &str,
    declared: Option<&hir::Resource>,
    written: Option<&str>,
) -> Result<String, u8> {
    let program = &compilation.program;
    let Some(site) = program.sites.iter().position(|site| site.name == command.site) else {
        say_error(codes::E0101, &format!("no site is called `{}`", command.site));
        let names = program.sites.iter().map(|site| site.name.as_str());
        if let Some(near) = similar::nearest(&command.site, names) {
            say_help(&format!("did you mean `{near}`?"));
        }
        return Err(WRONG);
    };
    let Some(resource) = declared else {
        return match written {
            Some(written) => Ok(written.to_string()),
            None => {
                let managed =
                    program.resources.iter().filter(|known| known.kind == hir::ResourceKind::Managed);
                let near = similar::nearest(name, managed.map(|known| known.name.as_str()));
                let meant = near.map(|near| format!("did you mean `{near}`? else ")).unwrap_or_default();
                refuse(
                    &format!("the program declares no `{name}`, so its type is not known"),
                    &format!("{meant}write it: `{name}:TYPE`, such as `{name}:{}`", any_type(program)),
                )
            }
        };
    };
    if resource.kind != hir::ResourceKind::Managed {
        return refuse(&format!("`{name}` is not a `resource` of the program"), "another name");
    }
    if let Some(written) = written.filter(|written| *written != resource.ty) {
        return refuse(&format!("`{name}` is a `{}`, not a `{written}`", resource.ty), "leave the type out");
    }
    if !resource.location.sites().contains(&hir::SiteId(site as u32)) {
        return refuse(
            &format!("the program does not put `{name}` at {}", command.site),
            &format!("`scope why {name} {}` says why not", command.site),
        );
    }
    Ok(resource.ty.clone())
}

fn any_type(program: &hir::Program) -> &str {
    let first = program.drivers.values().find_map(|driver| driver.types.keys().next());
    first.map_or("driver.type", String::as_str)
}

/// Reads it at its site, by its identity.
fn read(
    command: &Import,
    options: &Options,
    written_type: &str,
    state: &State,
    output: Output,
) -> Result<(hir::ResourceType, Plan, Map<String, Value>), u8> {
    let file = &command.program.file;
    let bytes = Disk.read(file).map_err(|_| WRONG)?;
    let text = String::from_utf8_lossy(&bytes);
    // The identity's own name follows from the type, which is known once it is looked up: any attribute will do first.
    let types = |compilation: &Compilation| {
        let found = compilation.program.resources.iter().find(|resource| resource.name == PROBE)?;
        let driver = found.ty.split('.').next()?;
        compilation.program.drivers.get(driver)?.types.get(&found.ty).cloned()
    };
    let probe = |body: &str| {
        let site = Value::from(command.site.as_str());
        let text = format!("{text}{PROBE_BEGIN}{written_type} {{{body}}} scope {{ {site} }}\n");
        let texts = BTreeMap::from([(file.clone(), text)]);
        scope_compiler::compile(&Over { world: &Disk, texts: &texts }, file, options)
    };
    let arguments = Arguments { command, end_of_program: text.len(), type_length: written_type.len() };
    let first = probe("");
    let Some(ty) = types(&first) else {
        arguments.refuse(&first, output);
        return Err(WRONG);
    };
    let body =
        format!(" {}: {} ", ty.identity, Value::from(command.id.as_str()).to_string().replace("${", "\\${"));
    let compilation = probe(&body);
    if compilation.has_errors() {
        arguments.refuse(&compilation, output);
        return Err(WRONG);
    }
    let plan = super::plan_of(&compilation).clone();
    let report = match survey(&plan, &only(state, &plan, &command.site), &compilation.sources, output) {
        Ok(report) => report,
        Err(NotAsked::Refused(code)) => return Err(code),
        Err(NotAsked::Secrets(why)) => {
            note(&format!("no site was asked: {}", why.join("; ")));
            return Err(WRONG);
        }
    };
    let ended = plan.steps.iter().zip(&report.steps).find(|(step, _)| step.name == PROBE);
    match ended.map(|(_, ended)| (&ended.status, &ended.output)) {
        Some((StepStatus::Done { .. }, Value::Object(record))) => Ok((ty, plan, record.clone())),
        Some((StepStatus::Failed { failure }, _)) => {
            let message = failure.message.replace(PROBE, &command.id);
            say(&crate::show::failure::of_run(&Failure { message, ..Failure::clone(failure) }));
            Err(FAILED)
        }
        Some((StepStatus::Parked { words }, _)) => {
            say_error(codes::E0701, words);
            Err(FAILED)
        }
        _ => refuse(
            &format!("{} at {} could not be read", command.id, command.site),
            "`scope sites` says what answers",
        ),
    }
}

/// The state with every other site held: they are asked nothing.
fn only(state: &State, plan: &Plan, site: &str) -> State {
    let mut state = state.clone();
    for other in plan.sites.iter().filter(|other| other.name != site) {
        let hold = Hold {
            by: "scope import".into(),
            since_ms: 0,
            until_ms: None,
            reason: "another site is asked".into(),
        };
        state.holds.insert(other.name.clone(), hold);
    }
    state
}

/// What the site tells, as a program would have it; `Err` where another deployment's mark is on it.
fn without_marks(
    ty: &hir::ResourceType,
    record: &Map<String, Value>,
    state: &State,
    site: &str,
) -> Result<Map<String, Value>, u8> {
    let mut record = record.clone();
    let Some((root, inside)) = ty.mark.as_ref().and_then(|path| path.split_first()) else {
        return Ok(record);
    };
    let mut slot = record.get_mut(root);
    for field in inside {
        slot = slot.and_then(|value| value.get_mut(field));
    }
    let marked: Vec<String> = match &slot {
        Some(Value::String(text)) => {
            text.find("scope:").map(|start| text[start..].to_string()).into_iter().collect()
        }
        Some(Value::Array(items)) => {
            let texts = items.iter().filter_map(Value::as_str);
            texts.filter(|text| text.starts_with("scope:")).map(str::to_string).collect()
        }
        _ => Vec::new(),
    };
    for mark in &marked {
        let deployment = mark.trim_start_matches("scope:").split('/').next().unwrap_or_default();
        if deployment != state.deployment {
            return refuse(
                &format!("another deployment ({deployment}) made it at {site}: it bears its mark"),
                "that program owns it; refer to it by name, or take the mark off there first",
            );
        }
    }
    match slot {
        Some(Value::String(text)) => {
            if let Some(start) = text.find("scope:") {
                let kept = text[..start].trim_end_matches(['[', ' ']).to_string();
                *text = kept;
            }
        }
        Some(Value::Array(items)) => {
            items.retain(|item| !item.as_str().is_some_and(|text| text.starts_with("scope:")));
        }
        _ => {}
    }
    Ok(record)
}

/// What the program calls a resource of this type and identity.
pub fn program_name(
    compilation: &Compilation,
    state: &State,
    target: &str,
    site: &str,
    identity: &str,
) -> Option<String> {
    let recorded = state.resources.iter().find(|(_, sites)| {
        sites.get(site).is_some_and(|known| known.resource_type == target && known.identity == identity)
    });
    let name = recorded.map(|(name, _)| name)?;
    let is_declared = compilation.program.resources.iter().any(|resource| resource.name == *name);
    is_declared.then(|| name.clone())
}

/// Adds the text at the end of the program, and keeps a formatted one formatted.
fn append(file: &str, text: &str) -> Result<(), u8> {
    let before = std::fs::read_to_string(file).map_err(|error| {
        say_error(codes::E0981, &format!("`{file}` cannot be read: {error}"));
        FAILED
    })?;
    let all = format!("{}\n\n{text}", before.trim_end());
    let was_formatted = scope_compiler::format(&before).is_some_and(|formatted| formatted == before);
    let all = match scope_compiler::format(&all) {
        Some(formatted) if was_formatted => formatted,
        _ => all,
    };
    super::write_file(file, all.as_bytes())
}

fn refuse<T>(message: &str, help: &str) -> Result<T, u8> {
    say_error(codes::E0936, message);
    say_help(help);
    Err(WRONG)
}
