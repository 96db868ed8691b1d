//! Sizes and heads of files, and what no line may say.
//!
//! Owns the limits of a reader's patience. Tests are held to the same ones.

use crate::code::{functions, tokens};
use crate::tree::{Fault, Source, catches, hold, passes};

/// Lines of a file.
const FILE_LINES: usize = 600;

/// Lines of a function, from `fn` to its last brace.
const FUNCTION_LINES: usize = 70;

/// Functions that may be longer, each with the reason; the aim is that there are none.
const LONG_FUNCTIONS: [(&str, &str); 0] = [];

fn head_missing(file: &Source) -> Vec<Fault> {
    if file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![Fault {
        line: 1,
        what: "open with `//!`: what this owns, what it never does, which thread runs it".into(),
    }]
}

fn file_too_long(file: &Source) -> Vec<Fault> {
    let lines = file.text.lines().count();
    if lines <= FILE_LINES {
        return Vec::new();
    }
    vec![Fault {
        line: lines,
        what: format!("{lines} lines; past {FILE_LINES} a file has two subjects, so make it two"),
    }]
}

fn functions_too_long(file: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, line, lines) in functions(&file.code) {
        let is_allowed = LONG_FUNCTIONS
            .iter()
            .any(|(path, long)| *path == file.path && *long == name);
        if lines > FUNCTION_LINES && !is_allowed {
            faults.push(Fault {
                line,
                what: format!("{name} has {lines} lines; name its steps and make them functions"),
            });
        }
    }
    faults
}

fn unfinished_or_hushed(file: &Source) -> Vec<Fault> {
    let tokens = tokens(&file.code);
    let mut faults = Vec::new();
    for (at, (line, word)) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map_or("", |token| token.1);
        let before = at.checked_sub(1).map_or("", |at| tokens[at].1);
        let is_attribute = matches!(before, "[" | ",") && matches!(next, "]" | "(" | "=");
        let what = match *word {
            "todo" | "unimplemented" | "dbg" if next == "!" => "finish it, or leave it out",
            "unsafe" => "there is a safe way, and a crate for it",
            "ignore" if is_attribute => "a test that is not run proves nothing; mend it or drop it",
            "should_panic" if is_attribute => "say which error comes back, and compare with that",
            "allow" if is_attribute => {
                "use #[expect(..., reason = \"...\")], which goes stale aloud"
            }
            "expect" if is_attribute && before == "[" && !has_reason(&tokens[at..]) => {
                "give the expectation a reason"
            }
            _ => continue,
        };
        faults.push(Fault {
            line: *line,
            what: format!("{word}: {what}"),
        });
    }
    faults
}

/// Bounds that do not say why they are what they are.
fn bounds_without_reason(file: &Source) -> Vec<Fault> {
    if file.path != "src/limits.rs" && !file.path.starts_with("src/limits/") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut before = "";
    for (number, line) in file.text.lines().enumerate() {
        if line.starts_with("pub const") && !before.starts_with("///") {
            faults.push(Fault {
                line: number + 1,
                what: "say above the bound what it bounds and why it is what it is".into(),
            });
        }
        before = line;
    }
    faults
}

/// Whether the attribute that these tokens begin in says `reason`.
fn has_reason(tokens: &[(usize, &str)]) -> bool {
    let attribute = tokens.iter().take_while(|token| token.1 != "]");
    attribute.into_iter().any(|token| token.1 == "reason")
}

#[test]
fn every_file_opens_with_what_it_owns() {
    hold(head_missing);
    catches(head_missing, "src/x.rs", "use std::fmt;");
    passes(head_missing, "src/x.rs", "//! Owns x.");
}

#[test]
fn no_file_is_longer_than_600_lines() {
    hold(file_too_long);
    catches(file_too_long, "src/x.rs", &"\n".repeat(601));
    passes(file_too_long, "src/x.rs", &"\n".repeat(600));
}

#[test]
fn no_function_is_longer_than_70_lines() {
    hold(functions_too_long);
    let long = |lines: usize| format!("fn f() {{{}}}", "\n".repeat(lines - 1));
    assert_eq!(
        functions_too_long(&Source::new("src/x.rs", &long(71), false)).len(),
        1
    );
    passes(functions_too_long, "src/x.rs", &long(70));
}

#[test]
fn nothing_is_unfinished_unsafe_or_hushed() {
    hold(unfinished_or_hushed);
    let rule = unfinished_or_hushed;
    for line in [
        "fn f() { todo!() }",
        "unsafe { f() }",
        "#[ignore]",
        "#[ignore = \"slow\"]",
        "#[should_panic(expected = \"x\")]",
        "#![allow(dead_code)]",
        "#[cfg_attr(test, allow(dead_code))]",
        "#[expect(dead_code)]",
        "let x = dbg!(y);",
    ] {
        catches(rule, "src/x.rs", &format!("//! unsafe\n{line}"));
    }
    passes(
        rule,
        "src/x.rs",
        "#[expect(dead_code, reason = \"x\")]\nfn allow() { x.expect(\"y\"); }",
    );
}

#[test]
fn every_bound_has_a_reason() {
    hold(bounds_without_reason);
    let rule = bounds_without_reason;
    catches(
        rule,
        "src/limits.rs",
        "/// Why.\npub const A: usize = 1;\npub const B: usize = 2;",
    );
}
