//! File names with wildcards, as Go's `filepath.Glob` understands them.
//!
//! Owns the syntax: `*` and `?` within a name, `[a-z]` and `[^a-z]`, and `\` before a literal character.
//! There is no `**`, and names with a leading dot match like others. The crate `glob` differs in both and
//! in its errors; correcting it would take more code than this file. Looks at a bounded number of names.
//! Runs where the configuration is loaded.

use std::fs;
use std::path::{Path, PathBuf};

use crate::limits::GLOB_NAMES;

/// Why a pattern gave no files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobError {
    /// The pattern is malformed.
    Syntax,
    /// The search would have to look at too many names.
    TooMuch,
}

/// The files that match `pattern`, those of each folder in the order of their names. Unreadable folders
/// count as empty.
pub fn glob(pattern: &str) -> Result<Vec<PathBuf>, GlobError> {
    matches(pattern, "")?;
    let start = if pattern.starts_with('/') { "/" } else { "" };
    let mut found = vec![PathBuf::from(start)];
    let mut room = GLOB_NAMES;
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = if part.contains(['*', '?', '[', '\\']) {
            let mut deeper = Vec::new();
            for folder in found {
                deeper.extend(names_in(&folder, part, &mut room)?);
            }
            deeper
        } else {
            found.iter().map(|folder| folder.join(part)).collect()
        };
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    Ok(found)
}

fn names_in(folder: &Path, part: &str, room: &mut usize) -> Result<Vec<PathBuf>, GlobError> {
    let here = Path::new(".");
    let listed = if folder.as_os_str().is_empty() {
        here
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(listed) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        *room = room.checked_sub(1).ok_or(GlobError::TooMuch)?;
        let name = entry.file_name();
        if matches(part, &name.to_string_lossy())? {
            found.push(folder.join(name));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether the whole `name` matches `pattern`. The pattern is always read to its end, so that its faults do
/// not depend on the names that exist.
fn matches(pattern: &str, name: &str) -> Result<bool, GlobError> {
    let pattern = parse(pattern)?;
    let name: Vec<char> = name.chars().collect();
    // `reached[n]`: whether the pattern so far can match the first `n` letters.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for step in &pattern {
        let mut next = vec![false; name.len() + 1];
        for position in (0..=name.len()).filter(|position| reached[*position]) {
            match step {
                Step::Any => next[position..].fill(true),
                Step::One(set) => {
                    if name
                        .get(position)
                        .is_some_and(|letter| set.contains(*letter))
                    {
                        next[position + 1] = true;
                    }
                }
            }
        }
        reached = next;
    }
    Ok(reached[name.len()])
}

/// A step of a pattern.
enum Step {
    /// Matches any number of letters.
    Any,
    /// Matches one letter of the set.
    One(Set),
}

/// The letters that match.
struct Set {
    ranges: Vec<(char, char)>,
    is_negated: bool,
}

impl Set {
    fn contains(&self, letter: char) -> bool {
        let within = |(first, last): &(char, char)| (*first..=*last).contains(&letter);
        self.ranges.iter().any(within) != self.is_negated
    }
}

fn parse(pattern: &str) -> Result<Vec<Step>, GlobError> {
    let mut letters = pattern.chars().peekable();
    let mut steps = Vec::new();
    while let Some(letter) = letters.next() {
        let exactly = |letter| Set {
            ranges: vec![(letter, letter)],
            is_negated: false,
        };
        steps.push(match letter {
            '*' => Step::Any,
            '?' => Step::One(Set {
                ranges: Vec::new(),
                is_negated: true,
            }),
            '[' => Step::One(parse_set(&mut letters)?),
            '\\' => Step::One(exactly(letters.next().ok_or(GlobError::Syntax)?)),
            letter => Step::One(exactly(letter)),
        });
    }
    Ok(steps)
}

/// Parses the set after a `[`. Its first letter may be anything but `]` and `-`.
fn parse_set(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Set, GlobError> {
    let is_negated = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if letters.peek() == Some(&']') && !ranges.is_empty() {
            letters.next();
            return Ok(Set { ranges, is_negated });
        }
        let first = set_letter(letters)?;
        let last = match letters.next_if_eq(&'-') {
            Some(_) => set_letter(letters)?,
            None => first,
        };
        ranges.push((first, last));
    }
}

fn set_letter(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, GlobError> {
    match letters.next() {
        None | Some('-' | ']') => Err(GlobError::Syntax),
        Some('\\') => letters.next().ok_or(GlobError::Syntax),
        Some(letter) => Ok(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_letters_of_a_name() {
        let fitting = [
            ("*.tmpl", "a.tmpl"),
            ("*", ""),
            ("*a*b*", "xaxxb"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[^a-c]x", "dx"),
            ("\\*", "*"),
            ("*.tmpl", ".tmpl"),
            ("é?", "éé"),
        ];
        for (pattern, name) in fitting {
            assert_eq!(matches(pattern, name), Ok(true), "{pattern} {name}");
        }
        let others = [
            ("*.tmpl", "a.tmp"),
            ("a?c", "ac"),
            ("[a-c]", "d"),
            ("a", "ab"),
        ];
        for (pattern, name) in others {
            assert_eq!(matches(pattern, name), Ok(false), "{pattern} {name}");
        }
    }

    #[test]
    fn unfinished_patterns_are_errors() {
        for pattern in ["[", "[]", "[a", "[a-", "[-a]", "\\"] {
            assert_eq!(matches(pattern, "x"), Err(GlobError::Syntax), "{pattern}");
        }
    }

    #[test]
    fn files_are_found_in_the_order_of_their_names() {
        let found = glob(concat!(env!("CARGO_MANIFEST_DIR"), "/src/m*/m*.rs"));
        let names: Vec<String> = found
            .expect("the pattern is sound")
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        assert_eq!(names, ["mod.rs"]);
        assert_eq!(glob("/nowhere/*.tmpl"), Ok(Vec::new()));
    }
}
