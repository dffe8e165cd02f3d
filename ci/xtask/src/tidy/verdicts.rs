//! A failed report never changes a verdict.
//!
//! No scan can tell: a test of the command line breaks the reports on purpose and looks at the exit code. This
//! rule is that the test is there, and runs.

use crate::{
    source,
    tree::{Complaint, Tree},
};

/// Where the test may stand.
const DRILL: &str = "harness/drill/";

/// The test. It runs a campaign with a violation and one without, once as they are and once with folders where
/// `summary.json`, `summary.md` and `junit.xml` should be written, and compares: the exit codes 1 and 0 are the
/// same, and so are the verdicts in `campaign.jsonl`; standard error names the report that failed.
const TEST: &str = "a_failed_report_changes_no_verdict";

/// The test exists, and is run: by an attribute, or by its name in the list of a test program.
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
        "no test `{TEST}` runs; write it: with folders in the place of the reports' files, a campaign ends \
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
        insta::assert_snapshot!(of("fn a_failed_report_changes_no_verdict() {}"), @"harness/drill/: no test `a_failed_report_changes_no_verdict` runs; write it: with folders in the place of the reports' files, a campaign ends with the same exit code, the same verdicts, and a message on standard error");
        assert_eq!(of("#[test] fn a_failed_report_changes_no_verdict() {}"), "");
        assert_eq!(
            of("fn all() { [a_failed_report_changes_no_verdict] }\n\
                fn a_failed_report_changes_no_verdict() {}"),
            ""
        );
    }
}
