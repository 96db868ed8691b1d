//! alertwheel: alerts in, grouped webhooks out.
//!
//! The library serves the binary and the tests; its API is not stable.
//!
//! ```text
//!                 Request             Input │ Effect
//!  Prometheus ─►  api  ───────►  dispatch ◄──────► engine
//!  amtool, UI  (conn-1..N)      (one thread)       (pure)
//!                                 ▲    │ Arm(when, what)
//!                        Rings    │    ├─────────────►  timer (hierarchical wheel)
//!                                 │◄───┼──────────────────┘
//!                        Outcome  │    │ Job
//!                                 │◄───┼─────────────►  webhook (send-0..N) ─► receivers
//!                        Journal  │    │ Batch
//!                                 └────┴─────────────►  journal (write-ahead log) ─► disk
//! ```
//!
//! Invariants:
//! - **The engine decides, the stages act.** The engine has no clock, thread, channel, file, socket or
//!   log; the same inputs give the same effects.
//! - **Only the dispatch thread touches state.** It blocks only on its inbox, or on the outbound channels
//!   that have no room.
//! - **Alarms are hints.** Each group owns its deadline; early, late, duplicate and stale rings do no
//!   harm.
//! - **A worker makes one attempt.** The engine schedules retries, so a delivery that waits holds no
//!   thread.
//! - **A client is answered 200 once its change is in the journal.** Without `--storage.path` there is no
//!   journal, and the answer goes out at once.
//! - **Everything has a bound**, and all bounds are in [`limits`].
//! - **Stages do not know one another.** They meet in [`dispatch::inbox`] and in
//!   [`engine`]'s messages; only [`daemon`] knows all of them.
//!
//! In comments, § and "Appendix" refer to a section of `etc/reference/alertmanager.md`, which describes
//! Alertmanager's exact behaviour; D and a number refers to an entry of `etc/differences.md`.
//! `etc/design.md` has the design rules and their reasons.
//!
//! The modules, in reading order:

// The values that all other modules use.
pub mod config;
pub mod model;
pub mod template;

// What posted bodies mean.
pub mod source;

// The decisions.
pub mod engine;

// The stages, in the order in which an alert passes them.
pub mod api;
pub mod dispatch;
pub mod journal;
pub mod timer;
pub mod webhook;

// The wiring, and what all stages share.
pub mod clock;
pub mod command;
pub mod daemon;
pub mod files;
#[doc(hidden)]
pub mod fuzz;
pub mod limits;
pub mod randomness;
pub mod telemetry;
pub mod threads;
pub mod version;
pub mod waker;
