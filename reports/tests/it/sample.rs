//! A campaign made by hand: every verdict, a defect, a fault that never fired, marks without a hit, and a
//! scenario whose author wishes everybody ill.

use std::{collections::BTreeMap, io, time::Duration};

use chaosdrill_core::{
    Act, At, Fault, HostSelector, Origin, Priority, Record, RunId, Seed, Verdict,
    fault::{Restart, When},
    limits::FINDINGS_SHOWN_MAX,
    record::{
        CampaignHeader, CampaignMeasured, CheckRecord, CoverageGoal, CoverageGoalSummary, Extent,
        FaultRecord, Incomplete, Measured, PlanRest, RECORD_VERSION, ScenarioRecord, Summary,
        SweepRecord, Totals,
    },
};
use chaosdrill_reports::{
    against::{Against, Records},
    command::Commands,
};

/// A campaign with its records, which tests change; [`Campaign::told`] is what reports see of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Campaign {
    pub(crate) header: CampaignHeader,
    pub(crate) records: Vec<Record>,
    pub(crate) sweeps: Vec<SweepRecord>,
    pub(crate) extent: Extent,
    pub(crate) measured: Option<CampaignMeasured>,
}

impl Campaign {
    pub(crate) fn told(&self) -> chaosdrill_core::Campaign {
        let Self { header, records, sweeps, extent, measured } = self.clone();
        let totals = Totals::of(&header.goals, &records);
        let shown =
            totals.findings().into_iter().take(FINDINGS_SHOWN_MAX).filter_map(|finding| {
                records.iter().find(|record| record.run == finding.run).cloned()
            });
        let shown = shown.map(|record| (record.run.clone(), record)).collect();
        chaosdrill_core::Campaign { header, totals, shown, sweeps, extent, measured }
    }

    pub(crate) fn summary(&self) -> Summary {
        self.told().summary()
    }

    /// How often the runs reach a goal.
    pub(crate) fn hits(&self, goal: &CoverageGoal) -> u64 {
        let totals = Totals::of(std::slice::from_ref(goal), &self.records);
        totals.goals().iter().map(CoverageGoalSummary::hits).sum()
    }

    pub(crate) fn incomplete(&self) -> Option<Incomplete> {
        self.told().incomplete()
    }
}

impl Records for Campaign {
    fn record(&self, run: &RunId) -> io::Result<Option<Record>> {
        Ok(self.records.iter().find(|record| record.run == *run).cloned())
    }

    fn kept(&self) -> Vec<Origin> {
        let origins = self.records.iter().map(|record| record.run.origin.clone());
        origins.filter(|origin| matches!(origin, Origin::Kept(_))).collect()
    }
}

pub(crate) fn against(earlier: &Campaign, now: &Campaign) -> Against {
    Against::new((&earlier.told(), earlier), (&now.told(), now)).expect("they are in memory")
}

pub(crate) fn junit(
    campaign: &Campaign,
    commands: Commands<'_>,
    notes: &[String],
) -> io::Result<String> {
    let (mut xml, mut records) = (Vec::new(), campaign.records.clone());
    records.sort_by(|a, b| a.run.cmp(&b.run));
    let records = records.into_iter().map(Ok);
    chaosdrill_reports::junit::junit(&campaign.told(), records, commands, notes, &mut xml)?;
    String::from_utf8(xml).map_err(io::Error::other)
}

/// The commands of reports in tests.
pub(crate) const COMMANDS: Commands<'static> =
    Commands { program: "cargo drill", folder: "target/drill" };

pub(crate) const LEASE_CLAIM: &str =
    "a message whose holder stalls is published by another, and the late holder is fenced";

/// Markup, a mention, a password, a comment of our own, and characters that are not seen.
pub(crate) const HOSTILE_WHY: &str = "@octocat see #7 `a` | <b>b</b> [c](http://d.example) \
    <!-- measured --> postgres://drill:hunter2@db:5432/x?sslmode=disable\n\u{1b}[2Jgone \u{202e}dne";

pub(crate) const HOSTILE_NAME: &str = "own/`odd` |<name>\u{7}\n@all";

pub(crate) fn run(scenario: &str, origin: &str, seed: u64) -> RunId {
    RunId {
        scenario: scenario.into(),
        origin: Origin::of(origin),
        seed: Seed(seed),
        db: "sqlite".into(),
        simulator: "turmoil".into(),
        defect: None,
    }
}

