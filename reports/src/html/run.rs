//! Renders `report.html` of one run, the page beside its plan and its trace.

use chaosdrill_core::{
    Fault, Origin, Record, Verdict, duration,
    record::{CheckRecord, FaultRecord},
};
use maud::{Markup, PreEscaped, html};

use super::{
    MEASURED_BEGIN, MEASURED_END, findings, frame, head,
    parts::{self, Fill, command, linked, name, text},
    picture,
};
use crate::{command::OfRun, limits, numbers, prose, story::Story, timeline, timeline::Timeline};

/// The prefix of the ids of the page's only picture.
const ID: &str = "run";

/// Renders the page of one run. `program` is the command that starts a replay, such as `cargo drill`, and `folder` is
/// the folder of the run as commands name it.
///
/// # Panics
///
/// If the page is longer than its bound, which no input can cause.
pub fn run(story: &Story, program: &str, folder: &str) -> String {
    let record = &story.record;
    let commands = OfRun { program, run: &record.run, folder: folder.to_owned() };
    let picture = Timeline::of(record, &story.events);
    let mut notes: Vec<String> = super::newer(record.version).into_iter().collect();
    notes.extend(story.notes.iter().cloned());
    let contents = html! {
        nav.contents aria-label="Sections" {
            a href="#top" { "Run" } a href="#story" { "What happened" } a href="#faults" { "Faults" }
            a href="#checks" { "Checks" } a href="#sites" { "Sites" } a href="#events" { "Events" }
        }
    };
    let body = html! {
        (header(record))
        main {
            (super::notes(&notes))
            (what_happened(story, picture.as_ref(), &commands))
            (faults(story))
            (checks(record))
            (sites(record))
            (events(story, picture.as_ref()))
        }
    };
    let title = format!("Chaos drill: {} {}", name(&record.run.scenario), record.run.seed);
    let html = frame::document(&title, &contents, &body);
    assert!(html.len() < limits::HTML_BYTES_MAX, "the bounds of the sections fit into the whole");
    html
}

fn header(record: &Record) -> Markup {
    let run = &record.run;
    let sentence = match record.headline() {
        Some(check) if record.verdict == Verdict::Invalid => {
            html! { code { (name(&check.name)) } " is violated" }
        }
        Some(check) => html! { "undecided: " code { (name(&check.name)) } },
        None => html! { "every check held" },
    };
    html! {
        header #top .head {
            p.over { "One run of " code { (name(&run.scenario)) } }
            h1 { (head::badge(record.verdict)) " " (sentence) "." }
            p.claim-head { (text(&record.claim)) }
            dl.facts {
                (head::fact("Seed", &run.seed.to_string()))
                (head::fact("Faults by", &name(&run.origin.to_string())))
                @if let Some(defect) = &run.defect { (head::fact("Planted bug", &name(defect))) }
                (head::fact("Database", &name(&run.db)))
                (head::fact("Simulator", &name(&run.simulator)))
                (head::fact("Virtual time", &numbers::span(record.virtual_ns)))
                (head::fact("Events", &numbers::grouped(record.events)))
                div.digest { dt { "Digest" } dd { code { (record.digest.as_deref().map_or("none".to_owned(), name)) } } }
            }
            (PreEscaped(MEASURED_BEGIN))
            aside.measured aria-label="Measured on this machine" {
                p {
                    "Measured: " (numbers::grouped(record.measured.wall_us / 1_000)) " ms of wall clock."
                    @if !record.measured.stderr.is_empty() {
                        " Standard error of the worker: " code { (text(&record.measured.stderr)) }
                    }
                }
            }
            (PreEscaped(MEASURED_END))
            (parts::where_to_run())
        }
    }
}

fn what_happened(story: &Story, picture: Option<&Timeline>, commands: &OfRun<'_>) -> Markup {
    let record = &story.record;
    let target = |event: u64| {
        picture.filter(|picture| picture.shows(event)).map(|_| format!("{ID}-e{event}"))
    };
    let minimal = story.minimal.is_some();
    let is_kept = matches!(record.run.origin, Origin::Kept(_));
    html! {
        section #story aria-labelledby="story-title" {
            h2 #story-title { "What happened" }
            @if let Some(check) = record.headline() {
                dl.story {
                    dt { "Check" } dd { code { (name(&check.name)) } (bound(check)) }
                    dt { (if record.verdict == Verdict::Invalid { "Witness" } else { "Why" }) }
                    dd {
                        (linked(&head::text_or(&check.why, "the check gave no reason"), target))
                        @let events = findings::witness_events(story, &check.name);
                        @if !events.is_empty() {
                            ul.events { @for (number, at, said) in &events {
                                li { (linked(&format!("#{number}"), target)) " " span.at { (at) } " " (said) }
                            } }
                        }
                    }
                }
            }
            div.commands {
                (command("replay", &commands.replay_plan()))
                @if minimal { (command("minimal", &commands.minimal())) }
                @if record.verdict == Verdict::Invalid {
                    (findings::next(commands, minimal, is_kept))
                }
            }
            @if story.smallest.is_some() {
                p { "The run of the smallest plan has "
                    a href="smallest/report.html" { "a page of its own" } ", with fewer events." }
            }
            @match picture {
                Some(picture) => (picture::drawn(picture, ID)),
                None => p.note { "No timeline: the run has no events." },
            }
        }
    }
}

