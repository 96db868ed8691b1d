//! References from the code and its papers to the papers: each leads somewhere.
//!
//! Owns what a reference looks like: § and a number, an appendix, D and a number, a link in Markdown.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::tree::{Fault, Source, all_files, catches, hold_in, passes};

/// Lines of the README that a reader goes through before trying something.
const README_LINES: usize = 200;

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn paper(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What the headings of the reference are numbered with: `4`, `4.5`, `A`, `A.1`.
fn sections() -> BTreeSet<String> {
    let reference = paper("etc/reference/alertmanager.md");
    let headings = reference.lines().filter(|line| line.starts_with('#'));
    let numbers = headings.filter_map(|line| {
        let title = line.trim_start_matches('#').trim_start();
        let title = title.strip_prefix("Appendix ").unwrap_or(title);
        title.split_whitespace().next()
    });
    numbers
        .map(|number| number.trim_end_matches('.').to_owned())
        .collect()
}

/// The entries of the list of differences: `D1`.
fn differences() -> BTreeSet<String> {
    let list = paper("etc/differences.md");
    let entries = list.lines().filter_map(|line| line.strip_prefix("**"));
    entries
        .filter_map(|line| line.split_once(". "))
        .map(|(number, _)| number.to_owned())
        .collect()
}

/// What follows `mark` as far as `is_part` holds, for each mark in a line.
fn after<'l>(line: &'l str, mark: &str, is_part: fn(char) -> bool) -> Vec<&'l str> {
    let found = line.split(mark).skip(1);
    found
        .map(|rest| {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            rest[..end].trim_end_matches('.')
        })
        .collect()
}

fn sections_that_are_not_there(file: &Source) -> Vec<Fault> {
    if file.path.starts_with("etc/reference/") || !is_ours(&file.path) {
        return Vec::new();
    }
    let sections = sections();
    let mut faults = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let is_part = |c: char| c.is_ascii_digit() || c == '.';
        let numbered = after(line, "\u{a7}", is_part);
        let numbered = numbered.into_iter().filter(|number| !number.is_empty());
        let appendices = after(line, "Appendix ", |c| c.is_ascii_uppercase());
        let missing = numbered
            .chain(appendices)
            .filter(|one| !one.is_empty() && !sections.contains(*one));
        faults.extend(missing.map(|one| Fault {
            line: number + 1,
            what: format!("etc/reference/alertmanager.md has no section {one}; a section of another text is written out"),
        }));
    }
    faults
}

fn differences_that_are_not_there(file: &Source) -> Vec<Fault> {
    let is_scenario = file.path.starts_with("tests/peer/scenarios/");
    let names_them = is_scenario || file.path.starts_with("src/") || file.path.starts_with("etc/");
    if !names_them || file.path.starts_with("etc/reference/") || file.path.ends_with(".svg") {
        return Vec::new();
    }
    let known = differences();
    let mut faults = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        let named = words.filter(|word| {
            let digits = word.strip_prefix('D').unwrap_or_default();
            (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let missing = named.filter(|name| !known.contains(*name));
        faults.extend(missing.map(|name| Fault {
            line: number + 1,
            what: format!("etc/differences.md has no entry {name}"),
        }));
    }
    faults
}

fn links_that_lead_nowhere(file: &Source) -> Vec<Fault> {
    if !file.path.ends_with(".md") || file.path.starts_with("etc/reference/") {
        return Vec::new();
    }
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut faults = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for target in after(line, "](", |c| c != ')' && c != ' ') {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || path.is_empty();
            if !is_elsewhere && !top().join(folder).join(path).exists() {
                faults.push(Fault {
                    line: number + 1,
                    what: format!("{path} is not there"),
                });
            }
        }
    }
    faults
}

fn readme_too_long(file: &Source) -> Vec<Fault> {
    if file.path != "README.md" || file.text.lines().count() <= README_LINES {
        return Vec::new();
    }
    vec![Fault {
        line: README_LINES + 1,
        what: "the README is for a first look; move what is looked up to a page in etc/".into(),
    }]
}

/// Whether a file may speak of sections. Samples of the peers may hold any text.
fn is_ours(path: &str) -> bool {
    path.starts_with("src/") || path.starts_with("etc/") || path.ends_with(".rs")
}

#[test]
fn every_section_of_the_reference_that_is_named_is_there() {
    hold_in(&all_files(), sections_that_are_not_there);
    let sample = |section: &str| format!("//! The rule of {}{section}.", '\u{a7}');
    catches(sections_that_are_not_there, "src/a.rs", &sample("99.1"));
    passes(sections_that_are_not_there, "src/a.rs", &sample("4.5"));
}

#[test]
fn every_difference_that_is_named_is_listed() {
    hold_in(&all_files(), differences_that_are_not_there);
    let rule = differences_that_are_not_there;
    catches(rule, "tests/peer/scenarios/01.txt", "differs: D99");
    passes(rule, "tests/peer/scenarios/01.txt", "differs: D1");
}

#[test]
fn every_link_of_a_paper_leads_somewhere() {
    hold_in(&all_files(), links_that_lead_nowhere);
    catches(
        links_that_lead_nowhere,
        "etc/a.md",
        "see [it](nowhere.md#a)",
    );
    passes(
        links_that_lead_nowhere,
        "etc/a.md",
        "see [it](../README.md)",
    );
}

#[test]
fn the_readme_is_short() {
    hold_in(&all_files(), readme_too_long);
    catches(
        readme_too_long,
        "README.md",
        &"line\n".repeat(README_LINES + 1),
    );
}
