//! Rust as far as the rules need it: what is code, what is for tests, and which paths are named.
//!
//! Owns a reader that knows comments, texts, attributes and `use` trees, and no more grammar. It
//! keeps the lines where they are, so that a fault can be pointed at.

/// A path as written, such as `crate::model::Labels`; imports are spelled out one by one.
#[derive(Debug, PartialEq, Eq)]
pub struct Mention {
    /// Counted from 1.
    pub line: usize,
    /// Its parts.
    pub path: Vec<String>,
}

/// `text` with blanks for comments and for the insides of texts and characters.
pub fn without_comments(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|&one| blank(one)));
            at = end;
        }
    }
    code
}

/// `code` with blanks for every item under `#[cfg(test)]`.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut live = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        live.push_str(&rest[..start]);
        let after = start + MARK.len();
        let end = after + end_of_item(&rest[after..]);
        live.extend(rest[start..end].chars().map(blank));
        rest = &rest[end..];
    }
    live.push_str(rest);
    live
}

/// Every path of at least two parts that `code` names, and everything that it imports.
pub fn mentions(code: &str) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].1 == "use" {
            at = read_tree(&tokens, at + 1, &[], &mut found);
            continue;
        }
        let (path, next) = read_path(&tokens, at);
        if path.len() > 1 {
            found.push(Mention {
                line: tokens[at].0,
                path,
            });
        }
        at = next.max(at + 1);
    }
    found
}

/// The words and signs of `code` with their lines; `::` is one.
pub fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let word = rest.find(|one| !is_of_word(one)).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => rest.chars().next().map_or(1, char::len_utf8),
                word => word,
            };
            found.push((number + 1, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// The functions of `code`: name, line of `fn`, and how many lines each takes.
pub fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let ((line, word), (_, name)) = (pair[0], pair[1]);
        if word != "fn" || !name.starts_with(is_of_word) {
            continue;
        }
        if let Some(last) = last_line_of_body(&tokens[at..]) {
            found.push((name.to_owned(), line, last - line + 1));
        }
    }
    found
}

fn last_line_of_body(tokens: &[(usize, &str)]) -> Option<usize> {
    let (mut brackets, mut braces) = (0, 0);
    for (line, token) in tokens {
        match *token {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets -= 1,
            ";" if brackets == 0 && braces == 0 => return None,
            "{" => braces += 1,
            "}" if braces == 1 => return Some(*line),
            "}" => braces -= 1,
            _ => {}
        }
    }
    None
}

/// Reads one branch of a `use` tree and returns where it ends.
fn read_tree(
    tokens: &[(usize, &str)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Mention>,
) -> usize {
    let line = tokens.get(at).map_or(0, |token| token.0);
    let mut path = prefix.to_vec();
    while let Some((_, token)) = tokens.get(at) {
        match *token {
            "::" => {}
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.1 != "}") {
                    at = read_tree(tokens, at, &path, found);
                }
                at += 1;
                if tokens.get(at).is_some_and(|token| token.1 == ",") {
                    at += 1;
                }
                return at;
            }
            "}" => break,
            "," | ";" => {
                at += 1;
                break;
            }
            // The new name does not matter.
            "as" => at += 1,
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    found.push(Mention { line, path });
    at
}

fn read_path(tokens: &[(usize, &str)], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    while let Some((_, word)) = tokens
        .get(at)
        .filter(|(_, word)| word.starts_with(is_of_word))
    {
        path.push((*word).to_owned());
        at += 1;
        if tokens.get(at).is_none_or(|token| token.1 != "::") {
            break;
        }
        at += 1;
    }
    (path, at)
}

/// Where a comment, text or character that begins at `at` ends; `at` itself if none does.
fn skipped(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let length = match rest {
        ['/', '/', ..] => rest.iter().take_while(|&&one| one != '\n').count(),
        ['/', '*', ..] => length_of_block(rest),
        ['"', ..] => length_of_text(rest),
        ['r', '"' | '#', ..] if at == 0 || !is_of_word(chars[at - 1]) => length_of_raw(rest),
        ['b', 'r', '"' | '#', ..] if at == 0 || !is_of_word(chars[at - 1]) => {
            1 + length_of_raw(&rest[1..])
        }
        ['\'', '\\', _, ..] => 3 + rest[3..].iter().take_while(|&&one| one != '\'').count() + 1,
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    };
    (at + length).min(chars.len())
}

fn length_of_block(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn length_of_text(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Of `r"..."` or `r#"..."#`; 0 for a raw identifier.
fn length_of_raw(rest: &[char]) -> usize {
    let signs = rest[1..].iter().take_while(|&&one| one == '#').count();
    if rest.get(1 + signs) != Some(&'"') {
        return 0;
    }
    let body = 2 + signs;
    let is_end = |at: &usize| {
        let after = rest[at + 1..].iter().take_while(|&&one| one == '#').count();
        rest[*at] == '"' && after >= signs
    };
    let end = (body..rest.len()).find(is_end);
    end.map_or(rest.len(), |end| end + 1 + signs)
}

/// Where the item, field or block ends that begins at the start of `code`.
fn end_of_item(code: &str) -> usize {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, one) in code.char_indices() {
        match one {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => braces += 1,
            '}' if braces > 0 => {
                braces -= 1;
                if braces == 0 {
                    return at + 1;
                }
            }
            // The enclosing block ends: what was marked is its last part.
            '}' => return at,
            ';' | ',' if brackets == 0 && braces == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn is_of_word(one: char) -> bool {
    one.is_alphanumeric() || one == '_'
}

fn blank(one: char) -> char {
    if one == '\n' { '\n' } else { ' ' }
}

fn named(code: &str) -> Vec<String> {
    let found = mentions(&without_tests(&without_comments(code)));
    found
        .iter()
        .map(|mention| mention.path.join("::"))
        .collect()
}

#[test]
fn imports_are_spelled_out() {
    let code = "use std::{io::{self, Read as R}, time::*};\nuse crate::model::Labels;";
    let expected = [
        "std::io",
        "std::io::Read",
        "std::time::*",
        "crate::model::Labels",
    ];
    assert_eq!(named(code), expected);
}

#[test]
fn paths_within_expressions_are_found() {
    let code = "fn f(a: &'static str) -> x::Y { a.b(); std::fs::read::<u8>('{') }";
    assert_eq!(named(code), ["x::Y", "std::fs::read"]);
}

#[test]
fn comments_texts_and_tests_are_not_code() {
    let code = "// a::b\n/* a::b /* a::b */ a::b */ \"a::b \\\" a::b\" r#\"a::b\"# '\"' '\\''\n\
                #[cfg(test)]\nmod tests { use a::b; fn f() {} }\nc::d";
    assert_eq!(named(code), ["c::d"]);
}

#[test]
fn functions_are_measured_to_their_last_brace() {
    let code = "fn a();\nfn b(x: [u8; 4]) -> u8 {\n    if x {\n    }\n}\ntype F = fn(u8) -> u8;";
    assert_eq!(functions(code), [("b".to_owned(), 2, 4)]);
}
