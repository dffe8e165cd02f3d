//! The stage of the propagation: its hosts, the rows the harness watches, and the checks common to all scenarios.

use std::time::Duration;

use chaosdrill::{Scenario, Topology};
use chaosdrill_scenarios_common::checks::{registries, rest};
use chaosdrill_target_propagation::{
    Answer, ApiConfig, ProvisionerConfig, Script, WorkerConfig, run_api, run_provisioner,
    run_worker,
};

use crate::checks::{self, backstop, rows};

/// How long the pipeline may take to apply everything after the faults are over. The provisioner's scripts use up two
/// attempts, and an outage of ten minutes three or four; so this is the first six waits of the schedule, plus an hour
/// for ticks and leases.
pub(crate) const SETTLED: Duration = Duration::from_secs((1 + 5 + 15 + 30 + 60 + 120 + 60) * 60);

/// The ceiling of attempts, unless a scenario lowers it.
pub(crate) const ATTEMPTS_MAX: i64 = 10;

/// How far the clock of a host may be off: leases and waits use the database's clock, not those of the hosts.
const SKEW: Duration = Duration::from_secs(10 * 60);

/// The database of teams, propagations and jobs.
pub(crate) fn database_url() -> String {
    Topology::database_url("propagation")
}

/// The default configuration of a worker.
pub(crate) fn worker_config(name: &str) -> WorkerConfig {
    WorkerConfig::new(name, database_url(), "provisioner:80")
}

/// A script of the provisioner for calls about resources whose token contains this text, up to call number `last`.
pub(crate) fn script(token_contains: &str, last: u32, answer: Answer) -> Script {
    Script { token_contains: token_contains.to_owned(), last, answer }
}

