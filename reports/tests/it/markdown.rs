//! `summary.md`: its shape, its bound, and what may differ between machines.

use chaosdrill_core::{
    Priority, Verdict,
    record::{Finding, SiteCoverage, Summary},
};
use chaosdrill_reports::{
    limits::MARKDOWN_BYTES_MAX,
    markdown::{MEASURED_BEGIN, MEASURED_END, summary},
};

use crate::sample;

#[test]
fn the_sample() {
    insta::assert_snapshot!(summary(&sample::campaign().summary(), sample::COMMANDS, None, &[]));
}

#[test]
fn what_is_measured_stands_in_one_block_and_nowhere_else() {
    let unmeasured = |text: &str| {
        assert_eq!(text.matches(MEASURED_BEGIN).count(), 1, "{text}");
        assert_eq!(text.matches(MEASURED_END).count(), 1, "{text}");
        let (before, rest) = text.split_once(MEASURED_BEGIN).expect("counted");
        let (_, after) = rest.split_once(MEASURED_END).expect("counted");
        format!("{before}{after}")
    };
    let here = summary(&sample::campaign().summary(), sample::COMMANDS, None, &[]);
    let there = summary(&sample::elsewhere().summary(), sample::COMMANDS, None, &[]);
    assert_ne!(here, there);
    assert_eq!(unmeasured(&here), unmeasured(&there));
}

#[test]
fn a_check_that_failed_often_is_one_row() {
    let mut campaign = sample::campaign();
    campaign.records = (0..1_000)
        .map(|seed| {
            let mut record = sample::lease_expiry();
            record.run.seed = chaosdrill_core::Seed(seed);
            record
        })
        .collect();
    let text = summary(&campaign.summary(), sample::COMMANDS, None, &[]);
    assert_eq!(text.matches("| high | invalid |").count(), 1, "{text}");
    assert!(text.contains("| `settle_only_by_the_current_claim` | 1,000 |"), "{text}");
}

/// As bad as it gets: thousands of everything, each text of it long, hostile and different.
pub(crate) fn enormous(text: &str) -> Summary {
    let mut summary = sample::campaign().summary();
    let many = |name: &'static str, number: u64| {
        (0..number).map(move |n| format!("{name}{n}{}", text.repeat(40)))
    };
    summary.findings = many("check", 10_000)
        .enumerate()
        .map(|(seed, check)| Finding {
            id: format!("F{seed}"),
            count: 1,
            ways: Vec::new(),
            scenarios: Vec::new(),
            also: Default::default(),
            problem: check.clone(),
            triage: None,
            run: sample::run(&format!("scenario {seed} {text}"), "script", seed as u64),
            verdict: Verdict::Invalid,
            why: check.repeat(3),
            check,
            priority: Priority::High,
        })
        .collect();
    let template = summary.scenarios[0].clone();
    summary.scenarios = many("scenario", 1_000)
        .map(|name| {
            let mut scenario = template.clone();
            scenario.claim = name.clone();
            scenario.name = name;
            scenario
        })
        .collect();
    summary.never_hit = many("mark", 1_000).collect();
    let site = |(site, passes)| SiteCoverage { site, passes, struck: Default::default() };
    summary.coverage = many("sql:", 1_000).zip(1..).map(site).collect();
    summary.faults_fired = many("act", 1_000).zip(1..).collect();
    summary.campaign.seeds = text.repeat(10_000);
    summary.campaign.tool = text.repeat(10_000);
    summary.campaign.db = text.repeat(10_000);
    summary.campaign.simulator = text.repeat(10_000);
    summary.campaign.defect = Some(text.repeat(10_000));
    summary.campaign.program = text.repeat(10_000);
    summary
}

#[test]
fn ten_thousand_findings_with_long_texts_stay_under_the_bound() {
    for text in
        ["plain words ", "`", "|", "\u{1f980}", "\u{1b}", "\u{e007f}", "<!-- measured -->", "\\|"]
    {
        let shown = summary(&enormous(text), sample::COMMANDS, None, &[]);
        assert!(shown.len() < MARKDOWN_BYTES_MAX, "{text:?}: {}", shown.len());
        for noun in ["finding", "scenario", "mark", "kind", "site"] {
            assert!(shown.contains(&format!("more {noun}s left out here")), "{text:?}: {noun}");
        }
        assert_eq!(shown.matches(MEASURED_BEGIN).count(), 1, "{text:?}");
    }
}
