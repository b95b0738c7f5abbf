//! HTML, written by a few functions that escape what they are given.
//!
//! `text("a < `b`")` → `a &lt; <code>b</code>`

use scope_diagnostics::credentials;

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// Characters that mean something in HTML, as what they are; nothing of a credential that is known by its form.
pub fn escape(text: &str) -> String {
    let text = credentials::masked(text);
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}

/// A line of documentation: what stands between backticks is code.
pub fn text(line: &str) -> String {
    let mut out = String::new();
    let mut parts = line.split('`').peekable();
    let mut is_code = false;
    while let Some(part) = parts.next() {
        // A backtick that is not closed is one.
        match (is_code, parts.peek().is_some()) {
            (true, true) => out.push_str(&format!("<code>{}</code>", escape(part))),
            (true, false) => out.push_str(&format!("`{}", escape(part))),
            (false, _) => out.push_str(&escape(part)),
        }
        is_code = !is_code;
    }
    out
}

/// Documentation: paragraphs between empty lines, programs between lines of three backticks or indented by four blanks.
pub fn docs(lines: &[String]) -> String {
    let mut out = String::new();
    let mut paragraph: Vec<String> = Vec::new();
    let mut program: Option<String> = None;
    let mut indented = String::new();
    let end_program = |indented: &mut String, out: &mut String| {
        if !indented.is_empty() {
            out.push_str(&format!("<pre><code>{}\n</code></pre>\n", escape(indented.trim_end())));
            indented.clear();
        }
    };
    let close = |paragraph: &mut Vec<String>, out: &mut String| {
        if !paragraph.is_empty() {
            out.push_str(&format!("<p>{}</p>\n", paragraph.join("\n")));
            paragraph.clear();
        }
    };
    for line in lines {
        match (&mut program, line.trim_start().starts_with("```")) {
            (None, true) => {
                end_program(&mut indented, &mut out);
                close(&mut paragraph, &mut out);
                program = Some(String::new());
            }
            (Some(text), true) => {
                out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(text)));
                program = None;
            }
            (Some(text), false) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, false) if line.trim().is_empty() => {
                close(&mut paragraph, &mut out);
                // An empty line inside of an indented program.
                if !indented.is_empty() {
                    indented.push('\n');
                }
            }
            (None, false) if paragraph.is_empty() && line.starts_with("    ") => {
                indented.push_str(&line[4..]);
                indented.push('\n');
            }
            (None, false) => {
                end_program(&mut indented, &mut out);
                paragraph.push(text(line));
            }
        }
    }
    end_program(&mut indented, &mut out);
    close(&mut paragraph, &mut out);
    if let Some(text) = program {
        out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(&text)));
    }
    out
}

/// A table; cells are HTML already. Nothing, if it has no rows.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = head.iter().map(|cell| format!("<th>{}</th>", escape(cell))).collect();
    let rows: String = rows
        .iter()
        .map(|row| {
            format!("<tr>{}</tr>\n", row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>())
        })
        .collect();
    format!(
        "<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// Code in a line.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: #0b62a4; }
@media (prefers-color-scheme: dark) { :root { --link: #7ab8f5; } }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.8rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { margin-top: 2rem; }
h1 code, h2 code, h3 code { font-size: 1em; font-weight: 600; }
a { color: var(--link); } code, pre { font: 0.9em/1.45 ui-monospace, monospace; }
code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: 0.8em; border-radius: 4px; overflow-x: auto; }
pre code { background: none; padding: 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.8rem 0.35rem 0; border-bottom: 1px solid var(--line); }
td code { overflow-wrap: break-word; } td:last-child:not(:first-child) { min-width: 12rem; }
td:first-child { white-space: nowrap; } .words { opacity: 0.75; }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_shown_and_never_read_as_html() {
        assert_eq!(text("a < `b & \"c\"` ` d"), "a &lt; <code>b &amp; &quot;c&quot;</code> ` d");
        let lines = ["one", "two", "", "```scope", "let a = <b>", "```"].map(str::to_string);
        assert_eq!(docs(&lines), "<p>one\ntwo</p>\n<pre><code>let a = &lt;b&gt;\n</code></pre>\n");
        let lines = ["one:", "", "    a", "", "      b", "", "two"].map(str::to_string);
        assert_eq!(docs(&lines), "<p>one:</p>\n<pre><code>a\n\n  b\n</code></pre>\n<p>two</p>\n");
        assert!(!page("<script>", "").contains("<script>"));
    }
}
