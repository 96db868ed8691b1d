//! PURE. Evaluates expressions within actions: pipelines, calls, chains of fields.
//!
//! Owns the conversion of a word into a value, and the check of a function's arguments. Parentheses recurse
//! on the stack, and so have their own limit. Called on send threads and on the thread that loads the
//! configuration.

use gotmpl::parse::{CommandNode, Expr, Number, PipeNode, Pos, SmolStr};

use super::{Run, Step};
use crate::limits;
use crate::template::fields::{field, find_method};
use crate::template::functions::{self, FunctionSet, Kind, Signature};
use crate::template::spelling;
use crate::template::value::Value;

impl Run<'_> {
    /// The value of a pipeline, bound to its variables.
    pub(super) fn pipe(&mut self, pipe: &PipeNode, dot: &Value) -> Step<Value> {
        let value = self.pipe_value(pipe, dot)?;
        for name in &pipe.decl {
            self.bind(pipe, name, value.clone())?;
        }
        Ok(value)
    }

    /// The value of a pipeline, in which each command's value is the last argument of the next command.
    fn pipe_value(&mut self, pipe: &PipeNode, dot: &Value) -> Step<Value> {
        let mut value = None;
        for command in &pipe.commands {
            self.count_step()?;
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or(Value::Nil))
    }

    fn command(&mut self, node: &CommandNode, dot: &Value, piped: Option<Value>) -> Step<Value> {
        let Some((first, arguments)) = node.args.split_first() else {
            return Ok(Value::Nil);
        };
        let call = Call {
            node,
            arguments,
            piped,
        };
        match first {
            Expr::Identifier(_, name) => self.function(name, call, dot),
            Expr::Field(_, fields) => self.chain(dot.clone(), fields, first, call, dot),
            Expr::Chain(_, inner, fields) => {
                let receiver = self.word(inner, dot)?;
                self.chain(receiver, fields, first, call, dot)
            }
            Expr::Variable(_, name, fields) => {
                let receiver = self.variable(name)?;
                self.chain(receiver, fields, first, call, dot)
            }
            other => {
                self.check_no_arguments(first, &call)?;
                if matches!(other, Expr::Nil(_)) {
                    return self.fault("nil", "nil is not a command");
                }
                self.word(other, dot)
            }
        }
    }

    fn check_no_arguments(&self, first: &Expr, call: &Call<'_>) -> Step<()> {
        if call.count() == 0 {
            return Ok(());
        }
        let at = spelling::expression(first);
        self.fault(&at, format!("can't give argument to non-function {at}"))
    }

    fn variable(&self, name: &str) -> Step<Value> {
        let visible = &self.variables[self.first_visible..];
        match visible.iter().rev().find(|other| other.name == name) {
            Some(variable) => Ok(variable.value.clone()),
            None => self.fault(name, format!("undefined variable: {name}")),
        }
    }

    /// The value of a word that is not the first of its command, or that has no arguments.
    fn word(&mut self, word: &Expr, dot: &Value) -> Step<Value> {
        let call = Call {
            node: &NO_COMMAND,
            arguments: &[],
            piped: None,
        };
        match word {
            Expr::Dot(_) => Ok(dot.clone()),
            Expr::Nil(_) => Ok(Value::Nil),
            Expr::Bool(_, truth) => Ok(Value::Bool(*truth)),
            Expr::String(_, text) => Ok(Value::Text(text.clone())),
            Expr::Number(_, Number::Int(number)) => Ok(Value::Int(*number)),
            Expr::Number(_, Number::Float(number)) => Ok(Value::Float(*number)),
            Expr::Number(_, Number::Uint(number)) => {
                let at = number.to_string();
                self.fault(&at, format!("{at} overflows int"))
            }
            Expr::Identifier(_, name) => self.function(name, call, dot),
            Expr::Field(_, fields) => self.chain(dot.clone(), fields, word, call, dot),
            Expr::Variable(_, name, fields) => {
                let receiver = self.variable(name)?;
                self.chain(receiver, fields, word, call, dot)
            }
            Expr::Chain(_, inner, fields) => {
                let receiver = self.word(inner, dot)?;
                self.chain(receiver, fields, word, call, dot)
            }
            Expr::Pipe(_, pipe) => self.parenthesis(pipe, dot),
        }
    }

    /// Evaluates a pipeline in parentheses, unless it is nested too deep for the stack. The depths of route
    /// labels that refer to one another add up.
    fn parenthesis(&mut self, pipe: &PipeNode, dot: &Value) -> Step<Value> {
        let open = &self.context.open_parentheses;
        let depth = open.get();
        if depth == limits::TEMPLATE_PARENTHESES {
            let limit = limits::TEMPLATE_PARENTHESES;
            return self.fault("...", format!("more than {limit} parentheses are open"));
        }
        open.set(depth + 1);
        let outer_variables = self.variables.len();
        let result = self.pipe(pipe, dot);
        self.forget_variables(outer_variables);
        open.set(depth);
        result
    }

    /// The value of the chain `fields` from `receiver`; the last one may be a method with arguments.
    fn chain(
        &mut self,
        receiver: Value,
        fields: &[SmolStr],
        word: &Expr,
        call: Call<'_>,
        dot: &Value,
    ) -> Step<Value> {
        let Some((last, others)) = fields.split_last() else {
            self.check_no_arguments(word, &call)?;
            return Ok(receiver);
        };
        // A missing start value yields nil; a key that is missing on the way is an error.
        if matches!(receiver, Value::Nil) {
            return Ok(Value::Nil);
        }
        let mut value = receiver;
        for name in others {
            let none = Call {
                node: call.node,
                arguments: &[],
                piped: None,
            };
            value = self.member(&value, name, word, none, dot)?;
        }
        self.member(&value, last, word, call, dot)
    }

    fn member(
        &mut self,
        receiver: &Value,
        name: &str,
        word: &Expr,
        call: Call<'_>,
        dot: &Value,
    ) -> Step<Value> {
        if let Some(method) = find_method(receiver, name) {
            let at = spelling::expression(word);
            let arguments = self.arguments(name, &method.signature, call, dot, &at)?;
            return match method.call(receiver, &arguments) {
                Ok(value) => {
                    if let Value::Text(text) = &value {
                        self.check_size(text.len())?;
                    }
                    Ok(value)
                }
                Err(reason) => self.fault_of_data(&at, format!("error calling {name}: {reason}")),
            };
        }
        let at = || spelling::expression(word);
        match field(receiver, name) {
            Some(Value::Nil) if self.context.refuses_missing() && lacks_key(receiver, name) => {
                self.fault_of_data(&at(), format!("map has no entry for key \"{name}\""))
            }
            Some(value) if call.count() == 0 => Ok(value),
            None if self.context.admits_missing() => Ok(Value::Nil),
            Some(_) => {
                let reason = format!("{name} has arguments but cannot be invoked as function");
                self.fault(&at(), reason)
            }
            None if matches!(receiver, Value::Nil) => {
                let reason = format!("nil pointer evaluating interface {{}}.{name}");
                self.fault_of_data(&at(), reason)
            }
            None => {
                let type_name = receiver.type_name();
                self.fault(
                    &at(),
                    format!("can't evaluate field {name} in type {type_name}"),
                )
            }
        }
    }

    fn function(&mut self, name: &str, call: Call<'_>, dot: &Value) -> Step<Value> {
        let Some(function) = functions::find(name, FunctionSet::Source) else {
            return self.fault(name, format!("\"{name}\" is not a defined function"));
        };
        if matches!(name, "and" | "or") {
            return self.first_that_decides(name == "or", call, dot);
        }
        let node = call.node;
        let values = self.arguments(name, &function.signature, call, dot, name)?;
        for value in &values {
            self.count_value(value)?;
        }
        match (function.call)(self.context, &values) {
            Ok(value) => {
                if let Value::Text(text) = &value {
                    self.check_size(text.len())?;
                }
                self.count_value(&value)?;
                Ok(value)
            }
            Err(reason) => {
                let spelled = spelling::command(node);
                let at = if spelled.is_empty() { name } else { &spelled };
                self.fault_of_data(at, format!("error calling {name}: {reason}"))
            }
        }
    }

    fn count_value(&mut self, value: &Value) -> Step<()> {
        match value {
            Value::Text(text) => self.count_text(text),
            _ => Ok(()),
        }
    }

    /// The value of `and` or `or`: the first false or true value respectively, otherwise the last one.
    fn first_that_decides(&mut self, ends_at: bool, call: Call<'_>, dot: &Value) -> Step<Value> {
        if call.count() == 0 {
            let name = if ends_at { "or" } else { "and" };
            let reason = format!("wrong number of args for {name}: want at least 1 got 0");
            return self.fault(name, reason);
        }
        let mut last = Value::Nil;
        for argument in call.arguments {
            last = self.word(argument, dot)?;
            if last.is_true() == ends_at {
                return Ok(last);
            }
        }
        Ok(call.piped.unwrap_or(last))
    }

    fn arguments(
        &mut self,
        name: &str,
        signature: &Signature,
        call: Call<'_>,
        dot: &Value,
        at: &str,
    ) -> Step<Vec<Value>> {
        if let Err(reason) = signature.check_count(name, call.count()) {
            return self.fault(at, reason);
        }
        let mut values = Vec::with_capacity(call.count());
        for (position, argument) in call.arguments.iter().enumerate() {
            let kind = signature.kind_at(position).unwrap_or(Kind::Any);
            let value = match whole_number(kind, argument) {
                Some(number) => number,
                None => self.word(argument, dot)?,
            };
            let value = self.context.adapted(kind, value);
            if let Err(reason) = check_kind(kind, &value, Some(argument)) {
                return self.fault(&spelling::expression(argument), reason);
            }
            values.push(value);
        }
        if let Some(value) = call.piped {
            let kind = signature.kind_at(values.len()).unwrap_or(Kind::Any);
            let value = self.context.adapted(kind, value);
            if let Err(reason) = check_kind(kind, &value, None) {
                return self.fault(at, reason);
            }
            values.push(value);
        }
        Ok(values)
    }
}

