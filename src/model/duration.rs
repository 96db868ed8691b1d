//! The text forms of durations in the configuration and in flags.
//!
//! Owns the grammars: Prometheus' (`1h30m`, §1.2), Go's (`1.5s`) and that of Alertmanager's flags, which is
//! Go's with days and weeks. Owns also their error messages. Never reads a clock. Pure; runs on the calling
//! thread.

use std::fmt;
use std::time::Duration;

use super::go_quote;

/// Why a text is not a duration, in Alertmanager's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationError(pub String);

impl fmt::Display for DurationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for DurationError {}

const NANOS_PER_MICRO: u64 = 1_000;
const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Prometheus' units with their length in milliseconds, from large to small.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The units of flags with their length in nanoseconds. All but the first two are Go's. The two signs for
/// "micro" are different characters that look alike.
const FLAG_UNITS: [(&str, u64); 10] = [
    ("w", 7 * 86_400 * NANOS_PER_SECOND),
    ("d", 86_400 * NANOS_PER_SECOND),
    ("ns", 1),
    ("us", NANOS_PER_MICRO),
    ("\u{b5}s", NANOS_PER_MICRO),
    ("\u{3bc}s", NANOS_PER_MICRO),
    ("ms", NANOS_PER_MILLI),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
];

/// One nanosecond more than the longest duration of Go, a signed number of 64 bits.
const GO_LIMIT_NANOS: u64 = 1 << 63;

