//! Checks of a cell to which two clients add.

use chaosdrill::{Check, Outcome};

/// The sum contains both additions.
pub(crate) fn no_update_is_lost() -> Check {
    Check::new("no_update_is_lost", |history| {
        let Some(read) = history.observed("cell.read").last() else { return Outcome::valid() };
        let sum = read.int("sum").unwrap_or_default();
        let lost = (sum != 2).then(|| {
            Outcome::invalid(
                format!("#{} two added one each, but the sum is {sum}", read.seq),
                [read.seq],
            )
        });
        Outcome::unless(lost)
    })
}
