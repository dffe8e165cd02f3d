//! Hostile text in every place of a record, through every renderer.

use std::slice::from_ref;

use chaosdrill_core::{
    HostSelector, Origin, Record, Verdict,
    record::{Cut, Extent, Minimal, Triage},
};
use chaosdrill_reports::{
    Palette, Replay, Story, annotations,
    escape::without_workflow_commands,
    html,
    limits::{MARKDOWN_BYTES_MAX, TERMINAL_COLUMNS_MAX},
    markdown, terminal, trace_export, write_up,
};
use proptest::prelude::*;

use crate::{
    escape::hostile,
    html as page, junit,
    sample::{self, Campaign, junit},
    stories,
};

/// The sample's first finding and its header, with one text in place of every other.
fn poisoned(text: &str) -> Campaign {
    let mut campaign = sample::campaign();
    let record = poisoned_record(text);
    campaign.records = vec![record];
    let header = &mut campaign.header;
    for place in [&mut header.tool, &mut header.simulator, &mut header.db, &mut header.seeds] {
        text.clone_into(place);
    }
    header.program = text.to_owned();
    header.defect = Some(text.to_owned());
    for scenario in &mut header.scenarios {
        scenario.name = text.to_owned();
        scenario.claim = text.to_owned();
        scenario.marks = vec![text.to_owned()];
    }
    campaign.extent = poisoned_extent(text);
    campaign
}

/// An extent of which runs are missing for reasons that hold the text.
fn poisoned_extent(text: &str) -> Extent {
    let counts = || [(text.to_owned(), 7), (format!("{text} "), 7)].into();
    let cut = vec![
        Cut::Disk(text.to_owned()),
        Cut::LostWorker(text.to_owned()),
        Cut::PartMissing(text.to_owned()),
    ];
    Extent { ordered: counts(), open_sweeps: 0, recorded: counts(), cut }
}

fn poisoned_record(text: &str) -> Record {
    let mut record = sample::lease_expiry();
    let run = &mut record.run;
    for place in [&mut run.scenario, &mut run.db, &mut run.simulator] {
        text.clone_into(place);
    }
    run.origin = Origin::of(text);
    run.defect = Some(text.to_owned());
    record.claim = text.to_owned();
    record.digest = Some(text.to_owned());
    for check in &mut record.checks {
        check.name = text.to_owned();
        check.why = text.to_owned();
        check.verdict = Verdict::Invalid;
    }
    for fault in &mut record.faults {
        fault.fault =
            sample::fault(HostSelector::Named(text.into()), text, 1, fault.fault.act.clone());
    }
    let faults = record.faults.iter().map(|fault| fault.fault.clone()).collect();
    record.triage = Some(Triage {
        check: text.to_owned(),
        same_again: true,
        divergence: None,
        minimal: Some(Minimal {
            faults,
            runs: 1,
            why: Some(format!("by itself {text}")),
            digest: Some(text.to_owned()),
        }),
    });
    record.sites = [(text.to_owned(), 1)].into();
    record.marks = [(text.to_owned(), 0)].into();
    record
}

/// Every row of a table has as many cells as its head.
fn tables_are_whole(text: &str) -> bool {
    let cells = |row: &str| row.replace("\\|", "").matches('|').count();
    let mut width = None;
    text.lines().all(|line| {
        if !line.starts_with('|') {
            width = None;
            return true;
        }
        *width.get_or_insert(cells(line)) == cells(line)
    })
}

/// A story with one text in place of every other.
fn poisoned_story(text: &str) -> Story {
    let mut story = stories::lease_expiry();
    story.record = Record { checks: poisoned_record(text).checks, ..story.record };
    story.record.checks[0].witness = vec![402, 418];
    story.record.run = poisoned_record(text).run;
    story.notes = vec![text.to_owned()];
    for event in &mut story.events {
        // Hosts, names and values are foreign, and so is the name of a member.
        event.host = format!("{}{text}", event.host);
        event.name = format!("{}{text}", event.name);
        if let Some(members) = event.data.as_object_mut() {
            members.insert(text.to_owned(), text.into());
            for value in members.values_mut().filter(|value| value.is_string()) {
                *value = format!("m7{text}").into();
            }
        }
    }
    story
}

