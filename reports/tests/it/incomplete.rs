//! An incomplete campaign says so in every format, and a complete one says nothing of it.

use chaosdrill_core::{
    Verdict,
    record::{Cut, Summary},
};
use chaosdrill_reports::{
    Palette, annotations,
    html::{self, Page},
    limits::{ANNOTATIONS_MAX, MARKDOWN_JOB, MARKDOWN_SUMMARY, TERMINAL_COLUMNS_MAX},
    markdown, terminal, write_up,
};

use crate::{
    junit::offence,
    markdown::enormous,
    sample::{self, Campaign},
    terminal::{last_sentence, uncoloured},
};

/// The two valid runs of the sample, and nothing that they did not hit.
fn held() -> Campaign {
    let mut campaign = sample::campaign();
    campaign.records.retain(|record| record.verdict == Verdict::Valid);
    campaign.header.goals.clear();
    campaign.header.scenarios.iter_mut().for_each(|scenario| scenario.marks.clear());
    sample::complete(campaign)
}

/// The same, of which three of five ordered runs are missing.
fn cut(reasons: &[Cut]) -> Campaign {
    let mut campaign = held();
    campaign.extent.ordered.insert("script".into(), 5);
    campaign.extent.cut = reasons.to_vec();
    campaign
}

fn as_ordered() -> Campaign {
    cut(&[Cut::For(18_000_000)])
}

/// Each report, without the style of the page.
fn formats(campaign: &Campaign) -> Vec<(&'static str, String)> {
    let summary = campaign.summary();
    let page = html::campaign(&Page::of(&campaign.told(), sample::COMMANDS));
    let (before, rest) = page.split_once("<style>").expect("there is a style");
    let (_, after) = rest.split_once("</style>").expect("it ends");
    vec![
        ("terminal", terminal::incomplete(&campaign.told(), &Palette::plain()).unwrap_or_default()),
        ("closing", terminal::closing(&campaign.told(), &Palette::plain())),
        ("page", format!("{before}{after}")),
        ("summary", markdown::summary(&summary, sample::COMMANDS, None, &[])),
        ("job", markdown::job_summary(&summary, sample::COMMANDS)),
        ("junit", sample::junit(campaign, sample::COMMANDS, &[]).expect("XML")),
        ("annotations", annotations::github(&summary, sample::COMMANDS)),
        ("write-up", write_up::write_up(&campaign.told(), &[], &[])),
    ]
}

/// A report as one line, without code spans, encoding and capitals.
fn flat(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut text = words.join(" ");
    for mark in ["`", "<span class=\"flag\">", "</span>"] {
        text = text.replace(mark, "");
    }
    text.replace("%25", "%").to_lowercase()
}

/// The formats that do not have the sentence, or, for the closing block, its short form.
fn silent(campaign: &Campaign, sentence: &str, closing: &str) -> Vec<&'static str> {
    let says = |format: &str, text: &str| {
        flat(text).contains(if format == "closing" { closing } else { sentence })
    };
    let silent = formats(campaign).into_iter().filter(|(format, text)| !says(format, text));
    silent.map(|(format, _)| format).collect()
}

const SENTENCE: &str = "incomplete: 2 of 5 runs are recorded, 3 are missing (3 script): the time budget of 5 s ran \
    out; repeat the command with --resume to complete it";

#[test]
fn every_format_says_what_is_missing() {
    let closing = "unknown: incomplete, 2 of 5 runs held, 3 are missing";
    let campaign = cut(&[Cut::TimeBudget(5_000)]);
    assert_eq!(silent(&campaign, SENTENCE, closing), [""; 0]);
}

#[test]
fn a_complete_campaign_says_nothing_of_it() {
    for (format, text) in formats(&held()).into_iter().chain(formats(&sample::campaign())) {
        let text = flat(&text);
        for word in ["incomplete", "missing", "of the planned runs", "--resume"] {
            assert!(!text.contains(word), "{format} has {word}: {text}");
        }
    }
    assert_eq!(terminal::incomplete(&held().told(), &Palette::plain()), None);
}

#[test]
fn time_that_was_the_order_leaves_the_verdict() {
    let sentence = "covered 40 % of the planned runs in 5 h: 2 of 5 runs";
    let closing = "valid: 2 of 2 runs held, 40 % of the planned runs";
    assert_eq!(silent(&as_ordered(), sentence, closing), [""; 0]);
    for (format, text) in formats(&as_ordered()) {
        let text = flat(&text).replace("id=\"incomplete\" class=\"incomplete ordered\"", "");
        assert!(!text.contains("incomplete"), "{format}: {text}");
    }
    let mut more = as_ordered();
    more.extent.open_sweeps = 1;
    let line = terminal::incomplete(&more.told(), &Palette::plain()).expect("not all of it ran");
    assert_eq!(line, "covered at most 40 % of the planned runs in 5 h: 2 of at least 5 runs\n");
}

