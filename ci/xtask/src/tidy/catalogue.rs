//! Failpoints are named only in the catalogue of their target: `src/failpoints.rs` has one constant for each, and the
//! target passes each of them.

use crate::{
    source::{self, Kind, Token, end_of_group},
    tree::{Complaint, File, Tree},
};

/// Whether a file is a test of the harness, whose hosts are no target and have no catalogue.
fn has_no_catalogue(file: &File) -> bool {
    file.path.starts_with("harness/") && file.is_test()
}

/// No failpoint is named by a literal, and every name of a catalogue is used.
pub(super) fn names(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in tree.rust().filter(|file| !has_no_catalogue(file)) {
        let literals = passed(file).into_iter().filter(|name| name.kind == Kind::Literal);
        found.extend(literals.map(|name| {
            let text = format!(
                "{} is a literal; add a constant to `src/failpoints.rs` and pass it",
                name.text
            );
            Complaint::at(&file.path, name.line, text)
        }));
    }
    let targets = tree.targets();
    if targets.is_empty() {
        found.push(Complaint::of("targets", "has no targets; this rule checks them"));
    }
    for target in targets {
        found.extend(catalogue_of(tree, target));
    }
    found
}

fn catalogue_of(tree: &Tree, target: &str) -> Vec<Complaint> {
    let path = format!("{target}/src/failpoints.rs");
    let Some(catalogue) = tree.get(&path) else {
        return vec![Complaint::of(&path, "is missing; it names the failpoints of the target")];
    };
    let known = constants(catalogue);
    if known.is_empty() {
        return vec![Complaint::of(
            &path,
            "has no failpoints; write `pub const NAME: &str = \"...\"`",
        )];
    }
    let folder = format!("{target}/src/");
    let sources = tree.under(&folder).filter(|file| file.is_rust());
    let passed: Vec<Token> = sources.flat_map(passed).collect();
    let is_in = |all: &[Token], name: &Token| all.iter().any(|other| other.text == name.text);
    let mut found = Vec::new();
    for name in known.iter().filter(|name| !is_in(&passed, name)) {
        let text = format!("`{}` is never passed; pass it, or remove it", name.text);
        found.push(Complaint::at(&path, name.line, text));
    }
    let words = passed.iter().filter(|name| name.kind == Kind::Ident);
    for name in words.filter(|name| !is_in(&known, name)) {
        let text = format!("lacks `{}`, which the target passes; add it", name.text);
        found.push(Complaint::of(&path, text));
    }
    found
}

/// The string constants of a catalogue.
fn constants(catalogue: &File) -> Vec<Token> {
    let tokens = source::tokens(catalogue);
    let is_name = |all: &&[Token]| {
        all[0].is_ident("const")
            && all[2].is(":")
            && all[3].is("&")
            && all[4].is_ident("str")
            && all[6].kind == Kind::Literal
    };
    tokens.windows(7).filter(is_name).map(|all| all[1].clone()).collect()
}

/// The argument of each `fail_point!` of a file: a literal, or the last segment of a constant's path.
fn passed(file: &File) -> Vec<Token> {
    let tokens = source::tokens(file);
    let mut found = Vec::new();
    for at in 2..tokens.len() {
        let is_call = tokens[at - 2].is_ident("fail_point")
            && tokens[at - 1].is("!")
            && tokens[at].kind == Kind::Mark;
        if !is_call {
            continue;
        }
        let inside = &tokens[at + 1..end_of_group(&tokens, at) - 1];
        let first = inside.split(|token| token.is(",")).next().unwrap_or_default();
        let is_by_name = !first.iter().any(|token| token.is("$"));
        found.extend(first.last().filter(|_| is_by_name).cloned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_literal_and_an_unused_name_are_seen() {
        let catalogue = "pub const AFTER_CLAIM: &str = \"outbox.after_claim\";\n\
                         pub const IDLE: &str = \"outbox.idle\";\n\
                         pub const ALL: &[&str] = &[AFTER_CLAIM, IDLE];";
        let code = "fn f() { fail_point!(failpoints::AFTER_CLAIM)?; }\n\
                    fn g() { fail_point\n!( // why\n \"outbox.idle\" )?;\n fail_point!(OTHER) }\n\
                    // fail_point!(failpoints::IDLE)\n";
        let files = [
            ("targets/outbox/Cargo.toml", ""),
            ("targets/outbox/src/failpoints.rs", catalogue),
            ("targets/outbox/src/lib.rs", code),
            ("harness/rt/src/fail.rs", "macro_rules! a { () => { fail_point!($name) } }"),
            ("harness/rt/tests/it/crash.rs", "fn f() { fail_point!(\"lab.here\") }"),
            ("targets/relay/Cargo.toml", ""),
        ];
        insta::assert_snapshot!(red(names, &files), @r#"
        targets/outbox/src/lib.rs:4: "outbox.idle" is a literal; add a constant to `src/failpoints.rs` and pass it
        targets/outbox/src/failpoints.rs:2: `IDLE` is never passed; pass it, or remove it
        targets/outbox/src/failpoints.rs: lacks `OTHER`, which the target passes; add it
        targets/relay/src/failpoints.rs: is missing; it names the failpoints of the target
        "#);
        insta::assert_snapshot!(red(names, &[]), @"targets: has no targets; this rule checks them");
    }
}
