//! PURE. Runs a tree: from values and texts to the text that is sent.
//!
//! Owns scopes, control flow and calls, as Go has them, and the bounds: a template may take so many
//! steps, call so deeply and write so much, whatever its text. gotmpl parses; it does not run
//! templates here, because its values have neither methods nor types of ours. Called on send
//! threads and on whichever thread loads the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::parse::{
    BranchNode, CommandNode, Expr, ListNode, Node, Number, PipeNode, SmolStr, TemplateNode,
};

use super::fields::{field, find_method};
use super::functions::{self, FunctionSet, Kind, Signature};
use super::value::Value;
use super::{Context, spelling};
use crate::limits;

/// Named templates.
pub type Definitions = BTreeMap<String, Arc<ListNode>>;

/// Why a template did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderFault {
    /// What went wrong, and where, in the form of Go's messages.
    pub text: String,
    /// Whether other data might have made it run: an item that is missing, a text that is no number.
    pub depends_on_data: bool,
}

/// Why a walk stops.
#[derive(Debug)]
enum Stop {
    Fault(RenderFault),
    Break,
    Continue,
}

type Step<T> = Result<T, Stop>;

/// Runs `body` with `dot`. Its text may call what `own` defines, and else what `shared` does.
pub fn run(
    body: &ListNode,
    own: &Definitions,
    shared: &Definitions,
    context: &Context<'_>,
    dot: Value,
) -> Result<String, RenderFault> {
    let mut run = Run {
        own,
        shared,
        context,
        name: String::new(),
        line: 1,
        variables: vec![("$".into(), dot.clone())],
        out: String::new(),
        depth: 0,
        steps: 0,
    };
    match run.list(body, &dot) {
        Ok(()) => Ok(run.out),
        Err(Stop::Fault(fault)) => Err(fault),
        // The parser's checks leave no break outside of a loop but in a template that is called.
        Err(Stop::Break | Stop::Continue) => Ok(run.out),
    }
}

struct Run<'a> {
    own: &'a Definitions,
    shared: &'a Definitions,
    context: &'a Context<'a>,
    /// The template that runs, for messages.
    name: String,
    /// Its line that runs.
    line: usize,
    /// What is in scope, the innermost last.
    variables: Vec<(SmolStr, Value)>,
    out: String,
    depth: usize,
    steps: usize,
}

