//! Annotations, the trace for Perfetto, the write-up, and what became of earlier findings.

use chaosdrill_core::{
    At, Origin, Plan, Record, RunId, Seed, Verdict,
    record::{CoverageGoal, Finding},
};
use chaosdrill_reports::{
    Palette, Replay, Story, against::Status, annotations, html, limits, markdown, terminal,
    trace_export, write_up,
};
use serde_json::Value;

use crate::{
    sample::{self, Campaign},
    stories,
};

#[test]
fn annotations_say_what_and_how_to_see_it() {
    insta::assert_snapshot!(annotations::github(&stories::campaign().summary(), sample::COMMANDS));
}

#[test]
fn of_each_kind_there_are_at_most_ten() {
    let mut summary = sample::campaign().summary();
    summary.findings = vec![summary.findings[0].clone(); 25];
    summary.never_hit = (0..30).map(|n| format!("mark {n}")).collect();
    let text = annotations::github(&summary, sample::COMMANDS);
    for kind in ["::error ", "::warning "] {
        let of_kind: Vec<&str> = text.lines().filter(|line| line.starts_with(kind)).collect();
        assert_eq!(of_kind.len(), limits::ANNOTATIONS_MAX);
        assert!(of_kind[9].contains("more; the report has all of them"), "{}", of_kind[9]);
    }
}

#[test]
fn a_trace_that_perfetto_opens() {
    let story = stories::lease_expiry();
    let text = trace_export::chrome_trace(&story.record, &story.events);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let events = document["traceEvents"].as_array().expect("a list");
    let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert_eq!(of("b"), of("e"));
    assert!(of("b") > 5 && of("M") == 7 && of("i") > 10, "{text}");
    for event in events.iter().filter(|event| event["ph"] != "M") {
        assert!(event["ts"].is_number() && event["pid"].is_number() && event["name"].is_string());
    }
    insta::assert_snapshot!(text.replace("},{", "},\n{"));
}

/// The story of the first finding, with its smallest plan, as its folder would have it.
fn with_plan() -> Story {
    let campaign = stories::campaign();
    let finding = campaign.summary().findings.swap_remove(0);
    let record =
        campaign.records.iter().find(|record| record.run == finding.run).expect("it is there");
    let mut plan = Plan::new(&finding.run.scenario, finding.run.seed);
    plan.faults = finding.minimal().map(<[_]>::to_vec).unwrap_or_default();
    plan.workload_max = Some(1);
    Story { minimal: Some(plan), ..Story::of(record.clone()) }
}

#[test]
fn the_skeleton_of_a_write_up() {
    let told = [with_plan()];
    insta::assert_snapshot!(write_up::write_up(
        &stories::campaign().told(),
        &told,
        &stories::proofs()
    ));
}

#[test]
fn a_write_up_asks_for_a_plan_that_nobody_has() {
    let mut campaign = stories::campaign();
    let asked = "*To be written*: the plan, which was";
    let write_up =
        |campaign: &Campaign| write_up::write_up(&campaign.told(), &[], &stories::proofs());
    assert!(!write_up(&campaign).contains(asked), "the record carries it");
    campaign.records.iter_mut().for_each(|record| record.plan_rest = None);
    assert!(write_up(&campaign).contains(asked));
}

/// The finding as it is where a campaign has left its plan as it was.
fn not_made_smaller() -> Campaign {
    let mut campaign = stories::campaign();
    let triaged = campaign.records.iter_mut().filter_map(|record| record.triage.as_mut());
    triaged.for_each(|triage| triage.minimal = None);
    campaign
}

#[test]
fn every_format_says_which_plans_were_not_made_smaller() {
    let campaign = not_made_smaller();
    let summary = campaign.summary();
    let record = campaign.records.iter().find(|record| record.triage.is_some());
    let block = terminal::failure(
        record.expect("one was triaged"),
        Replay::by_seed("cargo drill"),
        &Palette::plain(),
    );
    let shrink = "outbox.lease-expiry/0x2a/plan.toml";
    let formats = [
        ("terminal", block),
        ("page", html::campaign(&html::Page::of(&campaign.told(), sample::COMMANDS))),
        ("summary", markdown::summary(&summary, sample::COMMANDS, None, &[])),
        ("annotations", annotations::github(&summary, sample::COMMANDS)),
        ("junit", sample::junit(&campaign, sample::COMMANDS, &[]).expect("XML")),
        ("write-up", write_up::write_up(&campaign.told(), &[], &[])),
    ];
    for (format, text) in formats {
        assert!(text.to_lowercase().contains("not shrunk"), "{format}: {text}");
        let has_command =
            |line: &str| line.contains("cargo drill shrink ") && line.contains(shrink);
        assert!(text.lines().any(has_command), "{format}: {text}");
    }
    let json = serde_json::to_value(&summary).expect("JSON");
    let is_it = |finding: &&Value| finding["run"]["scenario"] == "outbox/lease-expiry";
    let finding = json["findings"].as_array().expect("a list").iter().find(is_it);
    assert!(finding.expect("it is there")["triage"]["minimal"].is_null());
}

