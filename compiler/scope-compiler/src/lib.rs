//! The façade of the compiler: one call from a file's name to a plan.
//!
//! ```text
//! World.read ─> load ─> analyse ─> lower ─> optimise ─> Compilation { diagnostics, program, plan }
//! ```
//!
//! Each station takes the value of the one before and always gives one, plus diagnostics; the plan is there only if
//! nothing is an error. Everything that is outside comes in through the [`World`].

pub mod accepting;
pub mod completing;
mod configuration;
mod fixing;
mod follow_ups;
mod formatting;
mod load;
mod lower;
mod over;
pub mod renaming;
mod reviewing;
mod sequence;

pub use configuration::{HookEntry, hooks, state_place};
pub use fixing::{Fixed, fix};
pub use formatting::{Formatted, format, format_file};
pub use over::Over;
pub use reviewing::review;
pub use scope_analysis::world::{FileDigest, MOST_MIB, ReadError, World};
pub use scope_analysis::{Extent, NameKind, Reported, Use, data, hir, lint};

use std::collections::BTreeSet;

use configuration::Configuration;
use scope_diagnostics::{Diagnostic, Diagnostics, SourceMap, Span, codes};
use scope_plan::plan::Plan;
use scope_plan::recorded::Recorded;
use scope_plan::scenario::Scenario;
use sequence::Sequenced;

/// What the command line adds to a program.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--set name=value`, in order.
    pub params: Vec<(String, String)>,
    /// `--params FILE`, in order: YAML or JSON files whose fields are parameters; `--set` goes before them.
    pub param_files: Vec<String>,
    /// `--at SITE`.
    pub entry: Option<String>,
    /// `--simulate`: sites are simulated, so no client's configuration file is read, and no setting is missing.
    pub simulate: bool,
    /// What sites said of their versions when they were asked.
    pub reported: Reported,
    /// What earlier runs recorded.
    pub recorded: Recorded,
    /// `--policy FILE`, in order: rules from outside, besides those that `scope.toml` names.
    pub policies: Vec<String>,
    /// Of the program, only this sequence.
    pub sequence: Option<String>,
    /// Apply every lint, not only those of a check.
    pub lint: bool,
    /// `--only NAME`: only these resources, and what they need; all without one.
    pub only: Vec<String>,
    /// Wish for nothing: the plan deletes what is recorded, what was made from another one before it.
    pub destroy: bool,
    /// Leave the plan as lowered, for comparing.
    pub unoptimised: bool,
    /// How much of the files is checked.
    pub extent: Extent,
}

/// Everything that compiling gives.
#[derive(Debug)]
pub struct Compilation {
    /// Every text read, for showing reports.
    pub sources: SourceMap,
    /// Reports, sorted, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// What the program means, with holes where something is wrong.
    pub program: hir::Program,
    /// Every resolved name, sorted by place: for editors.
    pub uses: Vec<Use>,
    /// The plan, if nothing is an error.
    pub plan: Option<Plan>,
    /// Sites, by name, whose version would be checked if they were asked for it.
    pub unversioned: Vec<String>,
    /// The file is a module, checked by itself.
    pub is_module: bool,
    /// Reports that may follow from another one, and are not told.
    left_out: Vec<Diagnostic>,
    /// The program's own file, and every file read.
    entry: String,
    files: Vec<String>,
}

impl Compilation {
    /// Whether anything is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The program's tests, if they were read ([`Extent::Program`]), and the sites that they are played on; none where something
    /// is an error.
    pub fn tests(&self) -> Option<(Vec<Scenario>, Plan)> {
        if self.has_errors() {
            return None;
        }
        let world = lower::lower_world(&self.program, &self.entry, &self.files, &self.sources);
        Some((lower::scenario::scenarios(&self.program, &self.sources), world))
    }

