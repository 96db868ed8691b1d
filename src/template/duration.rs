//! PURE. Formats durations, in Go's form and for people.
//!
//! Owns the two forms; a duration is a signed number of nanoseconds. Called on send threads and on the
//! thread that loads the configuration.

use std::time::Duration;

use super::number;
use super::value::Value;
use crate::model::format_go_duration;

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The prefixes of a thousandth, a millionth and so on of a second.
const FRACTIONS: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// Go's form: `1h2m3.5s`.
pub fn shown(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = format_go_duration(Duration::from_nanos(nanoseconds.unsigned_abs()));
    format!("{sign}{size}")
}

/// The duration in units of `unit` nanoseconds, rounded as in Go.
pub fn in_units(nanoseconds: i64, unit: i64) -> f64 {
    let (whole, rest) = (nanoseconds / unit, nanoseconds % unit);
    whole as f64 + rest as f64 / unit as f64
}

/// The form of `humanizeDuration` (§6.3), for seconds as a number or a text, or for a duration.
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
    // Whole seconds; a value that does not fit into 64 bits is clamped.
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
        Value::Duration(nanoseconds) => Ok(in_units(*nanoseconds, SECOND)),
        Value::Text(text) => parse_number(text).map_err(|fault| {
            let quoted = crate::model::go_quote(text);
            format!("strconv.ParseFloat: parsing {quoted}: {fault}")
        }),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// Parses a number as Go does. Rust's parser differs for underscores between digits, signs before NaN, and
/// numbers that are too large.
fn parse_number(text: &str) -> Result<f64, &'static str> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let mut underscores = (0..bytes.len()).filter(|position| bytes[*position] == b'_');
    let separate =
        underscores.all(|at| at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1)));
    let number: f64 = match text.replace('_', "").parse() {
        Ok(number) if separate => number,
        _ => return Err("invalid syntax"),
    };
    if number.is_nan() && text.starts_with(['+', '-']) {
        return Err("invalid syntax");
    }
    if number.is_infinite() && is_digit(bytes.last()) {
        return Err("value out of range");
    }
    Ok(number)
}

/// The nanoseconds of `span`, clamped to 64 bits.
pub fn clamped(span: jiff::SignedDuration) -> i64 {
    let longest = if span.is_negative() {
        i64::MIN
    } else {
        i64::MAX
    };
    i64::try_from(span.as_nanos()).unwrap_or(longest)
}