fn lacks_key(receiver: &Value, key: &str) -> bool {
    matches!(receiver, Value::Dict(dict) if !dict.entries().contains_key(key))
}

/// The arguments of a command's first word.
struct Call<'a> {
    node: &'a CommandNode,
    arguments: &'a [Expr],
    piped: Option<Value>,
}

/// The placeholder for a word that is not part of a command.
static NO_COMMAND: CommandNode = CommandNode {
    pos: Pos { offset: 0, line: 0 },
    args: Vec::new(),
};

impl Call<'_> {
    fn count(&self) -> usize {
        self.arguments.len() + usize::from(self.piped.is_some())
    }
}

/// The value of a literal number where a whole number is required: `1e3` is one, and a duration may be given
/// as one.
fn whole_number(kind: Kind, written: &Expr) -> Option<Value> {
    /// The least number that is too large.
    const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
    let number = match written {
        Expr::Number(_, Number::Int(number)) => *number,
        Expr::Number(_, Number::Float(number))
            if number.fract() == 0.0 && number.abs() < TOO_LARGE =>
        {
            *number as i64
        }
        _ => return None,
    };
    match kind {
        Kind::Int => Some(Value::Int(number)),
        Kind::Duration => Some(Value::Duration(number)),
        _ => None,
    }
}

/// Checks the type of an argument. As in Go, literals and computed values have different rules.
fn check_kind(kind: Kind, value: &Value, written: Option<&Expr>) -> Result<(), String> {
    if kind.fits(value) {
        return Ok(());
    }
    let expected = kind.type_name();
    match written {
        _ if matches!(value, Value::Nil) && matches!(kind, Kind::Texts | Kind::List) => Ok(()),
        Some(Expr::Nil(_)) => Err(format!("cannot assign nil to {expected}")),
        Some(word @ (Expr::Bool(..) | Expr::Number(..) | Expr::String(..))) => {
            let found = spelling::expression(word);
            Err(match kind {
                Kind::Text => format!("expected {expected}; found {found}"),
                Kind::Int | Kind::Duration => format!("expected integer; found {found}"),
                _ => format!("can't handle {found} for arg of type {expected}"),
            })
        }
        _ if matches!(value, Value::Nil) => Err(format!("invalid value; expected {expected}")),
        _ => {
            let got = value.type_name();
            Err(format!(
                "wrong type for value; expected {expected}; got {got}"
            ))
        }
    }
}
