//! The files beside the code: the manifest, the stories, and what must not be in any file.
//!
//! Owns how little of TOML is needed to find dependencies.

use crate::tree::{Fault, Source, all_files, catches, hold_in, passes};

/// The dependencies that a manifest names: line from 1, name, and the line above.
pub fn dependencies(manifest: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    let mut is_within = false;
    let mut above = "";
    for (number, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            is_within = line.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once('=')
            && is_within
            && line.starts_with(|one: char| one.is_alphanumeric())
        {
            found.push((number + 1, name.trim().to_owned(), above.to_owned()));
        }
        above = line;
    }
    found
}

fn dependencies_without_reason(file: &Source) -> Vec<Fault> {
    if file.path != "Cargo.toml" {
        return Vec::new();
    }
    let found = dependencies(&file.text);
    let bare = found.iter().filter(|(_, _, above)| !above.starts_with('#'));
    bare.map(|(line, name, _)| Fault {
        line: *line,
        what: format!("say in a comment above what {name} is for"),
    })
    .collect()
}

/// Paths of somebody's machine. The words are put together here, so that this file has none.
fn paths_of_a_machine(file: &Source) -> Vec<Fault> {
    let places = ["work", "root", "home", "Users", "tmp/h", "tmp/peers"];
    let mut faults = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for place in places {
            let path = format!("/{place}/");
            let is_named = line.match_indices(&path).any(|(at, _)| {
                // Within a longer path or a URL it is none of a machine's.
                !line[..at].ends_with(|one: char| one.is_alphanumeric() || "}.*_-".contains(one))
            });
            if is_named {
                faults.push(Fault {
                    line: number + 1,
                    what: format!("{path} is a place on one machine; find the file another way"),
                });
            }
        }
    }
    faults
}

fn stories_without_title(file: &Source) -> Vec<Fault> {
    let is_story = file.path.starts_with("tests/stories/") && file.path.ends_with(".txt");
    let first = file.text.lines().next().unwrap_or_default();
    let is_title = first.starts_with(|one: char| one.is_uppercase()) && !first.ends_with(':');
    if !is_story || is_title {
        return Vec::new();
    }
    vec![Fault {
        line: 1,
        what: "open the story with a sentence that says what must happen, and why".into(),
    }]
}

#[test]
fn every_dependency_has_a_reason() {
    hold_in(&all_files(), dependencies_without_reason);
    let rule = dependencies_without_reason;
    catches(
        rule,
        "Cargo.toml",
        "[dependencies]\n# Why.\na = \"1\"\nb = \"1\"",
    );
    passes(rule, "Cargo.toml", "[profile.test]\nopt-level = 1");
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    hold_in(&all_files(), paths_of_a_machine);
    let sample = format!("a\nsee {}", ["", "home", "ann", "x"].join("/"));
    catches(paths_of_a_machine, "README.md", &sample);
    passes(paths_of_a_machine, "README.md", "http://a.example/work/x");
}

#[test]
fn every_story_opens_with_a_sentence() {
    hold_in(&all_files(), stories_without_title);
    catches(stories_without_title, "tests/stories/x.txt", "config:");
    passes(
        stories_without_title,
        "tests/stories/x.txt",
        "A group waits.\n\nconfig:",
    );
}
