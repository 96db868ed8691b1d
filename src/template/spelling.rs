//! PURE. Writes expressions of a template as text, for messages.
//!
//! Owns the form, which is Go's. Called on send threads and on the thread that loads the configuration.

use gotmpl::parse::{CommandNode, Expr, Number, PipeNode, SmolStr};

use super::number;
use crate::model::go_quote;

/// A whole pipeline.
pub fn pipe(pipe: &PipeNode) -> String {
    let commands: Vec<String> = pipe.commands.iter().map(command).collect();
    commands.join(" | ")
}

/// A command with its arguments.
pub fn command(command: &CommandNode) -> String {
    let words: Vec<String> = command.args.iter().map(expression).collect();
    words.join(" ")
}

/// One word of a command.
pub fn expression(expression: &Expr) -> String {
    match expression {
        Expr::Dot(_) => ".".to_owned(),
        Expr::Field(_, fields) => chain("", fields),
        Expr::Variable(_, name, fields) => chain(name, fields),
        Expr::Identifier(_, name) => name.to_string(),
        Expr::String(_, text) => go_quote(text),
        Expr::Number(_, Number::Int(number)) => number.to_string(),
        Expr::Number(_, Number::Uint(number)) => number.to_string(),
        Expr::Number(_, Number::Float(float)) => number::shortest(*float),
        Expr::Bool(_, truth) => truth.to_string(),
        Expr::Nil(_) => "nil".to_owned(),
        Expr::Pipe(_, inner) => format!("({})", pipe(inner)),
        Expr::Chain(_, inner, fields) => chain(&self::expression(inner), fields),
    }
}

fn chain(first: &str, fields: &[SmolStr]) -> String {
    let mut text = first.to_owned();
    for field in fields {
        text.push('.');
        text.push_str(field);
    }
    text
}
