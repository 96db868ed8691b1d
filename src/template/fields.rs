//! PURE. Looks up the names after a dot: fields of the data, keys of maps, and methods.
//!
//! Owns the names. A method takes precedence over a key of the same name, as in Go. Called on send threads
//! and on the thread that loads the configuration.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ZonedDateTime};

use super::data::{AlertData, Data};
use super::functions::{Kind, Signature};
use super::value::{Pair, Value, labels_in_order};
use super::{duration, time};
use crate::model::{Labels, Wall, ZERO_TIME};

/// A method of a type of values.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Its arguments.
    pub signature: Signature,
    call: MethodCall,
}

/// The function behind a method. Its value has the method, and its arguments are already checked.
#[derive(Clone, Copy, Debug)]
enum MethodCall {
    Always(fn(&Value, &[Value]) -> Value),
    /// The result may not exist.
    Perhaps(fn(&Value, &[Value]) -> Option<Value>),
}

impl Method {
    /// The result of the method for `value`.
    pub fn call(&self, value: &Value, arguments: &[Value]) -> Result<Value, String> {
        match self.call {
            MethodCall::Always(call) => Ok(call(value, arguments)),
            MethodCall::Perhaps(call) => call(value, arguments)
                .ok_or_else(|| "the time is not within the years -9999 to 9999".to_owned()),
        }
    }
}

const fn method(
    name: &'static str,
    parameters: &'static [Kind],
    call: fn(&Value, &[Value]) -> Value,
) -> Method {
    with_call(name, parameters, MethodCall::Always(call))
}

const fn perhaps(
    name: &'static str,
    parameters: &'static [Kind],
    call: fn(&Value, &[Value]) -> Option<Value>,
) -> Method {
    with_call(name, parameters, MethodCall::Perhaps(call))
}

const fn with_call(name: &'static str, parameters: &'static [Kind], call: MethodCall) -> Method {
    let signature = Signature {
        parameters,
        rest: None,
    };
    Method {
        name,
        signature,
        call,
    }
}

/// The method `name` of `value`.
pub fn find_method(value: &Value, name: &str) -> Option<&'static Method> {
    let methods: &[Method] = match value {
        Value::Alerts(_) => &ALERTS,
        Value::Kv(_) => &KV,
        Value::Pairs(_) => &PAIRS,
        Value::Texts(_) => &TEXTS,
        Value::Time(_) => &TIME,
        Value::Duration(_) => &DURATION,
        Value::Named(..) => &NAMED,
        _ => &[],
    };
    methods.iter().find(|method| method.name == name)
}

/// The field or key `name` of `value`; `None` if values of its type have no such field.
pub fn field(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Data(data) => data_field(data, name),
        Value::Alert(alert) => alert_field(alert, name),
        Value::Pair(Pair { name: own, value }) => match name {
            "Name" => Some(Value::Text(own.clone())),
            "Value" => Some(Value::Text(value.clone())),
            _ => None,
        },
        Value::Kv(labels) => Some(labels.get(name).unwrap_or("").into()),
        Value::Dict(dict) => Some(dict.entries().get(name).cloned().unwrap_or(Value::Nil)),
        _ => None,
    }
}

fn data_field(data: &Data, name: &str) -> Option<Value> {
    Some(match name {
        "Receiver" => Value::Text(data.receiver.clone()),
        "Status" => Value::Text(data.status.clone()),
        "Alerts" => Value::Alerts(data.alerts.clone()),
        "NotificationReason" => Value::Text(data.notification_reason.clone()),
        "GroupLabels" => Value::Kv(data.group_labels.clone()),
        "CommonLabels" => Value::Kv(data.common_labels.clone()),
        "CommonAnnotations" => Value::Kv(data.common_annotations.clone()),
        "RouteLabels" => Value::Kv(data.route_labels.clone()),
        "ExternalURL" => Value::Text(data.external_url.clone()),
        _ => return None,
    })
}

fn alert_field(alert: &AlertData, name: &str) -> Option<Value> {
    let at = |time: Wall| Value::Time(time.to_zoned_datetime(TimeZone::UTC));
    Some(match name {
        "Status" => Value::Text(alert.status.clone()),
        "Labels" => Value::Kv(alert.labels.clone()),
        "Annotations" => Value::Kv(alert.annotations.clone()),
        "StartsAt" => at(alert.starts_at),
        "EndsAt" => at(alert.ends_at),
        "GeneratorURL" => Value::Text(alert.generator_url.clone()),
        "Fingerprint" => Value::Text(alert.fingerprint.clone()),
        _ => return None,
    })
}

static ALERTS: [Method; 2] = [
    method("Firing", &[], |value, _| with_status(value, "firing")),
    method("Resolved", &[], |value, _| with_status(value, "resolved")),
];

