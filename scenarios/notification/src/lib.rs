//! The scenarios of the notification pipeline: its claims, and the faults that test them.

mod ack_lost;
mod answers;
mod backlog;
mod calm;
mod checks;
mod clients;
mod crash_windows;
mod dashboard_error;
mod late_settle;
mod list_error;
mod lists;
mod migrations;
mod missing_notifier;
mod notifier_fails;
mod older_release;
mod outages;
mod promises;
mod refused_row;
mod requeue;
mod schedule;
mod settings;
mod shutdown;
mod slow_sweep;
mod stage;
mod stalls;
mod two_servers;
mod windows;

use chaosdrill::{Scenario, Target};
use chaosdrill_target_notification::{DEFECTS, failpoints};

/// The target, with its failpoints and planted bugs.
pub fn target() -> Target {
    Target::new("notification")
        .failpoints(failpoints::ALL)
        .defects(DEFECTS)
        .goals(windows::all())
        .promises(promises::all())
}

/// All scenarios of the notifications.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        ack_lost::scenario(),
        answers::scenario(),
        backlog::scenario(),
        calm::scenario(),
        dashboard_error::scenario(),
        late_settle::scenario(),
        list_error::scenario(),
        lists::scenario(),
        migrations::of_rows_in_every_status(),
        migrations::halfway(),
        missing_notifier::scenario(),
        notifier_fails::for_a_while(),
        notifier_fails::always(),
        outages::of_the_database(),
        outages::of_the_network(),
        refused_row::of_everything(),
        refused_row::of_success(),
        requeue::by_an_operator(),
        requeue::racing_the_retry(),
        schedule::to_the_millisecond(),
        schedule::with_a_raised_budget(),
        settings::scenario(),
        shutdown::scenario(),
        slow_sweep::scenario(),
        stalls::in_a_sweep(),
        stalls::stuck_claims(),
        two_servers::scenario(),
    ];
    scenarios.extend(crash_windows::scenarios());
    scenarios
}
