//! The tokens of the UTF-8 syntax.
//!
//! Owns the boundaries of tokens, and the columns in error messages (§2.2): these count characters, from the
//! first of the token to the one after its last. Never decides which token may follow which; `utf8.rs` does.
//! Pure; runs on the calling thread.

use super::quote::is_reserved;
use super::{MatchOp, MatcherError};

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    OpenBrace,
    CloseBrace,
    Comma,
    Operator(MatchOp),
    /// A quoted text; the token includes the quotes and escapes.
    Quoted,
    Unquoted,
}

/// A token: a piece of the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// The source text.
    pub(super) text: &'a str,
    /// The number of characters before the token.
    pub(super) start_column: usize,
    /// The number of characters up to its end.
    pub(super) end_column: usize,
}

/// A position in the input. A copy serves to look ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `input`.
    pub(super) fn new(input: &'a str) -> Self {
        Lexer {
            rest: input,
            column: 0,
        }
    }

    /// The number of characters read so far.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// Returns the next token without taking it; `None` at the end of the input.
    pub(super) fn peek(mut self) -> Result<Option<Token<'a>>, MatcherError> {
        self.scan()
    }

    /// Takes the next token; `None` at the end of the input.
    pub(super) fn scan(&mut self) -> Result<Option<Token<'a>>, MatcherError> {
        let text = self.rest.trim_start();
        let space = self.rest.len() - text.len();
        self.take(space);
        let Some(first) = text.chars().next() else {
            return Ok(None);
        };
        let token = match first {
            '{' => self.emit(TokenKind::OpenBrace, 1),
            '}' => self.emit(TokenKind::CloseBrace, 1),
            ',' => self.emit(TokenKind::Comma, 1),
            '=' if text.starts_with("=~") => self.emit(TokenKind::Operator(MatchOp::Regex), 2),
            '=' => self.emit(TokenKind::Operator(MatchOp::Equal), 1),
            '!' => self.scan_negation()?,
            '"' => self.scan_quoted()?,
            c if is_reserved(c) => {
                let token = self.emit(TokenKind::Unquoted, c.len_utf8());
                return Err(fault(token, "invalid input"));
            }
            _ => {
                let length = text.find(is_reserved).unwrap_or(text.len());
                self.emit(TokenKind::Unquoted, length)
            }
        };
        Ok(Some(token))
    }

    fn scan_negation(&mut self) -> Result<Token<'a>, MatcherError> {
        match self.rest.as_bytes().get(1) {
            Some(b'=') => Ok(self.emit(TokenKind::Operator(MatchOp::NotEqual), 2)),
            Some(b'~') => Ok(self.emit(TokenKind::Operator(MatchOp::NotRegex), 2)),
            Some(_) => {
                let sign = self.emit(TokenKind::Unquoted, 1);
                Err(fault(sign, "expected one of '=~'"))
            }
            None => Err(MatcherError::new(format!(
                "{}:{}: unexpected end of input, expected one of '=~'",
                self.column,
                self.column + 1
            ))),
        }
    }

    fn scan_quoted(&mut self) -> Result<Token<'a>, MatcherError> {
        let mut escaped = false;
        for (position, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Ok(self.emit(TokenKind::Quoted, position + 1)),
                _ => {}
            }
        }
        let unterminated = self.emit(TokenKind::Quoted, self.rest.len());
        Err(fault(unterminated, "missing end \""))
    }

    fn emit(&mut self, kind: TokenKind, length: usize) -> Token<'a> {
        let start_column = self.column;
        Token {
            kind,
            text: self.take(length),
            start_column,
            end_column: self.column,
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }
}

/// The error about this token.
pub(super) fn fault(token: Token<'_>, reason: &str) -> MatcherError {
    MatcherError::new(format!(
        "{}:{}: {}: {reason}",
        token.start_column, token.end_column, token.text
    ))
}
