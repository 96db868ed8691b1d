//! PURE. Spans of time as Go writes them, and as people read them.
//!
//! Owns the two forms; a span is a signed number of nanoseconds. Called on send threads and on
//! whichever thread loads the configuration.

use std::time::Duration;

use super::number;
use super::value::Value;
use crate::model::format_go_duration;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What a thousandth, a millionth and so on of a second are called.
const FRACTIONS: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// As Go prints it: `1h2m3.5s`.
pub fn shown(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = format_go_duration(Duration::from_nanos(nanoseconds.unsigned_abs()));
    format!("{sign}{size}")
}

/// Seconds, as a number, a text or a span, in the words of `humanizeDuration` (§6.3).
pub fn humanize(value: &Value) -> Result<String, String> {
    let seconds = seconds_of(value)?;
    if !seconds.is_finite() {
        return Ok(number::rounded(seconds, 4));
    }
    if seconds == 0.0 {
        return Ok(format!("{}s", number::rounded(seconds, 4)));
    }
    if seconds.abs() >= 1.0 {
        return Ok(humanize_long(seconds));
    }
    let (mut scaled, mut prefix) = (seconds, "");
    for fraction in FRACTIONS {
        if scaled.abs() >= 1.0 {
            break;
        }
        scaled *= 1000.0;
        prefix = fraction;
    }
    Ok(format!("{}{prefix}s", number::rounded(scaled, 4)))
}

fn humanize_long(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    // Whole seconds; what does not fit in 64 bits is as good as for ever.
    let whole = seconds.abs() as i64;
    let (days, hours) = (whole / DAY, whole / HOUR % 24);
    let (minutes, rest) = (whole / MINUTE % 60, whole % MINUTE);
    if days > 0 {
        format!("{sign}{days}d {hours}h {minutes}m {rest}s")
    } else if hours > 0 {
        format!("{sign}{hours}h {minutes}m {rest}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m {rest}s")
    } else {
        format!("{sign}{}s", number::rounded(seconds.abs(), 4))
    }
}

fn seconds_of(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Int(number) => Ok(*number as f64),
        Value::Duration(nanoseconds) => Ok(*nanoseconds as f64 / 1e9),
        Value::Text(text) => parse_number(text).ok_or_else(|| {
            let quoted = crate::model::go_quote(text);
            format!("strconv.ParseFloat: parsing {quoted}: invalid syntax")
        }),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// Rust takes what Go takes, but for signs of infinity, which both spell alike.
fn parse_number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The nanoseconds of `span`; what does not fit is the longest span there is.
pub fn clamped(span: jiff::SignedDuration) -> i64 {
    let longest = if span.is_negative() {
        i64::MIN
    } else {
        i64::MAX
    };
    i64::try_from(span.as_nanos()).unwrap_or(longest)
}
