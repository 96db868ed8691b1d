//! PURE. The evaluator: runs a syntax tree with values, and returns the rendered text.
//!
//! ```text
//! frames:   the text ─ {{ range }} ─ {{ template }} ─ {{ if }} ─ ...   the last one runs
//! ```
//!
//! Owns control flow and scopes, as in Go, and the limits of steps, of open frames and of held bytes, which
//! apply to every template. Open templates and loops are in a list of frames and not on the stack, so that
//! deep recursion of templates is safe. `expression` evaluates the insides of actions. gotmpl only parses;
//! its own evaluator is not used, because its values have neither methods nor custom types. Called on send
//! threads and on the thread that loads the configuration.

mod expression;

use std::collections::BTreeMap;
use std::slice;
use std::sync::Arc;

use gotmpl::parse::{BranchNode, ListNode, Node, PipeNode, SmolStr, TemplateNode};

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
    /// Whether the template might succeed with other data, as after a missing item or a text that is not a
    /// number.
    pub depends_on_data: bool,
}

type Step<T> = Result<T, RenderFault>;

/// Runs `body` with `dot`. It can call the templates in `own`, and those in `shared` that `own` does not
/// define.
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
        name: "",
        line: 1,
        frames: Vec::new(),
        variables: Vec::new(),
        first_visible: 0,
        held_bytes: 0,
        out: String::new(),
    };
    run.declare("$".into(), dot.clone())?;
    run.open(&body.nodes, dot, FrameKind::Branch)?;
    run.finish()?;
    Ok(run.out)
}

struct Run<'a> {
    own: &'a Definitions,
    shared: &'a Definitions,
    context: &'a Context<'a>,
    /// The name of the running template, for messages.
    name: &'a str,
    /// The current line.
    line: usize,
    /// The open frames, the innermost last.
    frames: Vec<Frame<'a>>,
    /// The declared variables, the innermost last.
    variables: Vec<Variable>,
    /// The index of the first variable that the running template can see.
    first_visible: usize,
    /// The bytes held by dots and variables.
    held_bytes: usize,
    out: String,
}

/// A running template, branch or loop iteration.
struct Frame<'a> {
    /// The nodes that are left to run.
    nodes: slice::Iter<'a, Node>,
    dot: Value,
    /// The bytes held by its dot.
    held_bytes: usize,
    /// The number of variables outside of it.
    outer_variables: usize,
    kind: FrameKind<'a>,
}

enum FrameKind<'a> {
    /// A branch of a condition, or the text itself.
    Branch,
    /// An iteration of a loop, with the remaining ones.
    Turn(Box<Turns<'a>>),
    /// A called template, with the state to restore at its end.
    Template {
        name: &'a str,
        line: usize,
        first_visible: usize,
    },
}

struct Turns<'a> {
    branch: &'a BranchNode,
    items: Items,
    next: usize,
    /// The number of variables outside of an iteration.
    outer_variables: usize,
}

struct Variable {
    name: SmolStr,
    value: Value,
    held_bytes: usize,
}

impl<'a> Run<'a> {
    fn fault<T>(&self, at: &str, reason: impl AsRef<str>) -> Step<T> {
        self.fail(at, reason, false)
    }

    fn fault_of_data<T>(&self, at: &str, reason: impl AsRef<str>) -> Step<T> {
        self.fail(at, reason, true)
    }

    fn fail<T>(&self, at: &str, reason: impl AsRef<str>, depends_on_data: bool) -> Step<T> {
        let (name, line, reason) = (self.name, self.line, reason.as_ref());
        let text = format!("template: {name}:{line}: executing \"{name}\" at <{at}>: {reason}");
        Err(RenderFault {
            text,
            depends_on_data,
        })
    }