impl Run<'_> {
    fn fault<T>(&self, at: &str, reason: impl AsRef<str>) -> Step<T> {
        self.fail(at, reason, false)
    }

    fn fault_of_data<T>(&self, at: &str, reason: impl AsRef<str>) -> Step<T> {
        self.fail(at, reason, true)
    }

    fn fail<T>(&self, at: &str, reason: impl AsRef<str>, depends_on_data: bool) -> Step<T> {
        let (name, line, reason) = (&self.name, self.line, reason.as_ref());
        let text = format!("template: {name}:{line}: executing \"{name}\" at <{at}>: {reason}");
        Err(Stop::Fault(RenderFault {
            text,
            depends_on_data,
        }))
    }

    fn list(&mut self, list: &ListNode, dot: &Value) -> Step<()> {
        list.nodes.iter().try_for_each(|node| self.node(node, dot))
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Step<()> {
        self.count_step()?;
        match node {
            Node::Text(text) => self.write(&text.text),
            Node::Action(action) => {
                self.line = action.pos.line;
                let value = self.pipe(&action.pipe, dot)?;
                if action.pipe.decl.is_empty() {
                    self.write(&value.shown())?;
                }
                Ok(())
            }
            Node::If(branch) => self.deeper(|run| run.condition(branch, dot, false)),
            Node::With(branch) => self.deeper(|run| run.condition(branch, dot, true)),
            Node::Range(branch) => self.deeper(|run| run.range(branch, dot)),
            Node::Template(call) => self.deeper(|run| run.template(call, dot)),
            Node::List(list) => self.list(list, dot),
            Node::Define(_) => Ok(()),
            Node::Break(_) => Err(Stop::Break),
            Node::Continue(_) => Err(Stop::Continue),
        }
    }

    fn count_step(&mut self) -> Step<()> {
        self.steps += 1;
        if self.steps > limits::TEMPLATE_STEPS {
            let reason = format!("more than {} steps", limits::TEMPLATE_STEPS);
            return self.fault_of_data("...", reason);
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Step<()> {
        self.check_size(self.out.len() + text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    fn check_size(&self, bytes: usize) -> Step<()> {
        if bytes <= limits::TEMPLATE_OUTPUT_BYTES {
            return Ok(());
        }
        let limit = limits::TEMPLATE_OUTPUT_BYTES >> 20;
        self.fault_of_data("...", format!("the text grows past {limit} MiB"))
    }

    /// Runs `inner` with a scope of its own, unless that is too deep for the stack.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        if self.depth == limits::TEMPLATE_DEPTH {
            let limit = limits::TEMPLATE_DEPTH;
            return self.fault("...", format!("exceeded maximum template depth ({limit})"));
        }
        self.depth += 1;
        let variables = self.variables.len();
        let result = inner(self);
        self.variables.truncate(variables);
        self.depth -= 1;
        result
    }

    fn condition(&mut self, branch: &BranchNode, dot: &Value, moves_dot: bool) -> Step<()> {
        self.line = branch.pos.line;
        let value = self.pipe(&branch.pipe, dot)?;
        if value.is_true() {
            self.list(&branch.body, if moves_dot { &value } else { dot })
        } else {
            self.otherwise(branch, dot)
        }
    }

    fn otherwise(&mut self, branch: &BranchNode, dot: &Value) -> Step<()> {
        branch
            .else_body
            .as_ref()
            .map_or(Ok(()), |other| self.list(other, dot))
    }

    fn range(&mut self, branch: &BranchNode, dot: &Value) -> Step<()> {
        self.line = branch.pos.line;
        let value = self.pipe_value(&branch.pipe, dot)?;
        let Some(items) = items_of(&value) else {
            let at = spelling::pipe(&branch.pipe);
            return self.fault(&at, format!("range can't iterate over {}", value.shown()));
        };
        if matches!(value, Value::Int(_)) && branch.pipe.decl.len() > 1 {
            let shown = value.shown();
            let reason = format!("can't use {shown} to iterate over more than one variable");
            return self.fault(&spelling::pipe(&branch.pipe), reason);
        }
        let mut is_empty = true;
        let scope = self.variables.len();
        for (key, item) in items {
            is_empty = false;
            self.count_step()?;
            self.bind_in_range(&branch.pipe, key, &item)?;
            let result = self.list(&branch.body, &item);
            self.variables.truncate(scope);
            match result {
                Ok(()) | Err(Stop::Continue) => {}
                Err(Stop::Break) => break,
                Err(fault) => return Err(fault),
            }
        }
        if is_empty {
            self.otherwise(branch, dot)
        } else {
            Ok(())
        }
    }

    /// A single variable takes the item, two take key and item.
    fn bind_in_range(&mut self, pipe: &PipeNode, key: Value, item: &Value) -> Step<()> {
        let values = match pipe.decl.len() {
            0 => return Ok(()),
            1 => vec![item.clone()],
            _ => vec![key, item.clone()],
        };
        for (name, value) in pipe.decl.iter().zip(values) {
            self.bind(pipe, name, value)?;
        }
        Ok(())
    }

    fn bind(&mut self, pipe: &PipeNode, name: &SmolStr, value: Value) -> Step<()> {
        if !pipe.is_assign {
            self.variables.push((name.clone(), value));
            return Ok(());
        }
        match self
            .variables
            .iter_mut()
            .rev()
            .find(|(other, _)| other == name)
        {
            Some((_, slot)) => {
                *slot = value;
                Ok(())
            }
            None => self.fault(name, format!("undefined variable: {name}")),
        }
    }

    fn template(&mut self, call: &TemplateNode, dot: &Value) -> Step<()> {
        self.line = call.pos.line;
        let name = call.name.as_str();
        let Some(body) = self.own.get(name).or_else(|| self.shared.get(name)) else {
            let at = format!("{{{{template \"{name}\"}}}}");
            return self.fault(&at, format!("template \"{name}\" not defined"));
        };
        let body = Arc::clone(body);
        let inner_dot = match &call.pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Nil,
        };
        let scope = vec![("$".into(), inner_dot.clone())];
        let variables = std::mem::replace(&mut self.variables, scope);
        let caller = std::mem::replace(&mut self.name, name.to_owned());
        let line = self.line;
        let result = self.list(&body, &inner_dot);
        self.variables = variables;
        self.name = caller;
        self.line = line;
        result
    }

    fn pipe(&mut self, pipe: &PipeNode, dot: &Value) -> Step<Value> {
        let value = self.pipe_value(pipe, dot)?;
        for name in &pipe.decl {
            self.bind(pipe, name, value.clone())?;
        }
        Ok(value)
    }

    /// Each command's value is the last argument of the next one.
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
        let found = self.variables.iter().rev().find(|(other, _)| other == name);
        match found {
            Some((_, value)) => Ok(value.clone()),
            None => self.fault(name, format!("undefined variable: {name}")),
        }
    }

    /// A word that is not the first of its command, or that takes no arguments.
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
            Expr::Pipe(_, pipe) => self.deeper(|run| run.pipe(pipe, dot)),
        }
    }

    /// Follows `fields` from `receiver`; the last one may be a method with arguments.
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
        // A value that is missing altogether has no fields either; a key that is missing on the
        // way is an error.
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
            return Ok((method.call)(receiver, &arguments));
        }
        let at = || spelling::expression(word);
        match field(receiver, name) {
            Some(value) if call.count() == 0 => Ok(value),
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
        let Some(function) = functions::find(name, FunctionSet::All) else {
            return self.fault(name, format!("\"{name}\" is not a defined function"));
        };
        if matches!(name, "and" | "or") {
            return self.first_that_decides(name == "or", call, dot);
        }
        let node = call.node;
        let values = self.arguments(name, &function.signature, call, dot, name)?;
        match (function.call)(self.context, &values) {
            Ok(value) => {
                if let Value::Text(text) = &value {
                    self.check_size(text.len())?;
                }
                Ok(value)
            }
            Err(reason) => {
                let spelled = spelling::command(node);
                let at = if spelled.is_empty() { name } else { &spelled };
                self.fault_of_data(at, format!("error calling {name}: {reason}"))
            }
        }
    }

    /// `and` ends at the first false value, `or` at the first true one; else it is the last.
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
            let value = self.word(argument, dot)?;
            let kind = signature.kind_at(position).unwrap_or(Kind::Any);
            if let Err(reason) = check_kind(kind, &value, Some(argument)) {
                return self.fault(&spelling::expression(argument), reason);
            }
            values.push(value);
        }
        if let Some(value) = call.piped {
            let kind = signature.kind_at(values.len()).unwrap_or(Kind::Any);
            if let Err(reason) = check_kind(kind, &value, None) {
                return self.fault(at, reason);
            }
            values.push(value);
        }
        Ok(values)
    }
}

