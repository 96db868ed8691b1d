//! STAGE 3. The timer thread: waits for the next due alarm or for commands, and rings.
//!
//! Owns the wheel. Knows nothing of groups or deliveries, and never wakes while nothing is due but
//! for a cascade of the wheel, at most one a level and alarm. Ends when the dispatcher has gone.
//!
//! Ringing may block while the dispatcher's events are full. That cannot lock up: the dispatcher
//! never waits for the timer, it keeps commands that find no room; and it costs nothing: alarms
//! that fall due meanwhile stay in the wheel and ring, in order, once there is room.

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

/// What the dispatcher wants of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ring it at this time, and no longer at the time it was armed for before.
    Arm(AlarmId, Mono),
    /// Do not ring it.
    Disarm(AlarmId),
}

impl Command {
    /// The alarm it is about.
    pub fn alarm(&self) -> AlarmId {
        match self {
            Command::Arm(alarm, _) | Command::Disarm(alarm) => *alarm,
        }
    }
}

/// Serves `commands` and sends [`Event::Rings`] of at most [`RINGS_PER_EVENT`] alarms, until the
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

/// Which side of the timer hung up.
enum End {
    Commands,
    Events,
}

impl Timer {
    /// Takes one batch of commands or waits until something is due; then rings one batch of alarms.
    /// Commands come first, so an alarm that was moved while it was due rings at its new time.
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
