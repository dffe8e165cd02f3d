//! Checks see only the history. The verdict of a check that reads a file, a clock or a database depends on more than
//! the recorded run, and would not be the same in a replay.
//!
//! In core, a check is a function of `&History`. In the scenarios, all checks and marks are created in modules of their
//! own, `checks.rs` or a folder `checks/`, which may name only the history, JSON, collections, and the checks modules
//! of their own crate and of the crate that all scenarios share.

use crate::{
    source::{self, Name, names_outside_tests},
    tree::{Complaint, File, Tree},
};

/// The file of core that defines a check.
const CORE: &str = "harness/core/src/check.rs";
const SCENARIOS: &str = "scenarios/";

/// The crate that all scenarios share, with checks of its own.
const SHARED: &str = "chaosdrill_scenarios_common";

/// Crates that a checks module may name.
const CRATES: [&str; 5] = ["chaosdrill", "serde", "serde_json", "core", "alloc"];

/// Modules of std that a checks module may name: they have no global state and no side effects.
const PARTS_OF_STD: [&str; 9] =
    ["borrow", "cmp", "collections", "fmt", "iter", "mem", "num", "ops", "time"];

/// The constructors of checks and marks.
const MADE_BY: [&str; 2] = ["Check::new", "Mark::new"];

/// All checks are pure functions of the history, as far as names can show.
pub(super) fn see(tree: &Tree) -> Vec<Complaint> {
    let mut found = core_hands_over_the_history_only(tree);
    let files: Vec<&File> = tree.under(SCENARIOS).filter(|file| file.is_rust()).collect();
    if !files.iter().any(|file| is_of_checks(&file.path)) {
        let text = "has no checks module; put the checks into `checks.rs` or a folder `checks/`";
        found.push(Complaint::of(SCENARIOS, text));
    }
    for file in files {
        let names = names_outside_tests(file);
        let complain = if is_of_checks(&file.path) { worldly } else { made_elsewhere };
        found.extend(names.iter().filter_map(|name| {
            Some(Complaint::at(&file.path, name.line, complain(name, &names)?))
        }));
    }
    found
}

fn core_hands_over_the_history_only(tree: &Tree) -> Vec<Complaint> {
    let words = tree.get(CORE).map(|file| {
        let tokens = source::tokens(file);
        tokens.iter().map(|token| token.text.as_str()).collect::<String>()
    });
    if words.is_some_and(|words| words.contains("dynFn(&History)->Outcome")) {
        return Vec::new();
    }
    let text = "a check is no longer a `dyn Fn(&History) -> Outcome`; pass only the history to it";
    vec![Complaint::of(CORE, text)]
}

fn is_of_checks(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.starts_with("checks") || path.contains("/checks/")
}

fn made_elsewhere(name: &Name, _: &[Name]) -> Option<String> {
    // Whole words: a `StaticCheck` is no check of a history.
    let text = format!("::{}", name.text());
    let made_by = MADE_BY.iter().find(|made_by| text.ends_with(&format!("::{made_by}")))?;
    Some(format!("`{made_by}` is outside a checks module; move it to `checks.rs`"))
}

/// The complaint about a name in a checks module; `None` if the name is allowed.
fn worldly(name: &Name, all: &[Name]) -> Option<String> {
    let parts: Vec<&str> = name.parts.iter().map(String::as_str).collect();
    let is_fine = match parts[..] {
        [_] => true,
        ["std", "time", "Instant" | "SystemTime" | "*", ..] => false,
        ["std", part, ..] => PARTS_OF_STD.contains(&part),
        ["crate" | SHARED, .., last] => {
            parts.iter().any(|part| part.starts_with("checks")) || is_constant(last)
        }
        ["super" | "self", ..] => true,
        [first, ..] => {
            let is_type = first.starts_with(|letter: char| letter.is_uppercase());
            is_type || CRATES.contains(&first) || is_primitive(first) || is_local(first, all)
        }
        [] => true,
    };
    (!is_fine).then(|| {
        format!(
            "a check must not name `{}`; let a host observe the value, and read it from the history",
            name.text()
        )
    })
}

fn is_constant(word: &str) -> bool {
    word.chars()
        .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
}

fn is_primitive(word: &str) -> bool {
    let is_number = word.starts_with(['u', 'i', 'f'])
        && (word.ends_with("size") || word[1..].bytes().all(|byte| byte.is_ascii_digit()));
    is_number || ["bool", "char", "str"].contains(&word)
}

/// Whether the file itself declares a module of that name.
fn is_local(word: &str, all: &[Name]) -> bool {
    all.windows(2).any(|pair| pair[0].parts == ["mod"] && pair[1].parts == [word])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    const CHECK: (&str, &str) = (CORE, "type Judge = Arc<dyn Fn(&History) -> Outcome>;");

    #[test]
    fn a_check_that_looks_elsewhere_is_seen() {
        let checks = "//! Checks.\nmod helper;\nuse std::{collections::BTreeMap, time::Duration};\n\
                      use chaosdrill::{Check, Outcome};\nuse crate::{words::CLAIMED, shop};\n\
                      fn a() -> Check { Check::new(\"a\", |h| helper::judge(u64::from(h))) }\n\
                      fn b() { std::fs::read(p); chaosdrill_rt::time::unix_ms();\n sqlx::query(q) }\n\
                      static SEEN: std::sync::Mutex<u8> = x;\n";
        let scenario = "use chaosdrill::Check as C;\n\
                        fn s() { C::new(\"c\", |_| Outcome::valid()) }\n\
                        fn t() { chaosdrill::StaticCheck::new(\"t\", sources) }";
        let files = [
            CHECK,
            ("scenarios/outbox/src/checks.rs", checks),
            (
                "scenarios/outbox/src/checks/lease.rs",
                "use super::Claim;\nuse std::env;\nuse chaosdrill_scenarios_common::{checks::rows, sample};\n",
            ),
            ("scenarios/outbox/src/lease_expiry.rs", scenario),
        ];
        insta::assert_snapshot!(red(see, &files), @"
        scenarios/outbox/src/checks.rs:5: a check must not name `crate::shop`; let a host observe the value, and read it from the history
        scenarios/outbox/src/checks.rs:7: a check must not name `std::fs::read`; let a host observe the value, and read it from the history
        scenarios/outbox/src/checks.rs:7: a check must not name `chaosdrill_rt::time::unix_ms`; let a host observe the value, and read it from the history
        scenarios/outbox/src/checks.rs:8: a check must not name `sqlx::query`; let a host observe the value, and read it from the history
        scenarios/outbox/src/checks.rs:9: a check must not name `std::sync::Mutex`; let a host observe the value, and read it from the history
        scenarios/outbox/src/checks/lease.rs:2: a check must not name `std::env`; let a host observe the value, and read it from the history
        scenarios/outbox/src/checks/lease.rs:3: a check must not name `chaosdrill_scenarios_common::sample`; let a host observe the value, and read it from the history
        scenarios/outbox/src/lease_expiry.rs:2: `Check::new` is outside a checks module; move it to `checks.rs`
        ");
        let files = [(CORE, "type Judge = Arc<dyn Fn(&History, &Db) -> Outcome>;")];
        insta::assert_snapshot!(red(see, &files), @"
        harness/core/src/check.rs: a check is no longer a `dyn Fn(&History) -> Outcome`; pass only the history to it
        scenarios/: has no checks module; put the checks into `checks.rs` or a folder `checks/`
        ");
    }
}
