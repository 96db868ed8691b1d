//! JSON of API v2, in and out.
//!
//! Owns the names of fields, the shapes and the rules of the schema (§10.2, Appendix E). Nothing
//! else in `api` names serde. Pure; runs on the http threads.

mod date;
mod lenient;
mod posted;
mod shapes;
mod syntax;
mod uri;

pub use posted::{BodyError, posted_alerts};
pub use shapes::{
    ClusterShape, StatusShape, error_object, error_string, push_alert, push_group_end,
    push_group_start, receivers_list, status_object,
};
