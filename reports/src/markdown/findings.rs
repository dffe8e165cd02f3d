//! The findings: one row for each check of a scenario that was not valid, with its first run.
//!
//! A check that fails under a thousand seeds is one thing to mend; a row for each run would drown the others.

use std::collections::BTreeMap;

use chaosdrill_core::record::{Finding, Summary};

use super::{name, table::Table};
use crate::{command, escape, limits, words};

/// The findings section; nothing where every run was valid.
pub(super) fn section(summary: &Summary) -> String {
    let head = ["priority", "verdict", "scenario", "check", "runs:", "why", "replay"];
    let program = &summary.campaign.program;
    let table = Table::new(&head, limits::MARKDOWN_FINDINGS);
    let table = table.fill(grouped(&summary.findings), |(finding, runs)| {
        vec![
            finding.priority.name().to_owned(),
            finding.verdict.name().to_owned(),
            name(&finding.run.scenario),
            name(&finding.check),
            words::grouped(runs),
            escape::markdown(&finding.why, limits::MARKDOWN_TEXT_CHARS_MAX),
            replay(program, finding),
        ]
    });
    table.section("Findings", "finding")
}

/// The first finding of each group with the number of its runs, in the order of the findings.
fn grouped(findings: &[Finding]) -> Vec<(&Finding, u64)> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<(&Finding, u64)> = vec![];
    for finding in findings {
        let key = (&finding.run.scenario, &finding.check, finding.verdict, &finding.run.defect);
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, runs)) => *runs += 1,
            None => groups.push((finding, 1)),
        }
    }
    groups
}

fn replay(program: &str, finding: &Finding) -> String {
    let command = command::replay(program, &finding.run, None);
    if command.len() > limits::MARKDOWN_COMMAND_BYTES_MAX {
        return "(too long to show)".to_owned();
    }
    escape::markdown(&command, limits::MARKDOWN_COMMAND_BYTES_MAX)
}
