//! Tests that amtool renders as templates.txt says. A unit test of `src/template`, which needs no amtool,
//! checks that our templates do the same.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer");

/// A template of the file and the lines that say what becomes of it, with their marks.
struct Case<'f> {
    template: String,
    outcome: Vec<&'f str>,
}

/// The real amtool: in the folder that `ALERTWHEEL_PEERS` names, or in `peers`. Without it the test
/// says so; in CI, where one that skips would pass for one that proves something, it fails.
fn amtool() -> Option<PathBuf> {
    let named = env::var_os("ALERTWHEEL_PEERS").filter(|folder| !folder.is_empty());
    let folder = named.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("peers"),
        PathBuf::from,
    );
    let amtool = folder.join("bin/amtool");
    if amtool.is_file() {
        return Some(amtool);
    }
    assert!(
        env::var_os("CI").is_none(),
        "{} is missing, and CI may not skip",
        amtool.display()
    );
    let _ = writeln!(
        io::stderr(),
        "templates skip: {} is missing",
        amtool.display()
    );
    None
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let blocks = file.split("\n\n").map(str::trim_start);
    blocks
        .filter(|block| block.starts_with("? "))
        .map(read)
        .collect()
}

fn read(block: &str) -> Case<'_> {
    let asked: Vec<&str> = block
        .lines()
        .map_while(|line| line.strip_prefix("? "))
        .collect();
    Case {
        template: asked.join("\n"),
        outcome: block.lines().skip(asked.len()).collect(),
    }
}

/// What amtool makes of `template`, in the form of the file.
fn outcome(amtool: &Path, template: &str) -> Vec<String> {
    let answer = Command::new(amtool)
        .args([
            "template",
            "render",
            "--template.glob=nothing-has-this-name",
        ])
        .arg(format!("--template.data={HERE}/templates.json"))
        .arg(format!("--template.text={template}"))
        .output()
        .expect("amtool starts");
    if answer.status.success() {
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        return text
            .split('\n')
            .map(|line| format!("= {line}").trim_end().to_owned())
            .collect();
    }
    let error = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
    if error.contains("executing") {
        vec![error]
    } else {
        vec!["!!".to_owned()]
    }
}

/// A fault of the file is the end of amtool's.
fn agrees(expected: &[&str], actual: &[String]) -> bool {
    match (expected, actual) {
        ([fault], [error]) if fault.starts_with("! ") => error.ends_with(&fault[1..]),
        _ => {
            let expected: Vec<&str> = expected.iter().map(|line| line.trim_end()).collect();
            expected == actual
        }
    }
}

#[test]
fn amtool_renders_what_the_file_says() {
    let Some(amtool) = amtool() else {
        return;
    };
    let file = std::fs::read_to_string(format!("{HERE}/templates.txt")).expect("the file is there");
    let cases = cases(&file);
    assert!(cases.len() > 200, "only {} cases were read", cases.len());
    let mut differences = Vec::new();
    for Case {
        template,
        outcome: expected,
    } in &cases
    {
        let actual = outcome(&amtool, template);
        // Some builds of amtool come without the built-in templates.
        let lacks_built_in =
            template.contains("template \"__") && actual[0].contains("not defined");
        if !agrees(expected, &actual) && !lacks_built_in {
            differences.push(format!(
                "{template}\n  expected {expected:?}\n  got      {actual:?}"
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
