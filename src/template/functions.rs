//! PURE. The table of template functions: Go's own, Alertmanager's (§6.3) and alertwheel's.
//!
//! Owns the name, the argument types and the implementation of each function. `and` and `or` are listed so
//! that their names are known; `evaluate.rs` computes them, because they do not evaluate all of their
//! arguments. Called on send threads and on the thread that loads the configuration.

use super::Context;
use super::value::Value;
use super::{alertmanager, alertwheel, builtin};

/// The functions that a text may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionSet {
    /// Go's own functions. An inline url may use only these (§1.2).
    Go,
    /// All functions of a configuration.
    All,
    /// These, and those for what a source was sent.
    Source,
}

/// The required type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
    /// A list of anything.
    List,
    /// A point in time.
    Time,
    /// A duration.
    Duration,
    /// A whole number.
    Int,
}

impl Kind {
    /// Go's name of the type.
    pub fn type_name(self) -> &'static str {
        match self {
            Kind::Any => "interface {}",
            Kind::Text => "string",
            Kind::Texts => "[]string",
            Kind::List => "[]interface {}",
            Kind::Time => "time.Time",
            Kind::Duration => "time.Duration",
            Kind::Int => "int",
        }
    }

    /// Whether `value` has this type.
    pub fn fits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Kind::Any, _)
                | (Kind::Text, Value::Text(_))
                | (Kind::Texts, Value::Texts(_))
                | (Kind::List, Value::List(_))
                | (Kind::Time, Value::Time(_))
                | (Kind::Duration, Value::Duration(_))
                | (Kind::Int, Value::Int(_))
        )
    }
}

/// The implementation of a function, called with checked arguments.
pub type Call = fn(&Context<'_>, &[Value]) -> Result<Value, String>;

/// The arguments of a function or method.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The types of the required arguments.
    pub parameters: &'static [Kind],
    /// The type of further arguments, if any are allowed.
    pub rest: Option<Kind>,
}

impl Signature {
    /// The required type of the argument at `position`.
    pub fn kind_at(&self, position: usize) -> Option<Kind> {
        self.parameters.get(position).copied().or(self.rest)
    }

    /// Checks the number of arguments; the error is for the function `name`.
    pub fn check_count(&self, name: &str, count: usize) -> Result<(), String> {
        let least = self.parameters.len();
        if self.rest.is_some() {
            if count < least {
                return Err(format!(
                    "wrong number of args for {name}: want at least {least} got {count}"
                ));
            }
        } else if count != least {
            return Err(format!(
                "wrong number of args for {name}: want {least} got {count}"
            ));
        }
        Ok(())
    }
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its arguments.
    pub signature: Signature,
    /// Its implementation.
    pub call: Call,
}

/// The function `name`, if `set` has it.
pub fn find(name: &str, set: FunctionSet) -> Option<&'static Function> {
    let tables: &[&[Function]] = match set {
        FunctionSet::Go => &[&GO],
        FunctionSet::All => &[&GO, &ALERTMANAGER, &ALERTWHEEL],
        FunctionSet::Source => &[&GO, &ALERTMANAGER, &ALERTWHEEL, &SOURCE],
    };
    let mut functions = tables.iter().copied().flatten();
    functions.find(|function| function.name == name)
}

const fn fixed(name: &'static str, parameters: &'static [Kind], call: Call) -> Function {
    let signature = Signature {
        parameters,
        rest: None,
    };
    Function {
        name,
        signature,
        call,
    }
}

const fn open(name: &'static str, parameters: &'static [Kind], rest: Kind, call: Call) -> Function {
    let signature = Signature {
        parameters,
        rest: Some(rest),
    };
    Function {
        name,
        signature,
        call,
    }
}

use Kind::{Any, Int, List, Text, Texts, Time};

static GO: [Function; 19] = [
    open("and", &[Any], Any, builtin::never_called),
    open("or", &[Any], Any, builtin::never_called),
    fixed("not", &[Any], builtin::not),
    open("call", &[Any], Any, builtin::call),
    fixed("len", &[Any], builtin::len),
    open("index", &[Any], Any, builtin::index),
    open("slice", &[Any], Any, builtin::slice),
    open("eq", &[Any], Any, builtin::eq),
    fixed("ne", &[Any, Any], builtin::ne),
    fixed("lt", &[Any, Any], builtin::lt),
    fixed("le", &[Any, Any], builtin::le),
    fixed("gt", &[Any, Any], builtin::gt),
    fixed("ge", &[Any, Any], builtin::ge),
    open("print", &[], Any, builtin::print),
    open("println", &[], Any, builtin::println),
    open("printf", &[Text], Any, builtin::printf),
    open("html", &[], Any, builtin::html),
    open("js", &[], Any, builtin::js),
    open("urlquery", &[], Any, builtin::urlquery),
];

static ALERTMANAGER: [Function; 25] = [
    fixed("toUpper", &[Text], alertmanager::to_upper),
    fixed("toLower", &[Text], alertmanager::to_lower),
    fixed("title", &[Text], alertmanager::title),
    fixed("trimSpace", &[Text], alertmanager::trim_space),
    fixed("join", &[Text, Texts], alertmanager::join),
    fixed("match", &[Text, Text], alertmanager::matches),
    fixed("safeHtml", &[Text], alertmanager::same),
    fixed("safeUrl", &[Text], alertmanager::same),
    fixed("urlUnescape", &[Text], alertmanager::url_unescape),
    fixed(
        "reReplaceAll",
        &[Text, Text, Text],
        alertmanager::replace_all,
    ),
    open("stringSlice", &[], Text, alertmanager::string_slice),
    fixed("date", &[Text, Time], alertmanager::date),
    fixed("tz", &[Text, Time], alertmanager::tz),
    fixed("now", &[], alertmanager::now),
    fixed("since", &[Time], alertmanager::since),
    fixed("humanizeDuration", &[Any], alertmanager::humanize_duration),
    fixed("toDate", &[Text, Text], alertmanager::to_date),
    fixed("mustToDate", &[Text, Text], alertmanager::must_to_date),
    fixed("toJson", &[Any], alertmanager::to_json),
    fixed("base64encode", &[Text], alertmanager::base64_encode),
    fixed("base64decode", &[Text], alertmanager::base64_decode),
    open("list", &[], Any, alertmanager::list),
    open("append", &[List], Any, alertmanager::append),
    open("dict", &[], Any, alertmanager::dict),
    fixed("routeLabels", &[Text], alertmanager::route_labels),
];

/// Alertwheel's own functions.
static ALERTWHEEL: [Function; 8] = [
    fixed("fromJson", &[Any], alertwheel::from_json),
    fixed("fromEpoch", &[Any], alertwheel::from_epoch),
    open("parseTime", &[Any, Text], Text, alertwheel::parse_time),
    fixed("default", &[Any, Any], alertwheel::default),
    fixed("sha256", &[Text], alertwheel::sha256),
    fixed("truncate", &[Int, Text], alertwheel::truncate),
    fixed("has", &[Text, Any], alertwheel::has),
    fixed("pointer", &[Text, Any], alertwheel::pointer),
];

/// The functions for what a source was sent, which only a source's templates have.
static SOURCE: [Function; 4] = [
    fixed("body", &[], alertwheel::body),
    fixed("header", &[Text], alertwheel::header),
    fixed("query", &[Text], alertwheel::query),
    fixed("source", &[], alertwheel::source),
];
