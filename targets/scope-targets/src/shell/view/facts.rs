//! What the template prints, field by field: texts and numbers. An absent value is an empty text, as the shell has it.
//!
//! `{ number: 2, name: "vm", verb: "ensure", site: 0, needs: "0 1", command: "ensure no" }`

use serde::Serialize;

/// Everything the template needs.
#[derive(Serialize)]
pub struct View {
    /// The program's file.
    pub program: String,
    /// Its name without folder and ending.
    pub stem: String,
    /// `two-clouds.sh`
    pub file_name: String,
    pub(super) deployment: String,
    pub(super) secrets: Vec<SecretView>,
    pub(super) files: Vec<FileView>,
    pub(super) sites: Vec<SiteView>,
    pub(super) drivers: Vec<DriverView>,
    pub(super) types: Vec<TypeView>,
    pub(super) operations: Vec<OperationView>,
    pub(super) steps: Vec<StepView>,
    pub(super) choices: Vec<ChoiceView>,
    pub(super) outputs: Vec<String>,
    pub(super) order: Vec<u32>,
    pub(super) reversed: Vec<u32>,
    pub(super) choice_order: Vec<u32>,
    pub(super) groups: Vec<String>,
    pub(super) left_out: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct SecretView {
    pub(super) variable: String,
    pub(super) instead_of: Option<String>,
}

#[derive(Serialize)]
pub(super) struct FileView {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

#[derive(Serialize)]
pub(super) struct SiteView {
    pub(super) number: usize,
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct DriverView {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) login: String,
}

#[derive(Serialize)]
pub(super) struct TypeView {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) driver: usize,
    pub(super) identity: String,
    pub(super) name_attribute: String,
    pub(super) mark_path: String,
    pub(super) find: String,
    pub(super) read: String,
    pub(super) create: String,
    pub(super) update: String,
    pub(super) delete: String,
    pub(super) download: String,
    pub(super) afters: Vec<String>,
    pub(super) ready: String,
    pub(super) ready_seconds: u64,
    pub(super) ready_every: u64,
    pub(super) broken: String,
    pub(super) is_deed: &'static str,
    pub(super) is_copied: String,
    pub(super) kept: String,
    pub(super) content_name: String,
    pub(super) same: String,
}

#[derive(Serialize)]
pub(super) struct OperationView {
    pub(super) number: usize,
    pub(super) title: String,
    pub(super) by: &'static str,
    pub(super) repeat: &'static str,
    pub(super) settles: u64,
    pub(super) is_long: &'static str,
    pub(super) has_pages: &'static str,
    pub(super) ready: String,
    pub(super) ready_seconds: u64,
    pub(super) ready_every: u64,
}

#[derive(Serialize)]
pub(super) struct StepView {
    pub(super) number: u32,
    pub(super) title: String,
    pub(super) name: String,
    pub(super) short: String,
    pub(super) key: String,
    pub(super) origin: String,
    pub(super) verb: &'static str,
    pub(super) site: u32,
    pub(super) place: String,
    pub(super) driver: String,
    #[serde(rename = "type")]
    pub(super) ty: String,
    pub(super) guards: String,
    pub(super) needs: String,
    pub(super) settled: String,
    pub(super) patience: u64,
    pub(super) tries: u32,
    pub(super) backoff: u64,
    pub(super) ready_within: String,
    pub(super) on_unreachable: &'static str,
    pub(super) undo: &'static str,
    pub(super) content_file: String,
    pub(super) content_text: &'static str,
    pub(super) choice: String,
    pub(super) results: String,
    pub(super) parts: String,
    pub(super) command: String,
}

#[derive(Serialize)]
pub(super) struct ChoiceView {
    pub(super) number: u32,
    pub(super) title: String,
    pub(super) key: String,
    pub(super) guards: String,
    pub(super) recorded: String,
    pub(super) arms: Vec<ArmView>,
}

#[derive(Serialize)]
pub(super) struct ArmView {
    pub(super) label: String,
    pub(super) steps: String,
    pub(super) members: String,
    pub(super) choices: String,
}
