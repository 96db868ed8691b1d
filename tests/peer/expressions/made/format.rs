//! Generates calls of `printf`: every verb with every flag, and invalid formats.

use alertwheel::model::go_quote;

use super::any;
use crate::random::Choices;

const VERBS: [&str; 30] = [
    "v", "v", "v", "s", "s", "d", "d", "q", "x", "X", "f", "F", "e", "E", "g", "G", "t", "T", "c",
    "U", "b", "o", "O", "w", "z", "é", "!", "%", "i", "p",
];

const FLAGS: [&str; 5] = ["+", "-", "#", " ", "0"];

const WIDTHS: [&str; 12] = [
    "", "", "", "", "1", "5", "8", "20", "05", "*", "[1]*", "12345678",
];

const PRECISIONS: [&str; 12] = [
    "", "", "", "", ".", ".0", ".1", ".3", ".12", ".*", ".[2]*", ".-3",
];

/// Formats that are odd as a whole.
const ODD: [&str; 24] = [
    "%",
    "a%",
    "%%",
    "%5%",
    "%-",
    "%.",
    "%[",
    "%[1",
    "%[1]",
    "%[]d",
    "%[0]d",
    "%[9]d",
    "%[x]d",
    "%[1]d %d",
    "%[2]d %[1]d",
    "%[2]*[1]d",
    "%[3]*.[2]*[1]f",
    "%d %d %s",
    "%1.2.3d",
    "%+-0 #d",
    "%v %",
    "%99999999d",
    "%.99999999d",
    "%*.*f",
];

fn directive(choices: &mut Choices) -> String {
    let mut directive = String::from("%");
    for flag in choices.some_of(&FLAGS, 18) {
        directive.push_str(flag);
    }
    if choices.happens(40) {
        let width = choices.one_of(&WIDTHS);
        // A wide one is too much for a line of a report, but for what is not understood.
        directive.push_str(if width.len() > 3 { "3" } else { width });
    }
    if choices.happens(35) {
        directive.push_str(choices.one_of(&PRECISIONS));
    }
    if choices.happens(4) {
        directive.push_str(choices.one_of(&["[1]", "[2]", "[3]"]));
    }
    directive.push_str(choices.one_of(&VERBS));
    directive
}

/// A call with as many values as directives, or one more or less.
pub fn call(choices: &mut Choices) -> String {
    let (format, directives) = if choices.happens(12) {
        (choices.one_of(&ODD).to_owned(), choices.below(4))
    } else {
        let directives = 1 + choices.below(2);
        let format: Vec<String> = (0..directives).map(|_| directive(choices)).collect();
        (format.join("|"), directives)
    };
    let count = match choices.below(12) {
        0 => directives + 1,
        1 => directives.saturating_sub(1),
        _ => directives + format.matches('*').count(),
    };
    let mut call = format!("printf {}", go_quote(&format));
    for _ in 0..count {
        call.push(' ');
        call.push_str(&any(choices));
    }
    call
}
