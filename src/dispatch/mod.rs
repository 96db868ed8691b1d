//! STAGE 2: the one owner of the state.
//!
//! Owns the engine and the loop around it: take what has come in, stamp it with one reading of the
//! clocks, let the engine decide, carry its effects out. Does no I/O, formats no body, and never
//! waits on a channel that is full. Runs on the dispatch thread; boring on purpose.

mod carry;
pub mod inbox;
mod report;

pub use report::SilenceLog;

use std::sync::Arc;

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender};

use crate::clock::Clock;
use crate::engine::{Answered, Effect, Engine, Input, InvalidAlert, Job, SilenceFault};
use crate::model::{Mono, Now, PostedAlert};
use crate::telemetry::metrics::Metrics;
use crate::timer::Command;
use carry::Carrier;
use inbox::{Event, Receipt, Request};

/// The ends of the channels that the dispatcher holds.
#[derive(Debug)]
pub struct Channels {
    /// From the front door.
    pub requests: Receiver<Request>,
    /// From our own stages.
    pub events: Receiver<Event>,
    /// To the timer.
    pub commands: Sender<Vec<Command>>,
    /// To the workers; at least as long as there are workers.
    pub jobs: Sender<Job>,
}

/// The dispatcher, before its loop begins.
#[derive(Debug)]
pub struct Dispatcher {
    engine: Engine,
    requests: Receiver<Request>,
    events: Receiver<Event>,
    carrier: Carrier,
    clock: Clock,
    /// Effects of the input in hand; kept to use its memory again.
    effects: Vec<Effect>,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    GoOn,
    /// Attempts under way may take until then.
    Stop(Mono),
}

/// Requests served before events get their turn again, and the other way round.
const BATCH: usize = 64;

impl Dispatcher {
    /// A dispatcher around `engine`.
    pub fn new(
        engine: Engine,
        channels: Channels,
        metrics: Arc<Metrics>,
        clock: Clock,
        silence_log: SilenceLog,
    ) -> Self {
        Dispatcher {
            engine,
            requests: channels.requests,
            events: channels.events,
            carrier: Carrier::new(channels.commands, channels.jobs, metrics, silence_log),
            clock,
            effects: Vec::new(),
        }
    }

    /// The loop. Ends when told to stop, after waiting for attempts under way, or when nobody is
    /// left who could say anything.
    pub fn run(mut self) {
        let deadline = loop {
            if let Turn::Stop(deadline) = self.turn() {
                break deadline;
            }
        };
        self.drain(deadline);
        log::debug!("Dispatcher stopped");
    }

    fn turn(&mut self) -> Turn {
        self.wait();
        let now = self.clock.now();
        for _ in 0..BATCH {
            let Ok(event) = self.events.try_recv() else {
                break;
            };
            self.take_event(event, now);
        }
        for _ in 0..BATCH {
            match self.requests.try_recv() {
                Ok(Request::Stop { deadline }) => return Turn::Stop(deadline),
                Ok(request) => self.take_request(request, now),
                Err(error) if error.is_disconnected() => return Turn::Stop(now.mono),
                Err(_) => break,
            }
        }
        self.carrier.deliver_commands();
        Turn::GoOn
    }

    /// Sleeps until something came in, or until the timer has room for what it was not told yet.
    fn wait(&self) {
        let mut select = Select::new();
        select.recv(&self.requests);
        select.recv(&self.events);
        if let Some(commands) = self.carrier.blocked_on() {
            select.send(commands);
        }
        select.ready();
    }

    fn take_event(&mut self, event: Event, now: Now) {
        match event {
            Event::Rings(rings) => {
                for (alarm, at) in rings {
                    self.handle(Input::Ring { alarm, at }, now);
                }
            }
            Event::Outcome(outcome) => {
                self.carrier.attempt_ended();
                self.handle(Input::Outcome(outcome), now);
            }
        }
    }

    /// A reply that nobody waits for any more is dropped: the asker has hung up.
    fn take_request(&mut self, request: Request, now: Now) {
        match request {
            Request::Post { alerts, reply } => {
                let receipt = self.post(alerts, now);
                let _ = reply.try_send(receipt);
            }
            Request::Ask { query, reply } => {
                let answered: Answered = self.engine.query(now, query);
                let _ = reply.try_send(answered);
            }
            Request::SetSilence { posted, reply } => {
                let answer = self.change_silence(Input::SetSilence(posted), now);
                let _ = reply.try_send(answer);
            }
            Request::ExpireSilence { id, reply } => {
                let answer = self.change_silence(Input::ExpireSilence(id), now);
                let _ = reply.try_send(answer);
            }
            Request::Reload { config, reply } => {
                self.handle(Input::Reload(config), now);
                let _ = reply.try_send(());
            }
            Request::Stop { .. } => unreachable!("the loop ends before it hands a stop on"),
        }
    }

    fn post(&mut self, alerts: Vec<PostedAlert>, now: Now) -> Receipt {
        self.engine
            .handle(&mut self.effects, now, Input::Alerts(alerts));
        let mut invalid: Vec<InvalidAlert> = Vec::new();
        let mut limit = None;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Refuse(alert) => {
                    self.carrier.count_invalid();
                    invalid.push(alert);
                }
                Effect::RefuseBatch { limit: reached } => limit = Some(reached),
                other => self.carrier.carry(other),
            }
        }
        limit.map_or(Receipt::Taken(invalid), |limit| Receipt::AtLimit { limit })
    }

    fn change_silence(&mut self, input: Input, now: Now) -> Result<Arc<str>, SilenceFault> {
        self.engine.handle(&mut self.effects, now, input);
        let mut answer = None;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::SilenceAnswer(result) => answer = Some(result),
                other => self.carrier.carry(other),
            }
        }
        answer.expect("the engine answers each change of a silence")
    }

    fn handle(&mut self, input: Input, now: Now) {
        self.engine.handle(&mut self.effects, now, input);
        for effect in self.effects.drain(..) {
            self.carrier.carry(effect);
        }
    }

    /// Takes in the outcomes of attempts under way; starts nothing new.
    fn drain(&mut self, deadline: Mono) {
        self.carrier.hang_up();
        while self.carrier.attempts_out() > 0 && self.await_outcome(deadline) {}
        let unfinished = self.carrier.attempts_out();
        if unfinished > 0 {
            log::warn!(attempts = unfinished; "Stopped while webhooks were being sent");
        }
    }

    fn await_outcome(&mut self, deadline: Mono) -> bool {
        match self.events.recv_deadline(self.clock.instant(deadline)) {
            Ok(Event::Outcome(outcome)) => {
                self.carrier.attempt_ended();
                self.handle(Input::Outcome(outcome), self.clock.now());
                true
            }
            Ok(Event::Rings(_)) => true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}
