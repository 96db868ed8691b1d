//! PURE. The template functions that alertwheel adds to Go's and Alertmanager's.
//!
//! Owns their implementations. Most are for the bodies that sources are sent, where JSON is within texts and
//! times come as numbers or without a zone; all templates have these. The last four are about what a source
//! was sent, and only a source's templates have them. Called on send threads, on the connections' threads and
//! on the thread that loads the configuration.

use std::fmt::Write;

use jiff::tz::TimeZone;
use ring::digest::{SHA256, digest};

use super::value::Value;
use super::{Context, time};
use crate::model::Wall;

type Answer = Result<Value, String>;

/// `fromJson`: the value of a JSON text. Anything but a text is returned as it is, since senders differ in
/// whether a field is JSON or a text of it; an empty text is nothing.
pub fn from_json(_: &Context<'_>, values: &[Value]) -> Answer {
    match &values[0] {
        Value::Text(text) if text.trim().is_empty() => Ok(Value::Nil),
        Value::Text(text) => Value::from_json(text.as_bytes()).map_err(|fault| fault.0),
        other => Ok(other.clone()),
    }
}

/// `fromEpoch`: a time from the seconds since 1970, or milliseconds, microseconds or nanoseconds: a number of
/// one unit that is no time of the years up to 5138 is one of the next smaller unit.
pub fn from_epoch(_: &Context<'_>, values: &[Value]) -> Answer {
    let time = match &values[0] {
        Value::Int(number) => time_of_whole(*number),
        Value::Float(number) => time_of_float(*number),
        Value::Text(text) => time_of_text(text.trim()),
        _ => None,
    };
    let wrong = || format!("{} is no number of seconds", values[0].shown());
    time.map(in_utc).ok_or_else(wrong)
}

/// The time of a number in a text.
pub fn time_of_text(text: &str) -> Option<Wall> {
    match text.parse() {
        Ok(number) => time_of_whole(number),
        Err(_) => time_of_float(text.parse().ok()?),
    }
}

/// The least number that counts as milliseconds: as seconds it is in the year 5138, as milliseconds in 1973.
const LEAST_MILLISECONDS: u64 = 100_000_000_000;

fn time_of_whole(number: i64) -> Option<Wall> {
    let size = number.unsigned_abs();
    let time = if size < LEAST_MILLISECONDS {
        Wall::from_second(number)
    } else if size < LEAST_MILLISECONDS * 1000 {
        Wall::from_millisecond(number)
    } else if size < LEAST_MILLISECONDS * 1_000_000 {
        Wall::from_microsecond(number)
    } else {
        Wall::from_nanosecond(number.into())
    };
    time.ok()
}

/// The time of a number that may have a fraction, to a microsecond, which is what a float can tell apart.
fn time_of_float(number: f64) -> Option<Wall> {
    let mut seconds = Some(number).filter(|number| number.is_finite())?;
    while seconds.abs() >= LEAST_MILLISECONDS as f64 {
        seconds /= 1000.0;
    }
    Wall::from_microsecond((seconds * 1e6).round() as i64).ok()
}

fn in_utc(time: Wall) -> Value {
    Value::Time(time.to_zoned_datetime(TimeZone::UTC))
}

/// `parseTime`: a layout or a list of them, perhaps the zone of a text that names none, the text.
pub fn parse_time(_: &Context<'_>, values: &[Value]) -> Answer {
    let (zone, text) = match &values[1..] {
        [text] => ("UTC", text_of(text)),
        [zone, text] => (text_of(zone), text_of(text)),
        _ => return Err("it takes a layout, perhaps a zone, and a text".into()),
    };
    let zone = TimeZone::get(zone).map_err(|_| format!("unknown time zone {zone}"))?;
    let layouts = match &values[0] {
        Value::Text(layout) => vec![layout.clone()],
        Value::Texts(layouts) => layouts.to_vec(),
        Value::List(list) => list.items().iter().filter_map(Value::scalar_text).collect(),
        other => return Err(format!("a layout is a text, and no {}", other.type_name())),
    };
    let mut fault = "there is no layout".to_owned();
    for layout in layouts {
        match time::parse_in(&layout, text, zone.clone()) {
            Ok(time) => return Ok(Value::Time(time)),
            Err(reason) => fault = reason,
        }
    }
    Err(fault)
}

/// `default`: the second argument, or the first one if that is empty or zero.
pub fn default(_: &Context<'_>, values: &[Value]) -> Answer {
    let is_given = values[1].is_true();
    Ok(values[usize::from(is_given)].clone())
}

/// `sha256`, in hexadecimal digits.
pub fn sha256(_: &Context<'_>, values: &[Value]) -> Answer {
    let hash = digest(&SHA256, text_of(&values[0]).as_bytes());
    let mut out = String::with_capacity(64);
    for byte in hash.as_ref() {
        write!(out, "{byte:02x}").expect("a string takes everything");
    }
    Ok(Value::text(out))
}

/// `truncate`: the first so many characters of a text.
pub fn truncate(_: &Context<'_>, values: &[Value]) -> Answer {
    let Value::Int(most) = values[0] else {
        unreachable!("the table of functions says that the first argument is a number");
    };
    let most = usize::try_from(most).map_err(|_| format!("{most} is no length"))?;
    let text = text_of(&values[1]);
    Ok(match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].into(),
        None => values[1].clone(),
    })
}

/// `has`: whether a map has a key whose value is not null.
pub fn has(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::Bool(match &values[1] {
        Value::Dict(dict) => dict
            .entries()
            .get(text_of(&values[0]))
            .is_some_and(|value| !matches!(value, Value::Nil)),
        Value::Kv(labels) => labels.get(text_of(&values[0])).is_some(),
        _ => false,
    }))
}

/// `pointer`: what is at a JSON pointer, or nothing.
pub fn pointer(_: &Context<'_>, values: &[Value]) -> Answer {
    let pointer = text_of(&values[0]);
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("{pointer} is no JSON pointer, which begins with /"));
    }
    Ok(values[1].at_pointer(pointer).unwrap_or(Value::Nil))
}

/// `body`: the whole decoded body.
pub fn body(context: &Context<'_>, _: &[Value]) -> Answer {
    Ok(context
        .received
        .map_or(Value::Nil, |received| received.body.clone()))
}

/// `header`: the value of a header, or nothing.
pub fn header(context: &Context<'_>, values: &[Value]) -> Answer {
    let headers = context
        .received
        .map_or(&[][..], |received| received.headers);
    let name = text_of(&values[0]);
    let found = headers
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name));
    Ok(found.map_or(Value::Nil, |(_, value)| value.as_str().into()))
}

/// `query`: the value of a parameter of the query, or nothing.
pub fn query(context: &Context<'_>, values: &[Value]) -> Answer {
    let query = context.received.map_or(&[][..], |received| received.query);
    let name = text_of(&values[0]);
    let found = query.iter().find(|(other, _)| other == name);
    Ok(found.map_or(Value::Nil, |(_, value)| value.as_str().into()))
}

/// `source`: the name of the source.
pub fn source(context: &Context<'_>, _: &[Value]) -> Answer {
    let name = context.received.map(|received| received.source.clone());
    Ok(name.map_or(Value::Nil, Value::Text))
}

/// The text of an argument. The table of functions has already checked its type.
fn text_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}
