//! Reads Rust sources as tokens and resolved names, without comments and strings.
//!
//! A search in raw text is misled by line breaks, by comments, and by `use std::time as t`. This module reads tokens,
//! and follows the `use` lines of a file to full names. It does not know scopes: if two modules of one file give the
//! same name to different items, the name stands for both, and a rule may complain too much but not too little.

mod lexer;

use std::collections::BTreeMap;

pub use lexer::{Kind, Token, end_of_group, tokens};

use crate::{limits::USE_HOPS_MAX, tree::File};

/// A name as it is written, or as the `use` lines resolve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its parts: `std`, `time`, `Instant`.
    pub parts: Vec<String>,
    /// The line, from 1.
    pub line: usize,
}

impl Name {
    /// The name with its colons, as in a source.
    pub fn text(&self) -> String {
        self.parts.join("::")
    }

    /// Whether the name is `other`, an item inside `other`, or a glob that imports `other`.
    pub fn is_in(&self, other: &str) -> bool {
        let other: Vec<&str> = other.split("::").collect();
        match self.parts.split_last() {
            Some((last, outer)) if last == "*" => {
                outer.len() < other.len() && outer.iter().zip(&other).all(|(a, b)| a == b)
                    || begins_with(outer, &other)
            }
            _ => begins_with(&self.parts, &other),
        }
    }
}

fn begins_with(parts: &[String], start: &[&str]) -> bool {
    parts.len() >= start.len() && parts.iter().zip(start).all(|(a, b)| a == b)
}

/// All names in these tokens, resolved. Fields and methods are no names.
pub fn names(tokens: &[Token]) -> Vec<Name> {
    let Reader { found, uses, .. } = Reader::read(tokens);
    let mut names = Vec::new();
    for name in found {
        resolve(&name, &uses, USE_HOPS_MAX, &mut names);
    }
    names
}

/// All paths in these tokens as they are written, one for each leaf of a tree in a `use` line.
pub fn paths(tokens: &[Token]) -> Vec<Name> {
    Reader::read(tokens).found
}

/// All names in the code of a file, resolved, without its test code.
pub fn names_outside_tests(file: &File) -> Vec<Name> {
    names(&tokens_outside_tests(file))
}

/// The tokens of a file without its test code; none if all of it is test code.
pub fn tokens_outside_tests(file: &File) -> Vec<Token> {
    if file.is_test() { Vec::new() } else { lexer::without_tests(&tokens(file)) }
}

/// The number of lines of a file without its test modules.
pub fn lines_outside_tests(file: &File) -> usize {
    let all = file.text.lines().count();
    all - lexer::lines_of_tests(&tokens(file))
}

type Uses = BTreeMap<String, Vec<Vec<String>>>;

