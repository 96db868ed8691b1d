//! STAGE 2: the dispatcher, the one owner of the state.
//!
//! Owns the engine and the event loop around it: take an input, stamp it with a reading of the clocks,
//! let the engine decide, and carry out its effects. Does no I/O, formats no body, and never blocks on a
//! full channel alone: it keeps receiving. Runs on the dispatch thread; boring on purpose.

mod asked;
mod deliveries;
mod effects;
pub mod inbox;
mod journal_sender;
mod large_post;
pub mod pending_ack;
pub mod pool;
pub mod reply;
mod report;
mod timer_sender;

pub use report::SilenceLog;

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, RecvTimeoutError, Select};

use crate::clock::Clock;
use crate::engine::{
    AlarmId, Effect, Engine, Input, InvalidAlert, Note, Outcome, Recovered, StepBudget,
};
use crate::journal::Batch;
use crate::limits;
use crate::model::{Mono, Now};
use crate::telemetry::metrics::Metrics;
use crate::timer::Command;
use crate::waker::{self, Waker, WakingSender};
use asked::Asked;
use effects::EffectRunner;
use inbox::{Event, JournalNews, Receipt, Request};
use journal_sender::JournalSender;
use large_post::{LargePost, Posted};
use pending_ack::{BeatReply, NotStored, PendingAck, PostReply, SilenceReply};
use pool::WorkerPool;
use timer_sender::TimerSender;

/// The dispatcher's ends of its channels.
#[derive(Debug)]
pub struct Channels {
    /// Requests from the HTTP server and from main.
    pub requests: Receiver<Request>,
    /// Events from the timer, the workers and the journal.
    pub events: Receiver<Event>,
    /// Wakes the dispatcher when either has a message.
    pub waker: Waker,
    /// Commands to the timer.
    pub commands: WakingSender<Vec<Command>>,
    /// Jobs to the workers.
    pub workers: WorkerPool,
    /// Records to the journal; `None` without `--storage.path`.
    pub batches: Option<WakingSender<Batch>>,
}

/// The dispatcher, before its loop begins.
#[derive(Debug)]
pub struct Dispatcher {
    engine: Engine,
    requests: Receiver<Request>,
    events: Receiver<Event>,
    waker: Waker,
    effects_out: EffectRunner,
    clock: Clock,
    /// Effects of the current input; a field so that its memory is reused.
    effects: Vec<Effect>,
    /// Why the journal cannot write; `None` while it can.
    trouble: Option<NotStored>,
    /// Alarms that rang and that the engine has not handled yet.
    rings: VecDeque<(AlarmId, Mono)>,
    /// Large posts, of which each turn takes in a part.
    large_posts: VecDeque<LargePost>,
    /// Questions that are being answered, one slice each, round robin. Their number is bounded by the GETs
    /// that the HTTP server handles at a time, plus those whose client has gone, which go at their turn.
    readings: VecDeque<Box<dyn Asked>>,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    GoOn,
    /// Stop; attempts under way may take until this time.
    Stop(Mono),
}

