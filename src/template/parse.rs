//! PURE. Parses texts into trees with gotmpl's parser, and adds the checks of Go's parser that it lacks.
//!
//! Owns the errors that are found before anything runs: stray ends, unknown functions and variables, breaks
//! outside of loops. Called on send threads and on the thread that loads the configuration.

use std::sync::Arc;

use gotmpl::TemplateError;
use gotmpl::parse::{
    BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Parser, PipeNode, Pos, SmolStr,
};

use super::functions::{self, FunctionSet};
use super::spelling;
use crate::model::go_quote;

/// A sentinel that no template prints. An action appended to every text prints it: if it is not the last node
/// of the tree, the parser stopped at a stray end, or a block was left open.
const LAST: &str = "\u{1}end of text";

/// A parsed text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The nodes outside of definitions.
    pub body: Arc<ListNode>,
    /// The templates it defines, by name; later ones come later.
    pub definitions: Vec<(String, Arc<ListNode>)>,
}

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxFault {
    /// The line in the text, from 1; 0 if it is not known.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Parses `text`, in which the functions of `allowed` may be used.
pub fn parse(text: &str, allowed: FunctionSet) -> Result<Parsed, SyntaxFault> {
    let (body, definitions) = parse_whole(text)?;
    check_tree(&body, allowed)?;
    let mut parsed = Parsed {
        body: Arc::new(body),
        definitions: Vec::new(),
    };
    for definition in definitions {
        check_tree(&definition.body, allowed)?;
        parsed.define(definition)?;
    }
    Ok(parsed)
}

impl Parsed {
    /// Adds a definition. Of two with the same name, the empty one is dropped; two that are not empty are an
    /// error.
    fn define(&mut self, definition: DefineNode) -> Result<(), SyntaxFault> {
        let name = definition.name.as_str();
        match self.definitions.iter_mut().find(|(other, _)| other == name) {
            None => self
                .definitions
                .push((name.to_owned(), Arc::new(definition.body))),
            Some((_, earlier)) if earlier.is_empty_tree() => *earlier = Arc::new(definition.body),
            Some(_) if definition.body.is_empty_tree() => {}
            Some(_) => {
                let reason = format!("multiple definition of template \"{name}\"");
                return Err(fault(definition.pos, reason));
            }
        }
        Ok(())
    }
}

/// Parses the whole `text`. gotmpl's parser alone stops without an error at a stray end, and takes the end of
/// the text for the end of all open blocks.
fn parse_whole(text: &str) -> Result<(ListNode, Vec<DefineNode>), SyntaxFault> {
    let Ok((mut body, definitions)) = parse_raw(&format!("{text}{{{{\"{LAST}\"}}}}")) else {
        // Parses again without the sentinel, so that the error does not show it.
        return parse_raw(text);
    };
    match body.nodes.pop() {
        Some(Node::Action(action)) if spelling::pipe(&action.pipe) == go_quote(LAST) => {
            Ok((body, definitions))
        }
        _ => Err(SyntaxFault {
            line: 0,
            reason: "a block has no {{end}}, or there is an {{end}} or {{else}} too many".into(),
        }),
    }
}

fn parse_raw(text: &str) -> Result<(ListNode, Vec<DefineNode>), SyntaxFault> {
    let fault = |error: TemplateError| match error {
        TemplateError::Parse { line, message, .. } | TemplateError::Lex { line, message, .. } => {
            SyntaxFault {
                line,
                reason: message,
            }
        }
        other => SyntaxFault {
            line: 0,
            reason: other.to_string(),
        },
    };
    Parser::new(text, "{{", "}}")
        .and_then(Parser::parse)
        .map_err(fault)
}

fn check_tree(tree: &ListNode, allowed: FunctionSet) -> Result<(), SyntaxFault> {
    let mut check = Check {
        allowed,
        variables: vec!["$".into()],
        loops: 0,
    };
    check.list(tree)
}

/// A walk over a tree that tracks the variables in scope.
struct Check {
    allowed: FunctionSet,
    variables: Vec<SmolStr>,
    loops: usize,
}

impl Check {
    fn list(&mut self, list: &ListNode) -> Result<(), SyntaxFault> {
        list.nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Result<(), SyntaxFault> {
        match node {
            Node::Text(_) | Node::Define(_) => Ok(()),
            Node::List(list) => self.list(list),
            Node::Action(action) => self.pipe(&action.pipe),
            Node::If(branch) | Node::With(branch) => self.branch(branch),
            Node::Range(branch) => {
                self.loops += 1;
                let result = self.branch(branch);
                self.loops -= 1;
                result
            }
            Node::Template(call) => call.pipe.as_ref().map_or(Ok(()), |pipe| self.pipe(pipe)),
            Node::Break(pos) => self.in_loop(*pos, "break"),
            Node::Continue(pos) => self.in_loop(*pos, "continue"),
        }
    }

    fn in_loop(&self, pos: Pos, word: &str) -> Result<(), SyntaxFault> {
        if self.loops > 0 {
            return Ok(());
        }
        Err(fault(pos, format!("{{{{{word}}}}} outside {{{{range}}}}")))
    }

    /// Checks a branch. The scope of variables of the condition and of the first branch ends with the whole.
    fn branch(&mut self, branch: &BranchNode) -> Result<(), SyntaxFault> {
        let outer = self.variables.len();
        self.pipe(&branch.pipe)?;
        let inner = self.variables.len();
        self.list(&branch.body)?;
        self.variables.truncate(inner);
        if let Some(other) = &branch.else_body {
            self.list(other)?;
        }
        self.variables.truncate(outer);
        Ok(())
    }

    fn pipe(&mut self, pipe: &PipeNode) -> Result<(), SyntaxFault> {
        pipe.commands
            .iter()
            .try_for_each(|command| self.command(command))?;
        let constant = pipe.commands.iter().skip(1).find(|command| {
            let first = command.args.first();
            first.is_some_and(|first| !can_be_called(first))
        });
        if let Some(command) = constant {
            let shown = spelling::command(command);
            return Err(fault(
                command.pos,
                format!("non executable command in pipeline: {shown}"),
            ));
        }
        if pipe.is_assign {
            pipe.decl
                .iter()
                .try_for_each(|name| self.variable(pipe.pos, name))
        } else {
            self.variables.extend(pipe.decl.iter().cloned());
            Ok(())
        }
    }

    fn command(&mut self, command: &CommandNode) -> Result<(), SyntaxFault> {
        command
            .args
            .iter()
            .try_for_each(|expression| self.expression(expression))
    }

    fn expression(&mut self, expression: &Expr) -> Result<(), SyntaxFault> {
        match expression {
            Expr::Variable(pos, name, _) => self.variable(*pos, name),
            Expr::Identifier(pos, name) => {
                if functions::find(name, self.allowed).is_some() {
                    return Ok(());
                }
                Err(fault(*pos, format!("function \"{name}\" not defined")))
            }
            Expr::Pipe(_, pipe) => self.pipe(pipe),
            Expr::Chain(_, inner, _) => self.expression(inner),
            _ => Ok(()),
        }
    }

    fn variable(&self, pos: Pos, name: &SmolStr) -> Result<(), SyntaxFault> {
        if self.variables.contains(name) {
            return Ok(());
        }
        Err(fault(pos, format!("undefined variable \"{name}\"")))
    }
}

fn can_be_called(word: &Expr) -> bool {
    let is_constant = matches!(
        word,
        Expr::Dot(_) | Expr::Nil(_) | Expr::Bool(..) | Expr::Number(..) | Expr::String(..)
    );
    !is_constant
}

fn fault(pos: Pos, reason: String) -> SyntaxFault {
    SyntaxFault {
        line: pos.line,
        reason,
    }
}
