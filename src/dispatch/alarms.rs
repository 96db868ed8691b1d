//! The dispatcher's way to the timer.
//!
//! Owns the commands that the timer was not told yet. Most alarms are far off when they are armed, and
//! many are moved before they ring; each hand-over wakes a thread. So commands are held for a moment
//! and go out together, all of them as soon as one is for a time that is near. That makes no alarm
//! late: the timer hears of it [`limits::COMMANDS_HELD`] before its time, or at once. Never waits: what
//! the timer has no room for stays here, of which only the last command for each alarm matters. Runs
//! on the dispatch thread.

use std::collections::BTreeMap;

use crossbeam_channel::{Sender, TrySendError};

use crate::bell::RingingSender;
use crate::engine::AlarmId;
use crate::limits;
use crate::model::Mono;
use crate::timer::Command;

/// The way to the timer, until it is hung up.
#[derive(Debug)]
pub struct Alarms {
    timer: Option<RingingSender<Vec<Command>>>,
    /// Commands that the timer has not been told yet.
    untold: Vec<Command>,
    /// Commands in `untold` past which superseded ones are dropped.
    compact_at: usize,
    /// The first time that one of them is for.
    first_at: Option<Mono>,
    /// When to tell them although none is near.
    held_until: Option<Mono>,
    is_blocked: bool,
}

impl Alarms {
    /// A way to this timer.
    pub fn new(timer: RingingSender<Vec<Command>>) -> Self {
        Alarms {
            timer: Some(timer),
            untold: Vec::new(),
            compact_at: limits::UNTOLD_COMMANDS,
            first_at: None,
            held_until: None,
            is_blocked: false,
        }
    }

    /// Takes a command.
    pub fn command(&mut self, command: Command) {
        if let Command::Arm(_, at) = command {
            self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        }
        self.untold.push(command);
        if self.untold.len() >= self.compact_at {
            self.drop_superseded();
        }
    }

    /// Tells the timer what it has not been told, if it is time to and there is room.
    pub fn deliver(&mut self, now: Mono) {
        if self.untold.is_empty() || !self.is_time(now) {
            return;
        }
        let Some(timer) = &self.timer else { return };
        match timer.try_send(std::mem::take(&mut self.untold)) {
            Ok(()) => {
                self.compact_at = limits::UNTOLD_COMMANDS;
                (self.first_at, self.held_until) = (None, None);
                self.is_blocked = false;
            }
            Err(TrySendError::Full(commands) | TrySendError::Disconnected(commands)) => {
                self.untold = commands;
                self.is_blocked = true;
            }
        }
    }

    /// When to call [`Alarms::deliver`] again, whatever else happens.
    pub fn held_until(&self) -> Option<Mono> {
        self.held_until.filter(|_| !self.is_blocked)
    }

    /// The channel that has to have room before the timer can be told the rest, if there is any.
    pub fn blocked_on(&self) -> Option<&Sender<Vec<Command>>> {
        let timer = self.timer.as_ref().filter(|_| self.is_blocked);
        timer.map(RingingSender::channel)
    }

    /// Lets the timer end.
    pub fn hang_up(&mut self) {
        self.timer = None;
    }

    fn is_time(&mut self, now: Mono) -> bool {
        let held_until = now + limits::COMMANDS_HELD;
        let held_until = *self.held_until.get_or_insert(held_until);
        let near = now + 2 * limits::COMMANDS_HELD;
        self.is_blocked
            || now >= held_until
            || self.first_at.is_some_and(|at| at < near)
            || self.untold.len() >= limits::COMMANDS_HELD_AT_MOST
    }

    fn drop_superseded(&mut self) {
        let mut last: BTreeMap<AlarmId, Command> = BTreeMap::new();
        for command in self.untold.drain(..) {
            last.insert(command.alarm(), command);
        }
        self.untold.extend(last.into_values());
        self.compact_at = limits::UNTOLD_COMMANDS.max(2 * self.untold.len());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::bell::{self, Bell};

    const STEP: Duration = Duration::from_millis(1);

    proptest! {
        /// The dispatcher's turns at random times, each with alarms for random times, and between them
        /// only the wake-ups that were asked for.
        #[test]
        fn the_timer_hears_of_each_alarm_before_its_time_or_at_once(
            turns in prop::collection::vec((0..400_u32, prop::collection::vec(0..3000_u32, 0..3)), 1..40)
        ) {
            let (timer, commands) = bell::channel(usize::from(u16::MAX), &Bell::default());
            let mut alarms = Alarms::new(timer);
            let mut now = Mono::START;
            for (pause, waits) in turns {
                let next_turn = now + STEP * pause;
                while let Some(until) = alarms.held_until().filter(|until| *until <= next_turn) {
                    alarms.deliver(until);
                    assert_in_time(&commands, until);
                }
                now = next_turn;
                for wait in waits {
                    alarms.command(Command::Arm(AlarmId(0), now + STEP * wait));
                }
                alarms.deliver(now);
                commands.try_iter().for_each(drop);
                let near = now + 2 * limits::COMMANDS_HELD;
                prop_assert!(alarms.first_at.is_none_or(|at| at >= near));
            }
            while let Some(until) = alarms.held_until() {
                alarms.deliver(until);
                assert_in_time(&commands, until);
            }
            prop_assert!(alarms.untold.is_empty());
        }
    }

    fn assert_in_time(commands: &crossbeam_channel::Receiver<Vec<Command>>, now: Mono) {
        for command in commands.try_iter().flatten() {
            let Command::Arm(_, at) = command else {
                unreachable!("only armed here")
            };
            assert!(
                at >= now + limits::COMMANDS_HELD,
                "heard of at {now:?}, for {at:?}"
            );
        }
    }

    #[test]
    fn what_is_far_off_goes_out_together_and_idle_means_no_wake_up() {
        let (timer, commands) = bell::channel(1, &Bell::default());
        let mut alarms = Alarms::new(timer);
        let hour = Mono::START + Duration::from_secs(3600);
        for id in 0..10 {
            alarms.command(Command::Arm(AlarmId(id), hour));
            alarms.deliver(Mono::START);
        }
        assert!(commands.is_empty());
        let until = alarms.held_until().expect("they are held");
        alarms.deliver(until);
        assert_eq!(commands.try_recv().map(|batch| batch.len()), Ok(10));
        assert_eq!(alarms.held_until(), None);
    }

    #[test]
    fn what_the_timer_has_no_room_for_goes_out_later_and_merged() {
        let (timer, commands) = bell::channel(1, &Bell::default());
        let mut alarms = Alarms::new(timer);
        alarms.command(Command::Disarm(AlarmId(7)));
        alarms.command(Command::Arm(AlarmId(0), Mono::START));
        alarms.deliver(Mono::START);
        for _ in 0..2 * limits::UNTOLD_COMMANDS {
            alarms.command(Command::Arm(AlarmId(0), Mono::START));
            alarms.deliver(Mono::START);
        }
        assert!(alarms.blocked_on().is_some_and(Sender::is_full));
        assert_eq!(commands.try_recv().map(|batch| batch.len()), Ok(2));
        alarms.deliver(Mono::START);
        let merged = commands.try_recv().map(|batch| batch.len());
        assert!(merged.is_ok_and(|count| count < limits::UNTOLD_COMMANDS));
        assert!(alarms.blocked_on().is_none());
    }
}
