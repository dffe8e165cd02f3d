//! The stage of the cluster: its hosts, the objects the harness watches, and the checks common to all scenarios.

use std::{future::pending, time::Duration};

use chaosdrill::rt::observe;
use chaosdrill::{BoxError, Scenario, Topology};
use chaosdrill_scenarios_common::checks::{bounds, rest};
use chaosdrill_target_recovery::cluster::{
    ApplierConfig, ApproverConfig, ServerConfig, run_applier, run_approver, run_server,
    settings::REQUIRE_ALL_GRAPHS,
};

use super::{
    checks::{self, world},
    clients::ask,
};

/// How long the cluster may take to reach the requested state after the faults are over: longer than a lock's lease and
/// a few retries.
pub(crate) const SETTLED: Duration = Duration::from_secs(20 * 60);

/// The store of the cluster.
pub(crate) fn store_url() -> String {
    Topology::store_url("ledger")
}

/// The hosts of the cluster.
pub(crate) trait ClusterStage: Sized {
    /// An applier.
    #[must_use]
    fn applier(self, name: &str) -> Self;
    /// An applier with its own configuration.
    #[must_use]
    fn applier_with(
        self,
        name: &str,
        configure: impl Fn(&mut ApplierConfig) + Send + Sync + 'static,
    ) -> Self;
    /// The approver.
    #[must_use]
    fn approver(self) -> Self;
    /// A server.
    #[must_use]
    fn server(self) -> Self;
    /// A server that serves either all graphs or none, by a variable of its environment.
    #[must_use]
    fn strict_server(self) -> Self;
    /// A server that stays down because a variable of its environment means nothing.
    #[must_use]
    fn misconfigured_server(self) -> Self;
    /// An applier `a1`, the approver, a server, and a watch of all objects.
    #[must_use]
    fn cluster(self) -> Self;
    /// A client that asks these servers.
    #[must_use]
    fn questions(self, servers: &'static [&'static str]) -> Self;
    /// A watch of all objects.
    #[must_use]
    fn watched(self) -> Self;
}

impl ClusterStage for Topology {
    fn applier(self, name: &str) -> Self {
        self.applier_with(name, |_| {})
    }

    fn applier_with(
        self,
        name: &str,
        configure: impl Fn(&mut ApplierConfig) + Send + Sync + 'static,
    ) -> Self {
        let actor = name.to_owned();
        self.host(name, move || {
            let mut config = ApplierConfig::new(store_url(), actor.clone());
            configure(&mut config);
            run_applier(config)
        })
    }

    fn approver(self) -> Self {
        self.host("approver", || run_approver(ApproverConfig::new(store_url(), "grace")))
    }

    fn server(self) -> Self {
        self.host("server", || run_server(ServerConfig::new(store_url())))
    }

    fn strict_server(self) -> Self {
        self.host("strict", || configured_server("1"))
    }

    fn misconfigured_server(self) -> Self {
        self.host(checks::settings::MISCONFIGURED, || configured_server("yes"))
    }

    fn cluster(self) -> Self {
        self.applier("a1").approver().server().watched()
    }

    fn questions(self, servers: &'static [&'static str]) -> Self {
        self.client("visitor", move |workload| ask(workload, servers))
    }

    fn watched(self) -> Self {
        self.watch_store(world::SOURCES, "ledger", "sources")
            .watch_store(world::CLUSTER, "ledger", "__cluster")
            .watch_store(world::GRAPHS, "ledger", "graphs")
            .watch_store(world::APPROVALS.watch, "ledger", "__cluster/approvals")
    }
}

/// A server with this value of a variable, which stays down if the value is refused.
async fn configured_server(value: &str) -> Result<(), BoxError> {
    let variable = |name: &str| (name == REQUIRE_ALL_GRAPHS).then(|| value.to_owned());
    match ServerConfig::new(store_url()).with_settings(variable) {
        Ok(config) => run_server(config).await,
        Err(error) => {
            observe!(checks::settings::REFUSED, error = error.to_string());
            pending().await
        }
    }
}

/// Adds the checks that hold in every scenario, under any fault.
pub(crate) fn guarded(scenario: Scenario) -> Scenario {
    scenario
        .always(checks::ledger::no_lost_update())
        .always(checks::ledger::every_change_of_the_ledger_is_explained())
        .always(checks::ledger::the_ledger_names_only_payloads_that_are_there())
        .always(checks::ledger::tombstones_only_after_an_empty_listing())
        .always(checks::records::records_have_content())
        .always(checks::graphs::recovery_never_removes_data())
        .always(checks::graphs::unexpected_state_is_not_guessed())
        .always(checks::graphs::no_graph_moves_over_unknown_intent())
        .always(checks::approvals::executed_approvals_fit_the_change())
        .always(checks::approvals::an_approval_is_used_up_with_its_execution())
        .always(bounds::effects_stay_within_the_bound("graph.removed", "approval", 1))
        .always(rest::terminal_is_final(world::APPROVALS))
        .always(checks::acknowledged::acknowledged_applies_are_in_place())
        .always(checks::intents::an_intent_names_the_version_that_was_reached())
        .always(checks::reports::the_report_says_what_was_written())
        .always(checks::reports::reported_is_persisted())
        .always(checks::reports::a_refresh_reports_what_is_live())
        .always(checks::reports::a_rejected_change_leaves_no_sidecar())
        .always(checks::reports::an_unmoved_graph_keeps_no_intent())
        .always(checks::graphs::what_is_retired_is_done_at_once())
        .always(checks::reports::what_is_left_behind_is_told())
        .always(checks::reports::no_lock_is_left_behind())
        .always(checks::reports::nobody_repeats_what_only_people_can_mend())
        .always(checks::unlocks::only_an_old_lock_is_taken_away())
        .always(checks::unlocks::what_cannot_be_read_is_left_alone())
        .always(checks::serving::healthy_graphs_serve())
        .always(checks::serving::nobody_works_over_unlisted_intents())
        .always(checks::questions::servers_answer_what_they_saw())
}

/// Like [`guarded`], and the cluster reaches the requested state in the end.
pub(crate) fn converging(scenario: Scenario) -> Scenario {
    // Without the lock, a sweep may delete the intent of a running command.
    converging_without_the_lock(scenario)
        .always(checks::reports::moved_and_unrecorded_means_a_sidecar())
}

/// Like [`converging`], if commands run at the same time.
pub(crate) fn converging_without_the_lock(scenario: Scenario) -> Scenario {
    guarded(scenario)
        .eventually(checks::graphs::applies_converge(), SETTLED)
        .eventually(checks::acknowledged::the_cluster_is_what_was_asked_for(), SETTLED)
        .eventually(checks::graphs::no_sidecar_is_left(), SETTLED)
        .eventually(checks::graphs::the_engine_has_nothing_left_to_do(), SETTLED)
        .eventually(checks::graphs::ledger_matches_live_graphs(), SETTLED)
        .eventually(checks::serving::every_wanted_graph_is_served(), SETTLED)
}
