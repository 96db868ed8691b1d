//! What a regex matcher looks for: the text of the regex, and what it is compiled to.
//!
//! Owns when a regex is compiled (at once, or when it is first needed), what becomes of it (a set of texts
//! or a program), what that costs, and which values are too large to be looked at. Pure; runs on the
//! calling thread.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex_automata::nfa::thompson::NFA;
use regex_automata::nfa::thompson::backtrack::{BoundedBacktracker, Cache, Config};
use regex_automata::{Anchored, Input};

use super::alternatives::alternatives;
use super::re2::{self, Fault};
use super::texts::Texts;
use crate::limits;

/// A regex that has to match whole values.
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
    /// It needs memory only while it looks, and no more of that, nor of time, than program times value.
    Regex(Box<BoundedBacktracker>),
}

impl Pattern {
    /// Compiles `text`; the fault is in Go's words.
    pub(super) fn compile(text: &str) -> Result<Self, Fault> {
        let compiled = Compiled::new(text)?;
        Ok(Pattern {
            text: text.into(),
            compiled: OnceLock::from(Ok(compiled)),
        })
    }

    /// Of a text that was a regex when it was taken in. It is compiled when it is first needed.
    pub(super) fn kept(text: &str) -> Self {
        Pattern {
            text: text.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The regex as it was written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether it is compiled, or known not to compile.
    pub fn is_compiled(&self) -> bool {
        self.compiled.get().is_some()
    }

    /// Bytes that the compiled form takes, as far as there is one.
    pub fn compiled_bytes(&self) -> usize {
        match self.compiled.get() {
            Some(Ok(compiled)) => compiled.bytes,
            _ => 0,
        }
    }

    /// Why it does not compile, in Go's words; compiles it for that.
    pub fn fault(&self) -> Option<String> {
        self.compiled().as_ref().err().map(Fault::to_string)
    }

    /// Whether `value` matches; `None` if it is too large to say, or if this does not compile.
    pub(super) fn is_match(&self, value: &str) -> Option<bool> {
        self.compiled().as_ref().ok()?.program.is_match(value)
    }

    /// How long finding out takes whether `value` matches, once this is compiled: bytes of the value times
    /// states of the program, or 0 for a set of texts and for what is too large to be looked at.
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

/// Compiled or not, it is the same.
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
        // It keeps a bit for each step that it has taken.
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
