//! Splits a file into tokens, and finds its test code.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::tree::File;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or a keyword.
    Ident,
    /// A string, a number or a character.
    Literal,
    /// Punctuation, including brackets.
    Mark,
}

/// One token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The kind.
    pub kind: Kind,
    /// The text, as it is written.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
}

impl Token {
    /// Whether the token is this punctuation.
    pub fn is(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    /// Whether the token is this identifier.
    pub fn is_ident(&self, word: &str) -> bool {
        self.kind == Kind::Ident && self.text == word
    }

    fn depth(&self) -> isize {
        match self.text.as_str() {
            "(" | "[" | "{" if self.kind == Kind::Mark => 1,
            ")" | "]" | "}" if self.kind == Kind::Mark => -1,
            _ => 0,
        }
    }
}

/// The tokens of a Rust file; none if it cannot be parsed, which the compiler reports better than a rule could.
pub fn tokens(file: &File) -> Vec<Token> {
    let mut found = Vec::new();
    if let Ok(stream) = file.text.parse::<TokenStream>() {
        flatten(stream, &mut found);
    }
    found
}

fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    for tree in stream {
        let (kind, text, span) = match tree {
            TokenTree::Ident(ident) => (Kind::Ident, ident.to_string(), ident.span()),
            TokenTree::Literal(literal) => (Kind::Literal, literal.to_string(), literal.span()),
            TokenTree::Punct(mark) => (Kind::Mark, mark.as_char().to_string(), mark.span()),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                into.push(token(Kind::Mark, open.into(), group.span_open()));
                flatten(group.stream(), into);
                (Kind::Mark, close.to_owned(), group.span_close())
            }
        };
        into.push(token(kind, text, span));
    }
}

fn token(kind: Kind, text: String, span: Span) -> Token {
    Token { kind, text, line: span.start().line }
}

/// The tokens without items that are compiled for tests only.
pub(super) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut from = 0;
    for (start, end) in tests(tokens) {
        kept.extend_from_slice(&tokens[from..start]);
        from = end;
    }
    kept.extend_from_slice(&tokens[from..]);
    kept
}

/// The number of lines of items that are compiled for tests only.
pub(super) fn lines_of_tests(tokens: &[Token]) -> usize {
    let spans = tests(tokens);
    spans.iter().map(|&(start, end)| tokens[end - 1].line - tokens[start].line + 1).sum()
}

/// The ranges of items that are compiled for tests only: the first index, and the index after the last.
fn tests(tokens: &[Token]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            let end = end_of_item(tokens, at);
            found.push((at, end));
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// Whether `#[cfg(test)]`, or a `cfg(all(test, ...))`, begins here.
fn is_test_attribute(tokens: &[Token]) -> bool {
    let [hash, open, cfg, ..] = tokens else { return false };
    if !(hash.is("#") && open.is("[") && cfg.is_ident("cfg")) {
        return false;
    }
    let words = &tokens[3..end_of_group(tokens, 1)];
    words.iter().any(|token| token.is_ident("test"))
        && !words.iter().any(|token| token.is_ident("not") || token.is_ident("any"))
}

/// The index after the bracket that closes the bracket at `open`.
pub fn end_of_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        depth += token.depth();
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The index after the item whose attributes begin at `start`.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.is("{") {
            return end_of_group(tokens, at);
        }
        if token.depth() > 0 {
            at = end_of_group(tokens, at);
        } else if token.is(";") || token.is(",") {
            return at + 1;
        } else if token.depth() < 0 {
            return at;
        } else {
            at += 1;
        }
    }
    tokens.len()
}
