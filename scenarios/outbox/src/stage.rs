//! The stage of the outbox: its hosts, the rows the harness watches, and the checks common to all scenarios.

use std::time::Duration;

use chaosdrill::{Scenario, Topology};
use chaosdrill_scenarios_common::checks::rest;
use chaosdrill_target_outbox::{
    BrokerConfig, ConsumerConfig, DispatcherConfig, IngressConfig, Refusal, run_broker,
    run_consumer, run_dispatcher, run_ingress,
};
use serde_json::Value;

use crate::{
    checks::{self, rows as history},
    clients::{ORDERS, commit_orders},
};

/// How long the pipeline may take to settle everything after the faults are over: longer than a lease, a backoff and a
/// few polls together.
pub(crate) const SETTLED: Duration = Duration::from_secs(5 * 60);

/// Long enough for the lease of 30 s to end, for another worker to take over, and for all other work to finish: a calm
/// run lasts a few seconds.
pub(crate) const PAST_THE_LEASE: Duration = Duration::from_secs(90);

/// How long a run continues after its work is done: longer than a lease, so that a row reopened by a late holder is
/// noticed.
const A_LEASE_LATER: Duration = Duration::from_secs(45);

/// The database of event store and outbox.
pub(crate) fn outbox_url() -> String {
    Topology::database_url("outbox")
}

