//! The engine in virtual time: no threads, no sockets, no sleeps.
//!
//! - `world`: the engine between a timer, a network and clocks that a test holds in its hand
//! - `alarms`, `network`: those two, with the faults they can have
//! - `script`, `stories`: the files of `tests/stories`, played and compared
//! - `checkers`: what must hold after every step, and what every receiver must have heard
//! - `fuzz`: seeded random worlds under all checkers, and the checkers themselves under sabotage
//! - `heartbeats`: what jobs know of their heartbeats, and that the engine agrees
//! - `sources`: what sources believe, and that the engine agrees
//! - `dice`: chance, from a seed
//! - `outages`: the uplink is gone for an hour
//! - `long_runs`: weeks in milliseconds

mod alarms;
mod checkers;
mod crashes;
mod dice;
mod disk;
mod fuzz;
mod heartbeats;
mod long_runs;
mod network;
mod outages;
mod script;
mod sources;
mod stories;
mod world;