/// The hosts of the pipeline.
pub(crate) trait PropagationStage: Sized {
    /// The producer, listening on port 80.
    #[must_use]
    fn api(self) -> Self;
    /// The provisioner, with a script for some of its answers.
    #[must_use]
    fn provisioner(self, scripts: Vec<Script>) -> Self;
    /// Workers named like their hosts.
    #[must_use]
    fn workers(self, names: &[&'static str]) -> Self;
    /// Workers with this ceiling of attempts.
    #[must_use]
    fn workers_with(self, names: &[&'static str], attempts_max: i64) -> Self;
    /// The whole pipeline: the producer, a provisioner with a script, and two workers.
    #[must_use]
    fn pipeline(self, scripts: Vec<Script>) -> Self;
}

impl PropagationStage for Topology {
    fn api(self) -> Self {
        self.host("api", || run_api(ApiConfig::new(database_url())))
    }

    fn provisioner(self, scripts: Vec<Script>) -> Self {
        self.host("provisioner", move || {
            let mut config = ProvisionerConfig::new(Self::database_url("provisioner"));
            config.scripts.clone_from(&scripts);
            run_provisioner(config)
        })
    }

    fn workers(self, names: &[&'static str]) -> Self {
        self.workers_with(names, ATTEMPTS_MAX)
    }

    fn workers_with(self, names: &[&'static str], attempts_max: i64) -> Self {
        names.iter().copied().fold(self, |stage, name| {
            stage.host(name, move || {
                let mut config = worker_config(name);
                config.attempts_max = attempts_max;
                run_worker(config)
            })
        })
    }

    fn pipeline(self, scripts: Vec<Script>) -> Self {
        self.api().provisioner(scripts).workers(&["w1", "w2"])
    }
}

/// Watches the rows that the harness reads after every commit.
pub(crate) fn watched(stage: Topology) -> Topology {
    let watches = [
        (
            rows::PROPAGATIONS,
            "propagation",
            "SELECT id, kind, team_id, target_tier, attempts, picks, last_attempt_at, last_error, next_attempt_at, claimed_by, claim_token, applied_at, failed_at, created_at FROM pending_propagations ORDER BY id",
        ),
        (
            rows::UPGRADES,
            "propagation",
            "SELECT request_id, team_id, tier, kind FROM upgrades ORDER BY request_id",
        ),
        (rows::TEAMS, "propagation", "SELECT team_id, tier FROM teams ORDER BY team_id"),
        (
            rows::REQUEUES,
            "propagation",
            "SELECT request_id, propagation_id FROM requeues ORDER BY request_id",
        ),
        (
            rows::RESOURCES,
            "propagation",
            "SELECT token, team_id, resource_type, status, tier, generation, applied_generation, applied_conn_limit FROM resources ORDER BY token",
        ),
        (
            rows::AUDITS,
            "propagation",
            "SELECT audit_id, propagation_id, team_id, actor, kind, summary, metadata FROM audit_log ORDER BY audit_id",
        ),
        (
            rows::COUNTERS,
            "propagation",
            "SELECT series, metric, value FROM counters ORDER BY series",
        ),
        (
            rows::GRADES,
            "provisioner",
            "SELECT token, tier, generation, conn_limit, propagation_id, changes FROM grades ORDER BY token",
        ),
    ];
    watches.into_iter().fold(stage, |stage, (name, database, sql)| stage.watch(name, database, sql))
}

/// Like [`watched`], with the rows of jobs, of which a long run has many.
pub(crate) fn watched_jobs(stage: Topology) -> Topology {
    watched(stage).watch(
        rows::JOBS,
        "propagation",
        "SELECT job_id, kind, state, attempt, attempted_by, attempted_at, scheduled_at FROM jobs ORDER BY job_id",
    )
}

/// Adds the checks that hold in every scenario, under any fault.
pub(crate) fn guarded(scenario: Scenario, attempts_max: i64) -> Scenario {
    scenario
        .skew_at_most(SKEW)
        .always(checks::world::applied_means_the_world_agrees())
        .always(checks::world::every_upgrade_is_enqueued())
        .always(checks::claims::one_dispatch_at_a_time())
        .always(checks::claims::dispatches_end_with_their_lease())
        .always(checks::claims::picks_are_a_lease_apart())
        .always(checks::claims::only_the_holder_settles())
        .always(checks::claims::what_is_picked_is_settled())
        .always(checks::claims::cancelled_work_uses_no_attempt())
        .always(checks::claims::stored_times_are_the_database_s())
        .always(checks::ceiling::attempts_stay_within(attempts_max))
        .always(checks::ceiling::a_row_at_the_ceiling_is_at_rest(attempts_max))
        .always(checks::ceiling::rows_fail_at_the_ceiling_only(attempts_max))
        .always(checks::ceiling::retries_keep_the_schedule())
        .always(rest::terminal_is_final_but(rows::ITEMS, rows::is_requeue))
        .always(checks::answers::acknowledged_means_stored())
        .always(checks::answers::refused_means_not_stored())
        .always(checks::answers::team_answers_fit_what_is_stored())
        .always(checks::calls::calls_have_their_reason())
        .always(checks::audits::audits_agree_with_states())
        .always(checks::audit_content::audits_have_content())
        .always(checks::indicators::leading_indicators_are_exact())
        .always(checks::audits::dead_letters_are_counted_once())
        .always(checks::audits::labels_stay_within_their_set())
        .always(checks::audits::errors_are_short_and_without_secrets())
        .always(checks::audits::errors_tell_what_was_answered())
        .always(checks::backstop::one_change_per_generation())
        .always(checks::backstop::calls_of_the_reconciler_are_short())
        .always(checks::backstop::reconcilers_keep_their_period())
        .always(checks::jobs::one_live_execution_per_job())
        .always(checks::jobs::the_rescue_is_pinned())
        .always(registries::every_declared_kind_is_handled("worker.started"))
}

/// Like [`guarded`], and every row reaches a terminal state.
pub(crate) fn resting_alone(scenario: Scenario, attempts_max: i64, within: Duration) -> Scenario {
    guarded(scenario, attempts_max).eventually(rest::every_item_comes_to_rest(rows::ITEMS), within)
}

/// Like [`resting_alone`], and the reconciler takes care of what no propagation carries out. `turn` is the longest
/// time until it is a resource's turn again.
pub(crate) fn backed(
    scenario: Scenario,
    attempts_max: i64,
    within: Duration,
    turn: Duration,
) -> Scenario {
    resting_alone(scenario, attempts_max, within)
        .always(checks::backstop::drift_is_seen_within_a_period(turn))
        .eventually(checks::backstop::what_is_not_refused_has_what_was_sold(), within)
}

/// Like [`backed`], with a turn for each resource in each period of the reconciler.
pub(crate) fn resting(scenario: Scenario, attempts_max: i64, within: Duration) -> Scenario {
    backed(scenario, attempts_max, within, backstop::PERIOD + backstop::TICK)
}

/// Like [`resting`], and every upgrade is applied.
pub(crate) fn applying(scenario: Scenario) -> Scenario {
    resting(scenario, ATTEMPTS_MAX, SETTLED)
        .eventually(checks::world::every_upgrade_is_applied(), SETTLED)
}
