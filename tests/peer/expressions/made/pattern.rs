//! Generates calls of `match` and `reReplaceAll`: patterns with all of RE2's syntax, on short texts of few letters.

use alertwheel::model::go_quote;

use crate::random::Choices;

const ATOMS: [&str; 40] = [
    "a",
    "a",
    "b",
    "b",
    "c",
    "ab",
    ".",
    ".",
    "é",
    "1",
    "-",
    " ",
    "[ab]",
    "[^a]",
    "[a-c]",
    "[^-b]",
    "\\d",
    "\\D",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "[[:alpha:]]",
    "[^[:digit:]]",
    "\\pL",
    "\\p{Lu}",
    "\\b",
    "\\B",
    "^",
    "$",
    "\\A",
    "\\z",
    "\\Qa.\\E",
    "\\.",
    "\\x61",
    "\\n",
    "(?i)",
    "(?s)",
    "(?U)",
    "(?m)",
];

const ODD: [&str; 28] = [
    "(",
    ")",
    "[",
    "a**",
    "*",
    "\\C",
    "\\Z",
    "\\1",
    "\\8",
    "(?=a)",
    "(?!a)",
    "(?<n>a)",
    "(?P<n>a)",
    "(?P<1>a)",
    "(?P<n>a)(?P<n>b)",
    "(?P<a b>c)",
    "a{2,1}",
    "a{1001}",
    "a{,2}",
    "x{",
    "(?x)a",
    "[z-a]",
    "[[:foo:]]",
    "\\pZ\\p{Foo}",
    "\\",
    "(?i-s:A.)",
    "(?-U)a+?",
    "[]a]",
];

const REPETITIONS: [&str; 12] = [
    "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{1,2}?", "{0,1}", "{2,}?", "{0}",
];

const REPLACEMENTS: [&str; 18] = [
    "", "-", "[$0]", "[$1|$2]", "<${1}>", "$1x", "${1}x", "$$", "$", "${}", "${-1}", "${1", "$n",
    "${n}", "a$1$0b", "$01", "\\1", "$1$",
];

fn pattern(choices: &mut Choices, depth: usize) -> String {
    let mut pattern = String::new();
    for _ in 0..1 + choices.below(3) {
        let mut piece = if depth > 0 && choices.happens(35) {
            let inner = pattern_or_nothing(choices, depth - 1);
            let open = choices.one_of(&["(", "(", "(", "(?:", "(?P<n>", "(?i:", "(?U:", "(?s-m:"]);
            format!("{open}{inner})")
        } else {
            choices.one_of(&ATOMS).to_owned()
        };
        if choices.happens(45) {
            piece.push_str(choices.one_of(&REPETITIONS));
        }
        pattern.push_str(&piece);
    }
    if choices.happens(20) {
        let other = pattern_or_nothing(choices, depth.saturating_sub(1));
        pattern = format!("{pattern}|{other}");
    }
    pattern
}

fn pattern_or_nothing(choices: &mut Choices, depth: usize) -> String {
    if choices.happens(8) {
        String::new()
    } else {
        pattern(choices, depth)
    }
}

fn subject(choices: &mut Choices) -> String {
    let letters = [
        "a", "a", "b", "b", "c", "A", "B", "1", "-", ".", " ", "\n", "é", "ab", "<a>", "K",
        "\u{212a}",
    ];
    (0..choices.below(9))
        .map(|_| choices.one_of(&letters))
        .collect()
}

/// A call with a pattern that is mostly sound.
pub fn call(choices: &mut Choices) -> String {
    let pattern = if choices.happens(12) {
        choices.one_of(&ODD).to_owned()
    } else {
        pattern(choices, 3)
    };
    let (pattern, subject) = (go_quote(&pattern), go_quote(&subject(choices)));
    if choices.happens(20) {
        return format!("match {pattern} {subject}");
    }
    let replacement = go_quote(choices.one_of(&REPLACEMENTS));
    format!("reReplaceAll {pattern} {replacement} {subject}")
}
