//! A page of `codes/`: what a code means, programs that get it, and the same programs put right.
//!
//! Comes in: Markdown of one form. Goes out: its parts, so that `scope explain` prints it and a test runs it.
//!
//! The form: `# E0203: title`, a text, `## Fails`, `## Fixed`, under each heading one example or more. Fences:
//!
//! - ```` ```scope ```` holds a program to check, ```` ```scope run ```` one to run with simulated sites. A first line
//!   `// file: sites.scope` names its file (`main.scope` if it is missing). A program fence that names its file and
//!   follows another with only blank lines between is a further file of the same example, unless the name is taken
//!   there; the first file is the entry.
//! - ```` ```text ```` shows a message that no program alone can cause.
//! - any other right before a program (```` ```params ```` with JSON for `--params`) says what the example needs.
//!
//! Words between two fences end an example.

use super::Code;

/// A page, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its code.
    pub code: Code,
    /// What follows the code in its first line.
    pub title: String,
    /// The Markdown between the first line and the first heading.
    pub text: String,
    /// Programs that get the code.
    pub failing: Vec<Example>,
    /// Programs that do not.
    pub fixed: Vec<Example>,
    /// Messages shown for what no program alone can cause.
    pub messages: Vec<String>,
}

/// One program of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its files, the entry first.
    pub files: Vec<ExampleFile>,
    /// Whether it is run with simulated sites, not only checked.
    pub run: bool,
    /// What fences right before it say.
    pub expectations: Vec<Expectation>,
}

/// One file of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFile {
    /// Its path, relative to the example.
    pub path: String,
    /// Its text, without the line that names it.
    pub text: String,
    /// The line of the page, from 1, on which the text starts.
    pub line: u32,
}

/// A fence right before a program that is not a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The words after the three backticks.
    pub info: String,
    /// What it holds.
    pub text: String,
}

/// The file of an example that names none.
const DEFAULT_FILE: &str = "main.scope";

/// Where in the page the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    Failing,
    Fixed,
    Other,
}

/// A fence, read.
struct Fence {
    info: String,
    text: String,
    /// The line of the page, from 1, on which the text starts.
    line: u32,
    /// Whether only blank lines stand between it and the fence before.
    follows: bool,
}

impl Page {
    /// Parses a page. Never fails; what is missing is empty.
    #[must_use]
    pub fn parse(code: Code, markdown: &str) -> Page {
        let mut page = Page {
            code,
            title: String::new(),
            text: String::new(),
            failing: Vec::new(),
            fixed: Vec::new(),
            messages: Vec::new(),
        };
        let mut part = Part::Text;
        let mut follows = false;
        let mut waiting: Vec<Expectation> = Vec::new();
        let mut lines = markdown.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            if index == 0 {
                page.title = title(line).to_owned();
            } else if let Some(heading) = line.strip_prefix("## ") {
                part = match heading.trim() {
                    "Fails" => Part::Failing,
                    "Fixed" => Part::Fixed,
                    _ => Part::Other,
                };
                follows = false;
                waiting.clear();
            } else if let Some(info) = line.strip_prefix("```") {
                let body: Vec<&str> = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| !line.starts_with("```"))
                    .collect();
                let text: String = body.iter().flat_map(|line| [line, "\n"]).collect();
                let fence = Fence { info: info.trim().to_owned(), text, line: index as u32 + 2, follows };
                page.take(part, fence, &mut waiting);
                follows = true;
            } else if part == Part::Text {
                page.text.push_str(line);
                page.text.push('\n');
            } else if !line.trim().is_empty() {
                follows = false;
                waiting.clear();
            }
        }
        page.text = page.text.trim().to_owned();
        page
    }

    /// Puts a fence where it belongs.
    fn take(&mut self, part: Part, fence: Fence, waiting: &mut Vec<Expectation>) {
        let mut words = fence.info.split_whitespace();
        match words.next() {
            Some("text") => self.messages.push(fence.text),
            Some("scope") => {
                let examples = match part {
                    Part::Failing => &mut self.failing,
                    Part::Fixed => &mut self.fixed,
                    Part::Text | Part::Other => return,
                };
                let run = words.any(|word| word == "run");
                let (file, is_named) = file_of(fence.text, fence.line);
                let further =
                    (fence.follows && is_named && waiting.is_empty()).then(|| examples.last_mut()).flatten();
                match further.filter(|example| example.files.iter().all(|other| other.path != file.path)) {
                    Some(example) => example.files.push(file),
                    None => {
                        examples.push(Example {
                            files: vec![file],
                            run,
                            expectations: std::mem::take(waiting),
                        });
                    }
                }
            }
            _ => waiting.push(Expectation { info: fence.info, text: fence.text }),
        }
    }
}

/// What follows the code in the first line.
pub(super) fn title(markdown: &str) -> &str {
    let line = markdown.lines().next().unwrap_or_default();
    line.split_once(": ").map_or(line, |(_, title)| title).trim()
}

/// The file a program fence holds, and whether it says its name.
fn file_of(text: String, line: u32) -> (ExampleFile, bool) {
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("// file:") {
        Some(path) => {
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest).to_owned();
            (ExampleFile { path: path.trim().to_owned(), text: rest, line: line + 1 }, true)
        }
        None => (ExampleFile { path: DEFAULT_FILE.to_owned(), text, line }, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::E0203;

    const PAGE: &str = "# E0203: unknown attribute\n\nWhy.\n\n## Fails\n\n```scope\na\n```\n\n```params\n{}\n```\n\
        ```scope run\n// file: b.scope\nb\n```\n\n```scope\n// file: c.scope\nc\n```\n\nAnd:\n\n\
        ```scope\n// file: d.scope\nd\n```\n\n## Fixed\n\n```scope\ne\n```\n```text\nm\n```\n";

    #[test]
    fn reads_every_part() {
        let page = Page::parse(E0203, PAGE);
        assert_eq!((page.title.as_str(), page.text.as_str()), ("unknown attribute", "Why."));
        let files: Vec<Vec<&str>> = page
            .failing
            .iter()
            .map(|example| example.files.iter().map(|file| file.path.as_str()).collect())
            .collect();
        assert_eq!(files, [vec!["main.scope"], vec!["b.scope", "c.scope"], vec!["d.scope"]]);
        assert!(page.failing[1].run && !page.failing[0].run);
        assert_eq!(page.failing[1].expectations[0].info, "params");
        assert_eq!(page.fixed[0].files[0].text, "e\n");
        assert_eq!(page.messages, ["m\n"]);
    }

    #[test]
    fn knows_the_line_of_the_page() {
        let page = Page::parse(E0203, PAGE);
        for file in page.failing.iter().chain(&page.fixed).flat_map(|example| &example.files) {
            let line = PAGE.lines().nth(file.line as usize - 1).expect("the line is in the page");
            assert_eq!(format!("{line}\n"), file.text);
        }
    }

    #[test]
    fn a_fence_that_is_not_closed_ends_with_the_page() {
        let page = Page::parse(E0203, "# E0203: t\n## Fails\n```scope\na");
        assert_eq!(page.failing[0].files[0].text, "a\n");
    }
}
