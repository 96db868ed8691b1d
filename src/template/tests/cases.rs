//! Tests that templates render the same text as in amtool.

use super::rendered;

/// Templates that we treat otherwise, and why.
const KNOWN_DIFFERENCES: [(&str, &str); 4] = [
    (
        r#"{{ .CommonLabels.Names.Join "," }}"#,
        "Alertmanager has it since 0.34",
    ),
    (
        "{{ call .Status }}",
        "our message does not repeat the expression",
    ),
    ("{{ .Foo. }}", "gotmpl's parser takes the point for nothing"),
    (
        "{{ /* c */ }}",
        "gotmpl's parser lets blanks stand before a comment",
    ),
];

/// A template of the file, and what amtool makes of it.
struct Case {
    template: String,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    Text(String),
    Fault(String),
    Refusal,
}

fn cases() -> Vec<Case> {
    let file = include_str!("../../../tests/peer/templates.txt");
    let blocks = file.split("\n\n").map(str::trim_start);
    blocks
        .filter(|block| block.starts_with("? "))
        .map(read)
        .collect()
}

fn read(block: &str) -> Case {
    let lines_with = |mark: &str| -> Vec<&str> {
        let lines = block.lines().filter_map(|line| line.strip_prefix(mark));
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect()
    };
    let expected = if block.contains("\n!!") {
        Expected::Refusal
    } else {
        match lines_with("!").first() {
            Some(fault) => Expected::Fault((*fault).to_owned()),
            None => Expected::Text(lines_with("=").join("\n")),
        }
    };
    Case {
        template: lines_with("?").join("\n"),
        expected,
    }
}

/// The differences from the expected results.
fn difference(case: &Case) -> Option<String> {
    let actual = rendered(&case.template);
    let agrees = match (&case.expected, &actual) {
        (Expected::Text(expected), Ok(actual)) => expected == actual,
        (Expected::Fault(expected), Err(fault)) => fault.text.ends_with(&format!(">: {expected}")),
        (Expected::Refusal, Err(fault)) => !fault.text.contains("executing"),
        _ => false,
    };
    let told = actual.unwrap_or_else(|fault| format!("! {}", fault.text));
    (!agrees).then(|| {
        format!(
            "{}\n  expected {:?}\n  got      {told:?}",
            case.template, case.expected
        )
    })
}

#[test]
fn templates_render_as_amtool_renders_them() {
    let cases = cases();
    assert!(cases.len() > 200, "only {} cases were read", cases.len());
    let is_known = |case: &Case| {
        KNOWN_DIFFERENCES
            .iter()
            .any(|(template, _)| *template == case.template)
    };
    let differences: Vec<String> = cases
        .iter()
        .filter(|case| !is_known(case))
        .filter_map(difference)
        .collect();
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn known_differences_still_differ() {
    for case in cases() {
        let known = KNOWN_DIFFERENCES
            .iter()
            .find(|(template, _)| *template == case.template);
        if let Some((template, why)) = known {
            assert!(
                difference(&case).is_some(),
                "no longer differs: {template} ({why})"
            );
        }
    }
}
