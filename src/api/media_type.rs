//! The syntax of a header that names a media type, as Go's `mime` reads it.
//!
//! Owns what is wrong with one, in Go's words, because senders see them (§10.2). Pure; runs on the
//! connections' threads.

use std::collections::BTreeMap;

/// Characters that no token has.
const SPECIAL: &str = "()<>@,;:\\\"/[]?=";

/// What is wrong with a media type and its parameters; `None` if nothing is.
pub fn fault(given: &str) -> Option<String> {
    let (name, parameters) = given.split_at(given.find(';').unwrap_or(given.len()));
    fault_of_name(name.trim()).or_else(|| fault_of_parameters(parameters).map(str::to_owned))
}

fn fault_of_name(name: &str) -> Option<String> {
    let (kind, rest) = split_token(name);
    if kind.is_empty() {
        return Some("mime: no media type".to_owned());
    }
    if rest.is_empty() {
        return Some(format!("mediatype: malformed: \"{name}\" has no subtype"));
    }
    let Some(rest) = rest.strip_prefix('/') else {
        return Some("mime: expected slash after first token".to_owned());
    };
    match split_token(rest) {
        ("", _) => Some("mime: expected token after slash".to_owned()),
        (_, "") => None,
        _ => Some("mime: unexpected content after media subtype".to_owned()),
    }
}

/// A lone semicolon at the end is no fault.
fn fault_of_parameters(mut rest: &str) -> Option<&'static str> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.trim_end() == ";" {
            return None;
        }
        let Some((name, value, after)) = split_parameter(rest) else {
            return Some("mime: invalid media parameter");
        };
        if *seen.entry(name).or_insert_with(|| value.clone()) != value {
            return Some("mime: duplicate parameter name");
        }
        rest = after;
    }
}

/// The name in lower case, the value, and what follows. Only a quoted value may be empty.
fn split_parameter(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = split_token(text.strip_prefix(';')?.trim_start());
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => split_quoted(quoted)?,
        None => match split_token(rest) {
            ("", _) => return None,
            (value, rest) => (value.to_owned(), rest),
        },
    };
    (!name.is_empty()).then(|| (name.to_ascii_lowercase(), value, rest))
}

/// Up to the closing quote. A backslash stands for itself unless it precedes a special character.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next_if(|(_, next)| SPECIAL.contains(*next)) {
                Some((_, next)) => value.push(next),
                None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    None
}

fn split_token(text: &str) -> (&str, &str) {
    let end = text.find(|character| !is_token_char(character));
    text.split_at(end.unwrap_or(text.len()))
}

fn is_token_char(character: char) -> bool {
    character.is_ascii_graphic() && !SPECIAL.contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_ones_have_no_fault() {
        for given in [
            "application/json",
            "a/b;",
            "a/b ; c=d",
            "a/b;c=d;c=d",
            "a/b; C=\"\"",
            "a/b; c=\"d;\\\"e\"",
            "a/b; c=d ;",
        ] {
            assert_eq!(fault(given), None, "{given}");
        }
    }

    #[test]
    fn many_parameters_are_compared_each_with_its_own_name() {
        let many: String = (0..5200).map(|n| format!(";p{n}=v")).collect();
        assert_eq!(fault(&format!("a/b{many}")), None);
        let expected = Some("mime: duplicate parameter name");
        assert_eq!(fault(&format!("a/b{many};p7=w")).as_deref(), expected);
    }

    #[test]
    fn faults_are_told_in_the_words_of_go() {
        let table = [
            ("/", "mime: no media type"),
            ("json", "mediatype: malformed: \"json\" has no subtype"),
            ("a b/c", "mime: expected slash after first token"),
            ("a/", "mime: expected token after slash"),
            ("a/b c", "mime: unexpected content after media subtype"),
            ("a/b; c", "mime: invalid media parameter"),
            ("a/b; c=", "mime: invalid media parameter"),
            ("a/b; =c", "mime: invalid media parameter"),
            ("a/b; c=\"d", "mime: invalid media parameter"),
            ("a/b; c=d e", "mime: invalid media parameter"),
            ("a/b; c=d; C=e", "mime: duplicate parameter name"),
        ];
        for (given, expected) in table {
            assert_eq!(fault(given).as_deref(), Some(expected), "{given}");
        }
    }
}