pub(crate) fn check(name: &str, verdict: Verdict, why: &str, witness: &[u64]) -> CheckRecord {
    CheckRecord {
        name: name.into(),
        kind: "always".into(),
        within_ns: None,
        priority: Priority::High,
        verdict,
        why: why.into(),
        problem: String::new(),
        witness: witness.into(),
    }
}

pub(crate) fn fault(host: HostSelector, site: &str, hit: u32, act: Act) -> Fault {
    Fault { at: At::Boundary { host, site: site.into(), hit }, act, required: true }
}

/// A run whose checks all held.
pub(crate) fn calm(run: RunId, claim: &str) -> Record {
    Record {
        version: RECORD_VERSION,
        plan_rest: Some(PlanRest::default()),
        run,
        claim: claim.into(),
        verdict: Verdict::Valid,
        checks: vec![check("settle_only_by_the_current_claim", Verdict::Valid, "", &[])],
        faults: vec![],
        sites: BTreeMap::from([("sql:outbox.claim".into(), 40), ("net:bus.publish".into(), 20)]),
        marks: BTreeMap::new(),
        events: 611,
        virtual_ns: 9_004_500_000,
        digest: Some("5e".repeat(32)),
        triage: None,
        measured: Measured { wall_us: 5_310, stderr: String::new() },
    }
}

/// The run of the documentation: the finding that everything else is shaped after.
pub(crate) fn lease_expiry() -> Record {
    let stall =
        fault(HostSelector::Any, "fp:outbox.after_claim", 1, Act::Stall(Duration::from_secs(90)));
    let crash = fault(
        HostSelector::Named("d2".into()),
        "sql:outbox.settle",
        3,
        Act::Crash { when: When::After, restart: Restart::After(Duration::from_secs(30)) },
    );
    Record {
        verdict: Verdict::Invalid,
        checks: vec![
            check("no_deadlock", Verdict::Valid, "", &[]),
            check(
                "settle_only_by_the_current_claim",
                Verdict::Invalid,
                "#418 d1 settled message 7 under attempt 1; #402 attempt 2 belonged to d2",
                &[418, 402],
            ),
            CheckRecord {
                kind: "eventually".into(),
                within_ns: Some(300_000_000_000),
                priority: Priority::Medium,
                ..check(
                    "every_committed_message_is_published",
                    Verdict::Unknown,
                    "the run ended before the faults were healed",
                    &[],
                )
            },
        ],
        faults: vec![
            FaultRecord { fault: stall, fired: Some(397), struck_at: None },
            FaultRecord { fault: crash, fired: None, struck_at: None },
        ],
        marks: BTreeMap::from([("late settle refused".into(), 0)]),
        virtual_ns: 12_418_000_000,
        ..calm(run("outbox/lease-expiry", "script", 0x2a), LEASE_CLAIM)
    }
}

fn lease_expiry_with_a_defect() -> Record {
    let id = RunId {
        db: "postgres".into(),
        defect: Some("O4".into()),
        ..run("outbox/lease-expiry", "swarm", 0x2b)
    };
    Record {
        verdict: Verdict::Invalid,
        checks: vec![CheckRecord {
            kind: "eventually".into(),
            within_ns: Some(300_000_000_000),
            priority: Priority::Medium,
            ..check(
                "every_committed_message_is_published",
                Verdict::Invalid,
                "17 of 20 messages were never published",
                &[12, 19, 33],
            )
        }],
        ..calm(id, LEASE_CLAIM)
    }
}

/// A worker that died: no digest, and what it wrote is measured.
fn dead_worker() -> Record {
    Record {
        verdict: Verdict::Unknown,
        checks: vec![check(
            "the worker lives",
            Verdict::Unknown,
            "the worker was killed by signal 9 after 30 s of wall clock",
            &[],
        )],
        digest: None,
        measured: Measured { wall_us: 30_000_000, stderr: "out of patience\n".into() },
        ..calm(run("provisioning/two-phase", "plan", 7), "no tenant is left half made")
    }
}