    /// Runs until no frame is open.
    fn finish(&mut self) -> Step<()> {
        while let Some(frame) = self.frames.last_mut() {
            match frame.nodes.next() {
                Some(node) => self.node(node)?,
                None => self.close()?,
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &'a Node) -> Step<()> {
        self.count_step()?;
        match node {
            Node::Text(text) => self.write(&text.text),
            Node::Action(action) => {
                self.line = action.pos.line;
                let value = self.pipe(&action.pipe, &self.dot())?;
                if action.pipe.decl.is_empty() {
                    self.show(&value)?;
                }
                Ok(())
            }
            Node::If(branch) => self.condition(branch, false),
            Node::With(branch) => self.condition(branch, true),
            Node::Range(branch) => self.range(branch),
            Node::Template(call) => self.template(call),
            Node::List(list) => self.open(&list.nodes, self.dot(), FrameKind::Branch),
            Node::Define(_) => Ok(()),
            Node::Break(_) => {
                self.leave_turn();
                self.pop();
                Ok(())
            }
            Node::Continue(_) => {
                self.leave_turn();
                self.close()
            }
        }
    }

    fn dot(&self) -> Value {
        self.frames
            .last()
            .map_or(Value::Nil, |frame| frame.dot.clone())
    }

    /// Writes the value of an action. A source's templates write nothing for what is missing.
    fn show(&mut self, value: &Value) -> Step<()> {
        match value {
            Value::Nil if self.context.received.is_some() => Ok(()),
            Value::Text(text) => self.write(text),
            other => self.write(&other.shown()),
        }
    }

    fn count_step(&mut self) -> Step<()> {
        self.count_steps(1)
    }

    fn count_steps(&mut self, steps: usize) -> Step<()> {
        let all = self.context.steps.get().saturating_add(steps);
        self.context.steps.set(all);
        if all > limits::TEMPLATE_STEPS {
            let reason = format!("more than {} steps", limits::TEMPLATE_STEPS);
            return self.fault_of_data("...", reason);
        }
        Ok(())
    }

    /// Counts the bytes of a text as steps where many renderings share one count: a source's, one after the
    /// other over the elements of a body, which each may use all of the body.
    fn count_text(&mut self, text: &str) -> Step<()> {
        match self.context.received {
            Some(_) => self.count_steps(text.len() / limits::TEMPLATE_BYTES_A_STEP),
            None => Ok(()),
        }
    }

    fn write(&mut self, text: &str) -> Step<()> {
        self.check_size(self.out.len() + text.len())?;
        self.count_text(text)?;
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

    /// Accounts for the bytes of one more dot or variable.
    fn hold(&mut self, value: &Value) -> Step<usize> {
        let bytes = value.size().bytes;
        self.held_bytes += bytes;
        if self.held_bytes > limits::TEMPLATE_HELD_BYTES {
            let limit = limits::TEMPLATE_HELD_BYTES >> 20;
            let reason = format!("dots and variables take more than {limit} MiB");
            return self.fault_of_data("...", reason);
        }
        Ok(bytes)
    }

    /// Opens a frame with a scope of its own.
    fn open(&mut self, nodes: &'a [Node], dot: Value, kind: FrameKind<'a>) -> Step<()> {
        let outer_variables = self.variables.len();
        self.open_around(nodes, dot, kind, outer_variables)
    }

    /// Opens a frame whose scope has already begun.
    fn open_around(
        &mut self,
        nodes: &'a [Node],
        dot: Value,
        kind: FrameKind<'a>,
        outer_variables: usize,
    ) -> Step<()> {
        if self.frames.len() == limits::TEMPLATE_DEPTH {
            let limit = limits::TEMPLATE_DEPTH;
            // The sample data of checks is small, so a recursion of this depth never ends.
            return self.fault("...", format!("exceeded maximum template depth ({limit})"));
        }
        let held_bytes = self.hold(&dot)?;
        self.frames.push(Frame {
            nodes: nodes.iter(),
            dot,
            held_bytes,
            outer_variables,
            kind,
        });
        Ok(())
    }

    /// Ends the innermost frame, unless it is a loop with iterations left.
    fn close(&mut self) -> Step<()> {
        match self.pop() {
            Some(FrameKind::Turn(turns)) => self.turn(turns),
            Some(FrameKind::Template {
                name,
                line,
                first_visible,
            }) => {
                self.name = name;
                self.line = line;
                self.first_visible = first_visible;
                Ok(())
            }
            Some(FrameKind::Branch) | None => Ok(()),
        }
    }

    fn pop(&mut self) -> Option<FrameKind<'a>> {
        let frame = self.frames.pop()?;
        self.held_bytes -= frame.held_bytes;
        self.forget_variables(frame.outer_variables);
        Some(frame.kind)
    }

    /// Ends the frames within the innermost loop iteration. The parser has refused any break or continue
    /// outside of a loop of the same template.
    fn leave_turn(&mut self) {
        while let Some(frame) = self.frames.last()
            && !matches!(frame.kind, FrameKind::Turn(_))
        {
            self.pop();
        }
    }

    fn condition(&mut self, branch: &'a BranchNode, moves_dot: bool) -> Step<()> {
        self.line = branch.pos.line;
        let outer_variables = self.variables.len();
        let dot = self.dot();
        let value = self.pipe(&branch.pipe, &dot)?;
        let (list, dot) = match &branch.else_body {
            _ if value.is_true() => (&branch.body, if moves_dot { value } else { dot }),
            Some(other) => (other, dot),
            None => {
                self.forget_variables(outer_variables);
                return Ok(());
            }
        };
        self.open_around(&list.nodes, dot, FrameKind::Branch, outer_variables)
    }

    fn range(&mut self, branch: &'a BranchNode) -> Step<()> {
        self.line = branch.pos.line;
        let outer_variables = self.variables.len();
        let dot = self.dot();
        let value = self.pipe(&branch.pipe, &dot)?;
        let at = || spelling::pipe(&branch.pipe);
        if matches!(value, Value::Int(_)) && branch.pipe.decl.len() > 1 {
            let shown = value.shown();
            let reason = format!("can't use {shown} to iterate over more than one variable");
            return self.fault(&at(), reason);
        }
        let Some(items) = Items::of(&value) else {
            let reason = format!("range can't iterate over {}", value.shown());
            return self.fault(&at(), reason);
        };
        if items.len() > 0 {
            return self.turn(Box::new(Turns {
                branch,
                items,
                next: 0,
                outer_variables,
            }));
        }
        match &branch.else_body {
            Some(other) => self.open_around(&other.nodes, dot, FrameKind::Branch, outer_variables),
            None => {
                self.forget_variables(outer_variables);
                Ok(())
            }
        }
    }

    /// Begins the next iteration of a loop, if there is one.
    fn turn(&mut self, mut turns: Box<Turns<'a>>) -> Step<()> {
        let outer_variables = turns.outer_variables;
        self.forget_variables(outer_variables);
        let Some((key, item)) = turns.items.get(turns.next) else {
            return Ok(());
        };
        self.count_step()?;
        turns.next += 1;
        let branch = turns.branch;
        self.bind_in_range(&branch.pipe, key, &item)?;
        let kind = FrameKind::Turn(turns);
        self.open_around(&branch.body.nodes, item, kind, outer_variables)
    }

    /// Binds the variables of a loop: a single one to the item, two to the key and the item.
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
            return self.declare(name.clone(), value);
        }
        let visible = &self.variables[self.first_visible..];
        let Some(position) = visible.iter().rposition(|other| other.name == *name) else {
            return self.fault(name, format!("undefined variable: {name}"));
        };
        let position = self.first_visible + position;
        self.held_bytes -= self.variables[position].held_bytes;
        let held_bytes = self.hold(&value)?;
        let variable = &mut self.variables[position];
        (variable.value, variable.held_bytes) = (value, held_bytes);
        Ok(())
    }