    /// The plan of the same program after runs that recorded this: a run's, or that of deleting all that was made.
    ///
    /// # Errors
    /// What cannot be done to what is recorded: a stateful resource that would move.
    ///
    /// # Panics
    /// Where the program has errors.
    pub fn plan_after(&self, recorded: &Recorded, is_destroying: bool) -> Result<Plan, Vec<Diagnostic>> {
        assert!(!self.has_errors(), "a program with errors has no plan");
        let (program, entry, files) = (&self.program, self.entry.as_str(), self.files.as_slice());
        let (plan, refused) = match is_destroying {
            true => lower::lower_nothing(program, entry, files, &self.sources, recorded, &[]),
            false => lower::lower(program, entry, files, &self.sources, recorded, &[]),
        };
        if refused.iter().any(Diagnostic::is_error) {
            return Err(refused);
        }
        let optimised = scope_plan::pipeline::optimise(plan, &mut |_, _| {});
        Ok(optimised.expect("lowering makes well-formed plans"))
    }
}

/// Compiles the program in the file `entry`.
pub fn compile(world: &dyn World, entry: &str, options: &Options) -> Compilation {
    let mut sources = SourceMap::new();
    let configuration = Configuration::read(world, entry, &mut sources);
    let policies = configuration.policies.iter().chain(&options.policies);
    let loaded = load::load(world, entry, policies, &mut sources);
    finish(world, entry, loaded, configuration, sources, options)
}

/// A plan without steps that has every site and driver of a file: what `scope sites` asks with.
pub fn compile_sites(world: &dyn World, entry: &str, options: &Options) -> Compilation {
    let mut sources = SourceMap::new();
    let configuration = Configuration::read(world, entry, &mut sources);
    let loaded = load::load(world, entry, std::iter::empty(), &mut sources);
    let files = loaded.files.clone();
    let options = Options { unoptimised: true, extent: Extent::Planned, ..options.clone() };
    let mut compilation = finish(world, entry, loaded, configuration, sources, &options);
    if compilation.plan.is_some() {
        let plan = lower::lower_sites(&compilation.program, entry, &files, &compilation.sources);
        compilation.plan = Some(plan);
    }
    compilation
}

/// Compiles one native command line, as `scope exec` takes it, with the sites and drivers of the file `context`.
pub fn compile_command(world: &dyn World, context: &str, words: &[String], options: &Options) -> Compilation {
    let mut sources = SourceMap::new();
    let configuration = Configuration::read(world, context, &mut sources);
    let policies = configuration.policies.iter().chain(&options.policies);
    let loaded = load::load_command(world, context, words, policies, &mut sources);
    // What else stands in the file beside it is none of the command's business.
    let options = Options { extent: Extent::Used, ..options.clone() };
    finish(world, load::COMMAND_LINE, loaded, configuration, sources, &options)
}

fn finish(
    world: &dyn World,
    entry: &str,
    loaded: load::Loaded,
    configuration: Configuration,
    mut sources: SourceMap,
    options: &Options,
) -> Compilation {
    let analysis_options = scope_analysis::Options {
        params: options.params.clone(),
        param_files: options.param_files.clone(),
        matches: Some(matches),
        canonical: Some(lower::driver::canonical_form),
        meant: Some(scope_plan::address::meant_of),
        entry: options.entry.clone(),
        simulate: options.simulate,
        reported: options.reported.clone(),
        extent: options.extent,
    };
    let analysis = scope_analysis::analyse(&loaded.modules, world, &mut sources, &analysis_options);
    let files: Vec<String> = loaded.files.into_iter().chain(analysis.data_files).collect();
    let mut read = loaded.diagnostics.into_vec();
    let Configuration { levels, reports: wrong, .. } = configuration;
    read.extend(wrong);
    let whole = follow_ups::Read { modules: &loaded.modules, uses: &analysis.uses, sources: &sources };
    let (found, left_out) = follow_ups::told_apart(&read, analysis.diagnostics.into_vec(), &whole);
    follow_ups::without_imports(&mut read, &sources);
    follow_ups::without_commands(&mut read, &found, &loaded.modules, &sources);
    let found = found.into_iter().map(|report| with_recorded(report, &options.recorded));
    let mut reports: Vec<Diagnostic> = read.into_iter().chain(found).collect();
    if options.lint {
        let lints = lint::lint(&lint::Input {
            modules: &loaded.modules,
            program: &analysis.program,
            uses: &analysis.uses,
            sources: &sources,
            levels: &levels,
            has_errors: reports.iter().any(Diagnostic::is_error),
        });
        add_lints(&mut reports, lints);
    }
    let is_wrong = reports.iter().any(Diagnostic::is_error);
    let sequence = options.sequence.as_ref().filter(|_| !is_wrong).and_then(|name| {
        sequence::prepared(&analysis.program, name, &options.recorded, options.simulate, &mut sources)
            .map_err(|wrong| reports.extend(wrong))
            .ok()
    });
    let reports = lint::levels::apply(&levels, &loaded.modules, &sources, reports, options.lint);
    let mut diagnostics = Diagnostics::new();
    diagnostics.extend(reports);
    if !diagnostics.has_errors() {
        let wrong = lower::only::check(&analysis.program, &options.recorded, &options.only, &mut sources);
        diagnostics.extend(wrong);
    }
    let plan = match diagnostics.has_errors() {
        true => None,
        false => planned(&analysis.program, sequence, entry, &files, &sources, options, &mut diagnostics),
    };
    Compilation {
        diagnostics: diagnostics.finish(&sources),
        sources,
        program: analysis.program,
        uses: analysis.uses,
        plan,
        unversioned: analysis.unversioned,
        is_module: analysis.is_module,
        left_out,
        entry: entry.to_string(),
        files,
    }
}