fn hostile() -> Record {
    let site = "sql:x\u{1b}]0;owned\u{7}|`";
    Record {
        verdict: Verdict::Invalid,
        checks: vec![CheckRecord {
            priority: Priority::Low,
            ..check("<script>alert(1)</script> | @all", Verdict::Invalid, HOSTILE_WHY, &[1])
        }],
        faults: vec![FaultRecord {
            fault: fault(
                HostSelector::Named("a\nb".into()),
                site,
                1,
                Act::Delay(Duration::from_secs(1)),
            ),
            fired: Some(1),
            struck_at: None,
        }],
        sites: BTreeMap::from([(site.into(), 3)]),
        ..calm(run(HOSTILE_NAME, "script", u64::MAX), HOSTILE_WHY)
    }
}

fn scenario(name: &str, claim: &str, marks: &[&str]) -> ScenarioRecord {
    ScenarioRecord {
        name: name.into(),
        claim: claim.into(),
        checks: vec!["settle_only_by_the_current_claim".into()],
        marks: marks.iter().map(|mark| (*mark).to_owned()).collect(),
    }
}

/// The sample campaign.
pub(crate) fn campaign() -> Campaign {
    let long_name = "recovery/sidecar-compare-and-swap-after-torn-write";
    let mut records = vec![
        calm(run("outbox/lease-expiry", "script", 1), LEASE_CLAIM),
        lease_expiry(),
        lease_expiry_with_a_defect(),
        dead_worker(),
        hostile(),
        Record {
            virtual_ns: 114_660_000_000_000,
            ..calm(run(long_name, "script", 1), "the newest sidecar wins")
        },
    ];
    records.sort_by(|a, b| a.run.cmp(&b.run));
    complete(Campaign {
        header: CampaignHeader {
            version: RECORD_VERSION,
            tool: "0.1.0".into(),
            simulator: "turmoil".into(),
            db: "sqlite".into(),
            defect: None,
            seeds: "0..10".into(),
            nemeses: vec!["script".into(), "swarm".into()],
            partition: None,
            program: "cargo drill".into(),
            whole: true,
            failpoints: vec!["fp:outbox.after_claim".to_owned(), "fp:outbox.<never>".to_owned()],
            kept: Vec::new(),
            goals: vec![
                CoverageGoal {
                    list: "outbox".into(),
                    scope: "outbox/".into(),
                    ..CoverageGoal::new(
                        "W7",
                        "a holder that stands still for longer than its lease",
                    )
                    .struck("fp:outbox.after_claim", &["stall"])
                    .fired("skew")
                },
                CoverageGoal { list: "trouble".into(), ..CoverageGoal::new("T1", HOSTILE_WHY) }
                    .struck("store:", &["error"])
                    .hit(HOSTILE_NAME, "never | ever\u{1b}"),
            ],
            scenarios: vec![
                scenario("outbox/lease-expiry", LEASE_CLAIM, &["late settle refused"]),
                scenario(HOSTILE_NAME, HOSTILE_WHY, &["never | ever\u{1b}"]),
                scenario("provisioning/two-phase", "no tenant is left half made", &[]),
                scenario(long_name, "the newest sidecar wins", &[]),
            ],
        },
        records,
        sweeps: vec![],
        extent: Extent::default(),
        measured: Some(CampaignMeasured {
            wall_ms: 1_234,
            jobs: 4,
            cores: 4,
            runs: Some(6),
            started: None,
            commit: None,
        }),
    })
}

/// The campaign, ordered to run exactly the runs that it recorded.
pub(crate) fn complete(mut campaign: Campaign) -> Campaign {
    let mut extent = Extent::default();
    for record in &campaign.records {
        let run = &record.run;
        *extent.ordered.entry(run.origin.kind().to_owned()).or_default() += 1;
        *extent.recorded.entry(run.scenario.clone()).or_default() += 1;
    }
    campaign.extent = extent;
    campaign
}

/// The sample with everything measured otherwise.
pub(crate) fn elsewhere() -> Campaign {
    let mut campaign = campaign();
    campaign.measured = Some(CampaignMeasured {
        wall_ms: 7_777,
        jobs: 2,
        cores: 2,
        runs: None,
        started: Some("2026-01-02T03:04:05Z".into()),
        commit: Some("5eed".into()),
    });
    for record in &mut campaign.records {
        record.measured = Measured { wall_us: 77, stderr: "another machine".into() };
    }
    campaign
}
