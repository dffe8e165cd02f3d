//! The section on what held: each claim with its runs, its checks, and the hits of its marks.

use std::collections::BTreeMap;

use chaosdrill_core::{
    Campaign, Verdict,
    record::{self, ScenarioSummary, Summary, Tally},
};
use maud::{Markup, html};

use super::parts::{self, Fill, name, text};
use crate::{incomplete, limits, numbers, overview};

pub(super) fn section(campaign: &Campaign, summary: &Summary) -> Markup {
    let mut scenarios: Vec<&ScenarioSummary> = summary.scenarios.iter().collect();
    // The bound must not hide what matters: scenarios that did not hold come first.
    scenarios.sort_by_key(|scenario| {
        std::cmp::Reverse((scenario.tally.invalid > 0, scenario.tally.unknown > 0))
    });
    let (rows, bytes) = limits::HTML_SCENARIOS;
    let parts = overview::by_scenario(campaign);
    let fill = Fill::new(scenarios, rows, bytes, |scenario| {
        let none = Checks::new();
        let checks = campaign.totals.scenario(&scenario.name).map_or(&none, |it| &it.checks);
        let part = parts.get(scenario.name.as_str());
        let time =
            part.map(|part| numbers::span(record::nanos(part.virtual_time))).unwrap_or_default();
        row(scenario, checks, &time)
    });
    let table = html! {
        table.held {
            thead { tr {
                th scope="col" { "Claim" } th.number scope="col" { "Runs" } th.number scope="col" { "Held" }
                th.number scope="col" { "Unknown" } th.number scope="col" { "Violated" }
                th scope="col" { "Sometimes" }
            } }
            tbody { (fill) }
        }
        (fill.rest("scenario"))
    };
    let held =
        summary.scenarios.iter().filter(|s| s.tally.runs > 0 && s.tally.valid == s.tally.runs);
    html! {
        section #held aria-labelledby="held-title" {
            h2 #held-title { "What held" }
            p {
                (numbers::grouped(held.count() as u64)) " of "
                (numbers::counted(summary.scenarios.len() as u64, "claim")) " held in every "
                @if incomplete::cut(summary).is_some() { "recorded " } "run."
            }
            (parts::wide("Claims", &table))
        }
    }
}

/// Each check of a scenario with its kind, and how it ended over all runs.
type Checks = BTreeMap<String, (String, Tally)>;

fn row(scenario: &ScenarioSummary, checks: &Checks, virtual_time: &str) -> Markup {
    let Tally { runs, valid, unknown, invalid } = scenario.tally;
    let (rows, bytes) = limits::HTML_CHECKS;
    let marks = Fill::new(&scenario.marks, rows, bytes / 4, |(mark, hits)| mark_item(mark, *hits));
    html! {
        tr {
            th scope="row" {
                code { (name(&scenario.name)) }
                span.claim { (text(&scenario.claim)) }
                (checks_of(checks, virtual_time))
            }
            td.number { (numbers::grouped(runs)) }
            td.number { (numbers::grouped(valid)) }
            td class=(if unknown > 0 { "number doubtful" } else { "number" }) { (numbers::grouped(unknown)) }
            td class=(if invalid > 0 { "number bad" } else { "number" }) { (numbers::grouped(invalid)) }
            td { @if !scenario.marks.is_empty() { ul.marks { (marks) } } (marks.rest("mark")) }
        }
    }
}

fn mark_item(mark: &str, hits: u64) -> Markup {
    html! {
        li class=[(hits == 0).then_some("bad")] {
            (name(mark)) " "
            @if hits == 0 { strong { "never" } } @else { span.times { "× " (numbers::grouped(hits)) } }
        }
    }
}

fn checks_of(checks: &Checks, virtual_time: &str) -> Markup {
    // Checks that did not hold come first.
    let mut ordered: Vec<(&str, &str, Tally)> =
        checks.iter().map(|(check, (kind, tally))| (&**check, &**kind, *tally)).collect();
    ordered.sort_by_key(|(_, _, tally)| std::cmp::Reverse((tally.invalid, tally.unknown)));
    let (rows, bytes) = limits::HTML_CHECKS;
    let fill = Fill::new(ordered, rows, bytes, |(check, kind, tally)| {
        let verdict = if tally.invalid > 0 {
            Verdict::Invalid
        } else if tally.unknown > 0 {
            Verdict::Unknown
        } else {
            Verdict::Valid
        };
        html! {
            li class=[(verdict == Verdict::Valid).then_some("ok")] {
                code { (name(check)) } " " span.kind { (name(kind)) } " "
                @match verdict {
                    Verdict::Valid => { "held " (numbers::grouped(tally.valid)) },
                    Verdict::Unknown => span.doubtful { "unknown " (numbers::grouped(tally.unknown)) },
                    Verdict::Invalid => span.bad { "violated " (numbers::grouped(tally.invalid)) },
                }
            }
        }
    });
    html! {
        @if !checks.is_empty() {
            details {
                summary { (numbers::counted(checks.len() as u64, "check")) ", " (virtual_time) " of virtual time" }
                ul.checks { (fill) }
                (fill.rest("check"))
            }
        }
    }
}
