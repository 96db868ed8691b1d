//! Questions that are being answered.
//!
//! Owns the pair of an answer that is not complete yet and the reply that it is for, whatever the type of
//! the answer, so that questions of all kinds stand in one queue. Runs on the dispatch thread.

use std::fmt;

use super::inbox::Question;
use super::reply::Reply;
use crate::engine::{Answered, Engine, Reading, SilenceReading, StepBudget};
use crate::model::Now;

/// A question that is being answered.
pub trait Asked: fmt::Debug + Send {
    /// Whether somebody still waits for the answer.
    fn is_awaited(&self) -> bool;

    /// Goes on as far as the steps last. Gives the answer, or yields what is left to do.
    fn go_on(
        self: Box<Self>,
        engine: &mut Engine,
        now: Now,
        steps: StepBudget,
    ) -> Option<Box<dyn Asked>>;
}

/// Begins to answer a question. What takes no time is answered at once: it tells whether we are alive.
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

/// One kind of question.
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