/// The hosts of the pipeline.
pub(crate) trait OutboxStage: Sized {
    /// An ingress, listening on port 80.
    #[must_use]
    fn ingress(self, name: &str) -> Self;
    /// An ingress with its own configuration.
    #[must_use]
    fn ingress_with(
        self,
        name: &str,
        configure: impl Fn(&mut IngressConfig) + Send + Sync + 'static,
    ) -> Self;
    /// The broker, which delivers to the consumer.
    #[must_use]
    fn broker(self) -> Self;
    /// A broker that refuses some messages at first.
    #[must_use]
    fn broker_refusing(self, refusals: &[Refusal]) -> Self;
    /// A broker that only takes messages in.
    #[must_use]
    fn broker_alone(self) -> Self;
    /// The consumer.
    #[must_use]
    fn consumer(self) -> Self;
    /// Dispatchers named like their hosts.
    #[must_use]
    fn dispatchers(self, names: &[&'static str]) -> Self;
    /// A dispatcher with its own configuration.
    #[must_use]
    fn dispatcher(
        self,
        name: &str,
        configure: impl Fn(&mut DispatcherConfig) + Send + Sync + 'static,
    ) -> Self;
    /// The whole pipeline: an ingress, two dispatchers, the broker and the consumer.
    #[must_use]
    fn pipeline(self) -> Self;
}

impl OutboxStage for Topology {
    fn ingress(self, name: &str) -> Self {
        self.ingress_with(name, |_| {})
    }

    fn ingress_with(
        self,
        name: &str,
        configure: impl Fn(&mut IngressConfig) + Send + Sync + 'static,
    ) -> Self {
        self.host(name, move || {
            let mut config = IngressConfig::new(outbox_url());
            configure(&mut config);
            run_ingress(config)
        })
    }

    fn broker(self) -> Self {
        self.broker_refusing(&[])
    }

    fn broker_refusing(self, refusals: &[Refusal]) -> Self {
        let refusals = refusals.to_vec();
        self.host("broker", move || {
            let mut config = BrokerConfig::new(Topology::database_url("broker"));
            config.consumer = Some("consumer:80".to_owned());
            config.refusals.clone_from(&refusals);
            run_broker(config)
        })
    }

    fn broker_alone(self) -> Self {
        self.host("broker", || run_broker(BrokerConfig::new(Topology::database_url("broker"))))
    }

    fn consumer(self) -> Self {
        self.host("consumer", || {
            run_consumer(ConsumerConfig::new("totals", Topology::database_url("consumer")))
        })
    }

    fn dispatchers(self, names: &[&'static str]) -> Self {
        names.iter().fold(self, |stage, name| stage.dispatcher(name, |_| {}))
    }

    fn dispatcher(
        self,
        name: &str,
        configure: impl Fn(&mut DispatcherConfig) + Send + Sync + 'static,
    ) -> Self {
        let worker = name.to_owned();
        self.host(name, move || {
            let mut config = DispatcherConfig::new(worker.clone(), outbox_url(), "broker:80");
            configure(&mut config);
            run_dispatcher(config)
        })
    }

    fn pipeline(self) -> Self {
        self.ingress("ingress").broker().consumer().dispatchers(&["d1", "d2"])
    }
}

/// Watches the rows that the harness reads after every commit.
pub(crate) fn watched(stage: Topology) -> Topology {
    let watches = [
        (
            history::OUTBOX,
            "outbox",
            "SELECT message_id, event_type, payload, codec, codec_version, destination, metadata, status, created_at, next_available_at, claimed_by, claimed_until, attempts, last_error, published_at, failed_at, source_type, source_id, source_sequence, correlation_id, causation_id FROM outbox_messages ORDER BY message_id",
        ),
        (
            history::EVENTS,
            "outbox",
            "SELECT aggregate_id || '/' || sequence AS place, aggregate_type, aggregate_id, sequence, event_type, event_version, codec, payload, command_id, correlation_id, recorded_at FROM aggregate_events ORDER BY aggregate_id, sequence",
        ),
        (
            history::SNAPSHOTS,
            "outbox",
            "SELECT aggregate_id, version FROM aggregate_snapshots ORDER BY aggregate_id",
        ),
        (
            history::ENTRIES,
            "outbox",
            "SELECT account_id || '/' || sequence AS place, account_id, sequence, amount FROM account_entries ORDER BY account_id, sequence",
        ),
        (
            history::ACCOUNTS,
            "outbox",
            "SELECT account_id, owner, balance, version FROM accounts ORDER BY account_id",
        ),
        (
            history::ACCEPTED,
            "broker",
            "SELECT message_id, envelope, accepted, acknowledged_at FROM broker_messages ORDER BY message_id",
        ),
        (
            history::INBOX,
            "consumer",
            "SELECT message_id, outcome, error FROM consumer_inbox ORDER BY message_id",
        ),
        (
            history::TOTALS,
            "consumer",
            "SELECT account_id, total, applied FROM consumer_totals ORDER BY account_id",
        ),
    ];
    watches.into_iter().fold(stage, |stage, (name, database, sql)| stage.watch(name, database, sql))
}

/// Adds the checks that hold in every scenario, under any fault.
pub(crate) fn guarded(scenario: Scenario) -> Scenario {
    scenario
        .stalls([PAST_THE_LEASE])
        .always(checks::claims::one_live_holder_per_message())
        .always(checks::claims::settle_only_by_the_current_claim())
        .always(checks::claims::attempts_grow_by_one_per_claim())
        .always(rest::terminal_is_final(history::MESSAGES))
        .always(checks::delivery::published_means_the_broker_accepted())
        .always(checks::delivery::effects_happen_exactly_once())
        .always(checks::attempts::a_claim_publishes_once())
        .always(checks::attempts::every_further_attempt_has_a_reason())
        .always(checks::delivery::unreadable_messages_are_never_published())
        .always(checks::waits::released_messages_wait_their_time())
        .always(checks::content::messages_announce_their_events())
        .always(checks::content::the_broker_gets_whole_messages())
        .always(checks::stored_errors::errors_are_stored_whole())
        .always(checks::answers::answers_tell_what_is_stored())
        .always(checks::races::losers_of_a_race_get_a_conflict())
        .always(checks::races::a_conflict_names_both_versions())
        .always(checks::streams::streams_are_gap_free())
        .always(checks::streams::exactly_one_of_the_racers_commits())
        .always(checks::streams::commits_are_all_or_nothing())
        .always(checks::streams::one_command_one_effect())
        .always(checks::accounts::hydration_folds_every_event_or_fails())
        .always(checks::accounts::snapshots_are_transparent())
        .always(checks::accounts::snapshots_are_taken_in_time())
        .always(checks::accounts::reload_equals_memory())
        .always(checks::accounts::commits_follow_lock_grants())
        .always(checks::read_model::the_read_model_is_the_fold_of_its_events())
        .always(checks::read_model::accounts_are_shown_as_they_are())
        .always(checks::errors::status_code_follows_the_error_kind())
        .always(checks::errors::errors_keep_their_cause())
        .always(checks::errors::transient_errors_are_retried())
        .always(checks::errors::permanent_errors_are_tried_once())
}

/// Like [`guarded`], and every committed message is published and delivered in the end.
pub(crate) fn delivering(scenario: Scenario) -> Scenario {
    delivering_unless(scenario, |_| false)
}

/// Like [`delivering`], except for messages that can never be published.
pub(crate) fn delivering_unless(
    scenario: Scenario,
    is_hopeless: impl Fn(&Value) -> bool + Send + Sync + 'static,
) -> Scenario {
    guarded(scenario)
        .eventually(checks::delivery::published_unless(is_hopeless), SETTLED)
        .eventually(checks::delivery::every_row_is_delivered_or_dead_lettered(), SETTLED)
        .eventually(checks::delivery::every_accepted_message_is_acknowledged(), SETTLED)
}

/// Like [`delivering`], with a few orders through these hosts. Scenarios with the same hosts share one sweep.
pub(crate) fn of_orders(name: &str, hosts: fn(Topology) -> Topology) -> Scenario {
    let scenario = Scenario::new(name).linger(A_LEASE_LATER).topology(move |stage| {
        watched(hosts(stage)).client("sender", |workload| async move {
            commit_orders(&workload, "ingress:80", &["a", "b"], ORDERS).await;
            Ok(())
        })
    });
    delivering(scenario)
}
