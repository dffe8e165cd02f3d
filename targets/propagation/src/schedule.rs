//! The retry schedule: when a propagation is retried, and when it is given up.

use chaosdrill_rt::{defect, time::Duration};

/// A row is given up after this many failed dispatches.
pub const ATTEMPTS_MAX: i64 = 10;

/// A row is given up after this many dispatches that began, even if few of them ended: a row that kills each worker
/// that dispatches it must not be retried forever.
pub const PICKS_MAX: i64 = 20;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The wait after a failure, in seconds, by the number of earlier failures.
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

/// The wait after a failure, by the number of earlier failures.
pub fn wait_after(failures_before: i64) -> Duration {
    let index = defect!("P17", failures_before + 1, failures_before);
    let index = usize::try_from(index).unwrap_or(0).min(SCHEDULE_S.len() - 1);
    Duration::from_secs(defect!("P17b", SCHEDULE_S[0], SCHEDULE_S[index]))
}

/// The time from the first failure to the dead letter, without the runner's ticks in between. The last failure is not
/// followed by a wait.
pub fn until_dead_letter() -> Duration {
    let waits = (0..ATTEMPTS_MAX - 1).map(|failures| {
        let index = usize::try_from(failures).unwrap_or(0).min(SCHEDULE_S.len() - 1);
        SCHEDULE_S[index]
    });
    Duration::from_secs(waits.sum())
}

/// [`until_dead_letter`] as text.
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