fn with_status(value: &Value, status: &str) -> Value {
    let Value::Alerts(alerts) = value else {
        return Value::Nil;
    };
    let chosen = alerts.iter().filter(|alert| &*alert.status == status);
    Value::AlertSlice(chosen.cloned().collect())
}

static KV: [Method; 5] = [
    method("SortedPairs", &[], |value, _| {
        Value::Pairs(sorted_pairs(labels_of(value)))
    }),
    method("Remove", &[Kind::Texts], |value, arguments| {
        let Value::Texts(names) = &arguments[0] else {
            return value.clone();
        };
        let stays = |name: &str| !names.iter().any(|removed| &**removed == name);
        Value::Kv(labels_of(value).select(stays))
    }),
    method("Names", &[], |value, _| {
        names(&sorted_pairs(labels_of(value)))
    }),
    method("Values", &[], |value, _| {
        values(&sorted_pairs(labels_of(value)))
    }),
    method("String", &[], shown),
];

fn labels_of(value: &Value) -> &Labels {
    match value {
        Value::Kv(labels) => labels,
        _ => unreachable!("only sets of labels have these methods"),
    }
}

fn sorted_pairs(labels: &Labels) -> Arc<[Pair]> {
    let pairs = labels_in_order(labels);
    pairs
        .map(|(name, value)| Pair {
            name: name.into(),
            value: value.into(),
        })
        .collect()
}

static PAIRS: [Method; 3] = [
    method("Names", &[], |value, _| names(pairs_of(value))),
    method("Values", &[], |value, _| values(pairs_of(value))),
    method("String", &[], shown),
];

/// Alertmanager has this method since 0.34.
static TEXTS: [Method; 1] = [method("Join", &[Kind::Text], |value, arguments| {
    match (value, &arguments[0]) {
        (Value::Texts(texts), Value::Text(separator)) => Value::text(texts.join(separator)),
        _ => Value::Nil,
    }
})];

fn pairs_of(value: &Value) -> &[Pair] {
    match value {
        Value::Pairs(pairs) => pairs,
        _ => &[],
    }
}

fn names(pairs: &[Pair]) -> Value {
    Value::Texts(pairs.iter().map(|pair| pair.name.clone()).collect())
}

fn values(pairs: &[Pair]) -> Value {
    Value::Texts(pairs.iter().map(|pair| pair.value.clone()).collect())
}

fn shown(value: &Value, _: &[Value]) -> Value {
    Value::text(value.shown())
}

static TIME: [Method; 29] = [
    method(
        "Format",
        &[Kind::Text],
        |value, arguments| match &arguments[0] {
            Value::Text(layout) => Value::text(time::format(time_of(value), layout)),
            _ => Value::Nil,
        },
    ),
    method("String", &[], shown),
    method("Unix", &[], |value, _| {
        Value::Int(time_of(value).timestamp().as_second())
    }),
    method("UnixMilli", &[], |value, _| {
        Value::Int(time_of(value).timestamp().as_millisecond())
    }),
    method("UnixMicro", &[], |value, _| {
        Value::Int(time_of(value).timestamp().as_microsecond())
    }),
    method("UnixNano", &[], |value, _| {
        // A result that does not fit wraps around, as in Go.
        Value::Int(time_of(value).timestamp().as_nanosecond() as i64)
    }),
    method("UTC", &[], |value, _| {
        Value::Time(time_of(value).with_time_zone(TimeZone::UTC))
    }),
    // Never the host's zone: a configuration must mean the same on every host.
    method("Local", &[], |value, _| {
        Value::Time(time_of(value).with_time_zone(TimeZone::UTC))
    }),
    method("Year", &[], |value, _| {
        Value::Int(time_of(value).year().into())
    }),
    method("Month", &[], |value, _| {
        let month = time_of(value).month();
        Value::Named(time::month_name(month), month.into())
    }),
    method("Day", &[], |value, _| {
        Value::Int(time_of(value).day().into())
    }),
    method("Hour", &[], |value, _| {
        Value::Int(time_of(value).hour().into())
    }),
    method("Minute", &[], |value, _| {
        Value::Int(time_of(value).minute().into())
    }),
    method("Second", &[], |value, _| {
        Value::Int(time_of(value).second().into())
    }),
    method("Nanosecond", &[], |value, _| {
        Value::Int(time_of(value).subsec_nanosecond().into())
    }),
    method("Weekday", &[], |value, _| {
        let day = time_of(value).weekday().to_sunday_zero_offset();
        Value::Named(time::weekday_name(day), day.into())
    }),
    method("YearDay", &[], |value, _| {
        Value::Int(time_of(value).day_of_year().into())
    }),
    method("IsZero", &[], |value, _| {
        Value::Bool(time_of(value).timestamp() == ZERO_TIME)
    }),
    method("Before", &[Kind::Time], |value, arguments| {
        Value::Bool(time_of(value).timestamp() < time_of(&arguments[0]).timestamp())
    }),
    method("After", &[Kind::Time], |value, arguments| {
        Value::Bool(time_of(value).timestamp() > time_of(&arguments[0]).timestamp())
    }),
    method("Equal", &[Kind::Time], |value, arguments| {
        Value::Bool(time_of(value).timestamp() == time_of(&arguments[0]).timestamp())
    }),
    method("Sub", &[Kind::Time], |value, arguments| {
        let (later, earlier) = (
            time_of(value).timestamp(),
            time_of(&arguments[0]).timestamp(),
        );
        Value::Duration(duration::clamped(later.duration_since(earlier)))
    }),
    perhaps("Add", &[Kind::Duration], |value, arguments| {
        let span = SignedDuration::from_nanos(whole_number_of(&arguments[0]));
        time_of(value).checked_add(span).ok().map(Value::Time)
    }),
    perhaps("AddDate", &[Kind::Int; 3], |value, arguments| {
        let [years, months, days] = [0, 1, 2].map(|index| whole_number_of(&arguments[index]));
        time::add_date(time_of(value), years, months, days).map(Value::Time)
    }),
    method("Compare", &[Kind::Time], |value, arguments| {
        let order = time_of(value)
            .timestamp()
            .cmp(&time_of(&arguments[0]).timestamp());
        Value::Int(order as i64)
    }),
    method("GoString", &[], |value, _| {
        Value::text(time::as_source(time_of(value)))
    }),
    method("IsDST", &[], |value, _| {
        let time = time_of(value);
        let info = time.time_zone().to_offset_info(time.timestamp());
        Value::Bool(info.dst().is_dst())
    }),
    method("Truncate", &[Kind::Duration], |value, arguments| {
        in_steps(time_of(value), whole_number_of(&arguments[0]), 0)
    }),
    method("Round", &[Kind::Duration], |value, arguments| {
        let step = whole_number_of(&arguments[0]);
        in_steps(time_of(value), step, step / 2)
    }),
];

