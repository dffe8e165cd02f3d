//! Hostile text in every place of a record, through every renderer.

use chaosdrill_core::{Campaign, HostSelector, Record, Verdict};
use chaosdrill_reports::{
    Palette, Replay, junit::junit, limits::MARKDOWN_BYTES_MAX, markdown, terminal,
};
use proptest::prelude::*;

use crate::{escape::hostile, junit, sample};

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
    campaign
}

fn poisoned_record(text: &str) -> Record {
    let mut record = sample::lease_expiry();
    let run = &mut record.run;
    for place in [&mut run.scenario, &mut run.nemesis, &mut run.db, &mut run.simulator] {
        text.clone_into(place);
    }
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

proptest! {
    #[test]
    fn no_text_breaks_a_format(text in hostile()) {
        let campaign = poisoned(&text);

        let replay = Replay { plan: Some(&text), minimal: Some(&text), bundle: Some(&text), ..Replay::by_seed(&campaign.header.program) };
        let block = terminal::failure(&campaign.records[0], replay, &Palette::plain());
        let closing = terminal::closing(&campaign, &Palette::plain());
        let summary = markdown::summary(&campaign.summary());
        let xml = junit(&campaign).expect("in memory");
        prop_assert!(junit::read(&xml).is_ok(), "{}", xml);

        for shown in [&block, &closing, &summary, &xml] {
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{:?}", shown);
            prop_assert!(!shown.contains("hunter2"), "{}", shown);
        }
        let labels = block.lines().skip(1).filter(|line| !line.starts_with("   ")).count();
        prop_assert_eq!(labels, 9, "{}", block);
        prop_assert!(tables_are_whole(&summary), "{}", summary);
        prop_assert!(summary.len() < MARKDOWN_BYTES_MAX);
        prop_assert_eq!(summary.matches(markdown::MEASURED_BEGIN).count(), 1, "{}", summary);
    }
}
