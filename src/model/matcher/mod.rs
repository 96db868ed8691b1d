//! Matchers: their types, evaluation and text form.
//!
//! Owns the semantics of `=`, `!=`, `=~` and `!~` (§2.3), and the rules for label names (§2.1). Each of the
//! three parsers has its own file. Never logs: a warning is returned with the parsed value. Pure; runs on the
//! calling thread.

mod alternatives;
mod classic;
mod fallback;
mod lexer;
mod pattern;
mod quote;
mod re2;
mod search;
mod texts;
mod utf8;

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::sync::Arc;

use super::Labels;
use crate::limits;

pub use pattern::Pattern;
pub use quote::go_quote;
pub use search::SearchPattern;

/// The operator of a matcher. Matchers sort by the order of the variants (§2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// A condition on one label. A clone shares the compiled regex.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    operand: Operand,
}

/// The right-hand side of a matcher.
#[derive(Clone, Debug)]
enum Operand {
    Text(String),
    Pattern(Arc<Pattern>),
}

/// Why a matcher was refused, in Alertmanager's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatcherError {
    /// The message.
    pub words: String,
    /// Whether the matcher is valid but its regex exceeds a limit.
    pub is_of_size: bool,
}

/// The allowed label names and matcher syntax (§2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParserMode {
    /// Both syntaxes; if they disagree, the classic reading wins, with a warning.
    #[default]
    Fallback,
    /// Classic names and syntax only.
    Classic,
    /// UTF-8 names and syntax only.
    Utf8,
}

impl ParserMode {
    /// All three modes.
    pub const ALL: [ParserMode; 3] = [ParserMode::Fallback, ParserMode::Classic, ParserMode::Utf8];
}

/// A parsed value, with a warning for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The value.
    pub value: T,
    /// The warning, if any.
    pub warning: Option<String>,
}

impl MatchOp {
    /// The operator's text.
    pub fn as_str(self) -> &'static str {
        match self {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        }
    }
}

impl<T> Parsed<T> {
    fn without_warning(value: T) -> Self {
        Parsed {
            value,
            warning: None,
        }
    }
}

impl Matcher {
    /// Creates a matcher; fails in Go's words if the value should be a regex and is not one.
    pub fn new(
        op: MatchOp,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, MatcherError> {
        let value = value.into();
        let operand = match op {
            MatchOp::Equal | MatchOp::NotEqual => Operand::Text(value),
            MatchOp::Regex | MatchOp::NotRegex => {
                Operand::Pattern(Arc::new(Pattern::compile(&value)?))
            }
        };
        let name = name.into();
        Ok(Matcher { name, op, operand })
    }

    /// Creates a matcher that was validated earlier. A regex is compiled when it is first needed; if it no
    /// longer compiles, no value satisfies it.
    pub fn kept(op: MatchOp, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        let operand = match op {
            MatchOp::Equal | MatchOp::NotEqual => Operand::Text(value),
            MatchOp::Regex | MatchOp::NotRegex => Operand::Pattern(Arc::new(Pattern::kept(&value))),
        };
        let name = name.into();
        Matcher { name, op, operand }
    }

    /// A copy without the compiled regex.
    pub fn uncompiled(&self) -> Self {
        Self::kept(self.op, &*self.name, self.value())
    }

    /// The name of the label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The operator.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value that the label is compared with, or the text of the regex.
    pub fn value(&self) -> &str {
        match &self.operand {
            Operand::Text(text) => text,
            Operand::Pattern(pattern) => pattern.text(),
        }
    }

    /// The regex, if this is `=~` or `!~`.
    pub fn pattern(&self) -> Option<&Arc<Pattern>> {
        match &self.operand {
            Operand::Text(_) => None,
            Operand::Pattern(pattern) => Some(pattern),
        }
    }

    /// Replaces its regex by `pattern`, which has the same text, so that both share one compiled regex.
    pub fn share(&mut self, pattern: &Arc<Pattern>) {
        debug_assert_eq!(self.value(), &**pattern.text());
        self.operand = Operand::Pattern(Arc::clone(pattern));
    }

    /// The size of its compiled regex in bytes; 0 without one.
    pub fn compiled_bytes(&self) -> usize {
        self.pattern().map_or(0, |pattern| pattern.compiled_bytes())
    }

    /// Whether a label with this value satisfies it; a missing label has the value "". A value that is too
    /// large for the regex satisfies neither `=~` nor `!~`: an unchecked value never mutes an alert.
    pub fn matches_value(&self, value: &str) -> bool {
        let holds = match &self.operand {
            Operand::Text(text) => text == value,
            Operand::Pattern(pattern) => match pattern.is_match(value) {
                Some(holds) => holds,
                None => return false,
            },
        };
        holds != matches!(self.op, MatchOp::NotEqual | MatchOp::NotRegex)
    }

    /// The cost of testing this value, in comparisons of two texts. A regex that is not compiled yet counts
    /// as one.
    pub fn steps(&self, value: &str) -> usize {
        let steps = self.pattern().map_or(0, |pattern| pattern.steps(value));
        1 + steps / limits::REGEX_STEPS_A_STEP
    }

    /// Whether these labels satisfy the matcher.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.get(&self.name).unwrap_or(""))
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Matcher {}

impl PartialOrd for Matcher {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Orders by name, then value, then operator.
impl Ord for Matcher {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = (self.name(), self.value(), self.op);
        key.cmp(&(other.name(), other.value(), other.op))
    }
}

/// `name="value"`; if the name needs quotes, both are quoted as in Go (§2.3).
impl fmt::Display for Matcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, op, value) = (&self.name, self.op.as_str(), self.value());
        if name.contains(quote::is_reserved) {
            return write!(out, "{}{op}{}", go_quote(name), go_quote(value));
        }
        write!(out, "{name}{op}\"")?;
        for c in value.chars() {
            match c {
                '\n' => out.write_str("\\n")?,
                '"' | '\\' => write!(out, "\\{c}")?,
                c => out.write_char(c)?,
            }
        }
        out.write_str("\"")
    }
}

