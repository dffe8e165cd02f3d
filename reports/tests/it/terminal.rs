//! The blocks as people see them.

use chaosdrill_core::{Campaign, Record, Verdict};
use chaosdrill_reports::{
    Palette, Replay,
    terminal::{closing, failure},
};

use crate::sample;

const REPLAY: Replay<'_> =
    Replay { program: "cargo drill", plan: None, minimal: None, bundle: None, kept: None, runs: 1 };

fn plain(record: &Record) -> String {
    failure(record, REPLAY, &Palette::plain())
}

#[test]
fn the_documented_finding_has_the_documented_shape() {
    insta::assert_snapshot!(plain(&sample::lease_expiry()), @"
    FAIL  outbox/lease-expiry   seed 0x2a   sqlite, turmoil   12.418 s virtual   high
      claim    a message whose holder stalls is published by another, and the late
               holder is fenced
      check    settle_only_by_the_current_claim
      witness  #418 d1 settled message 7 under attempt 1; #402 attempt 2 belonged to
               d2
      also     every_committed_message_is_published (within 5m after heal)
               (unknown): the run ended before the faults were healed
      faults   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
               never fired: crash d2 after the step at sql:outbox.settle hit 3,
                 back after 30s
      replay   cargo drill replay outbox/lease-expiry --seed 0x2a
    ");
}

#[test]
fn every_run_of_the_sample_reads_well() {
    let campaign = sample::campaign();
    let blocks: Vec<String> = campaign.records.iter().map(plain).collect();
    insta::assert_snapshot!(blocks.join("\n"));
}

#[test]
fn a_plan_is_replayed_from_its_path() {
    let replay = Replay { plan: Some("target/my drill/plan.toml"), ..REPLAY };
    let block = failure(&sample::lease_expiry(), replay, &Palette::plain());
    let last = block.lines().last();
    assert_eq!(last, Some("  replay   cargo drill replay --plan 'target/my drill/plan.toml'"));
}

#[test]
fn nothing_in_a_block_is_measured() {
    let blocks = |campaign: Campaign| campaign.records.iter().map(plain).collect::<String>();
    assert_eq!(blocks(sample::campaign()), blocks(sample::elsewhere()));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let record = sample::lease_expiry();
    let coloured = failure(&record, REPLAY, &Palette::coloured());
    insta::assert_snapshot!(coloured.escape_debug().to_string().replace("\\n", "\n"), @r"
    \u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m  \u{1b}[1moutbox/lease-expiry\u{1b}[0m   seed 0x2a   sqlite, turmoil   12.418 s virtual   high
      \u{1b}[2mclaim\u{1b}[0m    a message whose holder stalls is published by another, and the late
               holder is fenced
      \u{1b}[2mcheck\u{1b}[0m    settle_only_by_the_current_claim
      \u{1b}[2mwitness\u{1b}[0m  #418 d1 settled message 7 under attempt 1; #402 attempt 2 belonged to
               d2
      \u{1b}[2malso\u{1b}[0m     every_committed_message_is_published (within 5m after heal)
               (unknown): the run ended before the faults were healed
      \u{1b}[2mfaults\u{1b}[0m   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
               never fired: crash d2 after the step at sql:outbox.settle hit 3,
                 back after 30s
      \u{1b}[2mreplay\u{1b}[0m   \u{1b}[36mcargo drill replay outbox/lease-expiry --seed 0x2a\u{1b}[0m
    ");
    assert_eq!(uncoloured(&coloured), plain(&record));
    let campaign = sample::campaign();
    assert_eq!(
        uncoloured(&closing(&campaign, &Palette::coloured())),
        closing(&campaign, &Palette::plain())
    );
}

#[test]
fn a_long_finding_is_bounded_and_says_what_it_left_out() {
    let mut record = sample::lease_expiry();
    record.claim = "claim ".repeat(1_000);
    record.checks[1].why = "word ".repeat(1_000);
    record.checks[1].witness = (1..=5_000).collect();
    record.faults = vec![record.faults[1].clone(); 500];
    record.checks.extend(vec![record.checks[2].clone(); 100]);
    let block = plain(&record);
    assert!(block.lines().count() < 60, "{block}");
    for said in ["(4,500 more)", "and 4,990 more", "492 more that never fired", "95 more checks"] {
        assert!(block.contains(said), "{said}\n{block}");
    }
}

#[test]
fn a_check_without_words_still_has_a_witness() {
    let mut record = sample::lease_expiry();
    record.checks =
        vec![sample::check("conservation", Verdict::Invalid, "", &[3]), record.checks[0].clone()];
    insta::assert_snapshot!(plain(&record), @"
    FAIL  outbox/lease-expiry   seed 0x2a   sqlite, turmoil   12.418 s virtual   high
      claim    a message whose holder stalls is published by another, and the late
               holder is fenced
      check    conservation
      witness  the check gave no reason (#3)
      faults   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
               never fired: crash d2 after the step at sql:outbox.settle hit 3,
                 back after 30s
      replay   cargo drill replay outbox/lease-expiry --seed 0x2a
    ");
}

#[test]
fn the_closing_block_ends_with_the_verdict() {
    insta::assert_snapshot!(closing(&sample::campaign(), &Palette::plain()));
}

#[test]
fn every_verdict_has_its_sentence() {
    let mut campaign = sample::campaign();
    let mut last = |edit: fn(&mut Campaign)| {
        edit(&mut campaign);
        closing(&sample::complete(campaign.clone()), &Palette::plain())
            .lines()
            .last()
            .map(str::to_owned)
            .unwrap_or_default()
    };
    let sentences = [
        last(|_| ()),
        last(|campaign| campaign.header.whole = false),
        last(|campaign| campaign.records.retain(|record| record.verdict != Verdict::Invalid)),
        last(|campaign| campaign.records.retain(|record| record.verdict == Verdict::Valid)),
        last(|campaign| campaign.header.whole = true),
        last(|campaign| {
            campaign.header.scenarios.clear();
            campaign.header.goals.clear();
        }),
        last(|campaign| campaign.records.clear()),
    ];
    insta::assert_snapshot!(sentences.join("\n"), @"
    invalid: 3 findings: 3 of 6 runs violated a check, 1 ended unknown, 2 marks never hit, 1 goal never reached
    invalid: 3 findings: 3 of 6 runs violated a check, 1 ended unknown, 2 marks not hit, 1 goal not reached
    unknown: no run violated a check, 1 ended unknown, 2 marks not hit, 2 goals not reached
    valid: 2 of 2 runs held, 2 marks not hit, 2 goals not reached
    unknown: no run violated a check, 2 marks never hit, 2 goals never reached
    valid: 2 of 2 runs held
    valid: there were no runs
    ");
}

/// The text without the sequences that choose a style.
pub(crate) fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}
