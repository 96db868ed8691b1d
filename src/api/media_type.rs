//! The syntax of a header that names a media type, as Go's `mime` reads it.
//!
//! Owns the rules for malformed headers, which are answered 400 and not 415 (§10.2). Pure; runs on the
//! connections' threads.

use std::collections::BTreeMap;

/// The characters that a token may not contain.
const SPECIAL: &str = "()<>@,;:\\\"/[]?=";

/// Whether the header is a well-formed media type, with or without parameters.
pub fn is_sound(given: &str) -> bool {
    let (name, parameters) = given.split_at(given.find(';').unwrap_or(given.len()));
    let parts = name.trim().split_once('/');
    let has_both = parts.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    has_both && are_sound_parameters(parameters)
}

/// Whether the parameters are well-formed. A lone semicolon at the end is allowed.
fn are_sound_parameters(mut rest: &str) -> bool {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.trim_end() == ";" {
            return true;
        }
        let Some((name, value, after)) = split_parameter(rest) else {
            return false;
        };
        if *seen.entry(name).or_insert_with(|| value.clone()) != value {
            return false;
        }
        rest = after;
    }
}

/// Splits off one parameter: its name in lower case, its value, and the rest. Only a quoted value may be
/// empty.
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

/// Splits at the closing quote. A backslash is literal unless it precedes a special character.
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

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

fn is_token_char(character: char) -> bool {
    character.is_ascii_graphic() && !SPECIAL.contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_ones_are_told_from_broken_ones() {
        for given in [
            "application/json",
            "a/b;",
            "a/b ; c=d",
            "a/b;c=d;c=d",
            "a/b; C=\"\"",
            "a/b; c=\"d;\\\"e\"",
            "a/b; c=d ;",
        ] {
            assert!(is_sound(given), "{given}");
        }
        for given in [
            "",
            "/",
            "json",
            "a b/c",
            "a/",
            "a/b c",
            "a/b; c",
            "a/b; c=",
            "a/b; =c",
            "a/b; c=\"d",
            "a/b; c=d e",
            "a/b; c=d; C=e",
        ] {
            assert!(!is_sound(given), "{given}");
        }
    }

    #[test]
    fn many_parameters_are_compared_each_with_its_own_name() {
        let many: String = (0..5200).map(|n| format!(";p{n}=v")).collect();
        assert!(is_sound(&format!("a/b{many}")));
        assert!(!is_sound(&format!("a/b{many};p7=w")));
    }
}
