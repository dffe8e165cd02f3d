//! Bans attributes and words that the compiler accepts: `allow`, `ignore`, `unsafe`, sleeps, stubs and to-do notes.

use crate::{
    source::{self, Kind, Token, end_of_group},
    tree::{Complaint, File, Tree},
};

/// The only module with unsafe code: it replaces functions of libc.
const UNSAFE: &str = "harness/rt/src/sim/turmoil/libc_override.rs";

/// This file, which contains the words it looks for.
const OWN: &str = "ci/xtask/src/tidy/lints.rs";

/// Lints are expected with a reason, and never allowed: the compiler reports an expectation that is no longer needed.
pub(super) fn no_allow(tree: &Tree) -> Vec<Complaint> {
    in_attributes(tree, |attribute| {
        let is_call = |pair: &[Token]| pair[0].is_ident("allow") && pair[1].is("(");
        let is_allowed = attribute.windows(2).any(is_call);
        is_allowed.then_some(
            "`allow` stays when it is no longer needed; write `#[expect(..., reason = \"...\")]`",
        )
    })
}

/// No test is ignored.
pub(super) fn no_ignore(tree: &Tree) -> Vec<Complaint> {
    in_attributes(tree, |attribute| {
        let is_ignored = attribute.iter().any(|token| token.is_ident("ignore"));
        is_ignored.then_some("an ignored test never runs; fix it, or remove it")
    })
}

fn in_attributes(
    tree: &Tree,
    complain: impl Fn(&[Token]) -> Option<&'static str>,
) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in tree.rust() {
        let tokens = source::tokens(file);
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is("#")) {
            let inner = usize::from(tokens.get(at + 1).is_some_and(|next| next.is("!")));
            let open = at + 1 + inner;
            if !tokens.get(open).is_some_and(|next| next.is("[")) {
                continue;
            }
            let attribute = &tokens[open..end_of_group(&tokens, open)];
            // Documentation is a string here, so its words do not count.
            found.extend(
                complain(attribute).map(|text| Complaint::at(&file.path, token.line, text)),
            );
        }
    }
    found
}

/// Unsafe code is in one module only.
pub(super) fn unsafe_in_one_module(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    if tree.get(UNSAFE).is_none() {
        found
            .push(Complaint::of(UNSAFE, "is missing; tell this rule where the unsafe code is now"));
    }
    for file in tree.rust().filter(|file| file.path != UNSAFE) {
        let tokens = source::tokens(file);
        found.extend(tokens.iter().filter(|token| token.is_ident("unsafe")).map(|token| {
            let text = format!("unsafe code; only {UNSAFE} may have any, find a safe way");
            Complaint::at(&file.path, token.line, text)
        }));
    }
    found
}

/// No code sleeps in real time, not even tests.
pub(super) fn no_sleep(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in tree.rust() {
        let names = source::names(&source::tokens(file));
        let sleeps = names.iter().filter(|name| name.text().ends_with("thread::sleep"));
        found.extend(sleeps.map(|name| {
            let text = "sleeps in real time; wait for the event itself, or use virtual time";
            Complaint::at(&file.path, name.line, text)
        }));
    }
    found
}

/// No code has stubs or to-do notes.
pub(super) fn nothing_left(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in tree.files().filter(|file| file.path != OWN && file.path != "Cargo.lock") {
        found.extend(notes(file));
        if file.is_rust() {
            found.extend(stubs(file));
        }
    }
    found
}

fn notes(file: &File) -> Vec<Complaint> {
    let is_note = |line: &str| {
        let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.any(|word| ["TODO", "FIXME"].contains(&word))
    };
    let lines = file.lines().filter(|(_, line)| is_note(line));
    let complain =
        |(line, _)| Complaint::at(&file.path, line, "leaves work undone; do it, or open an issue");
    lines.map(complain).collect()
}

fn stubs(file: &File) -> Vec<Complaint> {
    let tokens = source::tokens(file);
    let is_stub = |pair: &&[Token]| {
        let word = pair[0].text.as_str();
        pair[0].kind == Kind::Ident
            && ["todo", "unimplemented", "dbg"].contains(&word)
            && pair[1].is("!")
    };
    let complain = |pair: &[Token]| {
        let text = format!(
            "`{}!` must not be committed; finish the code, or return an error",
            pair[0].text
        );
        Complaint::at(&file.path, pair[0].line, text)
    };
    tokens.windows(2).filter(is_stub).map(complain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn an_allowed_lint_is_seen() {
        let text = "#![allow(unused)]\n#[cfg_attr(test, allow (\n dead_code))]\nfn allow() {}\n\
                    // #[allow(x)]\n#[expect(dead_code, reason = \"allow(\")]\nfn f() { allow(1) }";
        insta::assert_snapshot!(red(no_allow, &[("a.rs", text)]), @r#"
        a.rs:1: `allow` stays when it is no longer needed; write `#[expect(..., reason = "...")]`
        a.rs:2: `allow` stays when it is no longer needed; write `#[expect(..., reason = "...")]`
        "#);
    }

    #[test]
    fn an_ignored_test_is_seen() {
        let text = "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n#[cfg_attr(miri, ignore)]\nfn g() {}";
        insta::assert_snapshot!(red(no_ignore, &[("a.rs", text)]), @"
        a.rs:2: an ignored test never runs; fix it, or remove it
        a.rs:4: an ignored test never runs; fix it, or remove it
        ");
    }

    #[test]
    fn unsafe_code_elsewhere_is_seen() {
        let files = [(UNSAFE, "unsafe fn f() {}"), ("a.rs", "#![expect(unsafe_code)]\nunsafe {}")];
        insta::assert_snapshot!(red(unsafe_in_one_module, &files), @"a.rs:2: unsafe code; only harness/rt/src/sim/turmoil/libc_override.rs may have any, find a safe way");
        insta::assert_snapshot!(red(unsafe_in_one_module, &[]), @"harness/rt/src/sim/turmoil/libc_override.rs: is missing; tell this rule where the unsafe code is now");
    }

    #[test]
    fn a_real_sleep_is_seen() {
        let text = "use std::thread;\nfn f() { thread\n::sleep(D) }\nfn g() { time::sleep(D) }";
        insta::assert_snapshot!(red(no_sleep, &[("tests/a.rs", text)]), @"tests/a.rs:2: sleeps in real time; wait for the event itself, or use virtual time");
    }

    #[test]
    fn work_left_behind_is_seen() {
        let rust = "fn f() { todo ! () }\n// TODO: more\nfn g() { dbg!(1); \"todo!\" }";
        let files = [("a.rs", rust), ("README.md", "TODOS\n\nFIXME later\n")];
        insta::assert_snapshot!(red(nothing_left, &files), @"
        README.md:3: leaves work undone; do it, or open an issue
        a.rs:2: leaves work undone; do it, or open an issue
        a.rs:1: `todo!` must not be committed; finish the code, or return an error
        a.rs:3: `dbg!` must not be committed; finish the code, or return an error
        ");
    }
}
