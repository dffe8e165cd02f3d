//! The findings section, the worst first: claim, witness, faults, picture, commands, coverage.

mod takes;

use std::cell::Cell;

use chaosdrill_core::{
    Fault, Priority, Record, RunId, Verdict,
    record::{CheckRecord, Finding, Summary},
};
use maud::{Markup, html};

pub(super) use self::takes::fault_list;
use self::takes::{smallest, struck, takes, ways};
use super::{
    Page, head,
    parts::{self, Fill, command, linked, name, text},
    picture,
};
use crate::{
    against::{Against, Status},
    command::OfRun,
    coverage::{Atlas, Block},
    incomplete, limits, numbers,
    story::{self, Story},
    timeline::{self, Timeline},
};

/// Values that all findings of a page share.
struct Context<'a> {
    page: &'a Page<'a>,
    atlas: Atlas<'a>,
    against: Option<&'a Against>,
    /// The bytes that are left for pictures.
    picture_bytes: Cell<usize>,
}

pub(super) fn section(page: &Page<'_>, summary: &Summary) -> Markup {
    let against = page.against;
    let context = Context {
        page,
        atlas: Atlas::of(page.campaign),
        against,
        picture_bytes: Cell::new(limits::HTML_TIMELINES_BYTES_MAX),
    };
    let (rows, bytes) = limits::HTML_FINDINGS;
    let told =
        Fill::new(&summary.findings, rows, bytes, |finding| self::finding(&context, finding));
    html! {
        section #findings aria-labelledby="findings-title" {
            h2 #findings-title { "Findings" }
            @if summary.findings.is_empty() {
                p {
                    "None: every " @if incomplete::cut(summary).is_some() { "recorded " }
                    "run of this campaign held."
                }
            } @else if summary.findings.len() > 1 {
                (list(&context, &summary.findings))
            }
            (told)
            (told.rest("finding"))
            @if let Some(against) = against {
                p { (head::capitalised(&against.because())) "." }
                (gone(against))
            }
        }
    }
}

/// All findings in one table.
fn list(context: &Context<'_>, findings: &[Finding]) -> Markup {
    let (rows, bytes) = limits::HTML_FINDINGS_LISTED;
    let fill = Fill::new(findings.iter().enumerate(), rows, bytes, |(index, finding)| {
        let told = index < limits::HTML_FINDINGS.0;
        let id = name(&finding.id);
        html! {
            tr {
                th scope="row" {
                    @if told { a href=(format!("#{}", anchor(finding))) { (id) } } @else { (id) }
                }
                td { span class=(format!("priority {}", finding.priority.name())) { (finding.priority.name()) } }
                td { (head::badge(finding.verdict)) }
                td { code { (name(&finding.check)) } }
                td { (takes(context.page.campaign, finding)) }
                td { code { (name(&finding.run.scenario)) } }
                td.number { (numbers::grouped(finding.count)) }
                @if let Some(against) = context.against { td { (against.status(finding).name()) } }
            }
        }
    });
    let table = html! {
        table.all {
            thead { tr {
                th scope="col" { "Finding" } th scope="col" { "Priority" } th scope="col" { "Verdict" }
                th scope="col" { "Check" } th scope="col" { "Faults needed" } th scope="col" { "Shown by" } th.number scope="col" { "Runs" }
                @if context.against.is_some() { th scope="col" { "Status" } }
            } }
            tbody { (fill) }
        }
        (fill.rest("finding"))
    };
    parts::wide("All findings", &table)
}

/// The anchor of a finding on the page, such as `f1`. Only the number comes from the record.
fn anchor(finding: &Finding) -> String {
    let digits: String = finding.id.chars().filter(char::is_ascii_digit).take(9).collect();
    format!("f{digits}")
}

fn priority(priority: Priority) -> Markup {
    html! { span class=(format!("priority {}", priority.name())) { (priority.name()) " priority" } }
}