#[test]
fn the_page_of_a_job_is_the_summary_at_length() {
    let summary = stories::campaign().summary();
    assert_eq!(
        markdown::job_summary(&summary, sample::COMMANDS),
        markdown::summary(&summary, sample::COMMANDS, None, &[])
    );
    let mut large = summary;
    let finding = large.findings[0].clone();
    large.findings = vec![finding; 900];
    let (short, long) = (
        markdown::summary(&large, sample::COMMANDS, None, &[]),
        markdown::job_summary(&large, sample::COMMANDS),
    );
    assert!(short.len() < limits::MARKDOWN_BYTES_MAX);
    assert!(long.len() > short.len() && long.len() < limits::MARKDOWN_JOB.bytes_max);
}

#[test]
fn findings_are_new_ongoing_or_fixed() {
    let earlier = stories::campaign();
    let mut now = stories::campaign();
    let summary = now.summary();
    let against = sample::against(&earlier, &now);
    assert!(summary.findings.iter().all(|f| against.status(f) == Status::Ongoing));
    assert!(against.fixed().is_empty());

    let nothing = Campaign { records: vec![], ..earlier.clone() };
    let against = sample::against(&nothing, &now);
    assert!(summary.findings.iter().all(|f| against.status(f) == Status::New));

    // One scenario is valid now, another did not run.
    now.records.retain(|record| record.run.scenario != "provisioning/two-phase");
    let hostile = |record: &chaosdrill_core::Record| record.run.scenario == sample::HOSTILE_NAME;
    for record in now.records.iter_mut().filter(|record| hostile(record)) {
        *record = sample::calm(record.run.clone(), "held");
    }
    let against = sample::against(&earlier, &now);
    assert_eq!(against.fixed().len(), 1);
    assert_eq!(against.not_looked_for().len(), 1);
}

/// Whether the finding that was triaged counts as fixed where nothing but this run took its place.
fn is_fixed_by(change: impl Fn(&mut Record)) -> bool {
    let earlier = stories::campaign();
    let found = earlier.records.iter().find(|r| r.triage.is_some()).expect("one was triaged");
    let mut record = sample::calm(found.run.clone(), "held");
    record.faults.clone_from(&found.faults);
    change(&mut record);
    let now = Campaign { records: vec![record], ..earlier.clone() };
    let against = sample::against(&earlier, &now);
    let is_it = |finding: &Finding| finding.run == found.run;
    assert_ne!(against.fixed().iter().any(is_it), against.not_looked_for().iter().any(is_it));
    against.fixed().iter().any(is_it)
}

#[test]
fn only_what_showed_a_finding_can_show_that_it_is_fixed() {
    assert!(is_fixed_by(|_| {}));
    assert!(!is_fixed_by(|record| record.verdict = Verdict::Unknown));
    let others: [fn(&mut RunId); 5] = [
        |run| run.seed = Seed(run.seed.0 + 1),
        |run| run.origin = Origin::Swarm,
        |run| run.defect = Some("other".into()),
        |run| run.db = "other".into(),
        |run| run.simulator = "other".into(),
    ];
    for other in others {
        assert!(!is_fixed_by(|record| other(&mut record.run)));
    }
}

#[test]
fn every_scenario_that_showed_a_finding_must_hold_now() {
    let mut earlier = stories::campaign();
    let found = earlier.records.iter().find(|r| r.triage.is_some()).expect("one was triaged");
    let mut elsewhere = found.clone();
    elsewhere.run.scenario = format!("{}/elsewhere", found.run.target());
    elsewhere.triage = None;
    let mut held = sample::calm(found.run.clone(), "held");
    held.faults.clone_from(&found.faults);
    earlier.records = vec![found.clone(), elsewhere.clone()];
    let fixed = |records: Vec<Record>| {
        let now = Campaign { records, ..earlier.clone() };
        sample::against(&earlier, &now).fixed().len()
    };
    assert_eq!(fixed(vec![held.clone()]), 0, "the other scenario did not run");
    let mut other = held.clone();
    other.run = elsewhere.run;
    assert_eq!(fixed(vec![held, other]), 1);
}

