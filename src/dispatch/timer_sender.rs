//! Sends the dispatcher's commands to the timer.
//!
//! Owns the commands that are not sent yet. Never blocks: while the channel to the timer is full, commands
//! stay here, and once there are many, only the last command for each alarm is kept. Runs on the dispatch
//! thread.

use std::collections::BTreeMap;

use crossbeam_channel::{Sender, TrySendError};

use crate::engine::AlarmId;
use crate::limits;
use crate::timer::Command;
use crate::waker::WakingSender;

/// The sender to the timer.
#[derive(Debug)]
pub struct TimerSender {
    /// `None` after [`TimerSender::hang_up`].
    timer: Option<WakingSender<Vec<Command>>>,
    /// Commands that are not sent yet.
    unsent: Vec<Command>,
    /// The length of `unsent` at which superseded commands are dropped.
    compact_at: usize,
    is_blocked: bool,
}

impl TimerSender {
    /// A sender to the timer thread that receives from `timer`.
    pub fn new(timer: WakingSender<Vec<Command>>) -> Self {
        TimerSender {
            timer: Some(timer),
            unsent: Vec::new(),
            compact_at: limits::UNTOLD_COMMANDS,
            is_blocked: false,
        }
    }

    /// Adds a command for the next [`TimerSender::deliver`].
    pub fn command(&mut self, command: Command) {
        self.unsent.push(command);
        if self.unsent.len() >= self.compact_at {
            self.drop_superseded();
        }
    }

    /// Sends the waiting commands as one batch, if the channel has room. If not, they stay, and
    /// [`TimerSender::blocked_on`] returns the channel.
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

    /// The channel, if commands wait for room in it.
    pub fn blocked_on(&self) -> Option<&Sender<Vec<Command>>> {
        let timer = self.timer.as_ref().filter(|_| self.is_blocked);
        timer.map(WakingSender::channel)
    }

    /// Drops the sender, which lets the timer thread end.
    pub fn hang_up(&mut self) {
        self.timer = None;
    }

    fn drop_superseded(&mut self) {
        let mut last: BTreeMap<AlarmId, Command> = BTreeMap::new();
        // A later command for an alarm overwrites the earlier one.
        for command in self.unsent.drain(..) {
            last.insert(command.alarm(), command);
        }
        self.unsent.extend(last.into_values());
        // Compact again only after doubling, so that a command costs amortised constant work.
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
