//! The stage of the notifications: its hosts, the rows the harness watches, and the checks common to all scenarios.

use std::time::Duration;

use chaosdrill::{Scenario, Topology};
use chaosdrill_scenarios_common::checks::{bounds, holders, rest};
use chaosdrill_target_notification::{
    ApiConfig, LoopConfig, Manner, NotifierConfig, ServerConfig, Trouble, run_api, run_notifier,
    run_server,
};

use crate::checks::{
    self, claims,
    loops::{LoopTimes, Servers},
    rows::{DELIVERIES, NOTIFICATIONS, SWEEPING},
};

/// The number of failures after which a notification is dead.
pub(crate) const BUDGET: i64 = 5;

/// How long the pipeline may take to settle everything after the faults are over: five attempts with their waits, each
/// of which may have to be taken back first.
pub(crate) const SETTLED: Duration = Duration::from_secs(70 * 60);

/// How long a supervisor waits before it restarts a server that has ended.
const STARTED_AGAIN: Duration = Duration::from_secs(30);

/// The page size of a list, so small that most lists have several pages.
const PAGE: usize = 8;

/// The servers of most scenarios: they process every minute and retry every other, and a sweep may take until the next.
pub(crate) const SERVERS: Servers = Servers {
    names: &["s1", "s2"],
    processor: LoopTimes { every: Duration::from_secs(60), timeout: Duration::from_secs(60) },
    retry: LoopTimes { every: Duration::from_secs(120), timeout: Duration::from_secs(120) },
};

/// Configures the loops of a server as the checks expect them of these servers.
pub(crate) fn set_loops(config: &mut ServerConfig, servers: Servers) {
    let loop_of = |LoopTimes { every, timeout }| LoopConfig { every, timeout };
    (config.processor, config.retry) = (loop_of(servers.processor), loop_of(servers.retry));
}

/// The database of the notifications.
pub(crate) fn url() -> String {
    Topology::database_url("notify")
}

/// A trouble with every notification whose message contains this text.
pub(crate) fn trouble(message_contains: &str, manner: Manner) -> Trouble {
    Trouble { message_contains: message_contains.to_owned(), manner }
}

/// The moods of notifications: texts in their messages to which the notifier reacts.
pub(crate) fn moods() -> Vec<Trouble> {
    vec![
        trouble("refused once", Manner::RefusesFirst(1)),
        trouble("refused thrice", Manner::RefusesFirst(3)),
        trouble("refused always", Manner::RefusesFirst(i64::MAX)),
        trouble("denied once", Manner::DeniesFirst(1)),
        trouble("denied always", Manner::DeniesFirst(i64::MAX)),
        trouble("takes long", Manner::Takes(Duration::from_secs(8))),
        trouble("takes too long", Manner::Takes(Duration::from_secs(15))),
    ]
}

