//! PURE. The templates of sources: parsed once, and rendered with what a source was sent.
//!
//! Owns what differs from the templates of notifications: dot is decoded JSON, what is missing in it is empty
//! (or a fault, if the source is strict), scalars and lists are texts where a function takes texts, and all
//! renderings for one request share one count of steps. Called on the connections' threads and on the thread
//! that loads the configuration.

use std::cell::Cell;
use std::sync::Arc;

use gotmpl::parse::{Expr, ListNode, Node, SmolStr};

use super::evaluate::{self, Definitions};
use super::functions::{FunctionSet, Kind};
use super::route_labels::RouteLabels;
use super::value::Value;
use super::{Context, RenderFault, Templates, alertwheel, parse, time};
use crate::limits;
use crate::model::Wall;

/// A template of a source.
#[derive(Clone, Debug)]
pub struct SourceText {
    text: Arc<str>,
    form: Form,
}

/// The form of a template. The first two are most templates, and need no evaluator.
#[derive(Clone, Debug)]
enum Form {
    /// No template at all.
    Plain,
    /// `{{ .a.b }}` and nothing else.
    Field(Arc<[SmolStr]>, Parsed),
    /// Any other.
    Other(Parsed),
}

/// The tree, and the templates that the text defines.
type Parsed = (Arc<ListNode>, Arc<Definitions>);

/// What a source was sent, for the functions of its templates.
#[derive(Clone, Debug)]
pub struct Received<'r> {
    /// The decoded body.
    pub body: Value,
    /// The headers, names in lower case.
    pub headers: &'r [(String, String)],
    /// The parameters of the query, decoded.
    pub query: &'r [(String, String)],
    /// The name of the source.
    pub source: Arc<str>,
    /// Whether a missing field is a fault; otherwise it is empty.
    pub is_strict: bool,
}

/// The rendering of templates for one request.
pub struct Receiving<'r> {
    context: Context<'r>,
    templates: &'r Templates,
}

/// Sources have no route, and so no labels of one.
struct NoRouteLabels;

impl RouteLabels for NoRouteLabels {
    fn value(&self, _: &str, _: usize) -> Result<Arc<str>, String> {
        Ok("".into())
    }
}

impl SourceText {
    /// Parses a template. The error says what is wrong, and in which line of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = if text.contains("{{") {
            let parsed = parse::parse(text, FunctionSet::Source)
                .map_err(|fault| format!("template: :{}: {}", fault.line, fault.reason))?;
            let definitions = Arc::new(parsed.definitions.into_iter().collect());
            match only_field(&parsed.body) {
                Some(fields) => Form::Field(fields, (parsed.body, definitions)),
                None => Form::Other((parsed.body, definitions)),
            }
        } else {
            Form::Plain
        };
        let text = text.into();
        Ok(SourceText { text, form })
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.text
    }
}

impl<'r> Receiving<'r> {
    /// Begins with the templates for what was received at `now`.
    pub fn new(received: &'r Received<'r>, templates: &'r Templates, now: Wall) -> Self {
        Receiving {
            context: Context {
                now,
                route_labels: &NoRouteLabels,
                open_parentheses: Cell::new(0),
                steps: Cell::new(0),
                received: Some(received),
            },
            templates,
        }
    }

    /// Renders a template with `dot`.
    pub fn render(&self, text: &SourceText, dot: &Value) -> Result<Arc<str>, RenderFault> {
        let (body, own) = match &text.form {
            Form::Plain => return Ok(Arc::clone(&text.text)),
            Form::Field(fields, parsed) => match self.context.field_text(fields, dot) {
                Some(text) => return Ok(text),
                None => parsed,
            },
            Form::Other(parsed) => parsed,
        };
        let shared = &self.templates.definitions;
        evaluate::run(body, own, shared, &self.context, dot.clone()).map(Arc::from)
    }
}

/// The fields of a text that is `{{ .a.b }}`.
fn only_field(body: &ListNode) -> Option<Arc<[SmolStr]>> {
    let [Node::Action(action)] = body.nodes.as_slice() else {
        return None;
    };
    let [command] = action.pipe.commands.as_slice() else {
        return None;
    };
    match command.args.as_slice() {
        [Expr::Field(_, fields)] if action.pipe.decl.is_empty() => {
            Some(fields.iter().cloned().collect())
        }
        _ => None,
    }
}

