//! The UTF-8 parser: allows any label name, and quotes as in Go.
//!
//! Owns the grammar of the newer syntax (§2.2): `{name op value, ...}`, braces optional as a pair.
//! Never warns. Pure; runs on the calling thread.

use super::lexer::{Lexer, Token, TokenKind, fault};
use super::quote::unquote;
use super::{MatchOp, Matcher, MatcherError};

const LABEL_NAME: &str = "expected label name";
const LABEL_VALUE: &str = "expected label value";
const OPERATOR: &str = "expected an operator such as '=', '!=', '=~' or '!~'";
const COMMA_OR_BRACE: &str = "expected a comma or close brace";
const MATCHER_OR_BRACE: &str = "expected a matcher or close brace after comma";
const END_OF_INPUT: &str = "expected end of input";

/// Reads one matcher.
pub(super) fn parse_matcher(input: &str) -> Result<Matcher, MatcherError> {
    let mut matchers = parse_matchers(input)?;
    match (matchers.pop(), matchers.len()) {
        (Some(matcher), 0) => Ok(matcher),
        (Some(_), others) => Err(MatcherError::new(format!(
            "expected 1 matcher, found {}",
            others + 1
        ))),
        (None, _) => Err(MatcherError::new("no matchers")),
    }
}

/// Reads a list, which may be empty.
pub(super) fn parse_matchers(input: &str) -> Result<Vec<Matcher>, MatcherError> {
    let mut parser = Parser {
        lexer: Lexer::new(input),
    };
    let braced = parser.take_open_brace()?;
    let mut matchers = Vec::new();
    let first = parser.lexer.peek()?;
    if first.is_some_and(|token| token.kind != TokenKind::CloseBrace) {
        parser.take_matchers(&mut matchers)?;
    }
    parser.take_close_brace(braced)?;
    parser.take_end()?;
    Ok(matchers)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
}

impl<'a> Parser<'a> {
    fn take_open_brace(&mut self) -> Result<bool, MatcherError> {
        let braced = self
            .lexer
            .peek()?
            .is_some_and(|token| token.kind == TokenKind::OpenBrace);
        if braced {
            self.lexer.scan()?;
        }
        Ok(braced)
    }

    /// Takes matchers, and stops before the end of the list: a closing brace or the end of the input.
    fn take_matchers(&mut self, matchers: &mut Vec<Matcher>) -> Result<(), MatcherError> {
        loop {
            matchers.push(self.take_matcher()?);
            if self.peek(as_separator, COMMA_OR_BRACE)? != Some(TokenKind::Comma) {
                return Ok(());
            }
            self.lexer.scan()?;
            let next = self.peek(as_text_or_brace, MATCHER_OR_BRACE)?;
            if matches!(next, None | Some(TokenKind::CloseBrace)) {
                return Ok(());
            }
        }
    }

    fn take_matcher(&mut self) -> Result<Matcher, MatcherError> {
        let name = decode(self.take(as_text, LABEL_NAME)?)?;
        let op = self.take(as_operator, OPERATOR)?;
        let value = decode(self.take(as_text, LABEL_VALUE)?)?;
        Matcher::new(op, name, value).map_err(|error| MatcherError {
            words: format!("failed to create matcher: {error}"),
            ..error
        })
    }

    /// Takes the end of the list, where only a closing brace or the end of the input may follow.
    fn take_close_brace(&mut self, braced: bool) -> Result<(), MatcherError> {
        let closed = self.lexer.peek()?.is_some();
        if closed {
            self.lexer.scan()?;
        }
        let column = self.lexer.column();
        match (braced, closed) {
            (true, false) => Err(MatcherError::new(format!(
                "0:{column}: end of input: expected close brace"
            ))),
            (false, true) => Err(MatcherError::new(format!(
                "0:{column}: }}: expected opening brace"
            ))),
            _ => Ok(()),
        }
    }

    fn take_end(&mut self) -> Result<(), MatcherError> {
        match self.lexer.scan() {
            Ok(None) => Ok(()),
            Ok(Some(token)) => Err(fault(token, END_OF_INPUT)),
            Err(error) => Err(MatcherError::new(format!("{error}: {END_OF_INPUT}"))),
        }
    }

    /// Takes a token that must exist and be accepted.
    fn take<T>(
        &mut self,
        accept: impl Fn(Token<'a>) -> Option<T>,
        expected: &str,
    ) -> Result<T, MatcherError> {
        let accepted = self
            .peek(accept, expected)?
            .ok_or_else(|| MatcherError::new(format!("end of input: {expected}")))?;
        self.lexer.scan()?;
        Ok(accepted)
    }

    /// Looks at the next token, which must be accepted if it exists.
    fn peek<T>(
        &self,
        accept: impl Fn(Token<'a>) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, MatcherError> {
        let token = match self.lexer.peek() {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(None),
            Err(error) => return Err(MatcherError::new(format!("{error}: {expected}"))),
        };
        let unexpected = || {
            MatcherError::new(format!(
                "{}:{}: unexpected {}: {expected}",
                token.start_column, token.end_column, token.text
            ))
        };
        accept(token).map(Some).ok_or_else(unexpected)
    }
}

fn as_text(token: Token<'_>) -> Option<Token<'_>> {
    matches!(token.kind, TokenKind::Quoted | TokenKind::Unquoted).then_some(token)
}

fn as_operator(token: Token<'_>) -> Option<MatchOp> {
    match token.kind {
        TokenKind::Operator(op) => Some(op),
        _ => None,
    }
}

fn as_separator(token: Token<'_>) -> Option<TokenKind> {
    matches!(token.kind, TokenKind::Comma | TokenKind::CloseBrace).then_some(token.kind)
}

fn as_text_or_brace(token: Token<'_>) -> Option<TokenKind> {
    let is_brace = token.kind == TokenKind::CloseBrace;
    (is_brace || as_text(token).is_some()).then_some(token.kind)
}

fn decode(token: Token<'_>) -> Result<String, MatcherError> {
    if token.kind == TokenKind::Unquoted {
        return Ok(token.text.to_owned());
    }
    unquote(token.text).ok_or_else(|| fault(token, "invalid input"))
}

#[cfg(test)]
mod tests;