/// The hosts of the pipeline.
pub(crate) trait NotificationStage: Sized {
    /// The API, listening on port 80.
    #[must_use]
    fn api(self) -> Self;
    /// The notifier of all channels, with its moods.
    #[must_use]
    fn notifier(self) -> Self;
    /// Servers named like their hosts.
    #[must_use]
    fn servers(self, names: &[&'static str]) -> Self;
    /// A server with its own configuration.
    #[must_use]
    fn server(
        self,
        name: &str,
        configure: impl Fn(&mut ServerConfig) + Send + Sync + 'static,
    ) -> Self;
    /// The whole pipeline: the API, two servers and the notifier.
    #[must_use]
    fn pipeline(self) -> Self;
}

impl NotificationStage for Topology {
    fn api(self) -> Self {
        self.host("api", || run_api(ApiConfig::new(url())))
    }

    fn notifier(self) -> Self {
        self.host("notifier", || {
            let mut config = NotifierConfig::new(Topology::database_url("notifier"));
            config.troubles = moods();
            run_notifier(config)
        })
    }

    fn servers(self, names: &[&'static str]) -> Self {
        names.iter().fold(self, |stage, name| stage.server(name, |_| {}))
    }

    fn server(
        self,
        name: &str,
        configure: impl Fn(&mut ServerConfig) + Send + Sync + 'static,
    ) -> Self {
        let server = name.to_owned();
        self.supervised(name, STARTED_AGAIN, move || {
            let mut config = ServerConfig::new(server.clone(), url(), "notifier:80");
            config.page = PAGE;
            configure(&mut config);
            run_server(config)
        })
    }

    fn pipeline(self) -> Self {
        self.api().notifier().servers(&["s1", "s2"])
    }
}

/// Watches the rows that the harness reads after every commit.
pub(crate) fn watched(stage: Topology) -> Topology {
    outside(stage).watch(
        NOTIFICATIONS,
        "notify",
        "SELECT id, type, channel, recipient, message, status, created_at, sent_at, retry_count, next_retry_at, last_error, failed_at, attempts, claimed_by, claimed_until FROM notification_events ORDER BY id",
    )
}

/// Watches the rows of the outside world.
pub(crate) fn outside(stage: Topology) -> Topology {
    stage.watch(
        DELIVERIES,
        "notifier",
        "SELECT delivery_key, notification, attempt, channel, type, recipient, message FROM notifier_deliveries ORDER BY delivery_key",
    )
}

/// Adds the checks that hold in every scenario, under any fault, if operators requeue each notification at most
/// `requeues_max` times.
fn guarded(scenario: Scenario, requeues_max: usize, servers: Servers) -> Scenario {
    let items = checks::rows::ITEMS;
    let effects_max = BUDGET as usize * (1 + requeues_max);
    budgeted(scenario, BUDGET, servers)
        .always(bounds::effects_stay_within_the_bound(
            "notifier.accepted",
            "notification",
            effects_max,
        ))
        .always(rest::terminal_is_final_but(items, checks::rows::is_asked_for))
        .always(checks::rows::schedule())
}

/// How far the clock of a host may be off. Claims use the clocks of the servers: two clocks that are wrong in opposite
/// directions must disagree by less than the length of a claim, minus the time that a notifier may take.
const SKEW: Duration = Duration::from_secs(20);

/// Adds the checks that hold for any budget.
pub(crate) fn budgeted(scenario: Scenario, budget: i64, servers: Servers) -> Scenario {
    let items = checks::rows::ITEMS;
    let mut one_sweep_at_a_time = holders::holders_do_not_overlap(SWEEPING);
    "one_sweep_at_a_time".clone_into(&mut one_sweep_at_a_time.name);
    scenario
        .skew_at_most(SKEW)
        .always(checks::rows::one_server_sends_at_a_time())
        .always(one_sweep_at_a_time)
        .always(bounds::attempts_stay_within_the_ceiling(items, "retry_count", budget))
        .always(checks::loops::the_loop_keeps_its_interval(servers))
        .always(checks::loops::sweeps_end_at_their_timeout(servers))
        .always(claims::settled_by_the_current_claim())
        .always(claims::settled_under_the_current_attempt())
        .always(checks::states::only_failed_rows_are_scheduled())
        .always(checks::states::pending_rows_are_fresh())
        .always(checks::states::retry_count_tells_the_failures())
        .always(checks::states::dead_means_the_budget_is_used_up(budget))
        .always(checks::states::sent_at_tells_of_sending())
        .always(checks::delivery::sent_means_a_notifier_accepted())
        .always(checks::delivery::what_is_delivered_is_what_was_asked_for())
        .always(checks::delivery::attempts_come_when_they_are_due(i64::MAX))
        .always(checks::delivery::asks_stay_within_the_budget(budget))
        .always(checks::sends::each_claim_sends_once())
        .always(checks::errors::the_stored_error_is_whole_and_true())
        .always(checks::answers::what_was_accepted_is_there())
        .always(checks::answers::what_was_refused_is_not_there())
        .always(checks::answers::changes_are_as_answered())
        .always(checks::lists::lists_show_what_is_there())
        .always(checks::lists::totals_are_of_the_instant_of_the_rows())
        .always(checks::sweeps::nothing_is_sent_after_a_failed_list())
        .always(checks::sweeps::no_send_after_the_drain())
        .always(checks::dashboard::the_dashboard_tells_what_is_there())
        .always(checks::dashboard::the_dashboard_survives())
}

/// Adds the checks that hold in every scenario, and that every notification reaches a terminal state.
pub(crate) fn resting(scenario: Scenario, requeues_max: usize) -> Scenario {
    resting_on(SERVERS, scenario, requeues_max)
}

/// Like [`resting`], with other servers.
pub(crate) fn resting_on(servers: Servers, scenario: Scenario, requeues_max: usize) -> Scenario {
    guarded(scenario, requeues_max, servers)
        .eventually(rest::every_item_comes_to_rest(checks::rows::ITEMS), SETTLED)
}
