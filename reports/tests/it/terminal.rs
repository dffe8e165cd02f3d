//! The blocks as people see them.

use chaosdrill_core::{Record, Seed, Verdict, record::SweepRecord};
use chaosdrill_reports::{
    Palette, Replay,
    terminal::{closing, failure},
};

use crate::sample::{self, Campaign};

const REPLAY: Replay<'_> = Replay {
    program: "cargo drill",
    plan: None,
    minimal: None,
    bundle: None,
    kept: None,
    finding: None,
};

fn plain(record: &Record) -> String {
    failure(record, REPLAY, &Palette::plain())
}

#[test]
fn the_documented_finding_has_the_documented_shape() {
    insta::assert_snapshot!(plain(&sample::lease_expiry()), @"
    FAIL  outbox/lease-expiry   seed 0x2a
      run      sqlite, turmoil, 12.4 s virtual, priority high
      claim    a message whose holder stalls is published by another, and the late
               holder is fenced
      check    settle_only_by_the_current_claim
      witness  #418 d1 settled message 7 under attempt 1; #402 attempt 2 belonged to
               d2
      also     every_committed_message_is_published (within 5m after heal)
               (unknown): the run ended before the faults were healed
      faults   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
               never struck: crash d2 after the step at sql:outbox.settle hit 3,
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
    \u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m  \u{1b}[1moutbox/lease-expiry\u{1b}[0m   seed 0x2a
      \u{1b}[2mrun\u{1b}[0m      sqlite, turmoil, 12.4 s virtual, priority high
      \u{1b}[2mclaim\u{1b}[0m    a message whose holder stalls is published by another, and the late
               holder is fenced
      \u{1b}[2mcheck\u{1b}[0m    settle_only_by_the_current_claim
      \u{1b}[2mwitness\u{1b}[0m  #418 d1 settled message 7 under attempt 1; #402 attempt 2 belonged to
               d2
      \u{1b}[2malso\u{1b}[0m     every_committed_message_is_published (within 5m after heal)
               (unknown): the run ended before the faults were healed
      \u{1b}[2mfaults\u{1b}[0m   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
               never struck: crash d2 after the step at sql:outbox.settle hit 3,
                 back after 30s
      \u{1b}[2mreplay\u{1b}[0m   \u{1b}[36mcargo drill replay outbox/lease-expiry --seed 0x2a\u{1b}[0m
    ");
    assert_eq!(uncoloured(&coloured), plain(&record));
    let campaign = sample::campaign();
    assert_eq!(
        uncoloured(&closing(&campaign.told(), &Palette::coloured())),
        closing(&campaign.told(), &Palette::plain())
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
    for said in ["(4,500 more)", "and 4,990 more", "492 more that never struck", "95 more checks"] {
        assert!(block.contains(said), "{said}\n{block}");
    }
}

#[test]
fn a_check_without_words_still_has_a_witness() {
    let mut record = sample::lease_expiry();
    record.checks =
        vec![sample::check("conservation", Verdict::Invalid, "", &[3]), record.checks[0].clone()];
    insta::assert_snapshot!(plain(&record), @"
    FAIL  outbox/lease-expiry   seed 0x2a
      run      sqlite, turmoil, 12.4 s virtual, priority high
      claim    a message whose holder stalls is published by another, and the late
               holder is fenced
      check    conservation
      witness  the check gave no reason (#3)
      faults   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
               never struck: crash d2 after the step at sql:outbox.settle hit 3,
                 back after 30s
      replay   cargo drill replay outbox/lease-expiry --seed 0x2a
    ");
}

#[test]
fn the_closing_block_ends_with_the_verdict() {
    insta::assert_snapshot!(closing(&sample::campaign().told(), &Palette::plain()));
}

/// Sweeps of which one stands for another, one was bounded, and one was cut off after two of its three runs.
fn swept() -> Campaign {
    let sweep = |scenario: &str| SweepRecord {
        scenario: scenario.to_owned(),
        seed: Seed(0),
        same_as: None,
        boundaries: 40,
        space: 6_610,
        equivalent: 10,
        singles: 3,
        under_faults: 0,
        during_recovery: 0,
        pairs: 0,
        client_sites: Vec::new(),
        left_out: 6_597,
    };
    let fault = sample::lease_expiry().faults[0].clone();
    let run = |point: usize, faults: usize| Record {
        faults: vec![fault.clone(); faults],
        ..sample::calm(sample::run("a/b", &format!("sweep-{point:04}"), 0), "")
    };
    let empty = SweepRecord { space: 0, equivalent: 0, singles: 0, left_out: 0, ..sweep("a/c") };
    Campaign {
        records: vec![run(0, 0), run(1, 1), run(2, 1), run(3, 1)],
        sweeps: vec![sweep("a/b"), SweepRecord { same_as: Some("a/b".into()), ..empty }],
        ..sample::campaign()
    }
}

#[test]
fn the_closing_block_says_how_much_was_swept() {
    let line = |campaign: &Campaign| {
        let text = closing(&campaign.told(), &Palette::plain());
        let (_, rest) = text.split_once("\nswept: ")?;
        let (sentence, _) = rest.split_once("\n\n")?;
        Some(sentence.replace("\n ", ""))
    };
    assert_eq!(line(&sample::campaign()), None);
    let mut campaign = swept();
    let said = [
        line(&campaign),
        {
            campaign.records.pop();
            line(&campaign)
        },
        {
            let sweep = &mut campaign.sweeps[0];
            (sweep.space, sweep.equivalent, sweep.singles) = (2, 0, 2);
            (sweep.during_recovery, sweep.pairs, sweep.left_out) = (1, 1, 325);
            line(&campaign)
        },
        {
            for _ in 0..2 {
                campaign.records.push(campaign.records[1].clone());
                let last = campaign.records.last_mut().expect("a record");
                last.faults.push(last.faults[0].clone());
            }
            line(&campaign)
        },
    ];
    insta::assert_snapshot!(said.map(Option::unwrap_or_default).join("\n"), @"
    3 of 6,600 single faults (0 %), 0 pairs
    2 of 6,600 single faults (0 %), 0 pairs
    2 of 2 single faults (100 %), 0 of 2 pairs
    2 of 2 single faults (100 %), 1 second fault during recovery (325 left out), 1 pair
    ");
}

#[test]
fn a_resumed_campaign_is_as_fast_as_its_last_session() {
    let mut campaign = sample::campaign();
    campaign.measured.as_mut().expect("it ended").runs = Some(2);
    let text = closing(&campaign.told(), &Palette::plain()).replace("\n  ", " ");
    let resumed =
        "1.62 runs a second (0.41 a core); 4 of 6 runs ended before the campaign was resumed\n";
    assert!(text.contains(resumed), "{text}");
}

#[test]
fn nothing_but_names_and_commands_is_wider_than_the_terminal() {
    let campaign = Campaign { sweeps: swept().sweeps, ..sample::campaign() };
    let is_command = |line: &str| line.contains("cargo drill ");
    for columns in [1, 40, 57, 70, 80, 300] {
        let palette = Palette::plain().within(columns);
        let blocks = campaign.records.iter().map(|record| failure(record, REPLAY, &palette));
        let blocks: String = blocks.chain([closing(&campaign.told(), &palette)]).collect();
        for line in blocks.lines().filter(|line| !is_command(line)) {
            let is_name = campaign.header.scenarios.iter().any(|known| line.contains(&known.name));
            let used = line.chars().count();
            assert!(used <= columns.clamp(40, 80) || is_name, "{columns}: {line}");
        }
    }
    let narrow = Palette::plain().within(40);
    insta::assert_snapshot!(failure(&sample::lease_expiry(), REPLAY, &narrow), @"
    FAIL  outbox/lease-expiry   seed 0x2a
      run      sqlite, turmoil, 12.4 s
               virtual, priority high
      claim    a message whose holder stalls
               is published by another, and
               the late holder is fenced
      check    settle_only_by_the_current_cl
               aim
      witness  #418 d1 settled message 7
               under attempt 1; #402 attempt
               2 belonged to d2
      also     every_committed_message_is_pu
               blished (within 5m after
               heal) (unknown): the run
               ended before the faults were
               healed
      faults   #397 stall any host at
                 fp:outbox.after_claim hit 1
                 for 90s
               never struck: crash d2
                 after the step at
                 sql:outbox.settle hit 3,
                 back after 30s
      replay   cargo drill replay outbox/lease-expiry --seed 0x2a
    ");
    insta::assert_snapshot!(closing(&swept().told(), &narrow), @r"
    not hit
      outbox/lease-expiry: late settle
        refused
      own/`odd` |<name>\u{7}\n@all: never
        | ever\u{1b}
      outbox W7: a holder that stands
        still for longer than its lease
      trouble T1: @octocat see #7 `a` |
        <b>b</b> [c](http://d.example) <!--
        measured -->
        postgres://drill:***@db:5432/x?sslmo
        de=disable\n\u{1b}[2Jgone
        \u{202e}dne

    not struck: crash-before, crash-after,
      error, lost-ack, and 6 more kinds of
      faults
    not passed: fp:outbox.<never>
    nothing struck at: net:bus.publish,
      sql:outbox.claim
    swept: 3 of 6,600 single faults (0 %),
      0 pairs

    a/b
      4 runs: 4 valid, 36 s virtual
    outbox/lease-expiry
      no runs
    own/`odd` |<name>\u{7}\n@all
      no runs
    provisioning/two-phase
      no runs
    recovery/sidecar-compare-and-swap-after-torn-write
      no runs
    total
      4 runs: 4 valid, 36 s virtual

    1.2 s on 4 workers: 4.86 runs a second
      (1.22 a core), 29.2 times real time
    unknown: incomplete, 4 of 10 runs
      held, 6 are missing, 2 marks not hit,
      2 goals not reached
    ");
}

#[test]
fn every_verdict_has_its_sentence() {
    let mut campaign = sample::campaign();
    let mut last = |edit: fn(&mut Campaign)| {
        edit(&mut campaign);
        last_sentence(&closing(&sample::complete(campaign.clone()).told(), &Palette::plain()))
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

/// The last line of a text, with the lines that continue it.
pub(crate) fn last_sentence(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().rev() {
        lines.push(line.trim_start());
        if !line.starts_with(' ') {
            break;
        }
    }
    lines.reverse();
    lines.join(" ")
}

/// The text without the sequences that choose a style.
pub(crate) fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}
