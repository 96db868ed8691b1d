//! Matchers: what they are, how they evaluate, and how they print.
//!
//! Owns the semantics of `=`, `!=`, `=~` and `!~` (§2.3). The three ways to read one from text
//! are files of their own.

use std::cmp::Ordering;
use std::fmt;

use regex::Regex;

use super::Labels;

/// How a matcher compares. The order is the one matchers sort by (§2.3).
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

/// A condition on one label. Only sound ones exist: the regex is compiled.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    regex: Option<Regex>,
}

/// Why a matcher was not understood, in Alertmanager's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatcherError(pub String);

/// Which label names and matcher syntax hold (§2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParserMode {
    /// Both syntaxes; where they disagree the classic reading wins, with a warning.
    #[default]
    Fallback,
    /// Classic names and syntax only.
    Classic,
    /// UTF-8 names and syntax only.
    Utf8,
}

/// Something read from text, with a warning that belongs in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// What was read.
    pub value: T,
    /// What to tell the user about it.
    pub warning: Option<String>,
}

impl Matcher {
    /// A matcher; fails if the value should be a regex and is none.
    pub fn new(
        op: MatchOp,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, MatcherError> {
        let (name, value) = (name.into(), value.into());
        let _ = (op, &name, &value);
        todo!("the model helper writes this")
    }

    /// The label it looks at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// What it compares with.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label with this value satisfies it; a missing label has the value "".
    pub fn matches_value(&self, value: &str) -> bool {
        let _ = (value, &self.regex);
        todo!("the model helper writes this")
    }

    /// Whether these labels satisfy it.
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

/// By name, then value, then operator.
impl Ord for Matcher {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, &self.value, self.op).cmp(&(&other.name, &other.value, other.op))
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, _out: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!("the model helper writes this")
    }
}

impl fmt::Display for MatcherError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for MatcherError {}

/// Reads one matcher, without braces: filters of the API and arguments of amtool.
pub fn parse_matcher(_input: &str, _mode: ParserMode) -> Result<Parsed<Matcher>, MatcherError> {
    todo!("the model helper writes this")
}

/// Reads a list of matchers, braces optional: lines of the configuration.
pub fn parse_matchers(
    _input: &str,
    _mode: ParserMode,
) -> Result<Parsed<Vec<Matcher>>, MatcherError> {
    todo!("the model helper writes this")
}

/// Whether a label may have this name.
pub fn is_valid_label_name(_name: &str, _mode: ParserMode) -> bool {
    todo!("the model helper writes this")
}

/// The list form `{a="b",c=~"d"}` of route keys: no space after the comma.
pub fn format_matchers(_matchers: &[Matcher]) -> String {
    todo!("the model helper writes this")
}

/// `text` as Go's `strconv.Quote` writes it.
pub fn go_quote(_text: &str) -> String {
    todo!("the model helper writes this")
}
