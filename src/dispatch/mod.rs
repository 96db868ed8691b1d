//! STAGE 2: the one owner of the state.
//!
//! Owns the engine and the loop around it: take what has come in, stamp it with a reading of the
//! clocks, let the engine decide, carry its effects out. Does no I/O, formats no body, and never
//! waits on a channel that is full. Runs on the dispatch thread; boring on purpose.

mod asked;
mod deliveries;
mod effects;
pub mod inbox;
mod journal_sender;
mod large_posts;
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
use crate::model::{Mono, Now, PostedAlert};
use crate::telemetry::metrics::Metrics;
use crate::timer::Command;
use crate::waker::{self, Waker, WakingSender};
use asked::Asked;
use effects::EffectRunner;
use inbox::{Event, JournalNews, Receipt, Request};
use journal_sender::JournalSender;
use large_posts::LargePosts;
use pending_ack::{NotStored, PendingAck, PostReply, SilenceReply};
use pool::WorkerPool;
use timer_sender::TimerSender;

/// The ends of the channels that the dispatcher holds.
#[derive(Debug)]
pub struct Channels {
    /// From the front door.
    pub requests: Receiver<Request>,
    /// From our own stages.
    pub events: Receiver<Event>,
    /// Rings when there is something in either.
    pub waker: Waker,
    /// To the timer.
    pub commands: WakingSender<Vec<Command>>,
    /// To the workers.
    pub workers: WorkerPool,
    /// To the journal, if the state is kept.
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
    /// Effects of the input in hand; kept to use its memory again.
    effects: Vec<Effect>,
    /// Why the journal cannot write, while it cannot.
    trouble: Option<NotStored>,
    /// Alarms that rang and were not seen to yet.
    rings: VecDeque<(AlarmId, Mono)>,
    /// Posts that are being taken in, some alerts a turn.
    large_posts: LargePosts,
    /// Questions that are being answered, a slice each in turn. They are as many as the front door lets
    /// read at a time, and those that nobody waits for any more, until it is their turn.
    readings: VecDeque<Box<dyn Asked>>,
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
            large_posts: LargePosts::default(),
            readings: VecDeque::new(),
        }
    }

    /// Takes up what an earlier process knew, before anything else.
    pub fn recover(&mut self, recovered: Recovered) {
        let now = self.clock.now();
        // What an Alertmanager left is read once. In one piece it is kept wholly or read again.
        let is_from_alertmanager = recovered.written_at.is_none() && !recovered.is_empty();
        self.handle(Input::Recover(Box::new(recovered)), now);
        if is_from_alertmanager {
            self.record_everything(now);
        }
        self.hand_over();
    }

    /// The loop. Ends when told to stop, after waiting for attempts under way, or when nobody is
    /// left who could say anything. Returns the threads of workers, which end then.
    pub fn run(mut self) -> Vec<JoinHandle<()>> {
        self.waker.register_current_thread();
        let deadline = loop {
            if let Turn::Stop(deadline) = self.turn() {
                break deadline;
            }
        };
        self.drain(deadline);
        log::debug!("Dispatcher stopped");
        self.effects_out.into_threads()
    }

    /// Takes in what has come, for a while; hands over what came of it; then reads for a while. So an
    /// acknowledgement never waits for a reading.
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
            // The clocks are read once it is here: an end that its sender has just read from the same
            // clock must not seem to lie ahead.
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

    /// Lets the engine see to alarms that rang, at least to one of them; the others may wait for the next
    /// turn, since they are hints.
    fn see_to_rings(&mut self, until: Mono) {
        while let Some((alarm, at)) = self.rings.pop_front() {
            let now = self.clock.now();
            self.handle(Input::Ring { alarm, at }, now);
            if now.mono >= until {
                return;
            }
        }
    }

    /// Answers questions for a while, each by a slice in turn, so that short ones are soon done.
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

    /// Hands over what the turn has made, or says until when it is held back.
    fn hand_over(&mut self) {
        let now = self.clock.now();
        if self.effects_out.journal_wants_everything() {
            self.record_everything(now);
        }
        self.effects_out.deliver(now, self.engine.sizes());
    }

    /// Sleeps until something came in, or until it is time to hand over what is held back.
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
            // Workers come back soon, and then there are jobs for them.
            waker::yield_to_other_threads();
        }
        match self.effects_out.held_until() {
            Some(until) => self.waker.sleep_for(until.since(self.clock.mono())),
            None => self.waker.sleep(),
        }
    }

    /// Sleeps until something came in, or until there is room for what could not be handed over. Nobody
    /// rings for room, so this waits in the channels.
    fn wait_for_room(&self) {
        let mut select = Select::new();
        select.recv(&self.requests);
        select.recv(&self.events);
        self.effects_out.select_room(&mut select);
        match self.effects_out.held_until() {
            // Whether the time has come or something else did, the turn finds out.
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

    /// A reply that nobody waits for any more is dropped: the asker has hung up.
    fn take_request(&mut self, request: Request, now: Now) {
        match request {
            Request::Post { alerts, reply } => self.take_post(alerts, reply, now),
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

    /// Somebody may have set the clock, and nothing else happened since.
    fn notice_clock(&mut self, now: Now) {
        self.engine.notice_clock_step(now, &mut self.effects);
        for effect in self.effects.drain(..) {
            self.effects_out.carry(effect);
        }
    }

    fn take_post(&mut self, alerts: Vec<PostedAlert>, reply: PostReply, now: Now) {
        if alerts.len() <= limits::ALERTS_AT_ONCE {
            let receipt = self.post(alerts, now);
            self.effects_out
                .acknowledge_once_stored(PendingAck::Post { receipt, reply });
        } else if let Some(full) = self.engine.lacks_room_for(&alerts) {
            reply.give(Ok(Receipt::AtLimit(full)));
        } else {
            self.large_posts.push(alerts, reply);
        }
    }

    fn go_on_with_a_large_post(&mut self) {
        let Some(mut post) = self.large_posts.pop() else {
            return;
        };
        let receipt = self.post(post.take(), self.clock.now());
        let (receipt, reply) = match post.add(receipt) {
            Ok(()) if !post.is_done() => return self.large_posts.put_back(post),
            Ok(()) => post.into_answer(),
            Err(at_limit) => (at_limit, post.into_reply()),
        };
        self.effects_out
            .acknowledge_once_stored(PendingAck::Post { receipt, reply });
    }

    fn post(&mut self, alerts: Vec<PostedAlert>, now: Now) -> Receipt {
        self.decide(Input::Alerts(alerts), now);
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
                    // It is counted here, and told by whoever knows the sender.
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

    /// Changes a silence, unless that could not be kept: whoever hears so will try again, and must
    /// not leave a silence behind each time.
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

    /// Lets the engine decide, which has no clock to tell how long it took.
    fn decide(&mut self, input: Input, now: Now) {
        // A burst has filled it once; that is no reason to keep tens of megabytes.
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

    /// Takes in the outcomes of attempts under way; starts nothing new.
    fn drain(&mut self, deadline: Mono) {
        self.effects_out.hang_up();
        while self.effects_out.attempts_out() > 0 && self.await_outcome(deadline) {}
        self.hand_over_the_rest(deadline);
        let unfinished = self.effects_out.attempts_out();
        if unfinished > 0 {
            log::warn!(attempts = unfinished; "Stopped while webhooks were being sent");
        }
    }

    /// Gives the journal what it had no room for so far, and the whole state if it cannot write: the
    /// disk may have got room meanwhile. Events are not read any more, and nothing is lost with them.
    /// An outcome that comes this late is of an attempt that is recorded as under way, so its webhook
    /// is told again by the next process, where rings come again as well; and what the journal could
    /// not write it says itself.
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
                log::warn!("Stopped while the disk was too slow to take the last changes");
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
