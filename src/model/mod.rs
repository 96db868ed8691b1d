//! The plain data that all stages share: alerts, labels, matchers, fingerprints, durations and time.
//!
//! Pure, and at the bottom of the module tree: uses no other module of the crate but `limits`, never reads a
//! clock and does no I/O. Runs on the calling thread.

mod alert;
mod alertmanager_hash;
mod calendar;
mod duration;
mod fingerprint;
mod keyed_hash;
mod labels;
mod matcher;
mod order;
mod percent;
mod report;
mod shared_text;
mod silence;
mod time;

pub use alert::{Alert, PostedAlert, Status};
pub use alertmanager_hash::alertmanager_hash;
pub use calendar::{TimeInterval, TimeOfDayRange};
pub use duration::{
    DurationError, format_duration, format_go_duration, parse_duration, parse_flag_duration,
    parse_go_duration,
};
pub use fingerprint::{Fingerprint, FingerprintMap, Fnv1a};
pub use keyed_hash::{HashKey, KeyedHasher};
use labels::touch;
pub use labels::{IdentifiedBuilder, IdentifiedLabels, Labels, LabelsBuilder};
pub use matcher::{
    MatchOp, Matcher, MatcherError, Parsed, ParserMode, Pattern, SearchPattern, check_regex,
    format_matchers, go_quote, is_valid_label_name, parse_matcher, parse_matchers,
};
pub use order::{LabelSetKey, NotificationKey, compare_for_notification, compare_label_sets};
pub use percent::percent_decoded;
pub use report::{ReportedChange, SourceReport};
pub use shared_text::SharedText;
pub use silence::{PostedSilence, Silence, SilenceState};
pub use time::{
    CompactWall, Mono, Now, Wall, ZERO_TIME, format_rfc3339_millis, format_rfc3339_nanos,
};
