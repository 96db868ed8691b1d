//! The dispatcher's way to the timer.
//!
//! Owns the commands that the timer was not told yet. Never waits: what the timer has no room for stays
//! here, of which only the last command for each alarm matters. Runs on the dispatch thread.

use std::collections::BTreeMap;

use crossbeam_channel::{Sender, TrySendError};

use crate::engine::AlarmId;
use crate::limits;
use crate::timer::Command;
use crate::waker::WakingSender;

/// The way to the timer, until it is hung up.
#[derive(Debug)]
pub struct TimerSender {
    timer: Option<WakingSender<Vec<Command>>>,
    /// Commands that the timer has not been told yet.
    unsent: Vec<Command>,
    /// Commands in `unsent` past which superseded ones are dropped.
    compact_at: usize,
    is_blocked: bool,
}

impl TimerSender {
    /// A way to this timer.
    pub fn new(timer: WakingSender<Vec<Command>>) -> Self {
        TimerSender {
            timer: Some(timer),
            unsent: Vec::new(),
            compact_at: limits::UNTOLD_COMMANDS,
            is_blocked: false,
        }
    }

    /// Takes a command.
    pub fn command(&mut self, command: Command) {
        self.unsent.push(command);
        if self.unsent.len() >= self.compact_at {
            self.drop_superseded();
        }
    }

    /// Tells the timer what it has not been told, if there is room.
    pub fn deliver(&mut self) {
        if self.unsent.is_empty() {
            return;
        }
        let Some(timer) = &self.timer else { return };
        match timer.try_send(std::mem::take(&mut self.unsent)) {
            Ok(()) => {
                self.compact_at = limits::UNTOLD_COMMANDS;
                self.is_blocked = false;
            }
            Err(TrySendError::Full(commands) | TrySendError::Disconnected(commands)) => {
                self.unsent = commands;
                self.is_blocked = true;
            }
        }
    }

    /// The channel that has to have room before the timer can be told the rest, if there is any.
    pub fn blocked_on(&self) -> Option<&Sender<Vec<Command>>> {
        let timer = self.timer.as_ref().filter(|_| self.is_blocked);
        timer.map(WakingSender::channel)
    }

    /// Lets the timer end.
    pub fn hang_up(&mut self) {
        self.timer = None;
    }

    fn drop_superseded(&mut self) {
        let mut last: BTreeMap<AlarmId, Command> = BTreeMap::new();
        for command in self.unsent.drain(..) {
            last.insert(command.alarm(), command);
        }
        self.unsent.extend(last.into_values());
        self.compact_at = limits::UNTOLD_COMMANDS.max(2 * self.unsent.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mono;
    use crate::waker::{self, Waker};

    #[test]
    fn what_the_timer_has_no_room_for_goes_out_later_and_merged() {
        let (timer, commands) = waker::channel(1, &Waker::default());
        let mut alarms = TimerSender::new(timer);
        alarms.command(Command::Disarm(AlarmId(7)));
        alarms.command(Command::Arm(AlarmId(0), Mono::START));
        alarms.deliver();
        for _ in 0..2 * limits::UNTOLD_COMMANDS {
            alarms.command(Command::Arm(AlarmId(0), Mono::START));
            alarms.deliver();
        }
        assert!(alarms.blocked_on().is_some_and(Sender::is_full));
        assert_eq!(commands.try_recv().map(|batch| batch.len()), Ok(2));
        alarms.deliver();
        let merged = commands.try_recv().map(|batch| batch.len());
        assert!(merged.is_ok_and(|count| count < limits::UNTOLD_COMMANDS));
        assert!(alarms.blocked_on().is_none());
    }
}
