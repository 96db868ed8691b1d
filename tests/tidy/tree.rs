//! The files of the project, and how rules are held against them.
//!
//! Owns the walk and the words of a failure. What `.gitignore` names is not read.

use std::fs;
use std::path::Path;

use crate::code;

/// A file with the views that rules look at.
pub struct Source {
    /// From the top of the project, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Rust without comments and the insides of texts; the lines are as in `text`.
    pub code: String,
    /// As `code`, without what is compiled for tests only.
    pub live: String,
}

/// A rule that is broken.
#[derive(Debug)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what to do instead.
    pub what: String,
}

/// One rule: the faults of one file.
pub type Rule = fn(&Source) -> Vec<Fault>;

impl Source {
    /// A file by path and content. `tests_only` says that no code of it is in the binary.
    pub fn new(path: &str, text: &str, tests_only: bool) -> Self {
        let code = code::without_comments(text);
        let live = if tests_only {
            String::new()
        } else {
            code::without_tests(&code)
        };
        Source {
            path: path.into(),
            text: text.into(),
            code,
            live,
        }
    }
}

/// Every file that is text, in the order of their paths.
pub fn all_files() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = fs::read_to_string(top.join(".gitignore")).expect("a .gitignore");
    let mut skipped = vec![".git".to_owned()];
    skipped.extend(
        ignored
            .lines()
            .map(|line| line.trim_matches('/').to_owned()),
    );
    let mut found = Vec::new();
    walk(top, "", &skipped, &mut found);
    found.sort();
    let for_tests = modules_for_tests(&found);
    found
        .iter()
        .map(|(path, text)| Source::new(path, text, is_tests_only(path, &for_tests)))
        .collect()
}

/// The Rust files under `src` and `tests`.
pub fn rust_files() -> Vec<Source> {
    let mut files = all_files();
    files.retain(|file| file.path.ends_with(".rs"));
    assert!(files.len() > 100, "most of the source tree was not found");
    files
}

/// Fails unless every Rust file keeps the rule, naming each place where one does not.
#[track_caller]
pub fn hold(rule: Rule) {
    hold_in(&rust_files(), rule);
}

/// As [`hold`], for these files.
#[track_caller]
pub fn hold_in(files: &[Source], rule: Rule) {
    let mut broken = String::new();
    for file in files {
        for fault in rule(file) {
            broken.push_str(&format!("\n  {}:{}: {}", file.path, fault.line, fault.what));
        }
    }
    assert!(broken.is_empty(), "{broken}\n");
}

/// Fails unless the rule finds fault with the last line of the sample, and with no other.
#[track_caller]
pub fn catches(rule: Rule, path: &str, sample: &str) {
    let lines: Vec<usize> = faults(rule, path, sample);
    let last = sample.lines().count();
    assert_eq!(lines, [last], "in {path}: {sample}");
}

/// Fails if the rule finds fault with the sample.
#[track_caller]
pub fn passes(rule: Rule, path: &str, sample: &str) {
    assert!(faults(rule, path, sample).is_empty(), "in {path}: {sample}");
}

/// Whether `path` is one of `places`: a file by its whole path, or a folder by its end in `/`.
pub fn is_in(path: &str, places: &[&str]) -> bool {
    places
        .iter()
        .any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)))
}

fn faults(rule: Rule, path: &str, sample: &str) -> Vec<usize> {
    let source = Source::new(path, sample, false);
    rule(&source).iter().map(|fault| fault.line).collect()
}

fn walk(folder: &Path, prefix: &str, skipped: &[String], found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if skipped.contains(&path) {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), skipped, found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push((path, text));
        }
    }
}

/// Modules, as paths without `.rs`, that are declared for tests only.
fn modules_for_tests(files: &[(String, String)]) -> Vec<String> {
    let mut modules = Vec::new();
    for (path, text) in files {
        let Some(module) = path.strip_suffix(".rs") else {
            continue;
        };
        let folder = module.strip_suffix("/mod").unwrap_or(module);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.trim() != "#[cfg(test)]" {
                continue;
            }
            let declared = lines.next().and_then(|next| {
                let next = next.trim().trim_start_matches("pub(crate) ");
                let name = next.strip_prefix("mod ")?;
                name.strip_suffix(';')
            });
            modules.extend(declared.map(|name| format!("{folder}/{name}")));
        }
    }
    modules
}

fn is_tests_only(path: &str, modules: &[String]) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || modules.iter().any(|module| {
            let rest = path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
}
