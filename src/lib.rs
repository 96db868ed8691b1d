//! alertwheel: alerts in, grouped webhooks out.
//!
//! The library is for the binary and the tests; nothing in it is a promise to others.
//!
//! ```text
//!                 Request             Input │ Effect
//!  Prometheus ─►  api  ───────►  dispatch ◄──────► engine
//!  amtool, UI  (conn-1..N)      (one thread)       (pure)
//!                                 ▲    │ Arm(when, what)
//!                        Rings    │    ├─────────────►  timer (hierarchical wheel)
//!                                 │◄───┼──────────────────┘
//!                        Outcome  │    │ Job
//!                                 └────┴─────────────►  webhook (send-0..N) ─► receivers
//! ```
//!
//! What always holds:
//! - **The engine decides, everything else does.** It has no clock, thread, channel, file, socket
//!   or log, and the same inputs give the same effects.
//! - **Only the dispatch thread touches state**, and it never waits for anything but its inbox.
//! - **Alarms are hints.** Each group owns its deadline; early, late, doubled and stale rings do no
//!   harm.
//! - **A worker makes one attempt.** Retries are the engine's, so waiting costs no thread.
//! - **Everything has a bound**, and all bounds stand in [`limits`].
//! - **Stages do not know one another.** They meet in [`dispatch::inbox`] and in
//!   [`engine`]'s messages; [`daemon`] alone knows them all.
//!
//! § in a comment, and "Appendix", is a section of `etc/reference/alertmanager.md`, Alertmanager's exact
//! behaviour; D and a number is an entry of `etc/differences.md`. `etc/design.md` has the rules and why.
//!
//! The modules, in the order to read them:

// The values that everything is about.
pub mod config;
pub mod model;
pub mod template;

// The brain.
pub mod engine;

// The stages, as an alert meets them.
pub mod api;
pub mod dispatch;
pub mod journal;
pub mod timer;
pub mod webhook;

// What holds them together.
pub mod clock;
pub mod command;
pub mod daemon;
pub mod files;
pub mod limits;
pub mod randomness;
pub mod telemetry;
pub mod threads;
pub mod version;
pub mod waker;