/// What a command's first word is given.
struct Call<'a> {
    node: &'a CommandNode,
    arguments: &'a [Expr],
    piped: Option<Value>,
}

/// Stands for the command of a word that is none.
static NO_COMMAND: CommandNode = CommandNode {
    pos: gotmpl::parse::Pos { offset: 0, line: 0 },
    args: Vec::new(),
};

impl Call<'_> {
    fn count(&self) -> usize {
        self.arguments.len() + usize::from(self.piped.is_some())
    }
}

/// Go tells apart what is written in the template from what is computed.
fn check_kind(kind: Kind, value: &Value, written: Option<&Expr>) -> Result<(), String> {
    if kind.fits(value) {
        return Ok(());
    }
    let expected = kind.type_name();
    match written {
        Some(Expr::Nil(_)) if matches!(kind, Kind::Texts | Kind::List) => Ok(()),
        Some(Expr::Nil(_)) => Err(format!("cannot assign nil to {expected}")),
        Some(word @ (Expr::Bool(..) | Expr::Number(..) | Expr::String(..))) => {
            let found = spelling::expression(word);
            Err(match kind {
                Kind::Text => format!("expected {expected}; found {found}"),
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

/// What `range` goes through, with the key of each item; `None` if it cannot.
fn items_of(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::Nil => Some(Vec::new()),
        Value::Int(count) => {
            // A longer loop would run into the limit of steps anyway.
            let count = (*count).min(i64::try_from(limits::TEMPLATE_STEPS).unwrap_or(i64::MAX));
            Some(
                (0..count)
                    .map(|number| (Value::Int(number), Value::Int(number)))
                    .collect(),
            )
        }
        Value::Kv(labels) => Some(
            labels
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        ),
        Value::Dict(map) => Some(
            map.iter()
                .map(|(key, item)| (Value::Text(key.clone()), item.clone()))
                .collect(),
        ),
        list => {
            let length = list.list_len()?;
            let item = |index| Some((Value::count(index), list.item(index)?));
            Some((0..length).filter_map(item).collect())
        }
    }
}
