//! The stage of the engine: its hosts, the objects the harness watches, and the checks common to all scenarios.

use std::time::Duration;

use chaosdrill::{Scenario, Topology};
use chaosdrill_scenarios_common::checks::rest;
use chaosdrill_target_recovery::engine::{EngineConfig, run_opener, run_reader, run_writer};

use crate::engine::checks::{self, graph};

/// How long it may take until nothing is left behind after the faults are over: until an operation counts as abandoned,
/// plus a few opens.
pub(crate) const SETTLED: Duration = Duration::from_secs(4 * 60);

/// How often an opener opens the graph.
const OPENS_EVERY: Duration = Duration::from_secs(10);

/// The store of the graph.
pub(crate) const STORE: &str = "graph";

/// The hosts of the engine.
pub(crate) trait EngineStage: Sized {
    /// Writers, listening on port 80.
    #[must_use]
    fn writers(self, names: &[&'static str]) -> Self;
    /// A writer with its own configuration.
    #[must_use]
    fn writer(
        self,
        name: &'static str,
        configure: impl Fn(&mut EngineConfig) + Send + Sync + 'static,
    ) -> Self;
    /// Programs that open the graph repeatedly.
    #[must_use]
    fn openers(self, names: &[&'static str], every: Duration) -> Self;
    /// A program that opens the graph repeatedly, with its own configuration.
    #[must_use]
    fn opener(
        self,
        name: &'static str,
        configure: impl Fn(&mut EngineConfig) + Send + Sync + 'static,
        every: Duration,
    ) -> Self;
    /// A reader, listening on port 80.
    #[must_use]
    fn reader(self) -> Self;
    /// Two writers, an opener and a reader.
    #[must_use]
    fn engine(self) -> Self;
}

impl EngineStage for Topology {
    fn writers(self, names: &[&'static str]) -> Self {
        names.iter().fold(self, |stage, name| stage.writer(name, |_| {}))
    }

    fn writer(
        self,
        name: &'static str,
        configure: impl Fn(&mut EngineConfig) + Send + Sync + 'static,
    ) -> Self {
        self.host(name, move || {
            let mut config = EngineConfig::new(name);
            configure(&mut config);
            run_writer(config, Self::store_url(STORE), "0.0.0.0:80")
        })
    }

    fn openers(self, names: &[&'static str], every: Duration) -> Self {
        names.iter().fold(self, |stage, name| stage.opener(name, |_| {}, every))
    }

    fn opener(
        self,
        name: &'static str,
        configure: impl Fn(&mut EngineConfig) + Send + Sync + 'static,
        every: Duration,
    ) -> Self {
        self.host(name, move || {
            let mut config = EngineConfig::new(name);
            configure(&mut config);
            run_opener(config, Self::store_url(STORE), every)
        })
    }

    fn reader(self) -> Self {
        self.host("reader", || run_reader(Self::store_url(STORE), "0.0.0.0:80"))
    }

    fn engine(self) -> Self {
        self.writers(&["w1", "w2"]).openers(&["opener"], OPENS_EVERY).reader()
    }
}

/// Watches the objects that the harness reads after every write.
pub(crate) fn watched(stage: Topology) -> Topology {
    let watches = [
        (graph::MANIFEST, "__manifest.json"),
        (graph::VERSIONS, "tables/"),
        (graph::SIDECARS, "__recovery/"),
        (graph::AUDITS, "_graph_commit_recoveries/"),
        (graph::SCHEMA, "__schema/current.json"),
    ];
    watches.into_iter().fold(stage, |stage, (name, prefix)| stage.watch_store(name, STORE, prefix))
}

/// Adds the checks that hold in every scenario, under any fault.
pub(crate) fn guarded(scenario: Scenario) -> Scenario {
    scenario
        .always(checks::acknowledged::acknowledged_writes_are_published())
        .always(checks::acknowledged::acknowledged_maintenance_is_done())
        .always(checks::writes::every_write_is_whole_or_absent())
        .always(checks::writes::nothing_published_is_dropped())
        .always(checks::writes::maintenance_changes_no_row())
        .always(checks::reads::reads_see_what_was_acknowledged())
        .always(checks::reads::reads_see_what_is_published())
        .always(checks::receipts::receipts_stay())
        .always(checks::receipts::requests_for_receipts_are_refused())
        .always(checks::acknowledged::a_good_write_is_not_refused())
        .always(checks::audits::one_audit_per_operation())
        .always(checks::audits::recoveries_are_recorded())
        .always(checks::audits::audits_name_all_that_was_moved())
        .always(checks::audits::audits_tell_what_became_of_it())
        .always(checks::audits::audits_are_complete())
        .always(checks::audits::no_live_writer_is_taken_back())
        .always(checks::audits::old_merges_are_rolled_forward())
        .always(checks::sidecars::a_sidecar_goes_only_when_nothing_is_left())
        .always(checks::sidecars::sidecars_are_written_whole())
        .always(checks::sidecars::nobody_works_over_a_newer_sidecar())
        .always(checks::sidecars::nobody_works_over_an_unlisted_recovery())
        .always(checks::sidecars::no_open_fails_over_the_work_of_others())
        .always(checks::schemas::the_schema_in_force_is_published())
        .always(checks::schemas::a_published_schema_is_put_in_force())
        .always(checks::invariants::nothing_is_concluded_from_a_table_that_is_behind())
        .always(checks::invariants::an_open_names_the_table_that_is_behind())
        .eventually(checks::acknowledged::every_request_is_answered(), SETTLED)
        .eventually(checks::writes::the_graph_is_what_was_asked_for(), SETTLED)
        .eventually(checks::writes::no_table_is_left_behind(), SETTLED)
        .eventually(rest::every_item_comes_to_rest(graph::PENDING), SETTLED)
        .linger(Duration::from_secs(15))
}