fn finding(context: &Context<'_>, finding: &Finding) -> Markup {
    let id = anchor(finding);
    let record = context.page.campaign.record_of(finding);
    let story = story::of(context.page.stories, &finding.run);
    let simplest = story.map(Story::simplest);
    let picture = simplest.and_then(|story| Timeline::of(&story.record, &story.events));
    let claim = claim(context.page, finding, record);
    let status = context.against.map(|against| against.status(finding));
    html! {
        article.finding id=(id) aria-labelledby=(format!("{id}-title")) {
            h3 id=(format!("{id}-title")) {
                span.id { (name(&finding.id)) } " " code { (name(&finding.check)) }
            }
            p.chips {
                (priority(finding.priority)) (head::badge(finding.verdict))
                span.chip { (numbers::counted(finding.count, "run")) }
                @if finding.ways.len() > 1 {
                    span.chip { "found in " (numbers::counted(finding.ways.len() as u64, "way")) }
                }
                @match status {
                    Some(Status::New) => span.chip.fresh { "new" },
                    Some(Status::Ongoing) => span.chip { "ongoing" },
                    None => {},
                }
            }
            dl.story {
                dt { "Claim" } dd { (claim) }
                dt { (if finding.verdict == Verdict::Invalid { "Witness" } else { "Why" }) }
                dd { (witness(finding, simplest, picture.as_ref(), &id)) }
                dt { "Faults needed" } dd { (smallest(finding, record, story)) }
                (kept(context.page, finding))
                (also(finding))
                dt { "Run" } dd { (run_in_words(&finding.run)) }
            }
            (self::commands(context.page, finding, story))
            @if let Some(story) = story { (unread(story)) }
            (figure(context, picture.as_ref(), finding, simplest, &id))
            (ways(context.page, finding))
            (block(context, finding, record))
        }
    }
}

/// The kept plan that the run is of: the bug was found before, and is back.
fn kept(page: &Page<'_>, finding: &Finding) -> Markup {
    let Some(kept) = page.campaign.header.kept_of(&finding.run) else { return Markup::default() };
    html! {
        dt { "Kept plan" }
        dd { code { (name(&kept.file)) } @if !kept.why.is_empty() { ": " (text(&kept.why)) } }
    }
}

/// Other checks that the same runs violate: mostly consequences, but a second bug may hide behind them.
fn also(finding: &Finding) -> Markup {
    let (rows, bytes) = limits::HTML_CHECKS;
    let fill = Fill::new(&finding.also, rows, bytes, |(check, runs)| {
        html! { li { code { (name(check)) } " in " (numbers::counted(*runs, "of these run")) } }
    });
    html! {
        @if !finding.also.is_empty() {
            dt { "Also violated" } dd { ul.events { (fill) } (fill.rest("check")) }
        }
    }
}

fn claim(page: &Page<'_>, finding: &Finding, record: Option<&Record>) -> String {
    let scenarios = &page.campaign.header.scenarios;
    let announced = scenarios.iter().find(|scenario| scenario.name == finding.run.scenario);
    let claim = announced.map(|scenario| scenario.claim.as_str());
    text(claim.or(record.map(|record| record.claim.as_str())).unwrap_or_default())
}

fn run_in_words(run: &RunId) -> Markup {
    html! {
        code { (name(&run.scenario)) } ", seed " code { (run.seed) } ", faults by " code { (name(&run.origin.to_string())) }
        @if let Some(defect) = &run.defect { ", with the planted bug " code { (name(defect)) } }
        ", " (name(&run.db)) ", " (name(&run.simulator))
    }
}

/// The reason, and the events of the witness, each with a link into the picture.
fn witness(
    finding: &Finding,
    story: Option<&Story>,
    picture: Option<&Timeline>,
    id: &str,
) -> Markup {
    let target = |event: u64| {
        picture.filter(|picture| picture.shows(event)).map(|_| format!("{id}-t-e{event}"))
    };
    let events = story.map(|story| witness_events(story, &finding.check)).unwrap_or_default();
    let told = story.and_then(|story| bad_check(story, &finding.check));
    let why = told.map_or(&finding.why, |check| &check.why);
    html! {
        (linked(&head::text_or(why, "the check gave no reason"), target))
        @if !events.is_empty() {
            ul.events {
                @for (number, at, said) in &events {
                    li { (linked(&format!("#{number}"), target)) " " span.at { (at) } " " (said) }
                }
            }
        }
    }
}

/// The result of a check that did not hold.
fn bad_check<'a>(story: &'a Story, check: &str) -> Option<&'a CheckRecord> {
    let is_it = |other: &&CheckRecord| other.name == check && other.verdict != Verdict::Valid;
    story.record.checks.iter().find(is_it)
}

/// The events of a check's witness, in words.
pub(super) fn witness_events(story: &Story, check: &str) -> Vec<(u64, String, String)> {
    let Some(check) = bad_check(story, check) else { return Vec::new() };
    let events = check.witness.iter().filter_map(|number| story.event(*number));
    events
        .take(limits::WITNESS_EVENTS_MAX)
        .map(|event| {
            let said = timeline::change_in_words(event, &story.events);
            (event.seq, numbers::instant(event.at_ns), said)
        })
        .collect()
}