#[test]
fn a_run_that_fails_in_other_words_is_not_gone() {
    let earlier = stories::campaign();
    let found = earlier.records.iter().find(|r| r.triage.is_some()).expect("one was triaged");
    let mut record = found.clone();
    for check in &mut record.checks {
        (check.why, check.problem) = ("quite another sentence".to_owned(), String::new());
    }
    let now = Campaign { records: vec![record], ..earlier.clone() };
    let against = sample::against(&earlier, &now);
    let statuses: Vec<Status> = against.now().map(|finding| against.status(finding)).collect();
    assert_eq!(statuses, [Status::Ongoing]);
    let is_it = |finding: &Finding| finding.run == found.run;
    assert!(!against.not_looked_for().iter().any(is_it));
}

#[test]
fn a_kept_plan_shows_it_too() {
    let kept = |record: &mut Record| {
        record.run.origin = Origin::Kept("late".into());
        record.faults.iter_mut().for_each(|fault| fault.fault.required = true);
    };
    assert!(is_fixed_by(kept));
    let minimal = |record: &mut Record| {
        kept(record);
        record.faults.truncate(1);
    };
    assert!(is_fixed_by(minimal), "the smallest plan is its first fault");
    assert!(!is_fixed_by(|record| {
        kept(record);
        record.faults.clear();
    }));
}

#[test]
fn the_same_problem_at_another_place_is_the_same_finding() {
    let earlier = stories::campaign();
    let mut campaign = stories::campaign();
    for record in &mut campaign.records {
        if let Some(minimal) = record.triage.as_mut().and_then(|p| p.minimal.as_mut()) {
            minimal.faults.clear();
        }
    }
    let triaged = |campaign: &Campaign| {
        let findings = campaign.summary().findings;
        findings.into_iter().find(|f| f.triage.is_some()).expect("one was triaged")
    };
    let status =
        |campaign: &Campaign| sample::against(&earlier, campaign).status(&triaged(campaign));
    assert_eq!(status(&campaign), Status::Ongoing);
    let check = triaged(&campaign).check;
    let checks = campaign.records.iter_mut().flat_map(|record| &mut record.checks);
    for check in checks.filter(|other| other.name == check) {
        check.why = "message 7 is gone".to_owned();
    }
    assert_eq!(status(&campaign), Status::Ongoing, "the same run violates the same check");
    campaign.records.iter_mut().for_each(|record| record.run.seed.0 ^= 1 << 40);
    assert_eq!(status(&campaign), Status::New);
}

#[test]
fn a_countdown_counts_where_it_struck() {
    let named = sample::campaign();
    let mut counted = named.clone();
    let faults = counted.records.iter_mut().flat_map(|record| &mut record.faults);
    for fault in faults.filter(|fault| fault.fired.is_some()) {
        fault.struck_at = Some(std::mem::replace(&mut fault.fault.at, At::Countdown(5)));
    }
    assert_ne!(named, counted);
    assert_eq!(named.summary().coverage, counted.summary().coverage);
    let window = CoverageGoal::new("W", "a window").struck("fp:outbox.after_claim", &["stall"]);
    assert_eq!(counted.hits(&window), 1);
    let record = counted.records.iter().find(|record| record.verdict == Verdict::Invalid);
    let block = terminal::failure(
        record.expect("one is"),
        Replay::by_seed("cargo drill"),
        &Palette::plain(),
    );
    let said = block.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert!(
        said.contains("at countdown 5 for 90s (any host at fp:outbox.after_claim hit"),
        "{said}"
    );
}

#[test]
fn goals_are_counted_in_every_way() {
    let campaign = sample::campaign();
    let hits = |goal: CoverageGoal| campaign.hits(&goal);
    let new = || CoverageGoal::new("W", "a window");
    assert_eq!(hits(new().ran("outbox/lease-expiry")), 3);
    assert_eq!(hits(new().struck("fp:outbox.after_claim", &["stall"])), 1);
    assert_eq!(hits(new().struck("fp:", &[])), 1, "all sites of a kind, and all acts");
    assert_eq!(hits(new().struck("fp:outbox.after_claim", &["delay"])), 0);
    assert_eq!(hits(new().struck("sql:outbox.settle", &[])), 0, "a fault that never fired");
    assert_eq!(hits(new().fired("stall")), 1);
    assert_eq!(hits(CoverageGoal { scope: "propagation/".into(), ..new().fired("stall") }), 0);
    let marked = campaign.records.iter().find_map(|record| {
        let hit = record.marks.iter().find(|(_, hits)| **hits > 0)?;
        Some((record.run.scenario.clone(), hit.0.clone(), *hit.1))
    });
    if let Some((scenario, mark, hits_there)) = marked {
        assert!(hits(new().hit(&scenario, &mark)) >= hits_there);
        assert_eq!(hits(new().hit("another", &mark)), 0);
    }
}
