//! What an operation sends and what its answers mean.
//!
//! `POST /books { title: title }` → `request_3`, which writes the method, address, headers and body for curl; its rules →
//! `answer_3`, which says `done`, `exists`, `refused`.

use scope_plan::driver::{Meaning, OperationKind, Request, SPREAD};
use scope_plan::expr::Expr;

use super::{Asked, Program, answer_names, is_bytes, is_content, title};
use crate::TargetError;
use crate::shell::expr::Names;
use crate::shell::quote;

impl Program {
    /// `prepare_N`: inputs of the operation that the step does not give get their defaults; in a creation the attributes
    /// too, also those that a copy does not keep from its origin.
    pub(super) fn defaults(&mut self, asked: &Asked<'_>, number: usize) -> Result<(), TargetError> {
        let mut lines = Vec::new();
        let creates = asked.operation.is_some_and(|operation| operation.kind == OperationKind::Create);
        let attributes = asked.resource_type.filter(|_| creates).map_or(&[][..], |ty| &ty.attributes);
        let settable = attributes
            .iter()
            .filter(|attribute| attribute.is_settable && !is_bytes(&attribute.ty))
            .map(|attribute| (&attribute.name, &attribute.default));
        let inputs = asked.operation.map_or(&[][..], |operation| &operation.inputs);
        for (name, default) in settable.chain(inputs.iter().map(|(name, default)| (name, default))) {
            let Some(default) = default else { continue };
            let value = self.expressions.value(default, Names::Request)?;
            let name = quote::awk(name);
            lines.push(format!(
                "if (!has_field(kept(\"SCOPE_INPUTS\"), {name})) KEPT[\"SCOPE_INPUTS\"] = over_one(kept(\"SCOPE_INPUTS\"), {name}, {value})"
            ));
        }
        lines.push("return 1".to_owned());
        self.add(&format!("prepare_{number}"), &[], "", &lines);
        Ok(())
    }

    pub(super) fn http_request(&mut self, asked: &Asked<'_>, number: usize) -> Result<(), TargetError> {
        let Request::Http { method, path, query, headers, body } = asked.request else { return Ok(()) };
        let names = if asked.operation.is_some() { Names::Request } else { Names::Site };
        let what = title(asked);
        let mut path_lines = vec!["p = \"\"".to_owned()];
        path_lines.extend(self.expressions.path(path, names)?);
        path_lines.push("return p".to_owned());
        self.add(&format!("path_{number}"), &[], "p", &path_lines);
        let address = match &asked.service.address {
            Some(address) => self.expressions.value(address, Names::Site)?,
            None => "NULL".to_owned(),
        };
        let mut lines = vec![
            format!("# {}", quote::comment(&what)),
            format!("prepare_{number}()"),
            format!("WHERE = {}", quote::awk(&what)),
            format!("ask(text_of({}), {address}, path_{number}())", self.expressions.value(method, names)?),
        ];
        for (name, value) in query {
            let value = self.expressions.value(value, names)?;
            lines.push(if name == SPREAD {
                format!("ask_queries({value})")
            } else {
                format!("ask_query({}, {value})", quote::awk(name))
            });
        }
        for (name, value) in asked.service.headers.iter().chain(headers) {
            let value = self.expressions.value(value, names)?;
            lines.push(if name == SPREAD {
                format!("ask_headers({value})")
            } else {
                format!("ask_header({}, {value})", quote::awk(name))
            });
        }
        if let Some(scope_plan::driver::Repeat::Key(header)) =
            asked.operation.map(|operation| &operation.repeat)
        {
            lines.push(format!("ask_header({}, str(ENVIRON[\"SCOPE_KEY\"]))", quote::awk(header)));
        }
        let mut content = "\"\"".to_owned();
        match body {
            Some(Expr::File(file)) => {
                self.expressions.note_file(file);
                content = format!("given_file({})", quote::awk(&file.path));
            }
            Some(body) if is_content(body, asked.resource_type) => {
                content = "given_file(ENVIRON[\"SCOPE_CONTENT\"])".to_owned();
            }
            Some(body) => lines.push(format!("ask_body({})", self.expressions.body(body, names)?)),
            None => {}
        }
        lines.push(format!("return asked({content})"));
        self.entry(&format!("request_{number}"), "", &lines);
        Ok(())
    }