/// The most requests that a turn serves before events get their turn again, and the other way round.
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
            waker: channels.waker,
            effects_out: EffectRunner::new(
                TimerSender::new(channels.commands),
                channels.workers,
                JournalSender::new(channels.batches),
                metrics,
                silence_log,
            ),
            clock,
            effects: Vec::new(),
            trouble: None,
            rings: VecDeque::new(),
            large_posts: VecDeque::new(),
            readings: VecDeque::new(),
        }
    }

    /// Restores the state of the previous run. Called before [`Dispatcher::run`].
    pub fn recover(&mut self, recovered: Recovered) {
        let now = self.clock.now();
        // The files of an Alertmanager are imported once. The journal gets the import as one snapshot, so
        // that after a crash it either has all of it, or imports it again.
        let is_from_alertmanager = recovered.written_at.is_none() && !recovered.is_empty();
        self.handle(Input::Recover(Box::new(recovered)), now);
        if is_from_alertmanager {
            self.record_everything(now);
        }
        self.hand_over();
    }

    /// The loop. Ends at [`Request::Stop`], or once all senders of requests are gone; then waits for the
    /// attempts under way. Returns the threads of the workers, which end now.
    pub fn run(mut self) -> Vec<JoinHandle<()>> {
        self.waker.register_current_thread();
        self.handle(Input::Start, self.clock.now());
        self.hand_over();
        let deadline = loop {
            if let Turn::Stop(deadline) = self.turn() {
                break deadline;
            }
        };
        self.drain(deadline);
        log::debug!("Dispatcher stopped");
        self.effects_out.into_threads()
    }

    /// One turn: takes in events and requests for up to [`limits::TURN`], hands the effects over, then
    /// answers questions for up to [`limits::TURN`]. In this order, so that an acknowledgement never waits
    /// for a question.
    fn turn(&mut self) -> Turn {
        self.wait();
        let until = self.clock.mono() + limits::TURN;
        self.see_to_rings(until);
        for _ in 0..BATCH {
            let Ok(event) = self.events.try_recv() else {
                break;
            };
            self.take_event(event, self.clock.now());
            self.see_to_rings(until);
            if self.clock.mono() >= until {
                break;
            }
        }
        for _ in 0..BATCH {
            // Read the clocks after the request has arrived: an `endsAt` that its sender has just read
            // from the same clock must not seem to be in the future.
            match self.requests.try_recv() {
                Ok(Request::Stop { deadline }) => return Turn::Stop(deadline),
                Ok(request) => self.take_request(request, self.clock.now()),
                Err(error) if error.is_disconnected() => return Turn::Stop(self.clock.mono()),
                Err(_) => break,
            }
            if self.clock.mono() >= until {
                break;
            }
        }
        self.go_on_with_a_large_post();
        self.hand_over();
        self.read();
        Turn::GoOn
    }

    /// Gives the engine the alarms that rang, until `until` but at least one. The others may wait for the
    /// next turn, since alarms are hints.
    fn see_to_rings(&mut self, until: Mono) {
        while let Some((alarm, at)) = self.rings.pop_front() {
            let now = self.clock.now();
            self.handle(Input::Ring { alarm, at }, now);
            if now.mono >= until {
                return;
            }
        }
    }

    /// Answers questions for up to [`limits::TURN`], one slice each, round robin, so that short ones are
    /// done soon.
    fn read(&mut self) {
        let until = self.clock.mono() + limits::TURN;
        while let Some(asked) = self.readings.pop_front() {
            if asked.is_awaited() {
                let now = self.clock.now();
                let slice = StepBudget::new(limits::STEPS_AT_ONCE);
                self.readings
                    .extend(asked.go_on(&mut self.engine, now, slice));
            }
            if self.clock.mono() >= until {
                return;
            }
        }
    }

    /// Sends the commands and records of this turn to timer and journal, as far as they are due and there
    /// is room.
    fn hand_over(&mut self) {
        let now = self.clock.now();
        if self.effects_out.journal_wants_everything() {
            self.record_everything(now);
        }
        self.effects_out.deliver(now, self.engine.sizes());
    }

    /// Parks until a message arrives, or until held records are due. Returns at once while there is work.
    fn wait(&self) {
        if !(self.rings.is_empty() && self.large_posts.is_empty() && self.readings.is_empty()) {
            return;
        }
        if self.effects_out.is_blocked() {
            return self.wait_for_room();
        }
        if !self.events.is_empty() || !self.requests.is_empty() {
            return;
        }
        if self.engine.has_waiting_deliveries(self.clock.mono()) {
            // Workers that come back soon have a delivery waiting for them: let them run first.
            waker::yield_to_other_threads();
        }
        match self.effects_out.held_until() {
            Some(until) => self.waker.sleep_for(until.since(self.clock.mono())),
            None => self.waker.sleep(),
        }
    }

    /// Blocks until a message arrives, until a blocked outbound channel has room, or until held records are
    /// due. Room wakes no waker, so this waits in the channels themselves.
    fn wait_for_room(&self) {
        let mut select = Select::new();
        select.recv(&self.requests);
        select.recv(&self.events);
        self.effects_out.select_room(&mut select);
        match self.effects_out.held_until() {
            // The turn finds out which of them it was.
            Some(until) => drop(select.ready_deadline(self.clock.instant(until))),
            None => drop(select.ready()),
        }
    }

    fn take_event(&mut self, event: Event, now: Now) {
        match event {
            Event::Rings(rings) => self.rings.extend(rings),
            Event::Outcome { worker, outcome } => self.take_outcome(worker, outcome, now),
            Event::WorkerIdle { worker } => self.effects_out.worker_is_idle(worker),
            Event::Journal(news) => self.take_news(news, now),
        }
    }

    fn take_outcome(&mut self, worker: usize, outcome: Outcome, now: Now) {
        self.effects_out.attempt_ended(worker);
        self.handle(Input::Outcome(outcome), now);
    }

    fn take_news(&mut self, news: JournalNews, now: Now) {
        match news {
            JournalNews::Trouble(why) => self.trouble = Some(why),
            JournalNews::WantsEverything => self.record_everything(now),
            JournalNews::Well => self.trouble = None,
        }
    }

    fn record_everything(&mut self, now: Now) {
        let everything = self.engine.records(now);
        self.effects_out.record_everything(everything);
    }

    /// Handles one request. A reply whose client has hung up is dropped.
    fn take_request(&mut self, request: Request, now: Now) {
        match request {
            Request::Post { alerts, reply } => self.take_post(Posted::Alerts(alerts), reply, now),
            Request::Report { reports, reply } => {
                self.take_post(Posted::Reports(reports), reply, now);
            }
            Request::Beat {
                heartbeat,
                has_failed,
                reply,
            } => {
                let input = Input::Beat {
                    heartbeat,
                    has_failed,
                };
                self.beat(input, reply, now);
            }
            Request::Ask(question) => {
                self.notice_clock(now);
                self.readings.extend(asked::begin(question, &self.engine));
            }
            Request::SetSilence { posted, reply } => {
                self.change_silence(Input::SetSilence(posted), reply, now);
            }
            Request::ExpireSilence { id, reply } => {
                self.change_silence(Input::ExpireSilence(id), reply, now);
            }
            Request::Reload { config, reply } => {
                self.handle(Input::Reload(config), now);
                reply.give(());
            }
            Request::Stop { .. } => unreachable!("the loop ends before it hands a stop on"),
        }
    }

    /// Lets the engine notice a step of the wall clock before a question is answered: there may have been
    /// no other input since the step.
    fn notice_clock(&mut self, now: Now) {
        self.engine.notice_clock_step(now, &mut self.effects);
        for effect in self.effects.drain(..) {
            self.effects_out.carry(effect);
        }
    }

    fn take_post(&mut self, posted: Posted, reply: PostReply, now: Now) {
        if posted.is_small() {
            let receipt = self.post(posted, now);
            self.effects_out
                .acknowledge_once_stored(PendingAck::Post { receipt, reply });
        } else if let Some(full) = posted.lacks_room_in(&self.engine) {
            reply.give(Ok(Receipt::AtLimit(full)));
        } else {
            self.large_posts.push_back(LargePost::new(posted, reply));
        }
    }

    fn go_on_with_a_large_post(&mut self) {
        let Some(mut post) = self.large_posts.pop_front() else {
            return;
        };
        let receipt = self.post(post.take(), self.clock.now());
        let (receipt, reply) = match post.add(receipt) {
            Ok(()) if !post.is_done() => return self.large_posts.push_back(post),
            Ok(()) => post.into_answer(),
            Err(at_limit) => (at_limit, post.into_reply()),
        };
        self.effects_out
            .acknowledge_once_stored(PendingAck::Post { receipt, reply });
    }

    fn post(&mut self, posted: Posted, now: Now) -> Receipt {
        self.decide(posted.into_input(), now);
        let mut invalid: Vec<InvalidAlert> = Vec::new();
        let (mut full, mut came_ended) = (None, None);
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Refuse(alert) => {
                    self.effects_out.count_invalid();
                    invalid.push(alert);
                }
                Effect::RefuseBatch(reached) => full = Some(reached),
                Effect::Note(Note::CameEnded(came)) => {
                    // Counted here. The HTTP server, which knows the sender, logs it.
                    came_ended = Some(came.clone());
                    self.effects_out.carry(Effect::Note(Note::CameEnded(came)));
                }
                other => self.effects_out.carry(other),
            }
        }
        match full {
            Some(full) => Receipt::AtLimit(full),
            None => Receipt::Taken {
                invalid,
                came_ended,
            },
        }
    }

    fn beat(&mut self, input: Input, reply: BeatReply, now: Now) {
        self.decide(input, now);
        let mut is_known = false;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::BeatAnswer(answer) => is_known = answer,
                other => self.effects_out.carry(other),
            }
        }
        self.effects_out
            .acknowledge_once_stored(PendingAck::Beat { is_known, reply });
    }

    /// Changes a silence, but refuses while the journal cannot write. The client gets an error then and
    /// will try again, and no attempt may leave a silence behind.
    fn change_silence(&mut self, input: Input, reply: SilenceReply, now: Now) {
        if let Some(why) = &self.trouble {
            reply.give(Err(why.clone()));
            return;
        }
        self.decide(input, now);
        let mut answer = None;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::SilenceAnswer(result) => answer = Some(result),
                other => self.effects_out.carry(other),
            }
        }
        let answer = answer.expect("the engine answers each change of a silence");
        self.effects_out
            .acknowledge_once_stored(PendingAck::Silence { answer, reply });
    }

    /// Lets the engine decide, and measures how long it takes, since the engine has no clock.
    fn decide(&mut self, input: Input, now: Now) {
        // After a burst the buffer may hold tens of megabytes: give them back.
        self.effects.shrink_to(limits::EFFECTS_KEPT);
        let began = self.clock.mono();
        self.engine.handle(&mut self.effects, now, input);
        self.effects_out.decided_in(self.clock.mono().since(began));
    }

    fn handle(&mut self, input: Input, now: Now) {
        self.decide(input, now);
        for effect in self.effects.drain(..) {
            self.effects_out.carry(effect);
        }
    }

    /// Waits until `deadline` for the outcomes of attempts under way. Starts no new ones.
    fn drain(&mut self, deadline: Mono) {
        self.effects_out.hang_up();
        while self.effects_out.attempts_out() > 0 && self.await_outcome(deadline) {}
        self.hand_over_the_rest(deadline);
        let unfinished = self.effects_out.attempts_out();
        if unfinished > 0 {
            log::warn!(attempts = unfinished; "Stopped while webhooks were being sent");
        }
    }

    /// Gives the journal the records that it had no room for, or the whole state if it cannot write: the
    /// disk may have room again by now.
    ///
    /// Events are no longer read, and nothing is lost with them. An outcome that comes this late belongs to
    /// an attempt that is recorded as under way, so the next run notifies that webhook again. Alarms ring
    /// again in the next run, too. The journal itself logs what it could not write.
    fn hand_over_the_rest(&mut self, deadline: Mono) {
        if self.trouble.is_some() {
            self.record_everything(self.clock.now());
        }
        let sizes = self.engine.sizes();
        self.effects_out.deliver_records(self.clock.now(), sizes);
        while self.effects_out.is_journal_blocked() {
            let mut select = Select::new();
            self.effects_out.select_room(&mut select);
            if select.ready_deadline(self.clock.instant(deadline)).is_err() {
                log::warn!("Stopped before the last changes were written: the disk is too slow");
                return;
            }
            self.effects_out.deliver_records(self.clock.now(), sizes);
        }
    }

    fn await_outcome(&mut self, deadline: Mono) -> bool {
        match self.events.recv_deadline(self.clock.instant(deadline)) {
            Ok(Event::Outcome { worker, outcome }) => {
                let now = self.clock.now();
                self.take_outcome(worker, outcome, now);
                let sizes = self.engine.sizes();
                self.effects_out.deliver_records(now, sizes);
                true
            }
            Ok(Event::Rings(_) | Event::WorkerIdle { .. } | Event::Journal(_)) => true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

#[cfg(test)]
mod tests;
