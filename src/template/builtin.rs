//! PURE. The built-in functions of Go's templates.
//!
//! Owns comparison, indexing and joining, as in Go. `printf` formats values, and two of the escapes are
//! gotmpl's. Called on send threads and on the thread that loads the configuration.

use std::cmp::Ordering;

use super::value::{List, Value};
use super::{Context, printf, text};
use crate::limits;

/// The placeholder in the table for functions that the evaluator computes itself.
pub fn never_called(_: &Context<'_>, _: &[Value]) -> Result<Value, String> {
    Err("not a function of values".into())
}

/// `not`
pub fn not(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    Ok(Value::Bool(!values[0].is_true()))
}

/// `call`: always an error, because no value is a function.
pub fn call(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    Err(match &values[0] {
        Value::Nil => "call of nil".into(),
        other => format!("non-function of type {}", other.type_name()),
    })
}

/// `len`
pub fn len(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    match (&values[0], values[0].length()) {
        (_, Some(length)) => Ok(Value::count(length)),
        (Value::Nil, None) if context.admits_missing() => Ok(Value::Int(0)),
        (Value::Nil, None) => Err("reflect: call of reflect.Value.Type on zero Value".into()),
        (other, None) => Err(format!("len of type {}", other.type_name())),
    }
}

/// `index`: the item of the first argument at the second, and so on for further arguments.
pub fn index(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    let (first, indices) = (&values[0], &values[1..]);
    if matches!(first, Value::Nil) && context.admits_missing() {
        return Ok(Value::Nil);
    }
    if matches!(first, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    indices
        .iter()
        .try_fold(first.clone(), |value, index| index_once(&value, index))
}

fn index_once(value: &Value, index: &Value) -> Result<Value, String> {
    match (value, index) {
        (Value::Kv(labels), Value::Text(name)) => Ok(labels.get(name).unwrap_or("").into()),
        (Value::Dict(dict), Value::Text(key)) => {
            Ok(dict.entries().get(key).cloned().unwrap_or(Value::Nil))
        }
        (Value::Kv(_) | Value::Dict(_), other) => Err(format!(
            "value has type {}; should be string",
            other.type_name()
        )),
        (Value::Text(text), _) => {
            let position = position(index, text.len())?;
            Ok(Value::Int(text.as_bytes()[position].into()))
        }
        (list, _) => {
            let Some(length) = list.list_len() else {
                return Err(format!("can't index item of type {}", list.type_name()));
            };
            let position = position(index, length)?;
            Ok(list.item(position).unwrap_or(Value::Nil))
        }
    }
}

fn position(index: &Value, length: usize) -> Result<usize, String> {
    let number = whole_number(index)?;
    usize::try_from(number)
        .ok()
        .filter(|position| *position < length)
        .ok_or_else(|| format!("index out of range: {number}"))
}

fn whole_number(index: &Value) -> Result<i64, String> {
    match index {
        Value::Int(number) | Value::Duration(number) | Value::Named(_, number) => Ok(*number),
        Value::Nil => Err("cannot index slice/array with nil".into()),
        other => Err(format!(
            "cannot index slice/array with type {}",
            other.type_name()
        )),
    }
}

/// `slice`: a part of a string or list.
pub fn slice(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    let (value, bounds) = (&values[0], &values[1..]);
    if bounds.len() > 3 {
        return Err(format!("too many slice indexes: {}", bounds.len()));
    }
    let length = match value {
        Value::Nil => return Err("slice of untyped nil".into()),
        Value::Text(_) if bounds.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::Text(text) => text.len(),
        other => match other.list_len() {
            Some(length) => length,
            None => return Err(format!("can't slice item of type {}", other.type_name())),
        },
    };
    let bounds = bounds.iter().map(|bound| {
        // The end is a valid bound, too.
        position(bound, length + 1)
    });
    let bounds = bounds.collect::<Result<Vec<_>, _>>()?;
    if let Some(pair) = bounds.windows(2).find(|pair| pair[0] > pair[1]) {
        return Err(format!("invalid slice index: {} > {}", pair[0], pair[1]));
    }
    let start = bounds.first().copied().unwrap_or(0);
    let end = bounds.get(1).copied().unwrap_or(length);
    slice_of(value, start, end)
}

fn slice_of(value: &Value, start: usize, end: usize) -> Result<Value, String> {
    Ok(match value {
        // Go cuts between bytes; here a text cannot contain half a character.
        Value::Text(text) => {
            Value::text(String::from_utf8_lossy(&text.as_bytes()[start..end]).into_owned())
        }
        Value::Alerts(alerts) => Value::Alerts(alerts[start..end].into()),
        Value::AlertSlice(alerts) => Value::AlertSlice(alerts[start..end].into()),
        Value::Pairs(pairs) => Value::Pairs(pairs[start..end].into()),
        Value::Texts(texts) => Value::Texts(texts[start..end].into()),
        Value::List(list) => Value::List(List::new(list.items()[start..end].into())?),
        other => other.clone(),
    })
}

/// A comparable value: one for which Go has an order or an equality.
#[derive(Debug, PartialEq, PartialOrd)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    match value {
        Value::Bool(truth) => Some(Basic::Bool(*truth)),
        Value::Int(number) | Value::Duration(number) | Value::Named(_, number) => {
            Some(Basic::Int(*number))
        }
        Value::Float(number) => Some(Basic::Float(*number)),
        Value::Text(text) => Some(Basic::Text(text)),
        _ => None,
    }
}