fn commands(page: &Page<'_>, finding: &Finding, story: Option<&Story>) -> Markup {
    let run = page.commands.of(&finding.run);
    let has_minimal =
        finding.minimal().is_some() || story.is_some_and(|story| story.minimal.is_some());
    let is_kept = page.campaign.header.kept_of(&finding.run).is_some();
    let whole = if has_minimal { "whole run" } else { "replay" };
    html! {
        div.commands {
            @if has_minimal { (command("replay", &run.minimal())) }
            (command(whole, &run.replay()))
            @if finding.verdict == Verdict::Invalid { (next(&run, has_minimal, is_kept)) }
        }
    }
}

/// The commands for what to do next with a violation. A plan that is kept already need not be kept again.
pub(super) fn next(run: &OfRun<'_>, has_minimal: bool, is_kept: bool) -> Markup {
    html! {
        @if !has_minimal { (command("shrink", &run.shrink())) }
        @if !is_kept { (command("keep", &run.keep())) }
    }
}

/// Notes on files of a run that could not be read.
fn unread(story: &Story) -> Markup {
    let (rows, bytes) = limits::HTML_STORY_NOTES;
    let fill = Fill::new(&story.notes, rows, bytes, |note| html! { li { (text(note)) } });
    html! {
        @if !story.notes.is_empty() {
            div.unread {
                p.note { "Some files of this run could not be read:" }
                ul.note { (fill) }
                (fill.rest("note"))
            }
        }
    }
}

fn figure(
    context: &Context<'_>,
    picture: Option<&Timeline>,
    finding: &Finding,
    story: Option<&Story>,
    id: &str,
) -> Markup {
    let Some(picture) = picture else {
        let why = match story {
            Some(story) if story.events.is_empty() => "no event of the run could be read",
            Some(_) => "the run has no events",
            None => "the folder of the run was not read",
        };
        return html! { p.note { "No timeline: " (why) "." } };
    };
    let drawn = picture::drawn(picture, &format!("{id}-t"));
    let left = context.picture_bytes.get();
    if drawn.0.len() > left {
        return html! {
            p.note { "The timeline is in " code { (name(&context.page.commands.of(&finding.run).file("report.html"))) } "." }
        };
    }
    context.picture_bytes.set(left - drawn.0.len());
    drawn
}

fn block(context: &Context<'_>, finding: &Finding, record: Option<&Record>) -> Markup {
    let faults: Vec<&Fault> = match finding.minimal() {
        Some(faults) => faults.iter().collect(),
        None => struck(record),
    };
    let Block { enumeration, found, touched, verified } = context.atlas.block(finding, &faults);
    let rows = html! {
        tr { th scope="row" { "Symptom" } td { (head::text_or(&finding.why, "the check gave no reason")) } }
        tr { th scope="row" { "Enumeration" } td { (name(&enumeration)) } }
        tr { th scope="row" { "Sites found" } td { (sites(&found)) } }
        tr { th scope="row" { "Sites touched" } td { (sites(&touched)) } }
        tr { th scope="row" { "Coverage test" } td {
            "check " code { (name(&finding.check)) } " of scenario " code { (name(&finding.run.scenario)) }
        } }
        tr { th scope="row" { "Verified by replay" } td { (text(&verified)) } }
    };
    html! {
        details.block {
            summary { "Coverage of this finding" }
            table.block { tbody { (rows) } }
        }
    }
}

/// The number of sites, and their names.
fn sites(sites: &[&str]) -> Markup {
    let shown = sites.iter().take(limits::HTML_BLOCK_SITES_MAX);
    let more = sites.len().saturating_sub(limits::HTML_BLOCK_SITES_MAX) as u64;
    html! {
        (numbers::grouped(sites.len() as u64))
        @if !sites.is_empty() {
            ": " @for (nth, site) in shown.enumerate() {
                @if nth > 0 { ", " } code { (name(site)) }
            }
            @if more > 0 { " and " (numbers::grouped(more)) " more" }
        }
    }
}

/// Findings of the earlier campaign that this campaign does not have.
fn gone(against: &Against) -> Markup {
    let list = |title: &str, findings: &[Finding]| {
        let none = findings.is_empty();
        let (rows, bytes) = limits::HTML_FINDINGS_LISTED;
        let fill = Fill::new(findings, rows, bytes, |finding| {
            html! { li { code { (name(&finding.check)) } " in " code { (name(&finding.run.scenario)) } } }
        });
        html! { @if !none { h3 { (title) } ul { (fill) } (fill.rest("finding")) } }
    };
    html! {
        (list("Fixed since the earlier campaign", against.fixed()))
        (list("Found in the earlier campaign, and not run again", against.not_looked_for()))
    }
}
