//! The JSON of API v2, of our own API and of senders' protocols: reads request bodies and writes answers.
//!
//! Owns the names of fields, the shapes and the rules of the schema (§10.2, Appendix E). No other module
//! of `api` uses serde. Pure; runs on the connections' threads.

mod alert;
mod body;
mod date;
pub(in crate::api) mod fuzz;
mod instant;
mod lenient;
mod pagerduty;
mod plain;
mod posted;
mod posted_silence;
mod repair;
mod shapes;
mod silence;
mod sns;
mod source;
mod text;
mod uri;

pub use alert::{AlertShape, AlertWriter, push_group_end, push_group_start};
pub use body::BodyError;
pub use pagerduty::{pagerduty_accepted, pagerduty_event, pagerduty_rejected};
pub use posted::posted_alerts;
pub use posted_silence::posted_silence;
pub use shapes::{
    ClusterShape, StatusShape, error_object, error_string, receivers_list, status_object,
};
pub use silence::{push_silence, silence_id, silence_object};
pub use sns::{SnsMessage, sns_message};
pub use source::{
    BodyObject, ConfirmationObject, FaultObject, HeaderList, ReportLabels, ReportObject,
    SourceObject, TakenObject, Time, body_list, challenge_object, confirmed_object, error_text,
    source_list, taken_object,
};