impl fmt::Display for MatcherError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.words)
    }
}

impl std::error::Error for MatcherError {}

impl MatcherError {
    fn new(words: impl Into<String>) -> Self {
        MatcherError {
            words: words.into(),
            is_of_size: false,
        }
    }
}

impl From<re2::Fault> for MatcherError {
    fn from(fault: re2::Fault) -> Self {
        MatcherError {
            words: fault.to_string(),
            is_of_size: fault.is_of_size(),
        }
    }
}

/// Reads one matcher, without braces: filters of the API and arguments of amtool (§2.2).
pub fn parse_matcher(input: &str, mode: ParserMode) -> Result<Parsed<Matcher>, MatcherError> {
    let has_brace = input.starts_with('{') || input.ends_with('}');
    match mode {
        ParserMode::Classic => classic::parse_matcher(input).map(Parsed::without_warning),
        _ if has_brace => Err(MatcherError::new(format!(
            "unexpected open or close brace: {input}"
        ))),
        ParserMode::Utf8 => utf8::parse_matcher(input).map(Parsed::without_warning),
        ParserMode::Fallback => fallback::parse_matcher(input),
    }
}

/// Reads a list of matchers, braces optional: lines of the configuration (§2.2).
pub fn parse_matchers(input: &str, mode: ParserMode) -> Result<Parsed<Vec<Matcher>>, MatcherError> {
    match mode {
        ParserMode::Classic => classic::parse_matchers(input).map(Parsed::without_warning),
        ParserMode::Utf8 => utf8::parse_matchers(input).map(Parsed::without_warning),
        ParserMode::Fallback => fallback::parse_matchers(input),
    }
}

/// Whether a label may have this name (§2.1).
pub fn is_valid_label_name(name: &str, mode: ParserMode) -> bool {
    let is_classic = || {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    !name.is_empty() && (mode != ParserMode::Classic || is_classic())
}

/// Checks that a value is a regex, as Alertmanager does for silences (§7.4): the error is about the value
/// itself, not about the anchored form that a matcher uses.
pub fn check_regex(value: &str) -> Result<(), MatcherError> {
    Ok(re2::check(value)?)
}

/// The list form `{a="b",c=~"d"}` of route keys: no space after the comma.
pub fn format_matchers(matchers: &[Matcher]) -> String {
    let printed: Vec<String> = matchers.iter().map(Matcher::to_string).collect();
    format!("{{{}}}", printed.join(","))
}

#[cfg(test)]
mod tests;
