//! `junit.xml`: a suite for each scenario, a case for each run, and a suite `campaign` if the campaign is incomplete.
//!
//! The XML follows `junit-10.xsd`, the schema of Jenkins and Surefire. It allows properties only in suites, so the
//! details of a run are in its `system-out`, one per line.
//!
//! A CI shows the time of a case as its duration, and adds the times up. Every time is zero: virtual time would add up
//! to months, and time on a clock would differ in equal campaigns. The virtual time is in `system-out`, and for a suite
//! in a property. There are no timestamps and no random ids either, so equal campaigns give equal bytes. quick-junit
//! drops characters that XML 1.0 forbids; [`escape`] spells them out before.

use std::time::Duration;

use chaosdrill_core::{
    Campaign, Origin, Record, Verdict,
    record::{self, CampaignHeader, Incomplete},
};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    command::{self, Commands},
    escape, incomplete, limits, numbers, overview,
    terminal::{self, Palette, Replay},
};

/// Why a campaign could not be written as JUnit XML.
#[derive(Debug, thiserror::Error)]
#[error("failed to write JUnit XML: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// Renders a campaign as JUnit XML, with notes on files that could not be read as properties of each suite.
///
/// # Errors
///
/// If the XML writer fails, which does not happen in memory.
pub fn junit(
    campaign: &Campaign,
    commands: Commands<'_>,
    notes: &[String],
) -> Result<String, JunitError> {
    let mut report = Report::new("chaosdrill");
    report.set_time(Duration::ZERO);
    let summary = campaign.summary();
    report.add_test_suites(summary.incomplete.iter().map(incomplete_suite));
    for (name, part) in overview::by_scenario(campaign) {
        let mut suite = TestSuite::new(escape::line(name));
        suite.set_time(Duration::ZERO);
        let virtual_time = numbers::span(record::nanos(part.virtual_time));
        suite.add_property(property("virtual time", &virtual_time));
        for note in notes.iter().take(limits::MARKDOWN_NOTES_MAX) {
            suite.add_property(property("not whole", note));
        }
        let announced = summary.scenarios.iter().find(|scenario| scenario.name == name);
        if let Some(scenario) = announced {
            suite.add_property(property("claim", &scenario.claim));
            for (mark, hits) in &scenario.marks {
                suite.add_property(property(&format!("mark {mark}"), &hits.to_string()));
            }
        }
        for record in part.records {
            suite.add_test_case(case(record, &campaign.header, commands));
        }
        report.add_test_suite(suite);
    }
    Ok(without_skipped_root(&report.to_string()?))
}

/// A suite for the campaign itself, because the case of a run that is missing is missing too.
fn incomplete_suite(incomplete: &Incomplete) -> TestSuite {
    let sentence = incomplete::plain(incomplete);
    let mut case = if incomplete.is_as_ordered() {
        let mut case = TestCase::new("complete", TestCaseStatus::success());
        case.set_system_out(format!("{sentence}\n"));
        case
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("incomplete").set_message(sentence);
        TestCase::new("complete", status)
    };
    case.set_classname("campaign").set_time(Duration::ZERO);
    let mut suite = TestSuite::new("campaign");
    suite.set_time(Duration::ZERO).add_test_case(case);
    suite
}

/// Removes the count of skipped cases from the root, because no schema allows it there. No case is ever skipped.
fn without_skipped_root(xml: &str) -> String {
    xml.replacen(" skipped=\"0\"", "", 1)
}

fn case(record: &Record, header: &CampaignHeader, commands: Commands<'_>) -> TestCase {
    let run = &record.run;
    let mut name = format!("seed {}", run.seed);
    if run.origin != Origin::Script {
        name.push_str(&format!(", {}", escape::line(&run.origin.to_string())));
    }
    if let Some(defect) = &run.defect {
        name.push_str(&format!(", defect {}", escape::line(defect)));
    }
    if run.db != command::DB_DEFAULT {
        name.push_str(&format!(", {}", escape::line(&run.db)));
    }
    let mut case = TestCase::new(name, status(record, header, commands));
    case.set_classname(escape::line(&run.scenario)).set_time(Duration::ZERO);
    case.set_system_out(told(record));
    case
}

fn status(record: &Record, header: &CampaignHeader, commands: Commands<'_>) -> TestCaseStatus {
    let kind = match record.verdict {
        Verdict::Valid => return TestCaseStatus::success(),
        Verdict::Unknown => NonSuccessKind::Error,
        Verdict::Invalid => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    if let Some(check) = record.headline() {
        status.set_type(escape::line(&check.name)).set_message(escape::line(&check.why));
    }
    let run = commands.of(&record.run);
    let (plan, minimal) = (run.file("plan.toml"), run.file("plan.min.toml"));
    let is_shrunk = record.triage.as_ref().is_some_and(|triage| triage.minimal.is_some());
    let replay = Replay {
        program: commands.program,
        plan: (!record.run.origin.is_drawn_from_the_seed()).then_some(&*plan),
        minimal: is_shrunk.then_some(&*minimal),
        bundle: (record.verdict == Verdict::Invalid).then_some(&*run.folder),
        kept: header.kept_of(&record.run),
        finding: None,
    };
    status.set_description(terminal::failure(record, replay, &Palette::plain()));
    status
}

/// The details of a run, one per line.
fn told(record: &Record) -> String {
    let run = &record.run;
    let mut lines = vec![
        ("simulator", run.simulator.clone()),
        ("db", run.db.clone()),
        ("origin", run.origin.to_string()),
        ("seed", run.seed.to_string()),
    ];
    lines.extend(run.defect.clone().map(|defect| ("defect", defect)));
    lines.extend(record.digest.clone().map(|digest| ("digest", digest)));
    lines.push(("events", record.events.to_string()));
    lines.push(("virtual time", numbers::span(record.virtual_ns)));
    lines.iter().map(|(name, value)| format!("{name} {}\n", escape::line(value))).collect()
}

fn property(name: &str, value: &str) -> Property {
    Property::new(escape::line(name), escape::line(value))
}
