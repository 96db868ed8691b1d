//! Questions that are being answered, slice by slice.
//!
//! Owns an unfinished answer together with its reply, as a trait object, so that answers of all types
//! wait in one queue. Runs on the dispatch thread.

use std::fmt;

use super::inbox::Question;
use super::reply::Reply;
use crate::engine::{Answered, Engine, Reading, SilenceReading, StepBudget};
use crate::model::Now;

/// A question that is being answered.
pub trait Asked: fmt::Debug + Send {
    /// Whether a thread still waits for the answer.
    fn is_awaited(&self) -> bool;

    /// Goes on for as many steps as the budget has. Gives the answer and returns `None`, or returns the rest.
    fn go_on(
        self: Box<Self>,
        engine: &mut Engine,
        now: Now,
        steps: StepBudget,
    ) -> Option<Box<dyn Asked>>;
}

/// Begins to answer a question. The question for the configuration takes no time and is answered at once;
/// health checks use it to see whether the dispatcher lives.
pub fn begin(question: Question, engine: &Engine) -> Option<Box<dyn Asked>> {
    Some(match question {
        Question::Alerts { matchers, reply } => asked(engine.read_alerts(&matchers), reply),
        Question::Groups(reply) => asked(engine.read_groups(), reply),
        Question::Silences(reply) => asked(SilenceReading::default(), reply),
        Question::Gauges(reply) => asked(engine.read_gauges(), reply),
        Question::Config(reply) => {
            reply.give(engine.config().clone());
            return None;
        }
    })
}

fn asked<R: Reading>(reading: R, reply: Reply<Answered<R::Answer>>) -> Box<dyn Asked> {
    Box::new(OfKind { reading, reply })
}

/// A question whose answer a [`Reading`] computes.
#[derive(Debug)]
struct OfKind<R: Reading> {
    reading: R,
    reply: Reply<Answered<R::Answer>>,
}

impl<R: Reading> Asked for OfKind<R> {
    fn is_awaited(&self) -> bool {
        self.reply.is_awaited()
    }

    fn go_on(
        mut self: Box<Self>,
        engine: &mut Engine,
        now: Now,
        steps: StepBudget,
    ) -> Option<Box<dyn Asked>> {
        let Some(answered) = engine.go_on(&mut self.reading, now, steps) else {
            return Some(self);
        };
        self.reply.give(answered);
        None
    }
}
