//! STAGE 3. The timer thread: waits for commands or the next due alarm, and rings alarms.
//!
//! Owns the timer wheel. Knows nothing of groups or deliveries. Wakes only for commands, for a due alarm
//! and for a cascade of the wheel, at most one cascade a level and alarm. Ends when the dispatcher has
//! hung up. Runs on the timer thread.
//!
//! Ringing blocks while the dispatcher's event channel is full. That cannot deadlock: the dispatcher never
//! waits for the timer, and keeps commands that find no room. Nor does it lose anything: alarms that fall
//! due in the meantime stay in the wheel and ring, in order, once there is room.

use crossbeam_channel::RecvTimeoutError;
use log::debug;

use crate::clock::Clock;
use crate::dispatch::inbox::Event;
use crate::engine::AlarmId;
use crate::limits::RINGS_PER_EVENT;
use crate::model::Mono;
use crate::waker::{Mailbox, WakingSender};

pub mod wheel;

use wheel::Wheel;

/// A command of the dispatcher for one alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ring the alarm at this time, instead of the time it was armed for before.
    Arm(AlarmId, Mono),
    /// Do not ring the alarm.
    Disarm(AlarmId),
}

impl Command {
    /// The alarm that the command is for.
    pub fn alarm(&self) -> AlarmId {
        match self {
            Command::Arm(alarm, _) | Command::Disarm(alarm) => *alarm,
        }
    }
}

/// Carries out `commands` and sends [`Event::Rings`] of at most [`RINGS_PER_EVENT`] alarms each, until the
/// other end of either channel is gone. The body of the timer thread.
pub fn run(commands: Mailbox<Vec<Command>>, events: WakingSender<Event>, clock: Clock) {
    let mut timer = Timer {
        wheel: Wheel::new(clock.mono()),
        commands,
        events,
        clock,
    };
    let end = loop {
        if let Err(end) = timer.turn() {
            break end;
        }
    };
    debug!(reason = end.as_str(), armed = timer.wheel.len(); "timer stopped");
}

struct Timer {
    wheel: Wheel,
    commands: Mailbox<Vec<Command>>,
    events: WakingSender<Event>,
    clock: Clock,
}

/// Which channel was disconnected.
enum End {
    Commands,
    Events,
}

impl Timer {
    /// Waits for a batch of commands or a due alarm, applies the commands, then rings one batch of alarms.
    /// Commands come first, so that an alarm that was moved while it was due rings at its new time.
    fn turn(&mut self) -> Result<(), End> {
        match self.wait() {
            Ok(batch) => self.apply(batch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(End::Commands),
        }
        let mut rung = Vec::new();
        (self.wheel).pop_due(self.clock.mono(), RINGS_PER_EVENT, &mut rung);
        if rung.is_empty() {
            return Ok(());
        }
        (self.events.send(Event::Rings(rung))).map_err(|_| End::Events)
    }

    fn wait(&self) -> Result<Vec<Command>, RecvTimeoutError> {
        match self.wheel.next_at() {
            Some(at) => self.commands.next_by(at, self.clock),
            None => Ok(self.commands.next()?),
        }
    }

    fn apply(&mut self, batch: Vec<Command>) {
        for command in batch {
            match command {
                Command::Arm(alarm, at) => self.wheel.arm(alarm, at),
                Command::Disarm(alarm) => self.wheel.disarm(alarm),
            }
        }
    }
}

impl End {
    fn as_str(&self) -> &'static str {
        match self {
            End::Commands => "no further commands",
            End::Events => "nobody listens to rings",
        }
    }
}

#[cfg(test)]
mod tests;
