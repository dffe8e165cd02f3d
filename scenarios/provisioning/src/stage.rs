//! The stage of provisioning: its hosts, the rows the harness watches, and the checks common to all scenarios.

use std::time::Duration;

use chaosdrill::{Scenario, Topology};
use chaosdrill_scenarios_common::checks::{
    audit, fault_free::where_only_hurt_at, registries, rest,
};
use chaosdrill_target_provisioning::{
    BackendConfig, ForwarderConfig, HandlerConfig, MailerConfig, ReaperConfig, ReconcilerConfig,
    Script, SweepConfig, run_backend, run_forwarder, run_handler, run_mailer, run_reaper,
    run_reconciler, run_sweep,
};

use crate::checks::{self, rows};

/// How long the pipeline may take to finish everything after the faults are over. The longest case is an object that
/// appears after its row was rolled back: it must be an hour old before the sweep takes it.
pub(crate) const SETTLED: Duration = Duration::from_secs(2 * 3600);

/// The key of all hosts, except for a host with a bad key.
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// How long hosts stall: beyond a customer's patience; until the reconciler, which takes rows that are five minutes
/// old, has taken over their work; and until it has finished what it could not decide.
const STALLS: [Duration; 3] =
    [Duration::from_secs(90), Duration::from_secs(6 * 60), Duration::from_secs(20 * 60)];

/// The address of the backend.
const BACKEND: &str = "backend:80";

/// The address of the mailer.
const MAILER: &str = "mailer:80";

/// The database of the resources.
fn platform_url() -> String {
    Topology::database_url("platform")
}