    pub(super) fn command(&mut self, asked: &Asked<'_>, number: usize) -> Result<(), TargetError> {
        let Request::Exec { argv, env, files, stdin } = asked.request else { return Ok(()) };
        let names = if asked.operation.is_some() { Names::Request } else { Names::Site };
        let what = title(asked);
        let mut lines = vec![
            format!("# {}", quote::comment(&what)),
            format!("prepare_{number}()"),
            format!("WHERE = {}", quote::awk(&what)),
            "run()".to_owned(),
        ];
        for (name, value) in files {
            lines.push(if name == SPREAD {
                format!("run_all({})", self.expressions.value(value, names)?)
            } else if is_content(value, asked.resource_type) {
                format!("run_content({}, ENVIRON[\"SCOPE_CONTENT\"])", quote::awk(name))
            } else {
                format!("run_file({}, {})", quote::awk(name), self.expressions.value(value, names)?)
            });
        }
        for (name, value) in env {
            let value = self.expressions.value(value, names)?;
            lines.push(if name == SPREAD {
                format!("run_variables({value})")
            } else {
                format!("run_variable({}, {value})", quote::awk(name))
            });
        }
        for word in argv {
            lines.push(format!("run_word({})", self.expressions.value(word, names)?));
        }
        if let Some(stdin) = stdin {
            if is_content(stdin, asked.resource_type) {
                return Err(TargetError::Unsupported {
                    target: "shell",
                    what: what.clone(),
                    why: "content as the standard input of a command".to_owned(),
                });
            }
            lines.push(format!("run_input({})", self.expressions.value(stdin, names)?));
        }
        lines.push("return ran()".to_owned());
        self.entry(&format!("request_{number}"), "", &lines);
        Ok(())
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>, number: usize) -> Result<(), TargetError> {
        let names = answer_names(asked);
        let is_http = matches!(asked.request, Request::Http { .. });
        let mut lines = vec![
            format!("# {}", quote::comment(&title(asked))),
            format!(
                "ANSWER_STATUS = ARGV[2] + 0; WHERE = \"the answer\"; EVALUATION = \"malformed\"; prepare_{number}()"
            ),
        ];
        if is_http {
            lines.push(
                "if (is_broken_json()) fail(\"malformed\", \"the answer is not JSON: \" JSON_ERROR)"
                    .to_owned(),
            );
        }
        for (position, rule) in asked.answers.iter().chain(&asked.service.answers).enumerate() {
            let result = self.meaning(&rule.meaning, names, &format!("{number}_{position}"))?;
            let mut tests = Vec::new();
            if !rule.codes.is_empty() {
                let codes: Vec<String> = rule
                    .codes
                    .iter()
                    .map(|(first, last)| {
                        if first == last {
                            format!("ANSWER_STATUS == {first}")
                        } else {
                            format!("in_codes({first}, {last})")
                        }
                    })
                    .collect();
                tests.push(if codes.len() == 1 {
                    codes.concat()
                } else {
                    format!("({})", codes.join(" || "))
                });
            }
            if let Some(condition) = &rule.condition {
                let truth = self.expressions.truth(condition, names)?;
                let name = format!("holds_{number}_{position}");
                self.add(&name, &[], "", &["softly()".to_owned(), format!("return held({truth})")]);
                tests.push(format!("{name}()"));
            }
            if tests.is_empty() {
                lines.push(format!("return {result}"));
            } else {
                lines.push(format!("if ({}) return {result}", tests.join(" && ")));
            }
        }
        lines.push("return without_rule()".to_owned());
        self.entry(&format!("answer_{number}"), "", &lines);
        Ok(())
    }

    pub(super) fn meaning(
        &mut self,
        meaning: &Meaning,
        names: Names,
        number: &str,
    ) -> Result<String, TargetError> {
        let optional = |program: &mut Self, expr: &Option<Expr>| match expr {
            Some(expr) => program.expressions.value(expr, names),
            None => Ok("NULL".to_owned()),
        };
        let said = |program: &mut Self, word: &str, expr: &Option<Expr>| -> Result<String, TargetError> {
            let Some(expr) = expr else { return Ok(format!("means_in_words(\"{word}\", NULL)")) };
            let value = program.expressions.value(expr, names)?;
            let name = format!("said_{number}");
            program.add(&name, &[], "", &["softly()".to_owned(), format!("return hardly({value})")]);
            Ok(format!("means_in_words(\"{word}\", {name}())"))
        };
        Ok(match meaning {
            Meaning::Found(expr) => {
                format!("means_record(\"found\", {})", self.expressions.value(expr, names)?)
            }
            Meaning::List(expr) => format!("means_list({})", self.expressions.value(expr, names)?),
            Meaning::Done(expr) => format!("means(\"done\", {})", optional(self, expr)?),
            Meaning::Exists(expr) => format!("means(\"exists\", {})", optional(self, expr)?),
            Meaning::Gone => "means(\"gone\", NULL)".to_owned(),
            Meaning::Content => "\"content\"".to_owned(),
            // The words are the site's; which reference it is about, they say.
            Meaning::NotFound(_) => "means_in_words(\"not_found\", NULL)".to_owned(),
            Meaning::Refused(expr) => said(self, "refused", expr)?,
            Meaning::Unavailable(expr) => said(self, "unavailable", expr)?,
            Meaning::Unreachable(expr) => said(self, "unreachable", expr)?,
            Meaning::Lost(expr) => said(self, "lost", expr)?,
            Meaning::Denied(expr) => said(self, "denied", expr)?,
            Meaning::Invalid(expr) => said(self, "invalid", expr)?,
            Meaning::Reauthenticate => "means_in_words(\"reauthenticate\", NULL)".to_owned(),
            Meaning::Busy(expr) => said(self, "busy", expr)?,
        })
    }
}
