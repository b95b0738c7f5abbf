//! `scope explain E0203`: the page of a code.

use scope_diagnostics::codes;

use serde_json::json;

use super::{OK, WRONG};
use crate::args::Explain;
use crate::output::{document, line, say_error, say_help};

pub fn run(command: &Explain) -> u8 {
    let Some(name) = &command.code else {
        let listed: Vec<_> =
            codes::all().map(|code| json!({ "code": code, "title": code.title() })).collect();
        document::tell("scope-explain/1", json!({ "codes": listed }));
        for code in codes::all() {
            line(&format!("{code}  {}", code.title()));
        }
        return OK;
    };
    match codes::find(name) {
        Some(code) => {
            let told = json!({ "code": code, "title": code.title(), "page": code.markdown() });
            document::tell("scope-explain/1", json!({ "codes": [told] }));
            line(code.markdown().trim_end());
            OK
        }
        None => {
            say_error(codes::E0980, &format!("there is no code `{name}`"));
            match codes::nearest(name) {
                Some(nearest) => say_help(&format!("did you mean {nearest}?")),
                None => say_help("`scope explain` lists all of them"),
            }
            WRONG
        }
    }
}
