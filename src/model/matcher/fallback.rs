//! The parser that reads both syntaxes.
//!
//! Owns the choice between the classic and the UTF-8 reading of a text (§2.2), and the warning if they
//! differ. Pure; runs on the calling thread.

use super::{Matcher, MatcherError, Parsed, classic, format_matchers, utf8};

/// Reads one matcher.
pub(super) fn parse_matcher(input: &str) -> Result<Parsed<Matcher>, MatcherError> {
    choose(
        input,
        classic::parse_matcher(input),
        utf8::parse_matcher(input),
        ToString::to_string,
    )
}

/// Reads a list.
pub(super) fn parse_matchers(input: &str) -> Result<Parsed<Vec<Matcher>>, MatcherError> {
    choose(
        input,
        classic::parse_matchers(input),
        utf8::parse_matchers(input),
        |matchers| format_matchers(matchers),
    )
}

/// Chooses the classic reading if it succeeds, with a warning if the other reading differs.
fn choose<T: PartialEq>(
    input: &str,
    classic: Result<T, MatcherError>,
    utf8: Result<T, MatcherError>,
    print: impl Fn(&T) -> String,
) -> Result<Parsed<T>, MatcherError> {
    let (value, warning) = match (classic, utf8) {
        (Err(error), Err(_)) => return Err(error),
        (Err(_), Ok(value)) => (value, None),
        (Ok(value), Err(error)) => {
            let warning = format!(
                "only the classic syntax allows the matchers `{input}` (UTF-8 syntax: {error}); \
                 write {} to be understood in both",
                print(&value)
            );
            (value, Some(warning))
        }
        (Ok(value), Ok(other)) if value != other => {
            let warning = format!(
                "matchers input has disagreement: `{input}` means {} in the classic syntax, which \
                 is taken, and {} in the UTF-8 syntax",
                print(&value),
                print(&other)
            );
            (value, Some(warning))
        }
        (Ok(value), Ok(_)) => (value, None),
    };
    Ok(Parsed { value, warning })
}

#[cfg(test)]
mod tests;
