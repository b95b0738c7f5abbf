//! Names of files, as the editor and as the compiler have them.
//!
//! `file:///w/caf%C3%A9.scope` under the workspace `/w` → the path `/w/café.scope` → the compiler's name `café.scope`, as a
//! person would type it there. Texts without a file (`untitled:1`) keep their address as their name.

use std::fmt::Write as _;

/// The absolute path of a `file:` address; `None` for any other.
pub fn path_of(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("file://")?;
    // An authority other than this machine is not ours.
    let start = rest.find('/')?;
    let path = decoded(&rest[start..])?;
    let bytes = path.as_bytes();
    let is_drive = bytes.len() > 2 && bytes[0] == b'/' && bytes[1].is_ascii_alphabetic() && bytes[2] == b':';
    Some(if is_drive { path[1..].to_owned() } else { path })
}

/// The address of an absolute path.
pub fn uri_of(path: &str) -> String {
    let mut uri = "file://".to_owned();
    if !path.starts_with('/') {
        uri.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a String takes any text");
        }
    }
    uri
}

/// The path without `.` and `..`, from `root` where it is relative. Nothing is looked up.
pub fn absolute(root: &str, path: &str) -> String {
    let is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    let whole = if is_absolute { path.to_owned() } else { format!("{root}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if whole.starts_with('/') { format!("/{joined}") } else { joined }
}

/// The compiler's name of an absolute path: relative to the root where it lies below it.
pub fn name_of(root: &str, path: &str) -> String {
    match path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')) {
        Some(below) if !root.is_empty() && !below.is_empty() => below.to_owned(),
        _ => path.to_owned(),
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' && tail.len() >= 2 {
            let hex = std::str::from_utf8(&tail[..2]).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for path in ["/w/café €.scope", "/a/b-c_d~e.scope", "/x%y#z?.scope"] {
            assert_eq!(path_of(&uri_of(path)).as_deref(), Some(path));
        }
        assert_eq!(path_of("file:///c%3A/w/a.scope").as_deref(), Some("c:/w/a.scope"));
        assert_eq!(uri_of("c:/w"), "file:///c:/w");
        assert_eq!(path_of("untitled:1"), None);
        assert_eq!(path_of("file:///%zz"), None);
        assert_eq!(path_of("file:///%f"), Some("/%f".to_owned()));
    }

    #[test]
    fn names_are_as_one_would_type_them() {
        assert_eq!(name_of("/w", "/w/a/b.scope"), "a/b.scope");
        assert_eq!(name_of("/w", "/world/b.scope"), "/world/b.scope");
        assert_eq!(name_of("", "/b.scope"), "/b.scope");
        assert_eq!(absolute("/w", "a/../b/./c.scope"), "/w/b/c.scope");
        assert_eq!(absolute("/w", "../x.scope"), "/x.scope");
        assert_eq!(absolute("/w", "/y//z.scope"), "/y/z.scope");
    }
}
