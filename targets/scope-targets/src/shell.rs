//! Target `shell`: a plan as one POSIX script that needs awk and curl and nothing of ours.
//!
//! In comes a plan, out comes `<program>.sh`. Three parts are put together: facts (the [`view`] of the plan, printed by
//! `templates/shell/script.sh.tera`), machinery that is the same for every plan (`sh/`, `awk/` beside it), and the
//! plan's expressions as awk functions ([`program`]). Steps are done one after the other; what they mean (`&`, `|`, undo,
//! parked, owed) is as in a run.

mod expr;
#[cfg(test)]
mod expr_tests;
mod left_out;
mod pattern;
mod program;
mod quote;
mod view;

use scope_plan::plan::Plan;
use tera::{Context, Kwargs, State, Tera};

use crate::{Options, RenderedFile, TargetError};

const TEMPLATE: &str = include_str!("../templates/shell/script.sh.tera");
/// The machinery in the shell's language, in reading order.
const SHELL_LIBRARY: [&str; 8] = [
    include_str!("../templates/shell/sh/start.sh"),
    include_str!("../templates/shell/sh/state.sh"),
    include_str!("../templates/shell/sh/ask.sh"),
    include_str!("../templates/shell/sh/step.sh"),
    include_str!("../templates/shell/sh/verbs.sh"),
    include_str!("../templates/shell/sh/order.sh"),
    include_str!("../templates/shell/sh/undo.sh"),
    include_str!("../templates/shell/sh/end.sh"),
];

/// The machinery in awk: everything that is not the plan's own.
pub(crate) const AWK_LIBRARY: [&str; 7] = [
    include_str!("../templates/shell/awk/values.awk"),
    include_str!("../templates/shell/awk/json.awk"),
    include_str!("../templates/shell/awk/functions.awk"),
    include_str!("../templates/shell/awk/rim.awk"),
    include_str!("../templates/shell/awk/requests.awk"),
    include_str!("../templates/shell/awk/answers.awk"),
    include_str!("../templates/shell/awk/resources.awk"),
];

/// Where the shell's calls come in.
const AWK_MAIN: &str = include_str!("../templates/shell/awk/main.awk");

/// The script of a plan.
///
/// # Errors
/// What a shell cannot do, by its name.
pub fn render(plan: &Plan, options: &Options) -> Result<Vec<RenderedFile>, TargetError> {
    let (plan, unguarded) = scope_plan::guarding::without_guards(plan);
    let left_out = left_out::left_out(&plan, &unguarded);
    let (view, awk_functions) = view::view(&plan, &left_out, options)?;
    let mut tera = Tera::default();
    tera.autoescape_on([] as [&'static str; 0]);
    tera.register_filter("sh", |text: &str, _: Kwargs, _: &State| quote::shell_always(text));
    tera.register_filter("comment", |text: &str, _: Kwargs, _: &State| quote::comment(text));
    tera.add_raw_template("script.sh", TEMPLATE).expect("the template is part of this crate and was tested");
    let mut context =
        Context::from_serialize(&view).map_err(|error| TargetError::Broken(error.to_string()))?;
    context.insert("library", &SHELL_LIBRARY.join("\n"));
    context.insert("awk_library", &AWK_LIBRARY.join("\n"));
    context.insert("awk_functions", &awk_functions.join("\n\n"));
    context.insert("awk_main", AWK_MAIN);
    let contents =
        tera.render("script.sh", &context).map_err(|error| TargetError::Broken(error.to_string()))?;
    Ok(vec![RenderedFile { path: view.file_name, contents, executable: true, left_out }])
}