/// Of words that an error is about, a lint says the same once more: it is left out.
fn add_lints(reports: &mut Vec<Diagnostic>, lints: Vec<Diagnostic>) {
    let errors = reports.iter().filter(|report| report.is_error());
    let wrong: BTreeSet<Span> = errors.map(|report| report.primary.span).collect();
    reports.extend(lints.into_iter().filter(|lint| !wrong.contains(&lint.primary.span)));
}

/// A name that nothing declares, and that earlier runs made something of: it was taken out of the program, and is still used.
fn with_recorded(report: Diagnostic, recorded: &Recorded) -> Diagnostic {
    let name = report.message.split('`').nth(1).filter(|_| report.code == codes::E0102);
    let is_of = |recorded: &str, name: &str| {
        recorded.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
    };
    let known = name.and_then(|name| recorded.resources.iter().find(|known| is_of(&known.name, name)));
    match known {
        Some(known) => {
            let words = format!(
                "the state has `{}`, {} at {}: a run that no longer declares it deletes it",
                known.name, known.resource_type, known.site
            );
            report.note(words)
        }
        None => report,
    }
}

/// The plan of a program without errors: lowered, and optimised unless it is to stay as it was. Lowering may refuse what only
/// the recorded state makes wrong.
fn planned(
    program: &hir::Program,
    sequence: Option<Sequenced>,
    entry: &str,
    files: &[String],
    sources: &SourceMap,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    let (recorded, only) = (&options.recorded, &options.only);
    let (plan, refused) = match &sequence {
        Some(Sequenced { program, roots, recorded }) => {
            lower::lower_from(program, roots, entry, files, sources, recorded, &[])
        }
        None if options.destroy => lower::lower_nothing(program, entry, files, sources, recorded, only),
        None => lower::lower(program, entry, files, sources, recorded, only),
    };
    diagnostics.extend(refused);
    if diagnostics.has_errors() {
        return None;
    }
    if options.unoptimised {
        return Some(plan);
    }
    let optimised = scope_plan::pipeline::optimise(plan, &mut |_, _| {});
    Some(optimised.expect("lowering makes well-formed plans"))
}

/// Whether a pattern is found in a text, as a run would say; `None` where it is no pattern.
fn matches(text: &str, pattern: &str) -> Option<bool> {
    use scope_plan::eval::{Bindings, eval};
    use scope_plan::expr::{BinaryOp, Expr};
    let value = |text: &str| Box::new(Expr::Value(text.into()));
    let expr = Expr::Binary(BinaryOp::Matching, value(text), value(pattern));
    eval(&expr, &Bindings::default()).ok()?.as_bool()
}
