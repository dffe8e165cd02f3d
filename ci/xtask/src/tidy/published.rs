//! A published report names its seed and its commit: without both it cannot be reproduced.

use crate::{
    limits::{COMMIT_DIGITS_MAX, COMMIT_DIGITS_MIN},
    tree::{Complaint, File, Tree},
};

/// The folder of published reports.
const DRILLS: &str = "reports/drills/";

/// Every page in `reports/drills` has a line with its seed, and one with its commit.
pub(super) fn name_seed_and_commit(tree: &Tree) -> Vec<Complaint> {
    let pages = tree.under(DRILLS).filter(|file| is_page(file));
    pages
        .flat_map(|file| {
            let lacks_seed = !says(file, "seed", is_seed);
            let lacks_commit = !says(file, "commit", is_commit);
            let seed = lacks_seed.then_some("names no seed; add a line like `seed 0x2a`");
            let commit =
                lacks_commit.then_some("names no commit; add a line like `commit 1a2b3c4`");
            seed.into_iter().chain(commit).map(|text| Complaint::of(&file.path, text))
        })
        .collect()
}

fn is_page(file: &File) -> bool {
    let is_index = file.path == format!("{DRILLS}README.md");
    !is_index && [".md", ".html"].iter().any(|ending| file.path.ends_with(ending))
}

/// Whether a line has the word, followed by such a value.
fn says(file: &File, word: &str, is_value: fn(&str) -> bool) -> bool {
    file.text.lines().any(|line| {
        let line = line.to_lowercase();
        let Some((_, rest)) = line.split_once(word) else { return false };
        rest.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_value)
    })
}

fn is_seed(text: &str) -> bool {
    let is_hex = text.strip_prefix("0x").is_some_and(|digits| is_hex(digits) && !digits.is_empty());
    is_hex || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_commit(text: &str) -> bool {
    (COMMIT_DIGITS_MIN..=COMMIT_DIGITS_MAX).contains(&text.len()) && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_report_that_nobody_can_repeat_is_seen() {
        let files = [
            ("reports/drills/a.md", "# A\n\n| seed | 0x2a |\n| commit | `7840481c` |\n"),
            ("reports/drills/b.html", "<p>Seeds were lucky, by commit of faith.</p>"),
            ("reports/drills/c/d.md", "seeds 0..20, at some commit\n"),
            ("reports/drills/README.md", "# Drills\n"),
        ];
        insta::assert_snapshot!(red(name_seed_and_commit, &files), @"
        reports/drills/b.html: names no seed; add a line like `seed 0x2a`
        reports/drills/b.html: names no commit; add a line like `commit 1a2b3c4`
        reports/drills/c/d.md: names no commit; add a line like `commit 1a2b3c4`
        ");
    }
}
