//! The retry schedule: a failed notification is retried after 1, 2, 4, 8 minutes, and so on up to an hour.

use chaosdrill_rt::defect;

/// Attempts of a notification, unless an operator grants more: after the fifth failure it is dead.
pub const ATTEMPTS_MAX: i64 = 5;

const MINUTE_MS: i64 = 60_000;

/// The longest wait.
const WAIT_MS_MAX: i64 = 60 * MINUTE_MS;

/// The wait before the next attempt, in milliseconds, given the number of attempts that failed before this one.
pub fn wait_ms(failed_before: i64) -> i64 {
    let doublings = u32::try_from(failed_before).unwrap_or(0);
    let doublings = defect!("N5", doublings + 1, doublings);
    // The wait reaches an hour long before the shift could overflow.
    let minutes = 1_i64 << doublings.min(defect!("N5c", 40, 6));
    let longest = defect!("N5c", i64::MAX, WAIT_MS_MAX);
    defect!(
        "N5b",
        i64::from(60_000_i32.wrapping_mul(1_i32.wrapping_shl(doublings))).min(WAIT_MS_MAX),
        (minutes * MINUTE_MS).min(longest)
    )
}

/// When a notification whose attempt failed at `now_ms` is due again; `None` if it is dead.
pub(crate) fn due_at(failed_before: i64, attempts_max: i64, now_ms: i64) -> Option<i64> {
    let is_last = failed_before + 1 >= attempts_max;
    let is_last = defect!("N3", false, defect!("N3b", false, is_last));
    (!is_last).then(|| now_ms.saturating_add(wait_ms(failed_before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_an_hour() {
        let minutes: Vec<i64> =
            [0, 1, 2, 3, 4, 5, 6, 7, 47, 63, 64, 10_000].map(|n| wait_ms(n) / MINUTE_MS).into();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
        assert_eq!(wait_ms(-1), MINUTE_MS);
    }

    #[test]
    fn the_fifth_failure_is_the_last() {
        let due: Vec<Option<i64>> = (0..6).map(|failed| due_at(failed, 5, 7)).collect();
        let after = |minutes| Some(7 + minutes * MINUTE_MS);
        assert_eq!(due, [after(1), after(2), after(4), after(8), None, None]);
    }
}