/// Reads Prometheus' form: `1d12h`, `324ms`, `0`. At most about 292 years (§1.2).
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    match text {
        "0" => return Ok(Duration::ZERO),
        "" => return Err(DurationError("empty duration string".into())),
        _ => {}
    }
    let malformed = || DurationError(format!("not a valid duration string: {}", go_quote(text)));
    let mut rest = text;
    let mut smaller_units = &UNITS[..];
    let mut nanoseconds = 0;
    while !rest.is_empty() {
        let digits = take_while(&mut rest, |c| c.is_ascii_digit());
        let count: u64 = digits.parse().map_err(|_| malformed())?;
        let unit = take_while(&mut rest, |c| !c.is_ascii_digit());
        if unit.is_empty() {
            return Err(malformed());
        }
        let Some(position) = smaller_units.iter().position(|(name, _)| *name == unit) else {
            return Err(if UNITS.iter().any(|(name, _)| *name == unit) {
                malformed()
            } else {
                unknown_unit(unit, text)
            });
        };
        nanoseconds = count
            .checked_mul(smaller_units[position].1 * NANOS_PER_MILLI)
            .and_then(|part| part.checked_add(nanoseconds))
            .filter(|sum| *sum < GO_LIMIT_NANOS)
            .ok_or_else(|| DurationError("duration out of range".into()))?;
        smaller_units = &smaller_units[position + 1..];
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Writes Prometheus' form: 90 minutes are `1h30m`. Truncates to milliseconds (§1.2).
pub fn format_duration(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    if rest == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    for (unit, milliseconds) in UNITS {
        let milliseconds = u128::from(milliseconds);
        // Years and weeks are used only if no smaller unit follows: 90d reads better than 12w6d.
        let only_if_exact = matches!(unit, "y" | "w");
        let count = rest / milliseconds;
        if count == 0 || only_if_exact && !rest.is_multiple_of(milliseconds) {
            continue;
        }
        text.push_str(&format!("{count}{unit}"));
        rest %= milliseconds;
    }
    text
}

/// Reads Go's form: `1.5s`, `1h2m`, `500ms`, `0`. A negative duration is an error.
pub fn parse_go_duration(text: &str) -> Result<Duration, DurationError> {
    parse_with_fractions(text, &FLAG_UNITS[2..])
}

/// Reads the form of Alertmanager's flags: Go's, with the additional units `d` and `w`. Alertmanager 0.33
/// accepts `--data.retention=1.5w`, as a test showed.
pub fn parse_flag_duration(text: &str) -> Result<Duration, DurationError> {
    parse_with_fractions(text, &FLAG_UNITS)
}

/// Writes Go's form: 60 s are `1m0s`.
pub fn format_go_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (unit, scale) = match nanoseconds {
        0 => return "0s".into(),
        1..1_000 => ("ns", 1),
        1_000..1_000_000 => ("\u{b5}s", u128::from(NANOS_PER_MICRO)),
        1_000_000..1_000_000_000 => ("ms", u128::from(NANOS_PER_MILLI)),
        _ => ("s", u128::from(NANOS_PER_SECOND)),
    };
    if scale < u128::from(NANOS_PER_SECOND) {
        return format!("{}{unit}", decimal(nanoseconds, scale));
    }
    let minutes = nanoseconds / (60 * scale);
    let seconds = decimal(nanoseconds % (60 * scale), scale);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn parse_with_fractions(text: &str, units: &[(&str, u64)]) -> Result<Duration, DurationError> {
    let is_negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    if unsigned.is_empty() {
        return Err(invalid_go_duration(text));
    }
    let mut rest = unsigned;
    let mut nanoseconds: u64 = 0;
    while !rest.is_empty() {
        nanoseconds = take_part(&mut rest, units, text)?
            .checked_add(nanoseconds)
            .filter(|sum| *sum < GO_LIMIT_NANOS)
            .ok_or_else(|| invalid_go_duration(text))?;
    }
    if is_negative && nanoseconds > 0 {
        let quoted = quote_as_go_time(text);
        return Err(DurationError(format!("negative duration {quoted}")));
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Takes one number with its unit off the front of `rest`; returns nanoseconds.
fn take_part(rest: &mut &str, units: &[(&str, u64)], text: &str) -> Result<u64, DurationError> {
    let whole = take_while(rest, |c| c.is_ascii_digit());
    let fraction = match rest.strip_prefix('.') {
        Some(after) => {
            *rest = after;
            take_while(rest, |c| c.is_ascii_digit())
        }
        None => "",
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid_go_duration(text));
    }
    let count = match whole {
        "" => Some(0),
        digits => digits.parse().ok().filter(|count| *count <= GO_LIMIT_NANOS),
    };
    let count = count.ok_or_else(|| invalid_go_duration(text))?;
    let unit = take_while(rest, |c| c != '.' && !c.is_ascii_digit());
    let quoted = || quote_as_go_time(text);
    if unit.is_empty() {
        return Err(DurationError(format!(
            "time: missing unit in duration {}",
            quoted()
        )));
    }
    let Some((_, nanoseconds)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(DurationError(format!(
            "time: unknown unit {} in duration {}",
            quote_as_go_time(unit),
            quoted()
        )));
    };
    count
        .checked_mul(*nanoseconds)
        .and_then(|part| part.checked_add(fraction_of(*nanoseconds, fraction)))
        .ok_or_else(|| invalid_go_duration(text))
}

/// The digits after the point as a fraction of the unit, in whole nanoseconds. Go computes this in floating
/// point and ignores digits past 63 bits, so that a third of an hour is exactly 20m.
fn fraction_of(unit_nanos: u64, digits: &str) -> u64 {
    let (mut numerator, mut denominator) = (0_u64, 1_f64);
    for digit in digits.bytes() {
        let longer = numerator
            .checked_mul(10)
            .and_then(|shifted| shifted.checked_add(u64::from(digit - b'0')))
            .filter(|longer| *longer <= GO_LIMIT_NANOS);
        let Some(longer) = longer else { break };
        numerator = longer;
        denominator *= 10.0;
    }
    (numerator as f64 * (unit_nanos as f64 / denominator)) as u64
}

/// `value / scale` as a decimal number without trailing zeros.
fn decimal(value: u128, scale: u128) -> String {
    let (whole, fraction) = (value / scale, value % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let places = scale.ilog10() as usize;
    let digits = format!("{fraction:0places$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

fn take_while<'a>(rest: &mut &'a str, belongs: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

fn unknown_unit(unit: &str, text: &str) -> DurationError {
    DurationError(format!(
        "unknown unit {} in duration {}",
        go_quote(unit),
        go_quote(text)
    ))
}

fn invalid_go_duration(text: &str) -> DurationError {
    DurationError(format!("time: invalid duration {}", quote_as_go_time(text)))
}

/// Quotes as Go's time package does: bytes that are not printable ASCII become `\xNN`.
fn quote_as_go_time(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=0x7f => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
