//! A static check that the README of the propagation documents the actual schedule.

use std::path::{Path, PathBuf};

use chaosdrill::{Outcome, StaticCheck};
use chaosdrill_target_propagation::schedule;

/// The line of the README with the time from the first failure to the dead letter.
const LINE: &str = "First failure to dead letter:";

/// The README states the time from the first failure to the dead letter, and it matches the schedule.
pub(crate) fn the_documented_total_is_computed() -> StaticCheck {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme: PathBuf = here.join("../../targets/propagation/README.md");
    StaticCheck::new(
        "the_documented_total_is_computed",
        "the README of the propagation target has the sum of its retry schedule",
        readme,
        examine,
    )
    .planted("P27", here.join("fixtures/P27/README.md"))
}

fn examine(readme: &Path) -> Outcome {
    let text = match std::fs::read_to_string(readme) {
        Ok(text) => text,
        Err(error) => return Outcome::unknown(format!("the README cannot be read: {error}")),
    };
    let computed = schedule::until_dead_letter_in_words();
    let mut told = text.lines().filter_map(|line| line.split_once(LINE)).map(|(_, rest)| rest);
    let Some(first) = told.next() else {
        return Outcome::unknown(format!("the README does not say `{LINE}`"));
    };
    let wrong = [first].into_iter().chain(told).find(|rest| !rest.trim().starts_with(&computed));
    Outcome::unless(wrong.map(|rest| {
        let why = format!("the README says{rest}, but the schedule adds up to {computed}");
        Outcome::invalid(why, [])
    }))
}