    fn declare(&mut self, name: SmolStr, value: Value) -> Step<()> {
        let held_bytes = self.hold(&value)?;
        self.variables.push(Variable {
            name,
            value,
            held_bytes,
        });
        Ok(())
    }

    /// Drops all variables but the first `kept`.
    fn forget_variables(&mut self, kept: usize) {
        while self.variables.len() > kept {
            let variable = self.variables.pop();
            self.held_bytes -= variable.map_or(0, |variable| variable.held_bytes);
        }
    }

    fn template(&mut self, call: &'a TemplateNode) -> Step<()> {
        self.line = call.pos.line;
        let name = call.name.as_str();
        let Some(body) = self.own.get(name).or_else(|| self.shared.get(name)) else {
            let at = format!("{{{{template \"{name}\"}}}}");
            let hint = missing_template_hint(name);
            return self.fault(&at, format!("template \"{name}\" not defined{hint}"));
        };
        let outer_variables = self.variables.len();
        let dot = match &call.pipe {
            Some(pipe) => self.pipe(pipe, &self.dot())?,
            None => Value::Nil,
        };
        let caller = FrameKind::Template {
            name: std::mem::replace(&mut self.name, name),
            line: self.line,
            first_visible: std::mem::replace(&mut self.first_visible, self.variables.len()),
        };
        self.declare("$".into(), dot.clone())?;
        self.open_around(&body.nodes, dot, caller, outer_variables)
    }
}

/// A hint for a template that Alertmanager has and alertwheel does not.
fn missing_template_hint(name: &str) -> &'static str {
    match name.split_once('.') {
        Some((_, rest)) if rest.starts_with("default.") => {
            " (Alertmanager's templates for its other receivers come with those, in later versions; \
             __subject and __text_alert_list are there)"
        }
        _ => "",
    }
}

/// The items of a `range`.
enum Items {
    /// The numbers from 0.
    Numbers(usize),
    /// The items of a list.
    List(Value, usize),
    /// Keys with their values.
    Entries(Vec<(Value, Value)>),
}

impl Items {
    /// The items of `value`; `None` if it cannot be ranged over.
    fn of(value: &Value) -> Option<Items> {
        Some(match value {
            Value::Nil => Items::Numbers(0),
            Value::Int(count) => Items::Numbers(usize::try_from(*count).unwrap_or(0)),
            Value::Kv(labels) => Items::Entries(
                labels
                    .iter()
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            ),
            Value::Dict(dict) => Items::Entries(
                dict.entries()
                    .iter()
                    .map(|(key, item)| (Value::Text(key.clone()), item.clone()))
                    .collect(),
            ),
            list => Items::List(list.clone(), list.list_len()?),
        })
    }

    fn len(&self) -> usize {
        match self {
            Items::Numbers(count) | Items::List(_, count) => *count,
            Items::Entries(entries) => entries.len(),
        }
    }

    /// The key and the value at `index`.
    fn get(&self, index: usize) -> Option<(Value, Value)> {
        if index >= self.len() {
            return None;
        }
        match self {
            Items::Numbers(_) => Some((Value::count(index), Value::count(index))),
            Items::List(list, _) => Some((Value::count(index), list.item(index)?)),
            Items::Entries(entries) => entries.get(index).cloned(),
        }
    }
}
