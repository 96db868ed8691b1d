//! Paths in a configuration file, which are relative to the file's folder.
//!
//! Owns how they are joined and cleaned, in Go's way, so that the shown configuration has the same paths.
//! Touches no file. Pure; runs on the thread that loads the configuration.

use std::path::Path;

/// `path` relative to `folder`. An empty or absolute path stays unchanged, and so does any path if there
/// is no folder.
pub fn resolve(folder: Option<&Path>, path: &str) -> String {
    match folder {
        Some(folder) if !path.is_empty() && !path.starts_with('/') => {
            clean(&folder.join(path).to_string_lossy())
        }
        _ => path.to_owned(),
    }
}

/// The path without empty parts, `.`, and pairs of a part and a following `..`.
fn clean(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    match (root, parts.join("/")) {
        ("", relative) if relative.is_empty() => ".".into(),
        (root, rest) => format!("{root}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(folder: &str, path: &str) -> String {
        resolve(Some(Path::new(folder)), path)
    }

    #[test]
    fn relative_paths_are_taken_from_the_folder() {
        assert_eq!(resolved("/etc/a", "b/*.tmpl"), "/etc/a/b/*.tmpl");
        assert_eq!(resolved("/etc/a", "../b//./c"), "/etc/b/c");
        assert_eq!(resolved("/", "../../b"), "/b");
        assert_eq!(resolved(".", "b"), "b");
        assert_eq!(resolved("a", "../../b"), "../b");
        assert_eq!(resolved("", "b"), "b");
        assert_eq!(resolved("a", ".."), ".");
    }

    #[test]
    fn other_paths_stay_as_they_are() {
        assert_eq!(resolved("/etc", "/x/../y"), "/x/../y");
        assert_eq!(resolved("/etc", ""), "");
        assert_eq!(resolve(None, "../x"), "../x");
    }
}