/// The hosts of the pipeline.
pub(crate) trait ProvisioningStage: Sized {
    /// A host of handlers, listening on port 80.
    #[must_use]
    fn handler(self, name: &'static str) -> Self;
    /// A host of handlers with its own configuration.
    #[must_use]
    fn handler_with(
        self,
        name: &'static str,
        configure: impl Fn(&mut HandlerConfig) + Send + Sync + 'static,
    ) -> Self;
    /// The backend, with a script of its errors.
    #[must_use]
    fn backend(self, scripts: &[Script]) -> Self;
    /// A backend whose ids and prefixes end in these bytes.
    #[must_use]
    fn backend_with_suffix(self, suffix: &'static str) -> Self;
    /// Reconcilers named like their hosts.
    #[must_use]
    fn reconcilers(self, names: &[&'static str]) -> Self;
    /// The sweep.
    #[must_use]
    fn sweep(self) -> Self;
    /// The reaper.
    #[must_use]
    fn reaper(self) -> Self;
    /// The reaper, with its own configuration.
    #[must_use]
    fn reaper_with(self, configure: impl Fn(&mut ReaperConfig) + Send + Sync + 'static) -> Self;
    /// The forwarder, and the mailer to which it posts.
    #[must_use]
    fn mails(self) -> Self;
    /// The same, each with its own configuration.
    #[must_use]
    fn mails_with(
        self,
        configure: impl Fn(&mut ForwarderConfig, &mut MailerConfig) + Clone + Send + Sync + 'static,
    ) -> Self;
    /// The programs behind the handlers: a reconciler, the sweep, the reaper and the mails.
    #[must_use]
    fn neighbours(self) -> Self;
    /// The whole pipeline: two hosts of handlers, the backend and the neighbours.
    #[must_use]
    fn platform(self, scripts: &[Script]) -> Self;
}

impl ProvisioningStage for Topology {
    fn handler(self, name: &'static str) -> Self {
        self.handler_with(name, |_| {})
    }

    fn handler_with(
        self,
        name: &'static str,
        configure: impl Fn(&mut HandlerConfig) + Send + Sync + 'static,
    ) -> Self {
        self.host(name, move || {
            let mut config = HandlerConfig::new(name, platform_url(), BACKEND, KEY);
            configure(&mut config);
            run_handler(config)
        })
    }

    fn backend(self, scripts: &[Script]) -> Self {
        let scripts = scripts.to_vec();
        self.host("backend", move || {
            let mut config = BackendConfig::new(Topology::database_url("backend"));
            config.scripts.clone_from(&scripts);
            run_backend(config)
        })
    }

    fn backend_with_suffix(self, suffix: &'static str) -> Self {
        self.host("backend", move || {
            let mut config = BackendConfig::new(Topology::database_url("backend"));
            suffix.clone_into(&mut config.suffix);
            run_backend(config)
        })
    }

    fn reconcilers(self, names: &[&'static str]) -> Self {
        names.iter().fold(self, |stage, name| {
            let name = *name;
            stage.host(name, move || {
                run_reconciler(ReconcilerConfig::new(name, platform_url(), BACKEND, KEY))
            })
        })
    }

    fn sweep(self) -> Self {
        self.host("sweep", || run_sweep(SweepConfig::new(platform_url(), BACKEND)))
    }

    fn reaper(self) -> Self {
        self.reaper_with(|_| {})
    }

    fn reaper_with(self, configure: impl Fn(&mut ReaperConfig) + Send + Sync + 'static) -> Self {
        self.host("reaper", move || {
            let mut config = ReaperConfig::new(platform_url(), BACKEND);
            configure(&mut config);
            run_reaper(config)
        })
    }

    fn mails(self) -> Self {
        self.mails_with(|_, _| {})
    }

    fn mails_with(
        self,
        configure: impl Fn(&mut ForwarderConfig, &mut MailerConfig) + Clone + Send + Sync + 'static,
    ) -> Self {
        let configs = move || {
            let mut forwarder = ForwarderConfig::new(platform_url(), MAILER);
            let mut mailer = MailerConfig::new(Topology::database_url("mail"));
            configure(&mut forwarder, &mut mailer);
            (forwarder, mailer)
        };
        let others = configs.clone();
        self.host("forwarder", move || run_forwarder(configs().0))
            .host("mailer", move || run_mailer(others().1))
    }

    fn neighbours(self) -> Self {
        self.reconcilers(&["reconciler"]).sweep().reaper().mails()
    }

    fn platform(self, scripts: &[Script]) -> Self {
        self.handler("h1").handler("h2").backend(scripts).neighbours()
    }
}

/// Watches the rows that the harness reads after every commit.
pub(crate) fn watched(stage: Topology) -> Topology {
    let watches = [
        (
            rows::RESOURCES,
            "platform",
            "SELECT resource_id, request_id, attempt, team, resource_type, tier, env, log_prefix, status, key_prefix, connection_url, provider_resource_id, holder, lease_until, doomed, expires_at, settled_by, failed_stage, last_error FROM resources ORDER BY resource_id",
        ),
        (rows::QUOTAS, "platform", "SELECT team, used FROM quotas ORDER BY team"),
        (rows::LEAKS, "platform", "SELECT token, reason, cleared_at FROM leaks ORDER BY token"),
        (
            rows::AUDITS,
            "platform",
            "SELECT kind || ' of ' || resource_id AS place, kind, resource_id, actor, metadata FROM audit_log ORDER BY kind, resource_id",
        ),
        (
            rows::MAILS,
            "mail",
            "SELECT mail_id, team, kind, resource_id, posts FROM mails ORDER BY mail_id",
        ),
        (
            rows::SCHEMA,
            "platform",
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name = 'resources'",
        ),
        (
            rows::OBJECTS,
            "backend",
            "SELECT token, resource_type, provider_resource_id, key_prefix, url, is_there, creates, deletes FROM backend_objects ORDER BY token",
        ),
    ];
    watches.into_iter().fold(stage, |stage, (name, database, sql)| stage.watch(name, database, sql))
}

/// The sites at which a fault makes work for the background, or keeps it from ending, and does not make it late.
const BEFORE_TURNS: [&str; 3] =
    ["fp:handler.row_created", "sql:resources.set_url", "sql:reaper.finish"];

/// The sites at which a fault costs an attempt, and no more.
const OF_REQUESTS: [&str; 4] = [
    "sql:provision.commit",
    "sql:resources.set_url",
    "sql:resources.set_provider",
    "sql:resources.activate",
];

/// Adds the checks that hold in every scenario, under any fault, as long as the clocks of the hosts agree.
pub(crate) fn guarded(scenario: Scenario) -> Scenario {
    let scenario = scenario.always(checks::state::reconciler_waits_for_the_lease());
    guarded_whatever_the_clocks(scenario)
}

/// Adds the checks that hold in every scenario, under any fault. Leases are kept by the clocks of the hosts.
pub(crate) fn guarded_whatever_the_clocks(scenario: Scenario) -> Scenario {
    scenario
        .stalls(STALLS)
        .always(checks::answers::created_means_addressable())
        .always(checks::answers::a_refusal_means_terminal())
        .always(checks::answers::failures_answer_503())
        .always(checks::promised::accepted_means_there())
        .always(checks::promised::refused_means_not_there())
        .always(checks::promised::rows_have_what_was_asked())
        .always(checks::promised::shown_as_it_was())
        .always(checks::twins::a_twin_has_a_fit_original())
        .always(checks::twins::refusals_fit_their_entry())
        .always(where_only_hurt_at(checks::turns::everything_gets_its_turn(), &BEFORE_TURNS))
        .always(where_only_hurt_at(checks::served::deployments_are_served(), &OF_REQUESTS))
        .always(checks::promised::refusals_have_all_fields())
        .always(checks::answers::guidance_fits_the_answer())
        .always(checks::objects::active_rows_are_addressable())
        .always(checks::objects::active_rows_have_their_object())
        .always(checks::objects::a_rolled_back_row_leaves_nothing_behind())
        .always(checks::objects::a_leak_means_a_failed_deletion())
        .always(checks::objects::taken_down_means_gone())
        .always(checks::objects::the_sweep_spares_the_living())
        .always(checks::state::quota_agrees_with_the_rows())
        .always(checks::circuit::an_open_circuit_spares_the_backend())
        .always(checks::circuit::an_open_circuit_closes_again())
        .always(checks::jobs::anonymous_resources_end())
        .always(checks::mails::customers_hear_only_what_concerns_them())
        .always(checks::mails::mails_are_not_repeated())
        .always(checks::state::statuses_in_code_equal_the_check())
        .always(checks::audits::audits_have_the_fields_of_their_row())
        .always(rest::terminal_is_final(rows::ITEMS))
        .always(registries::every_declared_kind_is_handled("audit.registry"))
        .eventually(rest::every_item_comes_to_rest(rows::ITEMS_AT_REST), SETTLED)
        .eventually(checks::jobs::nothing_outlives_its_time(), SETTLED)
        .eventually(checks::jobs::every_leak_is_cleared(), SETTLED)
        .eventually(checks::mails::every_mail_owed_is_sent(), SETTLED)
        .eventually(checks::objects::no_object_is_out_of_reach(), SETTLED)
        .eventually(audit::audits_agree_with_states(rows::ITEMS, rows::AUDIT), SETTLED)
        .eventually(checks::audits::the_first_failure_is_audited(), SETTLED)
        .eventually(checks::state::every_boot_comes_up(), SETTLED)
}