fn bound(check: &CheckRecord) -> Markup {
    html! {
        @if let Some(bound) = check.within_ns {
            ", within " (duration::format(std::time::Duration::from_nanos(bound))) " after heal"
        }
    }
}

fn faults(story: &Story) -> Markup {
    let record = &story.record;
    let (rows, bytes) = limits::HTML_FINDINGS_LISTED;
    let fill = Fill::new(&record.faults, rows, bytes, |fault: &FaultRecord| {
        html! {
            tr {
                th scope="row" { (name(&fault.to_string())) }
                td { @match fault.fired {
                    Some(event) => { "at #" (event) },
                    None => span.quiet { "never struck" },
                } }
            }
        }
    });
    let minimal = story.minimal.as_ref().map(|plan| plan.faults.iter().collect::<Vec<&Fault>>());
    html! {
        section #faults aria-labelledby="faults-title" {
            h2 #faults-title { "Faults" }
            @if let Some(minimal) = &minimal {
                p { (numbers::grouped(minimal.len() as u64)) " of "
                    (numbers::counted(record.faults.len() as u64, "fault")) " needed:" }
                (findings::fault_list(minimal))
            }
            (in_words(story))
            @if record.faults.is_empty() { p { "None were planned." } } @else {
                (parts::wide("Faults", &html! {
                    table {
                        thead { tr { th scope="col" { "Planned" } th scope="col" { "Struck" } } }
                        tbody { (fill) }
                    }
                    (fill.rest("fault"))
                }))
            }
        }
    }
}

/// The whole plan in plain English.
fn in_words(story: &Story) -> Markup {
    let Some(plan) = &story.plan else { return Markup::default() };
    let (rows, bytes) = limits::HTML_FINDINGS_LISTED;
    let fill = Fill::new(prose::plan(plan), rows, bytes, |line| html! { li { (text(&line)) } });
    html! {
        details { summary { "The plan in words" } ul { (fill) } (fill.rest("sentence")) }
    }
}

fn checks(record: &Record) -> Markup {
    let mut checks: Vec<&CheckRecord> = record.checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    let (rows, bytes) = limits::HTML_FINDINGS_LISTED;
    let fill = Fill::new(checks, rows, bytes, |check| {
        html! {
            tr {
                th scope="row" { code { (name(&check.name)) } }
                td { (name(&check.kind)) (bound(check)) }
                td { (check.priority.name()) }
                td { (head::badge(check.verdict)) }
                td { (text(&check.why)) }
            }
        }
    });
    let table = html! {
        table {
            thead { tr {
                th scope="col" { "Check" } th scope="col" { "Kind" } th scope="col" { "Priority" }
                th scope="col" { "Verdict" } th scope="col" { "Why" }
            } }
            tbody { (fill) }
        }
        (fill.rest("check"))
    };
    html! {
        section #checks aria-labelledby="checks-title" {
            h2 #checks-title { "Checks" }
            (parts::wide("Checks", &table))
            (marks(record))
        }
    }
}

fn marks(record: &Record) -> Markup {
    let (rows, bytes) = limits::HTML_CHECKS;
    let fill = Fill::new(&record.marks, rows, bytes, |(mark, hits)| {
        html! { li { (name(mark)) " " span.times { "× " (numbers::grouped(*hits)) } } }
    });
    html! {
        @if !record.marks.is_empty() { h3 { "Sometimes" } ul.marks { (fill) } (fill.rest("mark")) }
    }
}

fn sites(record: &Record) -> Markup {
    let (rows, bytes) = limits::HTML_SITES;
    let fill = Fill::new(&record.sites, rows, bytes, |(site, passes)| {
        html! { li { code { (name(site)) } " " span.times { "× " (numbers::grouped(*passes)) } } }
    });
    html! {
        section #sites aria-labelledby="sites-title" {
            h2 #sites-title { "Sites" }
            p { (numbers::counted(record.sites.len() as u64, "boundary site")) " were passed." }
            ul.sites { (fill) }
            (fill.rest("site"))
        }
    }
}

/// The events that checks see; if there are too many, those around the witness.
fn events(story: &Story, picture: Option<&Timeline>) -> Markup {
    let (rows, bytes) = limits::HTML_EVENTS;
    let history: Vec<_> =
        story.events.iter().filter(|event| event.kind.belongs_to_history()).collect();
    let last = story.record.headline().and_then(|check| check.witness.iter().max().copied());
    // Without a witness, the verdict of a long run is most likely about its end.
    let end = match last {
        Some(last) => history.partition_point(|event| event.seq <= last) + rows / 4,
        None => history.len(),
    };
    let end = end.min(history.len());
    let shown = &history[end.saturating_sub(rows)..end];
    let fill = Fill::new(shown, rows, bytes, |event| {
        let linked = picture.is_some_and(|picture| picture.shows(event.seq));
        html! {
            li {
                @if linked { a href=(format!("#{ID}-e{}", event.seq)) { "#" (event.seq) } }
                @else { "#" (event.seq) }
                " " span.at { (numbers::instant(event.at_ns)) } " " (timeline::event_in_words(event))
            }
        }
    });
    html! {
        section #events aria-labelledby="events-title" {
            h2 #events-title { "Events" }
            p {
                (numbers::grouped(shown.len() as u64)) " of "
                (numbers::counted(history.len() as u64, "event")) " that checks can see; "
                code { "trace.jsonl" } " has all events, with every step."
            }
            details { summary { "Show these events" } ol.events { (fill) } (fill.rest("event")) }
        }
    }
}
