//! The binary: calls [`alertwheel::command::run`] and returns its exit code. Owns nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    alertwheel::command::run()
}