impl Context<'_> {
    /// The text of a field, as the evaluator has it; `None` if that has to say why there is none.
    fn field_text(&self, fields: &[SmolStr], dot: &Value) -> Option<Arc<str>> {
        if !self.admits_missing() || self.steps.get() > limits::TEMPLATE_STEPS {
            return None;
        }
        let mut value = dot;
        for name in fields {
            value = match value {
                Value::Dict(dict) => dict.entries().get(name.as_str()).unwrap_or(&Value::Nil),
                _ => &Value::Nil,
            };
        }
        let text = match value {
            Value::Nil => Arc::default(),
            Value::Text(text) => Arc::clone(text),
            other => other.shown().into(),
        };
        let steps = 1 + text.len() / limits::TEMPLATE_BYTES_A_STEP;
        self.steps.set(self.steps.get() + steps);
        (text.len() <= limits::TEMPLATE_OUTPUT_BYTES).then_some(text)
    }

    /// Whether a missing field is empty.
    pub(super) fn admits_missing(&self) -> bool {
        self.received.is_some_and(|received| !received.is_strict)
    }

    /// Whether a missing field is a fault.
    pub(super) fn refuses_missing(&self) -> bool {
        self.received.is_some_and(|received| received.is_strict)
    }

    /// An argument of this kind: in a source's templates nothing, a number and a truth value are texts where a
    /// text is needed, and a list is one of texts where those are needed.
    pub(super) fn adapted(&self, kind: Kind, value: Value) -> Value {
        if self.received.is_none() || kind.fits(&value) {
            return value;
        }
        match (kind, value) {
            (Kind::Text, Value::Nil) => "".into(),
            (Kind::Text, value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_))) => {
                Value::text(value.shown())
            }
            (Kind::Texts, Value::List(list)) => {
                let texts = list.items().iter().map(|item| item.shown().into());
                Value::Texts(texts.collect())
            }
            (_, value) => value,
        }
    }

    /// The values that a function prints: in a source's templates nothing is printed as nothing.
    pub(super) fn printed(&self, values: &[Value]) -> Vec<Value> {
        let is_ours = self.received.is_some();
        let printed = values.iter().map(|value| match value {
            Value::Nil if is_ours => "".into(),
            value => value.clone(),
        });
        printed.collect()
    }
}

impl Value {
    /// The value at a JSON pointer (RFC 6901) within this one.
    pub fn at_pointer(&self, pointer: &str) -> Option<Value> {
        let mut value = self.clone();
        if pointer.is_empty() {
            return Some(value);
        }
        for step in pointer.strip_prefix('/')?.split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            value = match &value {
                Value::Dict(dict) => dict.entries().get(step.as_str())?.clone(),
                list => list.item(step.parse().ok()?)?,
            };
        }
        Some(value)
    }

    /// The text of a scalar, as a template writes it; `None` for nothing, lists and maps.
    pub fn scalar_text(&self) -> Option<Arc<str>> {
        match self {
            Value::Text(text) => Some(text.clone()),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => Some(self.shown().into()),
            _ => None,
        }
    }
}

/// How senders write times, beside RFC 3339; the last one is how a template prints a time.
const TIME_LAYOUTS: [&str; 5] = [
    "2006-01-02T15:04:05Z0700",
    "2006-01-02T15:04:05",
    "2006-01-02 15:04:05Z07:00",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04:05 -0700 MST",
];

/// Reads a time as a source's template writes it: RFC 3339 and what comes near to it, or a number, as
/// `fromEpoch` takes it. A time without a zone is in UTC.
pub fn read_time(text: &str) -> Option<Wall> {
    let timestamp = text.parse::<Wall>().ok();
    let by_layout = || {
        let mut read = TIME_LAYOUTS.iter().map(|layout| time::parse(layout, text));
        Some(read.find_map(Result::ok)?.timestamp())
    };
    timestamp
        .or_else(|| alertwheel::time_of_text(text))
        .or_else(by_layout)
}
