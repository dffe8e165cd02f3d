//! The findings: one row for each, with its first run.
//!
//! A check that fails under a thousand seeds is one thing to mend; a row for each run would drown the others.

use chaosdrill_core::record::{Finding, Summary};

use super::{name, table::Table};
use crate::{command, escape, limits, words};

/// The findings section; nothing where every run was valid.
pub(super) fn section(summary: &Summary) -> String {
    let head = ["priority", "verdict", "scenario", "check", "runs:", "why", "replay"];
    let program = &summary.campaign.program;
    let table = Table::new(&head, limits::MARKDOWN_FINDINGS);
    let table = table.fill(&summary.findings, |finding| {
        vec![
            finding.priority.name().to_owned(),
            finding.verdict.name().to_owned(),
            name(&finding.run.scenario),
            name(&finding.check),
            words::grouped(finding.count),
            escape::markdown(&finding.why, limits::MARKDOWN_TEXT_CHARS_MAX),
            replay(program, finding),
        ]
    });
    table.section("Findings", "finding")
}

fn replay(program: &str, finding: &Finding) -> String {
    let command = command::replay(program, &finding.run, None);
    if command.len() > limits::MARKDOWN_COMMAND_BYTES_MAX {
        return "(too long to show)".to_owned();
    }
    escape::markdown(&command, limits::MARKDOWN_COMMAND_BYTES_MAX)
}
