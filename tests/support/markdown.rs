//! Markdown read into tests: a heading and the fences below it.
//!
//! ````text
//! ## A site is misspelt          → one test, named by the headings above it
//! `sites.scope`:                 → names the file of the next fence
//! ```scope
//! ````

/// A heading with what stands below it.
#[derive(Clone, Debug)]
pub struct Section {
    /// The headings from the top, joined: `Sharing / a second cloud`.
    pub name: String,
    /// The line of the heading, from 1.
    pub line: usize,
    pub fences: Vec<Fence>,
}

/// A fenced block.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The words behind the backticks: `run cut=paris@1s..30s`.
    pub info: String,
    /// The file named in the line before, if one is.
    pub path: Option<String>,
    pub text: String,
    /// The number of its first line of text, from 1.
    pub line: usize,
}

/// The sections of a document, in order; those without fences too.
pub fn sections(document: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut headings: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(String, Fence)> = None;
    let mut named: Option<String> = None;
    for (index, line) in document.lines().enumerate() {
        let number = index + 1;
        if let Some((marker, fence)) = &mut open {
            if line.trim_end() == marker {
                let (_, fence) = open.take().expect("it is open");
                if let Some(section) = sections.last_mut() {
                    section.fences.push(fence);
                }
            } else {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            continue;
        }
        if line.starts_with("```") {
            let marker: String = line.chars().take_while(|c| *c == '`').collect();
            let info = line[marker.len()..].trim().to_string();
            let fence = Fence { info, path: named.take(), text: String::new(), line: number + 1 };
            open = Some((marker, fence));
            continue;
        }
        if let Some(level) = heading_level(line) {
            headings.retain(|(above, _)| *above < level);
            headings.push((level, line[level..].trim().to_string()));
            let name: Vec<&str> = headings.iter().map(|(_, name)| name.as_str()).collect();
            sections.push(Section { name: name.join(" / "), line: number, fences: Vec::new() });
            named = None;
            continue;
        }
        if !line.trim().is_empty() {
            named =
                line.trim().strip_prefix('`').and_then(|rest| rest.strip_suffix("`:")).map(str::to_string);
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    sections
}

fn heading_level(line: &str) -> Option<usize> {
    let level = line.chars().take_while(|c| *c == '#').count();
    (level > 0 && line[level..].starts_with(' ')).then_some(level)
}
