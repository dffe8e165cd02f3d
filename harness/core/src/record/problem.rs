//! The problem that the sentence of a witness names, without the details that differ from run to run.

use std::collections::BTreeSet;

/// Stands for an id, a host or a number.
const MASK: &str = "*";

/// The first clause of a reason, up to a semicolon, with ids, hosts and numbers replaced by `*`.
///
/// Runs with the same problem are one finding, so the clause must not depend on which row or which host was hit. What
/// counts as an id: one of the `names`, text in double quotes, and every word with a digit, a hyphen, a slash or an
/// `@`. Consecutive ids are one, also with commas between them, as in a list. A place in source code stays, because it
/// tells two panics apart. The idea of grouping by masked messages is that of log parsers, such as Drain.
pub(super) fn problem(why: &str, names: &BTreeSet<String>) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut push = |word| match (words.last(), word) {
        (Some(&MASK), MASK | ",") => {}
        _ => words.push(word),
    };
    for (index, part) in why.split('"').enumerate() {
        if index % 2 == 1 {
            push(MASK);
            continue;
        }
        let (clause, goes_on) = match part.split_once(';') {
            Some((clause, _)) => (clause, false),
            None => (part, true),
        };
        for word in clause.split_whitespace() {
            push(if is_id(word, names) { MASK } else { word });
        }
        if !goes_on {
            break;
        }
    }
    words.join(" ")
}

fn is_id(word: &str, names: &BTreeSet<String>) -> bool {
    if word.contains(".rs:") {
        return false;
    }
    let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
    let bare = bare.strip_suffix("'s").unwrap_or(bare);
    names.contains(bare) || bare.contains(|c: char| c.is_numeric() || "-/@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(why: &str) -> String {
        let names = ["clerk", "ada"].map(str::to_owned).into();
        problem(why, &names)
    }

    #[test]
    fn runs_of_one_bug_name_one_problem() {
        let same = [
            "#980 d2 settled message \"deposit-3/0001\" under attempt 1; it was published since #687",
            "#121 clerk settled message \"open; a\" under attempt 17; its lease since #108 had been over for 80011 ms",
            "#121 clerk settled message ada's under attempt 2",
        ];
        for why in same {
            assert_eq!(masked(why), "* settled message * under attempt *");
        }
        assert_eq!(masked("ada: 3 effects with a total of 30"), "* effects with a total of *");
        for why in ["not served: [\"g1\"]", "not served: [\"g1\", \"g2\", \"g3\"]"] {
            assert_eq!(masked(why), "not served: [ * ]");
        }
    }

    #[test]
    fn other_words_are_another_problem() {
        let different = [
            "#5 message 7 went from pending to failed",
            "#5 message 7 went from pending to published",
            "#5 message 7 counts more than 5 attempts",
            "w1: panicked at targets/a/src/b.rs:10:5: no claim",
            "w1: panicked at targets/a/src/b.rs:99:5: no claim",
            "w1: panicked at targets/a/src/c.rs:10:5: no claim",
        ];
        let problems: BTreeSet<String> = different.iter().map(|why| masked(why)).collect();
        assert_eq!(problems.len(), different.len(), "{problems:?}");
    }

    #[test]
    fn a_reason_without_words_is_no_reason_to_panic() {
        assert_eq!(masked(""), "");
        assert_eq!(masked("; \""), "");
        assert_eq!(masked("\"a\" \"b"), "*");
    }
}
