//! The faults that a finding takes: its smallest plan, and the other ways to it.

use chaosdrill_core::{Campaign, Fault, Record, record::Finding};
use maud::{Markup, html};

use super::super::{
    Page, head,
    parts::{self, Fill, command, name, text},
};
use crate::{limits, numbers, prose, story::Story, words};

/// The faults of a finding in one line, because findings of the same check differ in their faults. If the plan was not
/// shrunk, some of the faults that struck may not be needed.
pub(super) fn takes(campaign: &Campaign, finding: &Finding) -> Markup {
    let record = campaign.record_of(finding);
    let is_planned = record.is_none_or(|record| !record.faults.is_empty());
    let (faults, is_known): (Vec<&Fault>, bool) = match finding.minimal() {
        Some(faults) => (faults.iter().collect(), true),
        None => (struck(record), !is_planned),
    };
    let more = faults.len().saturating_sub(1) as u64;
    html! {
        @match faults.first() {
            Some(fault) => {
                @if !is_known { span.quiet { "not shrunk; struck: " } }
                (name(&fault.to_string()))
                @if more > 0 { " and " (numbers::grouped(more)) " more" }
            }
            None if is_known => "no fault",
            None => span.quiet { "not shrunk; none struck" },
        }
    }
}

/// The faults of the smallest plan in prose, or the faults that struck if the plan was not shrunk.
pub(super) fn smallest(
    finding: &Finding,
    record: Option<&Record>,
    story: Option<&Story>,
) -> Markup {
    let planned = record.map_or(0, |record| record.faults.len()) as u64;
    let minimal = finding.triage.as_ref().and_then(|triage| triage.minimal.as_ref());
    let by_hand = story.and_then(|story| story.minimal.as_ref()).map(|plan| &plan.faults);
    let known = minimal.map(|minimal| &minimal.faults).or(by_hand);
    let struck = struck(record);
    let (faults, said): (Vec<&Fault>, Option<String>) = match known {
        Some(faults) => {
            let of = numbers::grouped(faults.len() as u64);
            let runs = minimal.map(|minimal| numbers::counted(minimal.runs, "run"));
            let runs = runs.map(|runs| format!(", shrunk in {runs}")).unwrap_or_default();
            let said = format!("{of} of {} needed{runs}.", numbers::counted(planned, "fault"));
            (faults.iter().collect(), (planned > 0).then_some(said))
        }
        None => {
            let said = format!(
                "{}. To shrink it, run the shrink command below. Of {}, {} struck{}",
                head::capitalised(&words::not_smaller()),
                numbers::counted(planned, "planned fault"),
                numbers::grouped(struck.len() as u64),
                if struck.is_empty() { "." } else { "; which of them are needed is not known:" },
            );
            (struck, (planned > 0).then_some(said))
        }
    };
    html! {
        @if faults.is_empty() { "No fault at all: the fault-free run is enough. " }
        @if known.is_some() {
            (fault_list(&faults))
            @if let Some(said) = said { p.quiet { (said) } }
        } @else {
            @if let Some(said) = said { (said) }
            (fault_list(&faults))
        }
    }
}

pub(in crate::html) fn fault_list(faults: &[&Fault]) -> Markup {
    let (rows, bytes) = limits::HTML_FAULTS;
    let fill =
        Fill::new(faults, rows, bytes, |fault| html! { li { (text(&prose::fault(fault))) } });
    html! {
        @if !faults.is_empty() { ol.faults { (fill) } }
        (fill.rest("fault"))
    }
}

pub(super) fn struck(record: Option<&Record>) -> Vec<&Fault> {
    let faults = record.map(|record| record.faults.as_slice()).unwrap_or_default();
    faults.iter().filter(|fault| fault.fired.is_some()).map(|fault| &fault.fault).collect()
}

/// The other ways to the finding, and the scenarios that show it.
pub(super) fn ways(page: &Page<'_>, finding: &Finding) -> Markup {
    if finding.ways.len() < 2 && finding.scenarios.len() < 2 {
        return Markup::default();
    }
    let (rows, bytes) = limits::HTML_WAYS;
    let ways = Fill::new(&finding.ways, rows, bytes, |way| {
        let faults = way.faults.iter().map(prose::fault).collect::<Vec<_>>().join(" ");
        let faults = if faults.is_empty() {
            "No fault: the fault-free run is enough.".to_owned()
        } else {
            faults
        };
        html! {
            tr {
                td { (text(&faults)) }
                td.number { (numbers::grouped(way.runs)) }
                td { code { (name(&way.run.scenario)) } (command("replay", &page.commands.of(&way.run).minimal())) }
            }
        }
    });
    let scenarios = Fill::new(&finding.scenarios, rows, bytes, |scenario| {
        html! {
            li { code { (name(&scenario.name)) } " " span.times { "× " (numbers::grouped(scenario.runs)) } }
        }
    });
    html! {
        details.found-in {
            summary {
                "Found in "
                @if finding.ways.len() > 1 { (numbers::counted(finding.ways.len() as u64, "way")) " and in " }
                (numbers::counted(finding.scenarios.len() as u64, "scenario"))
            }
            @if finding.ways.len() > 1 {
                (parts::wide("Ways to the finding", &html! {
                    table {
                        thead { tr {
                            th scope="col" { "Smallest plan" } th.number scope="col" { "Runs" } th scope="col" { "Shown by" }
                        } }
                        tbody { (ways) }
                    }
                    (ways.rest("way"))
                }))
            }
            p { "Scenarios whose runs show it:" }
            ul.marks { (scenarios) }
            (scenarios.rest("scenario"))
        }
    }
}