proptest! {
    #[test]
    fn no_text_becomes_a_part_of_a_page(text in hostile()) {
        let (campaign, story) = (poisoned(&text), poisoned_story(&text));
        let (plain_campaign, plain_story) = (poisoned("a#402"), poisoned_story("a#402"));
        let run = |story: &Story| html::run(story, &text, "target/drill/run");
        let proofs = |text: &str| html::proofs(&page::proofs_of(text), &[text.to_owned()], text);
        let pages = [
            (page::full(&campaign, from_ref(&story), &text), page::full(&plain_campaign, from_ref(&plain_story), "a")),
            (run(&story), run(&plain_story)),
            (proofs(&text), proofs("a")),
        ];
        for (page, plain) in pages {
            let (elements, links, comments) = page::anatomy(&page);
            let (mut known, _, marked) = page::anatomy(&plain);
            known.extend(page::anatomy(&run(&stories::lease_expiry())).0);
            let foreign: Vec<&String> = elements.difference(&known).collect();
            prop_assert!(foreign.is_empty(), "{:?}", foreign);
            prop_assert!(links.iter().all(|link| link.starts_with('#') || link == "data:,"), "{:?}", links);
            prop_assert_eq!(comments, marked);
            let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            prop_assert!(!page.contains(hidden));
            prop_assert!(!page.contains("hunter2"));
        }
    }

    #[test]
    fn no_text_breaks_what_other_tools_read(text in hostile()) {
        let (campaign, story) = (poisoned(&text), poisoned_story(&text));
        let annotations = annotations::github(&campaign.summary(), sample::COMMANDS);
        for line in annotations.lines() {
            let is_ours = |kind: &str| line.starts_with(&format!("::{kind} title="));
            prop_assert!(["error", "warning"].into_iter().any(is_ours), "{}", line);
            let (title, _) = line[2..].split_once("::").expect("a command and its message");
            prop_assert_eq!(title.matches([',', ':']).count(), 0, "{}", line);
        }
        let trace = trace_export::chrome_trace(&story.record, &story.events);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&trace).is_ok());
        let job = markdown::job_summary(&campaign.summary(), sample::COMMANDS);
        let write_up = write_up::write_up(&campaign.told(), &[], &[]);
        let proofs = markdown::proofs(&page::proofs_of(&text), from_ref(&text));
        for shown in [&annotations, &trace, &job, &write_up, &proofs] {
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{:?}", shown);
            prop_assert!(!shown.contains("hunter2"), "{}", shown);
        }
        prop_assert!(tables_are_whole(&job) && tables_are_whole(&write_up), "{}", write_up);
        prop_assert!(tables_are_whole(&proofs), "{}", proofs);
    }

    #[test]
    fn no_text_breaks_a_format(text in hostile()) {
        let campaign = poisoned(&text);

        let replay = Replay { plan: Some(&text), minimal: Some(&text), bundle: Some(&text), ..Replay::by_seed(&campaign.header.program) };
        let block = terminal::failure(&campaign.records[0], replay, &Palette::plain());
        let closing = terminal::closing(&campaign.told(), &Palette::plain());
        let summary = markdown::summary(&campaign.summary(), sample::COMMANDS, None, &[]);
        let xml = junit(&campaign, sample::COMMANDS, &[]).expect("in memory");
        prop_assert!(junit::read(&xml).is_ok(), "{}", xml);

        let incomplete = terminal::incomplete(&campaign.told(), &Palette::plain()).unwrap_or_default();
        prop_assert!(incomplete.starts_with("incomplete: "), "{}", incomplete);
        let is_narrow = |line: &str| line.chars().count() <= TERMINAL_COLUMNS_MAX;
        prop_assert!(incomplete.lines().all(is_narrow), "{}", incomplete);
        prop_assert!(incomplete.lines().count() <= 40, "{}", incomplete);
        // anstream takes the colours out after the commands of a runner were defused.
        let coloured = terminal::incomplete(&campaign.told(), &Palette::coloured()).unwrap_or_default();
        let defused = crate::terminal::uncoloured(&without_workflow_commands(&coloured));
        prop_assert!(!defused.lines().any(|line| line.trim_start().starts_with("::")), "{}", defused);
        prop_assert_eq!(junit::offence(&xml), None, "{}", xml);

        for shown in [&block, &closing, &incomplete, &summary, &xml] {
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{:?}", shown);
            prop_assert!(!shown.contains("hunter2"), "{}", shown);
        }
        let labels = block.lines().skip(1).filter(|line| !line.starts_with("   ")).count();
        prop_assert_eq!(labels, 10, "{}", block);
        prop_assert!(tables_are_whole(&summary), "{}", summary);
        prop_assert!(summary.len() < MARKDOWN_BYTES_MAX);
        prop_assert_eq!(summary.matches(markdown::MEASURED_BEGIN).count(), 1, "{}", summary);
    }
}
