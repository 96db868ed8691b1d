//! The pattern of a regex matcher: its text and its compiled form.
//!
//! Owns the time of compilation (at once, or at first use), the compiled form (a set of texts or a program),
//! its cost, and the limit of values that can be tested. Pure; runs on the calling thread.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex_automata::nfa::thompson::NFA;
use regex_automata::nfa::thompson::backtrack::{BoundedBacktracker, Cache, Config};
use regex_automata::{Anchored, Input};

use super::alternatives::alternatives;
use super::re2::{self, Fault};
use super::texts::Texts;
use crate::limits;

/// A regex that must match whole values.
pub struct Pattern {
    text: Arc<str>,
    compiled: OnceLock<Result<Compiled, Fault>>,
}

#[derive(Debug)]
struct Compiled {
    program: Program,
    bytes: usize,
}

#[derive(Debug)]
enum Program {
    Texts(Texts),
    /// A program. The backtracker allocates only during a search; its memory and time are bounded by the size
    /// of the program times that of the value.
    Regex(Box<BoundedBacktracker>),
}

impl Pattern {
    /// Compiles `text`; the error is in Go's words.
    pub(super) fn compile(text: &str) -> Result<Self, Fault> {
        let compiled = Compiled::new(text)?;
        Ok(Pattern {
            text: text.into(),
            compiled: OnceLock::from(Ok(compiled)),
        })
    }

    /// Creates the pattern of a text that was validated earlier. It is compiled at first use.
    pub(super) fn kept(text: &str) -> Self {
        Pattern {
            text: text.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The source text of the regex.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether it is compiled, or known not to compile.
    pub fn is_compiled(&self) -> bool {
        self.compiled.get().is_some()
    }

    /// The size of the compiled form in bytes; 0 if it is not compiled.
    pub fn compiled_bytes(&self) -> usize {
        match self.compiled.get() {
            Some(Ok(compiled)) => compiled.bytes,
            _ => 0,
        }
    }

    /// Compiles it if necessary, and returns the error in Go's words, if any.
    pub fn fault(&self) -> Option<String> {
        self.compiled().as_ref().err().map(Fault::to_string)
    }

    /// Whether `value` matches; `None` if `value` is too large, or if the pattern does not compile.
    pub(super) fn is_match(&self, value: &str) -> Option<bool> {
        self.compiled().as_ref().ok()?.program.is_match(value)
    }

    /// The cost of testing `value` with the compiled form: bytes of the value times states of the program; 0
    /// for a set of texts, and for a value that is too large to be tested.
    pub(super) fn steps(&self, value: &str) -> usize {
        let Some(Ok(compiled)) = self.compiled.get() else {
            return 0;
        };
        let steps = match &compiled.program {
            Program::Texts(_) => 0,
            Program::Regex(regex) => regex.get_nfa().states().len().saturating_mul(value.len()),
        };
        if steps > limits::REGEX_STEPS {
            0
        } else {
            steps
        }
    }

    fn compiled(&self) -> &Result<Compiled, Fault> {
        self.compiled.get_or_init(|| Compiled::new(&self.text))
    }
}

/// Patterns with the same text are equal, compiled or not.
impl fmt::Debug for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(out)
    }
}

impl Compiled {
    fn new(text: &str) -> Result<Self, Fault> {
        if let Some(texts) = alternatives(text).and_then(Texts::new) {
            return Ok(Compiled {
                bytes: texts.bytes(),
                program: Program::Texts(texts),
            });
        }
        let re2::Compiled { program, bytes } = re2::compile_anchored(text)?;
        Ok(Compiled {
            program: Program::of(program),
            bytes,
        })
    }
}

impl Program {
    fn of(program: NFA) -> Self {
        // The backtracker keeps one bit for each possible step.
        let config = Config::new().visited_capacity(limits::REGEX_STEPS / 8);
        let built = BoundedBacktracker::builder()
            .configure(config)
            .build_from_nfa(program);
        Program::Regex(Box::new(built.expect("any program can be walked through")))
    }

    fn is_match(&self, value: &str) -> Option<bool> {
        match self {
            Program::Texts(texts) => texts.is_match(value, limits::REGEX_STEPS),
            Program::Regex(regex) => {
                let input = Input::new(value).anchored(Anchored::Yes);
                regex.try_is_match(&mut Cache::new(regex), input).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests;
