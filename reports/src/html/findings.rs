//! The findings section, the worst first: claim, witness, faults, picture, commands, coverage.

use std::cell::Cell;

use chaosdrill_core::{
    Fault, Priority, Record, RunId, Verdict,
    record::{CheckRecord, Finding, Summary},
};
use maud::{Markup, html};

use super::{
    Page, head,
    parts::{self, Fill, command, linked, name, text},
    picture,
};
use crate::{
    against::{Against, Status},
    command as commands,
    coverage::{Atlas, Block},
    incomplete, limits, numbers,
    story::{self, Story},
    timeline::{self, Timeline},
    words,
};

/// Values that all findings of a page share.
struct Context<'a> {
    page: &'a Page<'a>,
    atlas: Atlas<'a>,
    against: Option<&'a Against<'a>>,
    /// The bytes that are left for pictures.
    picture_bytes: Cell<usize>,
}

pub(super) fn section(page: &Page<'_>, summary: &Summary, against: Option<&Against<'_>>) -> Markup {
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
            @if let Some(against) = against { (gone(against)) }
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
                td { (takes(context, finding)) }
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
                th scope="col" { "Check" } th scope="col" { "It takes" } th scope="col" { "First in" } th.number scope="col" { "Runs" }
                @if context.against.is_some() { th scope="col" { "Status" } }
            } }
            tbody { (fill) }
        }
        (fill.rest("finding"))
    };
    parts::wide("All findings", &table)
}

/// The faults of a finding in one line, because findings of the same check differ in their faults. If the plan was not
/// shrunk, some of the faults that struck may not be needed.
fn takes(context: &Context<'_>, finding: &Finding) -> Markup {
    let record = context.page.campaign.records.iter().find(|record| record.run == finding.run);
    let is_planned = record.is_none_or(|record| !record.faults.is_empty());
    let (faults, is_known): (Vec<&Fault>, bool) = match finding.minimal() {
        Some(faults) => (faults.iter().collect(), true),
        None => (struck(record), !is_planned),
    };
    let more = faults.len().saturating_sub(1) as u64;
    html! {
        @match faults.first() {
            Some(fault) => {
                @if !is_known { span.quiet { "not made smaller; struck: " } }
                (name(&fault.to_string()))
                @if more > 0 { " and " (numbers::grouped(more)) " more" }
            }
            None if is_known => "no fault",
            None => span.quiet { "not made smaller; none struck" },
        }
    }
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
    let records = &context.page.campaign.records;
    let record = records.iter().find(|record| record.run == finding.run);
    let story = story::of(context.page.stories, &finding.run);
    let picture = story.and_then(|story| Timeline::of(&story.record, &story.events));
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
                @match status {
                    Some(Status::New) => span.chip.fresh { "new" },
                    Some(Status::Ongoing) => span.chip { "ongoing" },
                    None => {},
                }
            }
            dl.story {
                dt { "Claim" } dd { (claim) }
                dt { (if finding.verdict == Verdict::Invalid { "Witness" } else { "Why" }) }
                dd { (witness(finding, story, picture.as_ref(), &id)) }
                dt { "Smallest plan" } dd { (smallest(finding, record, story)) }
                dt { "First run" } dd { (first_run(&finding.run)) }
            }
            (self::commands(context.page, finding, story))
            @if let Some(story) = story { (unread(story)) }
            (figure(context, picture.as_ref(), finding, story, &id))
            (block(context, finding, record))
        }
    }
}

fn claim(page: &Page<'_>, finding: &Finding, record: Option<&Record>) -> String {
    let scenarios = &page.campaign.header.scenarios;
    let announced = scenarios.iter().find(|scenario| scenario.name == finding.run.scenario);
    let claim = announced.map(|scenario| scenario.claim.as_str());
    text(claim.or(record.map(|record| record.claim.as_str())).unwrap_or_default())
}

fn first_run(run: &RunId) -> Markup {
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
    html! {
        (linked(&head::text_or(&finding.why, "the check gave no reason"), target))
        @if !events.is_empty() {
            ul.events {
                @for (number, at, said) in &events {
                    li { (linked(&format!("#{number}"), target)) " " span.at { (at) } " " (said) }
                }
            }
        }
    }
}

/// The events of a check's witness, in words.
pub(super) fn witness_events(story: &Story, check: &str) -> Vec<(u64, String, String)> {
    let is_it = |other: &&CheckRecord| other.name == check && other.verdict != Verdict::Valid;
    let Some(check) = story.record.checks.iter().find(is_it) else { return Vec::new() };
    let events = check.witness.iter().filter_map(|number| story.event(*number));
    events
        .take(limits::WITNESS_EVENTS_MAX)
        .map(|event| {
            let said = timeline::change_in_words(event, &story.events);
            (event.seq, numbers::instant(event.at_ns), said)
        })
        .collect()
}