fn time_of(value: &Value) -> &ZonedDateTime {
    match value {
        Value::Time(time) => time,
        _ => unreachable!("only times have these methods, and get here as their arguments"),
    }
}

/// `time` plus `ahead`, rounded down to a multiple of `step` since the year 1; in nanoseconds.
fn in_steps(time: &ZonedDateTime, step: i64, ahead: i64) -> Value {
    if step <= 0 {
        return Value::Time(time.clone());
    }
    let since_zero = time.timestamp().as_nanosecond() - ZERO_TIME.as_nanosecond();
    let beyond = (since_zero + i128::from(ahead)).rem_euclid(step.into());
    let back = i64::try_from(beyond).unwrap_or(0).saturating_sub(ahead);
    let moved = time.checked_sub(SignedDuration::from_nanos(back));
    Value::Time(moved.unwrap_or_else(|_| time.clone()))
}

static DURATION: [Method; 10] = [
    method("String", &[], shown),
    method("Hours", &[], |value, _| {
        Value::Float(duration::in_units(
            whole_number_of(value),
            3600 * duration::SECOND,
        ))
    }),
    method("Minutes", &[], |value, _| {
        Value::Float(duration::in_units(
            whole_number_of(value),
            60 * duration::SECOND,
        ))
    }),
    method("Seconds", &[], |value, _| {
        Value::Float(duration::in_units(whole_number_of(value), duration::SECOND))
    }),
    method("Milliseconds", &[], |value, _| {
        Value::Int(whole_number_of(value) / 1_000_000)
    }),
    method("Microseconds", &[], |value, _| {
        Value::Int(whole_number_of(value) / 1_000)
    }),
    method("Nanoseconds", &[], |value, _| {
        Value::Int(whole_number_of(value))
    }),
    method("Abs", &[], |value, _| {
        Value::Duration(whole_number_of(value).saturating_abs())
    }),
    method("Truncate", &[Kind::Duration], |value, arguments| {
        let (span, step) = (whole_number_of(value), whole_number_of(&arguments[0]));
        Value::Duration(if step > 0 { span - span % step } else { span })
    }),
    method("Round", &[Kind::Duration], |value, arguments| {
        let (span, step) = (whole_number_of(value), whole_number_of(&arguments[0]));
        Value::Duration(rounded(span, step))
    }),
];

static NAMED: [Method; 1] = [method("String", &[], shown)];

fn whole_number_of(value: &Value) -> i64 {
    match value {
        Value::Duration(nanoseconds) | Value::Int(nanoseconds) => *nanoseconds,
        _ => 0,
    }
}

/// `span` rounded to the nearest multiple of `step`; halves are rounded away from zero.
fn rounded(span: i64, step: i64) -> i64 {
    if step <= 0 {
        return span;
    }
    let beyond = span % step;
    let lower = span - beyond;
    if beyond.unsigned_abs() * 2 < step.unsigned_abs() {
        lower
    } else {
        lower.saturating_add(step * beyond.signum())
    }
}
