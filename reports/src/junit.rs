//! `junit.xml`: a suite for each scenario, a case for each run, and a suite `campaign` if the campaign is incomplete.
//!
//! It keeps to the schema by which Jenkins reads, `junit-10.xsd`, which is that of Surefire: only suites have
//! properties, so that what is to be known of one run is in its `system-out`, a line each.
//!
//! Times are virtual and there is neither a timestamp nor an identifier drawn at random, so that equal
//! campaigns give equal bytes. quick-junit drops what XML 1.0 forbids; [`escape`] has spelt it out before.

use std::time::Duration;

use chaosdrill_core::{Campaign, Record, Verdict, record::Incomplete};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    command, escape, incomplete, limits, overview,
    terminal::{self, Palette, Replay},
};

/// Why a campaign could not be written as JUnit XML.
#[derive(Debug, thiserror::Error)]
#[error("failed to write JUnit XML: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The campaign as JUnit XML.
///
/// # Errors
///
/// When the XML writer fails, which it does not do in memory.
pub fn junit(campaign: &Campaign) -> Result<String, JunitError> {
    junit_with(campaign, &[])
}

/// The same, with what could not be read of the campaign as properties of each suite.
///
/// # Errors
///
/// When the XML writer fails, which it does not do in memory.
pub fn junit_with(campaign: &Campaign, notes: &[String]) -> Result<String, JunitError> {
    let mut report = Report::new("chaosdrill");
    report.set_time(whole_ms(overview::total(campaign).virtual_time));
    let summary = campaign.summary();
    report.add_test_suites(summary.incomplete.iter().map(incomplete_suite));
    for (name, part) in overview::by_scenario(campaign) {
        let mut suite = TestSuite::new(escape::line(name));
        suite.set_time(whole_ms(part.virtual_time));
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
            suite.add_test_case(case(record, &campaign.header.program));
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

/// The XML without the count of skipped cases in its root, where no schema knows one. Nothing is ever skipped.
fn without_skipped_root(xml: &str) -> String {
    xml.replacen(" skipped=\"0\"", "", 1)
}

fn case(record: &Record, program: &str) -> TestCase {
    let run = &record.run;
    let mut name = format!("seed {}", run.seed);
    if run.nemesis != command::NEMESIS_DEFAULT {
        name.push_str(&format!(", {}", escape::line(&run.nemesis)));
    }
    if let Some(defect) = &run.defect {
        name.push_str(&format!(", defect {}", escape::line(defect)));
    }
    if run.db != command::DB_DEFAULT {
        name.push_str(&format!(", {}", escape::line(&run.db)));
    }
    let mut case = TestCase::new(name, status(record, program));
    case.set_classname(escape::line(&run.scenario)).set_time(whole_ms(record.virtual_time()));
    case.set_system_out(told(record));
    case
}

fn status(record: &Record, program: &str) -> TestCaseStatus {
    let kind = match record.verdict {
        Verdict::Valid => return TestCaseStatus::success(),
        Verdict::Unknown => NonSuccessKind::Error,
        Verdict::Invalid => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    if let Some(check) = record.headline() {
        status.set_type(escape::line(&check.name)).set_message(escape::line(&check.why));
    }
    let replay = Replay::by_seed(program);
    status.set_description(terminal::failure(record, replay, &Palette::plain()));
    status
}

/// What is to be known of a run, a line each.
fn told(record: &Record) -> String {
    let run = &record.run;
    let mut lines = vec![
        ("simulator", run.simulator.clone()),
        ("db", run.db.clone()),
        ("nemesis", run.nemesis.clone()),
        ("seed", run.seed.to_string()),
    ];
    lines.extend(run.defect.clone().map(|defect| ("defect", defect)));
    lines.extend(record.digest.clone().map(|digest| ("digest", digest)));
    lines.push(("events", record.events.to_string()));
    lines.iter().map(|(name, value)| format!("{name} {}\n", escape::line(value))).collect()
}

fn property(name: &str, value: &str) -> Property {
    Property::new(escape::line(name), escape::line(value))
}

/// The XML rounds to milliseconds where every other format cuts; one run must not have two times.
fn whole_ms(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_millis() * 1_000_000)
}