/// The faults of the smallest plan and its outcome, or the faults that struck if the plan was not shrunk.
fn smallest(finding: &Finding, record: Option<&Record>, story: Option<&Story>) -> Markup {
    let planned = record.map_or(0, |record| record.faults.len()) as u64;
    let minimal = finding.triage.as_ref().and_then(|triage| triage.minimal.as_ref());
    let by_hand = story.and_then(|story| story.minimal.as_ref()).map(|plan| &plan.faults);
    let known = minimal.map(|minimal| &minimal.faults).or(by_hand);
    let (faults, said): (Vec<&Fault>, String) = match known {
        Some(faults) => {
            let needed = numbers::grouped(faults.len() as u64);
            let of = numbers::counted(planned, "fault");
            let runs = minimal.map(|minimal| numbers::counted(minimal.runs, "run"));
            let runs = runs.map(|runs| format!(", found in {runs}")).unwrap_or_default();
            let end = if faults.is_empty() { "." } else { ":" };
            (faults.iter().collect(), format!("{needed} of {of} needed{runs}{end}"))
        }
        None => {
            let struck = struck(record);
            let said = format!(
                "{}. The command shrink, below, looks for the smallest plan. Of {}, {} struck{}",
                head::capitalised(&words::not_smaller()),
                numbers::counted(planned, "planned fault"),
                numbers::grouped(struck.len() as u64),
                if struck.is_empty() { "." } else { "; which are needed is not known:" },
            );
            (struck, said)
        }
    };
    let why = minimal.and_then(|minimal| minimal.why.as_deref()).filter(|why| *why != finding.why);
    html! {
        @if planned == 0 && faults.is_empty() { "no fault at all: the calm run is enough" } @else {
            (said)
            (fault_list(&faults))
        }
        @if let Some(why) = why {
            p.shows { "Replayed by itself, it shows: " (text(why)) }
        }
    }
}

pub(super) fn fault_list(faults: &[&Fault]) -> Markup {
    let (rows, bytes) = limits::HTML_FAULTS;
    let fill = Fill::new(faults, rows, bytes, |fault| html! { li { (name(&fault.to_string())) } });
    html! {
        @if !faults.is_empty() { ol.faults { (fill) } }
        (fill.rest("fault"))
    }
}

pub(super) fn struck(record: Option<&Record>) -> Vec<&Fault> {
    let faults = record.map(|record| record.faults.as_slice()).unwrap_or_default();
    faults.iter().filter(|fault| fault.fired.is_some()).map(|fault| &fault.fault).collect()
}

fn commands(page: &Page<'_>, finding: &Finding, story: Option<&Story>) -> Markup {
    let (program, folder) = (&page.campaign.header.program, commands::folder(&finding.run));
    let has_minimal =
        finding.minimal().is_some() || story.is_some_and(|story| story.minimal.is_some());
    let plan = |file: &str| format!("{folder}/{file}");
    html! {
        div.commands {
            (command("replay", &commands::replay(program, &finding.run, None)))
            @if has_minimal {
                (command("minimal", &commands::replay(program, &finding.run, Some(&plan("plan.min.toml")))))
            }
            @if finding.verdict == Verdict::Invalid {
                @if !has_minimal { (command("shrink", &commands::shrink(program, &plan("plan.toml")))) }
                (command("keep", &commands::keep(program, &folder)))
            }
        }
    }
}

/// Notes on files of a run that could not be read.
fn unread(story: &Story) -> Markup {
    let (rows, bytes) = limits::HTML_STORY_NOTES;
    let fill = Fill::new(&story.notes, rows, bytes, |note| html! { li { (text(note)) } });
    html! {
        @if !story.notes.is_empty() {
            div.unread {
                p.note { "Of this run, not everything could be read:" }
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
            Some(_) => "there are no events to show",
            None => "the folder of the run was not read",
        };
        return html! { p.note { "There is no picture: " (why) "." } };
    };
    let drawn = picture::drawn(picture, &format!("{id}-t"));
    let left = context.picture_bytes.get();
    if drawn.0.len() > left {
        return html! {
            p.note { "The picture is in " code { (name(&format!("{}/report.html", commands::folder(&finding.run)))) } "." }
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
        details.block open {
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
fn gone(against: &Against<'_>) -> Markup {
    let list = |title: &str, findings: Vec<&Finding>| {
        let none = findings.is_empty();
        let (rows, bytes) = limits::HTML_FINDINGS_LISTED;
        let fill = Fill::new(findings, rows, bytes, |finding| {
            html! { li { code { (name(&finding.check)) } " in " code { (name(&finding.run.scenario)) } } }
        });
        html! { @if !none { h3 { (title) } ul { (fill) } (fill.rest("finding")) } }
    };
    html! {
        (list("Fixed since the earlier campaign", against.fixed()))
        (list("Found earlier, and not looked for now", against.not_looked_for()))
    }
}