/// Every full name that a name can stand for.
fn resolve(name: &Name, uses: &Uses, hops: usize, into: &mut Vec<Name>) {
    let (first, rest) = name.parts.split_first().expect("a name has a part");
    let leads: Vec<&Vec<String>> = match uses.get(first) {
        Some(leads) if hops > 0 => leads.iter().filter(|lead| lead[0] != *first).collect(),
        _ => Vec::new(),
    };
    if leads.is_empty() {
        into.push(name.clone());
    }
    for lead in leads {
        let parts = lead.iter().chain(rest).cloned().collect();
        resolve(&Name { parts, line: name.line }, uses, hops - 1, into);
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    found: Vec<Name>,
    uses: Uses,
}

impl<'a> Reader<'a> {
    fn read(tokens: &'a [Token]) -> Self {
        let mut reader = Self { tokens, found: Vec::new(), uses: BTreeMap::new() };
        reader.read_all();
        reader
    }

    fn read_all(&mut self) {
        let mut at = 0;
        let mut in_use = false;
        while at < self.tokens.len() {
            let token = &self.tokens[at];
            if token.is_ident("use") {
                in_use = true;
                at += 1;
            } else if token.kind == Kind::Ident && !self.belongs_to_an_expression(at) {
                at = self.path(at, &[], in_use);
                in_use = false;
            } else {
                in_use &= token.is(":");
                at += 1;
            }
        }
    }

    /// Whether the word follows a dot or a turbofish.
    fn belongs_to_an_expression(&self, at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).map(|at| &self.tokens[at]);
        let is = |back: usize, text: &str| before(back).is_some_and(|token| token.is(text));
        is(1, ".") && !is(2, ".") || is(1, ":") && is(2, ":") && is(3, ">")
    }

    fn is_colons(&self, at: usize) -> bool {
        let is_colon = |at: usize| self.tokens.get(at).is_some_and(|token| token.is(":"));
        is_colon(at) && is_colon(at + 1)
    }

    /// Reads a path, or a tree of paths in braces. Returns the index after it.
    fn path(&mut self, mut at: usize, before: &[String], in_use: bool) -> usize {
        let mut parts = before.to_vec();
        let line = self.tokens[at].line;
        while let Some(token) = self.tokens.get(at) {
            if token.is("{") && parts.len() > before.len() {
                return self.braces(at, &parts, in_use);
            }
            if token.kind != Kind::Ident && !token.is("*") {
                break;
            }
            if !token.is_ident("self") || parts.is_empty() {
                parts.push(token.text.clone());
            }
            at += 1;
            if !self.is_colons(at) {
                break;
            }
            let next = self.tokens.get(at + 2);
            let goes_on = next.is_some_and(|next| {
                next.kind == Kind::Ident || in_use && (next.is("{") || next.is("*"))
            });
            if !goes_on {
                break;
            }
            at += 2;
        }
        if in_use {
            at = self.remember(at, &parts);
        }
        self.found.push(Name { parts, line });
        at
    }

    fn braces(&mut self, open: usize, parts: &[String], in_use: bool) -> usize {
        let mut at = open + 1;
        while let Some(token) = self.tokens.get(at) {
            if token.is("}") {
                return at + 1;
            }
            let is_part = token.kind == Kind::Ident || token.is("*");
            at = if is_part { self.path(at, parts, in_use) } else { at + 1 };
        }
        at
    }

    /// Records the local name that a `use` line gives to an item. Returns the index after an `as`.
    fn remember(&mut self, at: usize, parts: &[String]) -> usize {
        let alias = match self.tokens.get(at..at + 2) {
            Some([by, alias]) if by.is_ident("as") => Some(alias.text.clone()),
            _ => None,
        };
        let end = if alias.is_some() { at + 2 } else { at };
        if let Some(known_as) = alias.or_else(|| parts.last().cloned()) {
            self.uses.entry(known_as).or_default().push(parts.to_vec());
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let file = File { path: "a.rs".into(), text: text.into() };
        let names = names(&tokens(&file));
        let texts: Vec<String> = names.iter().map(Name::text).collect();
        for name in expected {
            assert!(texts.iter().any(|text| text == name), "{name} is not in {texts:?}");
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        check("fn f() { std :: /* so */ time::Instant\n::now() }", &["std::time::Instant::now"]);
        check("use std::{fs, time::{self, Instant}};", &["std::fs", "std::time"]);
        check(
            "use std::time::{self}; fn f() { time::Instant::now() }",
            &["std::time::Instant::now"],
        );
        check("use std::time as t; fn f(a: t::Instant) {}", &["std::time::Instant"]);
        check("use tokio; use tokio::time as t; fn f() { t::sleep() }", &["tokio::time::sleep"]);
        check("use std as s; fn f() { s::fs::read() }", &["std::fs::read"]);
        check("use ::tokio::spawn; fn f() { spawn(g) }", &["tokio::spawn"]);
        check("fn f() { m!(std::env::var(x)) }", &["std::env::var"]);
        check("use std::time::*;", &["std::time::*"]);
        check("pub(crate) use a::b; fn f() { for x in 0..b::LEN {} }", &["a::b::LEN"]);
    }

    #[test]
    fn a_ban_covers_what_is_inside_and_the_globs_around() {
        let name = |text: &str| Name { parts: text.split("::").map(Into::into).collect(), line: 1 };
        for text in ["std::fs", "std::fs::read", "std::fs::*", "std::*"] {
            assert!(name(text).is_in("std::fs"), "{text}");
        }
        for text in ["std", "std::fsx", "fs", "std::io::*"] {
            assert!(!name(text).is_in("std::fs"), "{text}");
        }
    }

    #[test]
    fn comments_strings_fields_and_tests_are_no_names() {
        let text = "//! std::fs\nconst A: &str = \"std::fs\"; fn f() { x.std }\n\
                    #[cfg(test)]\nmod tests { use std::fs; }\nfn g() { std::env::var() }";
        let file = File { path: "a.rs".into(), text: text.into() };
        let names = names_outside_tests(&file);
        assert!(names.iter().all(|name| !name.is_in("std::fs")), "{names:?}");
        assert!(names.iter().any(|name| name.is_in("std::env") && name.line == 5), "{names:?}");
        assert_eq!(lines_outside_tests(&file), 3);
    }
}
