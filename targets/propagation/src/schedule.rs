//! When a propagation is tried again, and when it is given up.

use chaosdrill_rt::{defect, time::Duration};

/// Failed dispatches after which a row is given up.
pub const ATTEMPTS_MAX: i64 = 10;

/// Begun dispatches after which a row is given up, however few of them came to an end: one that kills whoever
/// dispatches it must not come back for ever.
pub const PICKS_MAX: i64 = 20;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The wait after a failure, in seconds, by the number of failures before it.
pub const SCHEDULE_S: [u64; 10] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    16 * HOUR,
    24 * HOUR,
];

/// How long to wait after a failure, where so many went before it.
pub fn wait_after(failures_before: i64) -> Duration {
    let index = defect!("P17", failures_before + 1, failures_before);
    let index = usize::try_from(index).unwrap_or(0).min(SCHEDULE_S.len() - 1);
    Duration::from_secs(defect!("P17b", SCHEDULE_S[0], SCHEDULE_S[index]))
}

/// From the first failure to the dead letter, but for the ticks of the runner in between: the last failure waits for
/// nothing.
pub fn until_dead_letter() -> Duration {
    let waits = (0..ATTEMPTS_MAX - 1).map(|failures| {
        let index = usize::try_from(failures).unwrap_or(0).min(SCHEDULE_S.len() - 1);
        SCHEDULE_S[index]
    });
    Duration::from_secs(waits.sum())
}

/// [`until_dead_letter`] as people write it.
pub fn until_dead_letter_in_words() -> String {
    let minutes = until_dead_letter().as_secs() / MINUTE;
    format!("{} h {:02} m", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_and_both_clamps() {
        let minutes = |failures| wait_after(failures).as_secs() / 60;
        let expected = [1, 5, 15, 30, 60, 120, 240, 480, 960, 1440];
        for (failures, expected) in (0..).zip(expected) {
            assert_eq!(minutes(failures), expected);
        }
        assert_eq!([-1, i64::MIN, 10, 15, i64::MAX].map(minutes), [1, 1, 1440, 1440, 1440]);
    }

    #[test]
    fn the_readme_tells_the_computed_total() {
        let readme = include_str!("../README.md");
        let line = format!("First failure to dead letter: {}", until_dead_letter_in_words());
        assert!(readme.contains(&line), "the README should say: {line}");
    }
}
