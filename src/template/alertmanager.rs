//! PURE. The template functions that Alertmanager adds to Go's (§6.3).
//!
//! Owns their implementations; `time.rs` and `duration.rs` compute times and durations. Called on send
//! threads and on the thread that loads the configuration.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

use super::value::{Dict, List, Value};
use super::{Context, duration, json, text, time};
use crate::limits;
use crate::model::{SearchPattern, ZERO_TIME, go_quote};

type Answer = Result<Value, String>;

/// `toUpper`
pub fn to_upper(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::text(text::to_upper(text_of(&values[0]))))
}

/// `toLower`
pub fn to_lower(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::text(text::to_lower(text_of(&values[0]))))
}

/// `title`
pub fn title(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::text(text::title(text_of(&values[0]))))
}

/// `trimSpace`
pub fn trim_space(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(text_of(&values[0]).trim().into())
}

/// `join`: the separator is the first argument, so that a list can be piped in.
pub fn join(_: &Context<'_>, values: &[Value]) -> Answer {
    let texts = match &values[1] {
        Value::Texts(texts) => texts.as_ref(),
        _ => &[],
    };
    Ok(Value::text(texts.join(text_of(&values[0]))))
}

/// `match`: whether the pattern matches anywhere in the text.
pub fn matches(_: &Context<'_>, values: &[Value]) -> Answer {
    let pattern = SearchPattern::compile(text_of(&values[0]))?;
    Ok(Value::Bool(pattern.is_found_in(text_of(&values[1]))))
}

/// `safeHtml` and `safeUrl`: return the text unchanged, because nothing is rendered as HTML.
pub fn same(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(values[0].clone())
}

/// `urlUnescape`
pub fn url_unescape(_: &Context<'_>, values: &[Value]) -> Answer {
    text::url_unescape(text_of(&values[0])).map(Value::text)
}

/// `reReplaceAll`: pattern, replacement, text.
pub fn replace_all(_: &Context<'_>, values: &[Value]) -> Answer {
    let source = text_of(&values[0]);
    let pattern = SearchPattern::compile(source)
        .map_err(|fault| format!("regexp: Compile({}): {fault}", backquoted(source)))?;
    let (replacement, text) = (text_of(&values[1]), text_of(&values[2]));
    pattern
        .replace_all(text, replacement, limits::TEMPLATE_OUTPUT_BYTES)
        .map(Value::text)
        .ok_or_else(|| "the text grows too long".into())
}

fn backquoted(text: &str) -> String {
    if text.contains('`') {
        go_quote(text)
    } else {
        format!("`{text}`")
    }
}

/// `stringSlice`
pub fn string_slice(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::Texts(
        values.iter().map(|value| text_of(value).into()).collect(),
    ))
}

/// `date`: layout, time.
pub fn date(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::text(time::format(
        time_of(&values[1]),
        text_of(&values[0]),
    )))
}

/// `tz`: the same time in another time zone.
pub fn tz(_: &Context<'_>, values: &[Value]) -> Answer {
    let name = text_of(&values[0]);
    let zone = match name {
        // Never the host's zone: a configuration must mean the same on every host.
        "" | "UTC" | "Local" => TimeZone::UTC,
        name => TimeZone::get(name).map_err(|_| format!("unknown time zone {name}"))?,
    };
    Ok(Value::Time(time_of(&values[1]).with_time_zone(zone)))
}

/// `now`
pub fn now(context: &Context<'_>, _: &[Value]) -> Answer {
    Ok(Value::Time(context.now.to_zoned_datetime(TimeZone::UTC)))
}

/// `since`
pub fn since(context: &Context<'_>, values: &[Value]) -> Answer {
    let span = context.now.duration_since(time_of(&values[0]).timestamp());
    Ok(Value::Duration(duration::clamped(span)))
}

/// `humanizeDuration`
pub fn humanize_duration(_: &Context<'_>, values: &[Value]) -> Answer {
    duration::humanize(&values[0]).map(Value::text)
}

/// `toDate`: layout, text. An invalid text is the zero time.
pub fn to_date(_: &Context<'_>, values: &[Value]) -> Answer {
    let parsed = time::parse(text_of(&values[0]), text_of(&values[1]));
    Ok(Value::Time(parsed.unwrap_or_else(|_| {
        ZERO_TIME.to_zoned_datetime(TimeZone::UTC)
    })))
}

/// `mustToDate`: layout, text. An invalid text is an error.
pub fn must_to_date(_: &Context<'_>, values: &[Value]) -> Answer {
    time::parse(text_of(&values[0]), text_of(&values[1])).map(Value::Time)
}

/// `toJson`
pub fn to_json(_: &Context<'_>, values: &[Value]) -> Answer {
    let mut out = String::new();
    json::write_value(&mut out, &values[0])?;
    Ok(Value::text(out))
}

/// `base64encode`, with the URL-safe alphabet.
pub fn base64_encode(_: &Context<'_>, values: &[Value]) -> Answer {
    Ok(Value::text(URL_SAFE.encode(text_of(&values[0]))))
}

/// `base64decode`. Invalid UTF-8 is replaced, because all values of templates are text.
pub fn base64_decode(_: &Context<'_>, values: &[Value]) -> Answer {
    let source = text_of(&values[0]);
    let bytes = URL_SAFE.decode(source).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) => at,
            _ => source.len(),
        };
        format!("illegal base64 data at input byte {at}")
    })?;
    Ok(Value::text(String::from_utf8_lossy(&bytes).into_owned()))
}

/// `list`
pub fn list(_: &Context<'_>, values: &[Value]) -> Answer {
    List::new(values.into()).map(Value::List)
}

/// `append`: a list, then the items to append.
pub fn append(_: &Context<'_>, values: &[Value]) -> Answer {
    let first = match &values[0] {
        Value::List(list) => list.items(),
        _ => &[],
    };
    let items = first.iter().chain(&values[1..]);
    List::new(items.cloned().collect()).map(Value::List)
}

/// `dict`: alternating keys and values.
pub fn dict(_: &Context<'_>, values: &[Value]) -> Answer {
    let (pairs, rest) = values.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("dict requires an even number of arguments".into());
    }
    let mut map = BTreeMap::new();
    for [key, value] in pairs {
        match key {
            Value::Text(key) => map.insert(key.clone(), value.clone()),
            _ => return Err("dict keys must be strings".into()),
        };
    }
    Dict::new(map).map(Value::Dict)
}

/// `routeLabels`: the rendered value of a route label.
pub fn route_labels(context: &Context<'_>, values: &[Value]) -> Answer {
    context
        .route_labels
        .value(text_of(&values[0]), context.open_parentheses.get())
        .map(Value::Text)
}

/// The text of an argument. The table of functions has already checked its type.
fn text_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

fn time_of(value: &Value) -> &ZonedDateTime {
    match value {
        Value::Time(time) => time,
        _ => unreachable!("the table of functions says that this argument is a time"),
    }
}