#[test]
fn the_line_on_the_terminal() {
    let reasons = [Cut::TimeBudget(5_000), Cut::LostWorker("no such file".into())];
    let campaign = cut(&reasons);
    let plain =
        terminal::incomplete(&campaign.told(), &Palette::plain()).expect("it is incomplete");
    insta::assert_snapshot!(plain, @"
    incomplete: 2 of 5 runs are recorded, 3 are missing (3 script): the time budget
    of 5 s ran out; a worker process could not be started: no such file; repeat the
    command with --resume to complete it
    ");
    assert!(plain.lines().all(|line| line.chars().count() <= TERMINAL_COLUMNS_MAX));
    let coloured =
        terminal::incomplete(&campaign.told(), &Palette::coloured()).expect("it is incomplete");
    assert!(coloured.starts_with("\u{1b}[1m\u{1b}[33mincomplete: "), "{coloured:?}");
    assert!(coloured.ends_with("\u{1b}[0m\n"), "{coloured:?}");
    assert_eq!(uncoloured(&coloured), plain);
    let ordered = terminal::incomplete(&as_ordered().told(), &Palette::coloured());
    assert_eq!(ordered, terminal::incomplete(&as_ordered().told(), &Palette::plain()));
}

/// The last sentence of the closing block.
fn last(campaign: &Campaign) -> String {
    last_sentence(&terminal::closing(&campaign.told(), &Palette::plain()))
}

#[test]
fn the_last_line_of_an_incomplete_campaign_says_incomplete() {
    let mut open = cut(&[Cut::Interrupted]);
    open.extent.open_sweeps = 1;
    let mut unknown = open.clone();
    unknown.records[0].verdict = Verdict::Unknown;
    let part = Campaign { extent: held().extent, ..cut(&[]) };
    let with = |why: &Cut| {
        let mut campaign = part.clone();
        campaign.extent.cut = vec![why.clone()];
        campaign
    };
    let mut findings = sample::campaign();
    findings.extent.ordered.insert("script".into(), 9);
    findings.extent.cut = vec![Cut::MaxFail(1)];
    let lines = [
        last(&open),
        last(&unknown),
        last(&with(&Cut::HarnessFault(2))),
        last(&with(&Cut::PartMissing("slice:2/3".into()))),
        last(&Campaign { records: vec![], ..open }),
        last(&findings),
        last(&Campaign { measured: None, ..held() }),
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    unknown: incomplete, 2 of at least 5 runs held, 3 are missing
    unknown: incomplete, no run violated a check, 1 ended unknown, 3 are missing
    unknown: incomplete, 2 of 2 runs held
    unknown: incomplete, 2 runs held, an unknown number of runs is missing
    unknown: incomplete, 0 of at least 5 runs held, 5 are missing
    invalid: incomplete, 3 findings: 3 of 6 runs violated a check, 1 ended unknown, 5 are missing, 2 marks not hit, 1 goal not reached
    unknown: incomplete, 2 of 2 runs held
    ");
}

#[test]
fn the_page_has_its_box_below_the_title() {
    let page = |campaign: &Campaign| html::campaign(&Page::of(&campaign.told(), sample::COMMANDS));
    let text = page(&cut(&[Cut::TimeBudget(5_000)]));
    assert!(text.contains("<title>Chaos drill: unknown, incomplete</title>"), "{text}");
    let link = "<a href=\"#incomplete\">Incomplete</a>";
    assert!(text.contains(link), "{text}");
    assert!(text.contains("</h1><p id=\"incomplete\" class=\"incomplete\">Incomplete: "), "{text}");
    assert!(text.contains("held in every recorded run"), "{text}");
    assert!(text.contains("None: every recorded run of this campaign held."), "{text}");
    let text = page(&as_ordered());
    assert!(text.contains("<title>Chaos drill: valid</title>") && !text.contains(link), "{text}");
    assert!(text.contains("</h1><p id=\"incomplete\" class=\"incomplete ordered\">Covered 40 % "));
}

#[test]
fn marks_of_an_incomplete_campaign_are_no_warnings() {
    let mut campaign = sample::campaign();
    let says = |campaign: &Campaign, format: &str, text: &str| {
        let (_, shown) =
            formats(campaign).into_iter().find(|(name, _)| *name == format).expect("a format");
        shown.contains(text) || flat(&shown).contains(text)
    };
    let never = [
        ("annotations", "never reached"),
        ("closing", "marks never hit"),
        ("closing", "never hit\n"),
        ("page", "Never reached"),
        ("summary", "## Never hit"),
        ("write-up", "## Never reached"),
    ];
    for (format, text) in never {
        assert!(says(&campaign, format, text), "{format}");
    }
    assert!(says(&campaign, "page", "did not happen, so the verdict is unknown at best"));
    campaign.extent.ordered.insert("script".into(), 9);
    for cut in [Cut::Interrupted, Cut::For(1)] {
        campaign.extent.cut = vec![cut];
        for (format, text) in never {
            assert!(!says(&campaign, format, text), "{format}");
        }
        assert!(says(&campaign, "closing", "marks not hit"));
        assert!(says(
            &campaign,
            "page",
            "The campaign is incomplete; one of the missing runs may reach them"
        ));
    }
}

#[test]
fn no_number_of_findings_drops_the_annotation() {
    let mut summary = cut(&[Cut::Interrupted]).summary();
    let findings = sample::campaign().summary().findings;
    summary.findings = vec![findings[0].clone(); 25];
    let text = annotations::github(&summary, sample::COMMANDS);
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(errors.len(), ANNOTATIONS_MAX);
    assert_eq!(text.lines().next(), Some(errors[0]));
    assert!(errors[0].starts_with("::error title=incomplete::incomplete: 2 of 5 "), "{text}");
    summary.incomplete = as_ordered().summary().incomplete;
    let text = annotations::github(&summary, sample::COMMANDS);
    assert!(text.starts_with("::notice title=partly covered::covered 40 %25 "), "{text}");
}

#[test]
fn the_suite_of_the_campaign_keeps_to_the_schema() {
    let suite = |campaign: &Campaign| {
        let xml = sample::junit(campaign, sample::COMMANDS, &[]).expect("XML");
        assert_eq!(offence(&xml), None);
        let end = xml.find("</testsuite>").expect("a suite");
        xml[..end].lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(suite(&cut(&[Cut::Interrupted])), @r#"
    <testsuites name="chaosdrill" tests="3" failures="0" errors="1" time="0.000">
        <testsuite name="campaign" tests="1" skipped="0" errors="1" failures="0" time="0.000">
            <testcase name="complete" classname="campaign" time="0.000">
                <error message="incomplete: 2 of 5 runs are recorded, 3 are missing (3 script): interrupted by Ctrl-C; repeat the command with --resume to complete it" type="incomplete"/>
            </testcase>
    "#);
    insta::assert_snapshot!(suite(&as_ordered()), @r#"
    <testsuites name="chaosdrill" tests="3" failures="0" errors="0" time="0.000">
        <testsuite name="campaign" tests="1" skipped="0" errors="0" failures="0" time="0.000">
            <testcase name="complete" classname="campaign" time="0.000">
                <system-out>covered 40 % of the planned runs in 5 h: 2 of 5 runs
    </system-out>
            </testcase>
    "#);
}

#[test]
fn both_forms_of_markdown_stay_under_their_bounds() {
    for text in ["plain words ", "`", "|", "\u{e007f}", "<!-- measured -->", "\u{1f980}"] {
        let long = |n: usize| format!("{n}{}", text.repeat(400));
        let mut campaign = held();
        for n in 0..50 {
            campaign.extent.ordered.insert(long(n), 9);
            campaign.extent.recorded.insert(long(n), 9);
            let cuts = [Cut::Disk(long(n)), Cut::LostWorker(long(n)), Cut::PartMissing(long(n))];
            campaign.extent.cut.extend(cuts);
        }
        campaign.measured = None;
        let incomplete = campaign.incomplete();
        let summary = Summary { incomplete, ..enormous(text) };
        let notes = vec![text.repeat(400); 50];
        let shown = markdown::summary(&summary, sample::COMMANDS, None, &notes);
        assert!(shown.len() < MARKDOWN_SUMMARY.bytes_max, "{text:?}: {}", shown.len());
        assert!(shown.starts_with("# Chaos drill: invalid\n\n**Incomplete: 2 of "), "{shown}");
        let job = markdown::job_summary(&summary, sample::COMMANDS);
        assert!(job.len() < MARKDOWN_JOB.bytes_max, "{text:?}: {}", job.len());
        let line =
            terminal::incomplete(&campaign.told(), &Palette::plain()).expect("it is incomplete");
        assert!(line.lines().count() <= 30, "{line}");
    }
}

#[test]
fn a_finding_is_not_fixed_if_its_run_is_missing() {
    let earlier = sample::campaign();
    let mut now = earlier.clone();
    now.records.retain(|record| record.verdict == Verdict::Valid);
    now.extent.cut = vec![Cut::Interrupted];
    let findings = earlier.summary().findings.len();
    assert!(findings > 0 && now.incomplete().is_some());
    let against = sample::against(&earlier, &now);
    assert_eq!((against.fixed().len(), against.not_looked_for().len()), (0, findings));
}

#[test]
fn foreign_text_in_a_reason_is_harmless() {
    let text = "<b>@all</b> **x** [a](b)\n::error title=x::y \u{1b}[2J postgres://u:hunter2@h/db";
    let campaign = cut(&[Cut::Disk(text.into())]);
    let spelt = r"<b>@all</b> **x** [a](b)\n::error title=x::y \u{1b}[2J postgres://u:***@h/db";
    for (format, shown) in formats(&campaign) {
        let expected = match format {
            "closing" => continue,
            "terminal" => {
                assert_eq!(shown.replace('\n', " ").matches(spelt).count(), 1, "{shown}");
                continue;
            }
            "summary" | "job" | "write-up" => format!("written: `{spelt}`"),
            "page" | "junit" => spelt.replace('<', "&lt;").replace('>', "&gt;"),
            _ => spelt.to_owned(),
        };
        assert_eq!(shown.matches(&expected).count(), 1, "{format}: {expected}: {shown}");
        assert!(!shown.contains("\n::error title=x"), "{format}: {shown}");
    }
}
