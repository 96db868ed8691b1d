//! x

use crate::engine::AlarmId;
use crate::model::Mono;

/// A command to the timer.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// a
    Arm(AlarmId, Mono),
    /// b
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
