//! Commands that can be pasted.

use chaosdrill_core::{Origin, RunId, Seed};
use chaosdrill_reports::command::{quote, replay};
use proptest::prelude::*;

use crate::sample::run;

#[test]
fn only_what_is_not_the_default_is_said() {
    let script = run("outbox/lease-expiry", "script", 0x2a);
    let cases = [
        ("cargo drill", script.clone(), None),
        ("cargo drill-madsim", RunId { simulator: "madsim".into(), ..script.clone() }, None),
        ("cargo drill", RunId { defect: Some("O4".into()), ..script.clone() }, None),
        ("cargo drill", RunId { db: "postgres".into(), ..script.clone() }, None),
        ("cargo drill", RunId { origin: Origin::Swarm, ..script.clone() }, None),
        ("cargo drill", RunId { origin: Origin::File(None), ..script.clone() }, None),
        (
            "cargo drill",
            RunId { origin: Origin::File(None), ..script.clone() },
            Some("a/plan.toml"),
        ),
        ("cargo drill", RunId { origin: Origin::Sweep(17), ..script }, Some("it's here.toml")),
        ("cargo run -p own --", run("own/two words", "script", 1), None),
        ("cargo drill", run("own/line\nfeed", "script", 1), None),
        ("cargo drill", run("own/postgres://u:secret@h", "script", 1), None),
        ("cargo\u{1b}[2J drill", run("own/x", "script", 1), None),
    ];
    let commands: Vec<String> =
        cases.iter().map(|(program, run, plan)| replay(program, run, *plan)).collect();
    insta::assert_snapshot!(commands.join("\n"), @r"
    cargo drill replay outbox/lease-expiry --seed 0x2a
    cargo drill-madsim replay outbox/lease-expiry --seed 0x2a
    cargo drill replay outbox/lease-expiry --seed 0x2a --defect O4
    cargo drill replay outbox/lease-expiry --seed 0x2a --db postgres
    cargo drill replay outbox/lease-expiry --seed 0x2a --nemesis swarm
    cargo drill replay --plan outbox.lease-expiry/0x2a-plan/plan.toml
    cargo drill replay --plan a/plan.toml
    cargo drill replay --plan 'it'\''s here.toml'
    cargo run -p own -- replay 'own/two words' --seed 0x1
    cargo drill replay $'own/line\012feed' --seed 0x1
    cargo drill replay 'own/postgres://u:***@h' --seed 0x1
    cargo\u{1b}[2J drill replay own/x --seed 0x1
    ");
}

#[test]
fn a_seed_is_printed_in_hex() {
    let command =
        replay("cargo drill", &RunId { seed: Seed(u64::MAX), ..run("a", "script", 0) }, None);
    assert_eq!(command, "cargo drill replay a --seed 0xffffffffffffffff");
}

/// What a shell makes of one word of the forms that [`quote`] writes.
fn unquote(word: &str) -> String {
    if let Some(inner) = word.strip_prefix("$'").and_then(|rest| rest.strip_suffix('\'')) {
        let mut bytes = vec![];
        let mut rest = inner.as_bytes();
        while let [first, tail @ ..] = rest {
            match (first, tail) {
                (b'\\', [digit @ b'0'..=b'7', tens, ones, ..]) => {
                    bytes.push((digit - b'0') * 64 + (tens - b'0') * 8 + (ones - b'0'));
                    rest = &tail[3..];
                }
                (b'\\', [escaped, ..]) => {
                    bytes.push(*escaped);
                    rest = &tail[1..];
                }
                _ => {
                    assert_ne!(*first, b'\'', "an open quote in {word}");
                    bytes.push(*first);
                    rest = tail;
                }
            }
        }
        return String::from_utf8(bytes).expect("what was quoted was text");
    }
    match word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inner) => {
            let plain = inner.replace("'\\''", "\u{0}");
            assert!(!plain.contains('\''), "an open quote in {word}");
            plain.replace('\u{0}', "'")
        }
        None => word.to_owned(),
    }
}

proptest! {
    #[test]
    fn a_quoted_word_is_one_visible_word_that_means_the_same(text in any::<String>()) {
        let quoted = quote(&text);
        prop_assert!(!quoted.contains(char::is_control), "{}", quoted);
        prop_assert_eq!(unquote(&quoted), text);
    }

    #[test]
    fn a_bare_word_has_nothing_for_a_shell_to_read(text in "[ -~]{1,8}") {
        let quoted = quote(&text);
        if !quoted.ends_with('\'') {
            prop_assert!(!quoted.contains(|c: char| " \t\\\"'`$&|;<>()*?[]{}~#!^=".contains(c)), "{}", quoted);
        }
    }
}
