//! Every bound of the harness and of the reports is in a file named `limits.rs`, so that one page shows them all.
//!
//! A bound is a constant of an integer type or of `Duration` whose name ends with `_MAX` or `_MIN`, or with one of them
//! and a unit. The rule does not cover targets, which have bounds of their own domain, and test code.

use crate::{
    source::{Kind, Token, tokens_outside_tests},
    tree::{Complaint, Tree},
};

/// The folders that the rule covers.
const FOLDERS: [&str; 2] = ["harness/", "reports/"];

/// The name of the only file that may have bounds.
const PLACE: &str = "limits.rs";

/// The integer types.
const INTEGERS: [&str; 12] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

/// No bound is outside `limits.rs`.
pub(super) fn in_limits(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let files = || tree.under(folder).filter(|file| file.is_rust());
        let is_limits = |path: &str| path.rsplit('/').next() == Some(PLACE);
        if !files().any(|file| is_limits(&file.path)) {
            let text = format!("has no `{PLACE}`; tell this rule where the bounds are now");
            found.push(Complaint::of(folder, text));
        }
        for file in files().filter(|file| !is_limits(&file.path)) {
            let tokens = tokens_outside_tests(file);
            found.extend(bounds(&tokens).map(|name| {
                let text = format!("`{}` is a bound outside `{PLACE}`; move it there", name.text);
                Complaint::at(&file.path, name.line, text)
            }));
        }
    }
    found
}

/// The names of the constants that are bounds.
fn bounds(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    let constants = tokens.windows(3).enumerate().filter_map(|(at, three)| {
        let [word, name, colon] = three else { return None };
        (word.is_ident("const") && colon.is(":")).then_some((name, &tokens[at + 3..]))
    });
    let bounds = constants.filter(|(name, rest)| is_bound(&name.text) && is_counted(rest));
    bounds.map(|(name, _)| name)
}

/// Whether a name ends with `_MAX` or `_MIN`, or with one more word after that.
fn is_bound(name: &str) -> bool {
    let mut words = name.split('_').skip(1).collect::<Vec<&str>>().into_iter().rev();
    words.by_ref().take(2).any(|word| ["MAX", "MIN"].contains(&word))
}

/// Whether these tokens begin with the type of a constant that is an integer or a `Duration`. A value or a semicolon
/// follows the type; neither follows the type of a const parameter.
fn is_counted(tokens: &[Token]) -> bool {
    let is_in_path = |token: &&Token| token.kind == Kind::Ident || token.is(":");
    let path: Vec<&Token> = tokens.iter().take_while(is_in_path).collect();
    let is_type = |token: &&&Token| {
        token.is_ident("Duration") || INTEGERS.iter().any(|integer| token.is_ident(integer))
    };
    let ends = tokens.get(path.len()).is_some_and(|next| next.is("=") || next.is(";"));
    ends && path.last().filter(is_type).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_bound_elsewhere_is_seen() {
        let bounds = "const ROWS_MAX: usize = 3;\npub(crate) const WAIT_MAX_MS: u64 = 5;\n\
                      impl A {\n    const WAIT_MIN: std::time::Duration = D;\n}\n";
        let others = "const ROWS: usize = 3;\nconst MAX: u8 = 1;\nconst MAX_ROWS: u8 = 1;\n\
                      const ALIKE_MIN: f64 = 0.6;\nconst NAMES_MAX: [u8; 2] = [1, 2];\n\
                      const MAX_OF_ALL_ROWS: u8 = 1;\nconst A_MAX_OF_ROWS: u8 = 2;\n\
                      fn f<const N_MAX: usize>() {}\n// const ROWS_MAX: usize\n\
                      #[cfg(test)]\nmod tests { const RUNS_MAX: u8 = 1; }\n";
        let files = [
            ("harness/core/src/limits.rs", bounds),
            ("harness/core/src/plan.rs", bounds),
            ("harness/core/src/trace.rs", others),
            ("harness/core/tests/it/main.rs", bounds),
            ("reports/src/html.rs", "const ROWS_MAX: usize = 3;"),
            ("targets/outbox/src/a.rs", bounds),
        ];
        insta::assert_snapshot!(red(in_limits, &files), @"
        harness/core/src/plan.rs:1: `ROWS_MAX` is a bound outside `limits.rs`; move it there
        harness/core/src/plan.rs:2: `WAIT_MAX_MS` is a bound outside `limits.rs`; move it there
        harness/core/src/plan.rs:4: `WAIT_MIN` is a bound outside `limits.rs`; move it there
        reports/: has no `limits.rs`; tell this rule where the bounds are now
        reports/src/html.rs:1: `ROWS_MAX` is a bound outside `limits.rs`; move it there
        ");
    }
}