/// `eq`: whether the first equals any of the others.
pub fn eq(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    if values.len() == 1 {
        return Err("missing argument for comparison".into());
    }
    for other in &values[1..] {
        if are_equal(&values[0], other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// `ne`
pub fn ne(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    are_equal(&values[0], &values[1]).map(|equal| Value::Bool(!equal))
}

fn are_equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Nil, Value::Nil) => return Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => return Ok(false),
        // The same moment in another zone is a different value.
        (Value::Time(a), Value::Time(b)) => {
            return Ok(a == b && a.time_zone() == b.time_zone());
        }
        (Value::Pair(a), Value::Pair(b)) => return Ok(a == b),
        (Value::Time(_), Value::Pair(_)) | (Value::Pair(_), Value::Time(_)) => return Ok(false),
        _ => {}
    }
    match (basic(a), basic(b)) {
        (Some(a), Some(b)) if std::mem::discriminant(&a) == std::mem::discriminant(&b) => {
            Ok(a == b)
        }
        (None, None) => Err(format!(
            "non-comparable type {}: {}",
            a.shown(),
            a.type_name()
        )),
        _ => Err(incompatible(a, b)),
    }
}

fn incompatible(a: &Value, b: &Value) -> String {
    let (a, b) = (a.type_name(), b.type_name());
    format!("incompatible types for comparison: {a} and {b}")
}

/// `lt`
pub fn lt(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    compare(values, Ordering::is_lt)
}

/// `le`
pub fn le(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    compare(values, Ordering::is_le)
}

/// `gt`
pub fn gt(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    compare(values, Ordering::is_gt)
}

/// `ge`
pub fn ge(_: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    compare(values, Ordering::is_ge)
}

fn compare(values: &[Value], holds: fn(Ordering) -> bool) -> Result<Value, String> {
    let (Some(a), Some(b)) = (basic(&values[0]), basic(&values[1])) else {
        return Err("invalid type for comparison".into());
    };
    if std::mem::discriminant(&a) != std::mem::discriminant(&b) {
        return Err(incompatible(&values[0], &values[1]));
    }
    if matches!(a, Basic::Bool(_)) {
        return Err("invalid type for comparison".into());
    }
    // Only NaN has no order: it is neither less nor greater than any number.
    Ok(Value::Bool(a.partial_cmp(&b).is_some_and(holds)))
}

/// `print`: writes a space between two values if neither is a string.
pub fn print(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    Ok(Value::text(joined(&context.printed(values))))
}

fn joined(values: &[Value]) -> String {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if index > 0 && !is_text(value) && !is_text(&values[index - 1]) {
            out.push(' ');
        }
        printf::append(&mut out, value);
    }
    out
}

/// `println`
pub fn println(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    let mut out = String::new();
    for (index, value) in context.printed(values).iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        printf::append(&mut out, value);
    }
    out.push('\n');
    Ok(Value::text(out))
}

/// `printf`
pub fn printf(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    match values {
        [Value::Text(format), arguments @ ..] => {
            let arguments = context.printed(arguments);
            printf::sprintf(format, &arguments, limits::TEMPLATE_OUTPUT_BYTES).map(Value::text)
        }
        _ => unreachable!("the table of functions says that the first argument is a text"),
    }
}

/// `html`
pub fn html(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    Ok(Value::text(gotmpl::html_escape(&for_escape(
        &context.printed(values),
    ))))
}

/// `js`
pub fn js(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    Ok(Value::text(text::js_escape(&for_escape(
        &context.printed(values),
    ))))
}

/// `urlquery`
pub fn urlquery(context: &Context<'_>, values: &[Value]) -> Result<Value, String> {
    Ok(Value::text(gotmpl::url_encode(&for_escape(
        &context.printed(values),
    ))))
}

/// Joins the values as `print` does, but writes nil as an action does.
fn for_escape(values: &[Value]) -> String {
    let shown: Vec<Value> = values
        .iter()
        .map(|value| match value {
            Value::Nil => Value::from("<no value>"),
            other => other.clone(),
        })
        .collect();
    joined(&shown)
}
