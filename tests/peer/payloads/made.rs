//! Generates texts of payloads from a seed.
//!
//! Owns the parts of the texts: those that people write into payloads, and those with a meaning in YAML
//! (words, numbers, lists, maps, quotes, comments, marks of every kind). Infinity is not among them, because
//! Alertmanager posts nothing at all for it.

use crate::random::Choices;

/// Whole texts, as chats and tickets have them.
const WRITTEN: [&str; 87] = [
    "",
    " ",
    "\n",
    "~",
    "null",
    "Null",
    "nUll",
    "yes",
    "Yes",
    "YES",
    "no",
    "No",
    "on",
    "Off",
    "y",
    "N",
    "true",
    "True",
    "TRUE",
    "tRUE",
    "false",
    "=",
    "<<",
    "---",
    "...",
    "--- x",
    "- ",
    "-",
    "-5",
    "+49123",
    "+49 123 456",
    "0123",
    "089",
    "0o17",
    "0x1F",
    "0xZ",
    "0b101",
    "1_000",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "9223372036854775807",
    "99999999999999999999",
    "1.5",
    "1.10",
    ".5",
    "5.",
    "-.5",
    "1e3",
    "1E-7",
    "1e+3",
    "1.5e3",
    "123456789.123456789123",
    "1.2.3",
    "10.0.0.1",
    "12:30",
    "12:30:45",
    "2026-01-02",
    "2026-01-02T03:04:05Z",
    "#ff0000",
    "# Disk full",
    "#ops",
    "5 # five",
    "no # 3 is down",
    "a # b",
    "[FIRING:3] DiskFull web1",
    "[FIRING]: DiskFull",
    "[a, b]: c",
    "{web1}: down",
    "{a, b}",
    "}",
    "[",
    "]",
    "@here",
    "`code`",
    "%3 full",
    "!channel disk",
    "!here",
    "&amp; x",
    "*bold* x",
    "*bold*: x",
    "? x",
    "| x",
    "> quoted",
    "'single'",
    "\"double\"",
];

const WORDS: [&str; 34] = [
    "firing",
    "FIRING",
    "resolved",
    "web1",
    "DiskFull",
    "95%",
    "yes",
    "no",
    "on",
    "null",
    "~",
    "5",
    "1.5",
    "0x10",
    "010",
    "+1",
    ":fire:",
    "#3",
    "é",
    "🔥",
    "a.b.c",
    "10.0.0.1:9100",
    "x-y",
    "http://x/y?z#f",
    "\"q\"",
    "'q'",
    "\"yes\"",
    "'no'",
    "*",
    "_x_",
    "<b>",
    "a,b",
    "[x]",
    "{y}",
];

const SEPARATORS: [&str; 14] = [
    " ", " ", " ", ": ", ": ", ", ", "\n", "\n", " - ", " # ", ":", "\n\n", " | ", "\n  ",
];

const BEGINNINGS: [&str; 18] = [
    "", "", "", "", "- ", "* ", "# ", "> ", "| ", "|\n  ", ">-\n  ", "? ", "! ", "@", "`", "[",
    "{", "%",
];

/// A text.
pub fn text(choices: &mut Choices) -> String {
    match choices.below(10) {
        0 | 1 => choices.one_of(&WRITTEN).to_owned(),
        2..6 => sentence(choices),
        6 => flow(choices, 3),
        7 => block(choices, 3, 0),
        8 => lines(choices),
        _ => {
            let padding = choices.one_of(&["", " ", "\n", "  "]);
            format!("{padding}{}{padding}", scalar(choices))
        }
    }
}

/// Words with something between them.
fn sentence(choices: &mut Choices) -> String {
    let mut text = choices.one_of(&BEGINNINGS).to_owned();
    text.push_str(choices.one_of(&WORDS));
    for _ in 0..choices.below(5) {
        text.push_str(choices.one_of(&SEPARATORS));
        text.push_str(choices.one_of(&WORDS));
    }
    text
}

/// Lines that look like those of a map, whose keys may be any words.
fn lines(choices: &mut Choices) -> String {
    let lines = (0..1 + choices.below(4)).map(|_| {
        let key = choices.one_of(&WORDS);
        format!("{key}: {}", choices.one_of(&WORDS))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn scalar(choices: &mut Choices) -> String {
    let quoted = [
        "\"yes\"",
        "'no'",
        "\"5\"",
        "'a: b'",
        "\"a\\nb\"",
        "\"\\u00e9\"",
        "'it''s'",
        "\"{\"",
    ];
    match choices.below(4) {
        0 => choices.one_of(&quoted).to_owned(),
        1 => number(choices),
        _ => choices.one_of(&WORDS).to_owned(),
    }
}

/// Digits in any of the forms that YAML and Go know, and others.
fn number(choices: &mut Choices) -> String {
    let signs = ["", "", "", "-", "+"];
    let bases = ["", "", "", "", "0", "0x", "0o", "0b", "0X"];
    let fractions = ["", "", "", ".", ".5", ".125", ".1.1", "e3", "E-2", "e"];
    let mut text = String::from(choices.one_of(&signs));
    text.push_str(choices.one_of(&bases));
    for _ in 0..1 + choices.below(6) {
        text.push_str(choices.one_of(&["0", "1", "1", "2", "7", "9", "8", "_", "a"]));
    }
    text.push_str(choices.one_of(&fractions));
    text
}

/// A list or a map in brackets, as JSON has them.
fn flow(choices: &mut Choices, depth: usize) -> String {
    let value = |choices: &mut Choices| match depth > 1 && choices.happens(35) {
        true => flow(choices, depth - 1),
        false => scalar(choices),
    };
    let count = choices.below(4);
    if choices.happens(50) {
        let items: Vec<String> = (0..count).map(|_| value(choices)).collect();
        return format!("[{}]", items.join(", "));
    }
    let entries: Vec<String> = (0..count)
        .map(|_| {
            let key = choices
                .one_of(&["a", "\"b\"", "'c'", "d e", "x1", "yes", "5", "\"f\""])
                .to_owned();
            format!("{key}: {}", value(choices))
        })
        .collect();
    format!("{{{}}}", entries.join(", "))
}

/// A list or a map over several lines.
fn block(choices: &mut Choices, depth: usize, indent: usize) -> String {
    let is_list = choices.happens(50);
    let mut out = String::new();
    for _ in 0..1 + choices.below(3) {
        let key = choices
            .one_of(&["a", "b", "c", "\"d\"", "x y", "on", "7"])
            .to_owned();
        let head = if is_list {
            "-".to_owned()
        } else {
            format!("{key}:")
        };
        out.push_str(&format!("{}{head}", " ".repeat(indent)));
        match choices.below(6) {
            0 if depth > 1 => out.push_str(&format!("\n{}", block(choices, depth - 1, indent + 2))),
            1 => out.push_str(&format!(" {}\n", flow(choices, 2))),
            2 => out.push_str(&format!(" {} # note\n", scalar(choices))),
            3 => out.push_str(&format!(" |\n{}two\n", " ".repeat(indent + 2))),
            _ => out.push_str(&format!(" {}\n", scalar(choices))),
        }
    }
    out
}
