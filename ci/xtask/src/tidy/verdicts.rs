//! A failed report never changes a verdict.
//!
//! Sources cannot show that. A test of the command line makes reports fail on purpose and compares the exit codes; this
//! rule checks that the test exists and runs.

use crate::{
    source,
    tree::{Complaint, Tree},
};

/// The folder of the test.
const DRILL: &str = "harness/drill/";

/// The name of the test. The test runs a campaign with a violation and one without. It runs each of them again with
/// folders in place of `summary.json`, `summary.md` and `junit.xml`, so that these reports fail. The exit codes (1 and
/// 0) and the verdicts in `campaign.jsonl` must be the same, and standard error must name the failed report.
const TEST: &str = "a_failed_report_changes_no_verdict";

/// The test exists and runs: it has an attribute, or its name is in the list of a test program.
pub(super) fn has_its_test(tree: &Tree) -> Vec<Complaint> {
    let is_run = tree.under(DRILL).filter(|file| file.is_rust()).any(|file| {
        let tokens = source::tokens(file);
        let text: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        let definition = text.windows(2).position(|pair| pair == ["fn", TEST]);
        definition.is_some_and(|at| {
            let has_attribute = text[..at].ends_with(&["#", "[", "test", "]"]);
            has_attribute || text.iter().filter(|word| **word == TEST).count() > 1
        })
    });
    if is_run {
        return Vec::new();
    }
    let text = format!(
        "no test `{TEST}` runs; write it: if folders take the place of the reports' files, a campaign ends \
         with the same exit code, the same verdicts, and a message on standard error"
    );
    vec![Complaint::of(DRILL, text)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_missing_test_is_seen() {
        let of = |text: &'static str| red(has_its_test, &[("harness/drill/tests/cli/a.rs", text)]);
        insta::assert_snapshot!(of("fn a_failed_report_changes_no_verdict() {}"), @"harness/drill/: no test `a_failed_report_changes_no_verdict` runs; write it: if folders take the place of the reports' files, a campaign ends with the same exit code, the same verdicts, and a message on standard error");
        assert_eq!(of("#[test] fn a_failed_report_changes_no_verdict() {}"), "");
        assert_eq!(
            of("fn all() { [a_failed_report_changes_no_verdict] }\n\
                fn a_failed_report_changes_no_verdict() {}"),
            ""
        );
    }
}
