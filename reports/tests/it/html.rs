//! `report.html`: its shape, its bound, and that nothing foreign becomes an element of it.

use std::collections::BTreeSet;

use chaosdrill_core::{
    HostSelector, Origin, Record, Seed, Verdict,
    record::{CoverageGoal, Proof, SweepRecord, Way},
};
use chaosdrill_reports::{
    Story,
    html::{self, MEASURED_BEGIN, MEASURED_END, Page},
    limits::{HTML_BYTES_MAX, TIMELINE_PART_HEIGHT_MAX},
};
use scraper::{Html, Node, Selector};

use crate::{
    sample::{self, Campaign},
    stories,
};

/// Planted bugs with one text in place of every other, if there is one.
pub(crate) fn proofs_of(text: &str) -> Vec<Proof> {
    let mut proofs = stories::proofs();
    for proof in proofs.iter_mut().filter(|_| !text.is_empty()) {
        for place in [&mut proof.target, &mut proof.defect, &mut proof.class, &mut proof.summary] {
            text.clone_into(place);
        }
        proof.check = proof.check.as_ref().map(|_| text.to_owned());
        if let Some(run) = &mut proof.run {
            (run.scenario, run.origin) = (text.to_owned(), Origin::of(text));
        }
        for fault in proof.minimal.iter_mut().flatten() {
            *fault = sample::fault(HostSelector::Named(text.into()), text, 1, fault.act.clone());
        }
    }
    proofs
}

/// A page with everything on it.
pub(crate) fn full(campaign: &Campaign, stories: &[Story], text: &str) -> String {
    let proofs = proofs_of(text);
    let notes = [text.to_owned()];
    let against = sample::against(campaign, campaign);
    html::campaign(&Page {
        campaign: &campaign.told(),
        commands: sample::COMMANDS,
        stories,
        proofs: &proofs,
        against: Some(&against),
        notes: &notes,
    })
}

/// The page without its style, which would only make the snapshot long.
fn shown(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").expect("there is a style");
    let (_, after) = rest.split_once("</style>").expect("it ends");
    let text = format!("{before}<style></style>{after}");
    text.replace("><", ">\n<")
}

/// Every element with the names of its attributes, and what links and comments say.
pub(crate) fn anatomy(page: &str) -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let (mut elements, mut links, mut comments) = (BTreeSet::new(), BTreeSet::new(), 0);
    for node in Html::parse_document(page).tree.values() {
        match node {
            Node::Element(element) => {
                for (name, value) in element.attrs() {
                    elements.insert(format!("{} {name}", element.name()));
                    if ["href", "src"].contains(&name) {
                        links.insert(value.to_owned());
                    }
                }
                elements.insert(element.name().to_owned());
            }
            Node::Comment(_) => comments += 1,
            _ => {}
        }
    }
    (elements, links, comments)
}

#[test]
fn the_sample() {
    let story = stories::lease_expiry();
    let campaign = stories::campaign();
    let proofs = stories::proofs();
    let notes = ["line 7 of campaign.jsonl is left out: it is torn".to_owned()];
    let mut earlier = stories::campaign();
    earlier.records.retain(|record| record.run.defect.is_none());
    let stories = [story];
    let against = sample::against(&earlier, &campaign);
    let page = Page {
        campaign: &campaign.told(),
        commands: sample::COMMANDS,
        stories: &stories,
        proofs: &proofs,
        against: Some(&against),
        notes: &notes,
    };
    insta::assert_snapshot!(shown(&html::campaign(&page)));
}

#[test]
fn the_page_of_one_run() {
    insta::assert_snapshot!(shown(&html::run(
        &stories::lease_expiry(),
        "cargo drill",
        "target/drill/run"
    )));
}

#[test]
fn what_is_measured_is_marked_and_stands_nowhere_else() {
    let unmeasured = |page: &str| {
        assert_eq!(page.matches(MEASURED_BEGIN).count(), page.matches(MEASURED_END).count());
        let (before, rest) = page.split_once(MEASURED_BEGIN).expect("there is a block in the head");
        let after = rest.split(MEASURED_BEGIN).map(|part| {
            let (_, after) = part.split_once(MEASURED_END).expect("each block ends");
            after
        });
        format!("{before}{}", after.collect::<String>())
    };
    let proofs = |wall_us| {
        let mut proofs = stories::proofs();
        proofs.iter_mut().for_each(|proof| proof.wall_us = wall_us);
        proofs
    };
    let page = |campaign: &Campaign, wall_us| {
        html::campaign(&Page {
            proofs: &proofs(wall_us),
            ..Page::of(&campaign.told(), sample::COMMANDS)
        })
    };
    let (here, there) = (page(&sample::campaign(), 1), page(&sample::elsewhere(), 9_000_000));
    assert_ne!(here, there);
    assert_eq!(unmeasured(&here), unmeasured(&there));
    let mut story = stories::lease_expiry();
    let here = html::run(&story, "cargo drill", "target/drill/run");
    story.record.measured.wall_us += 1_000_000;
    let there = html::run(&story, "cargo drill", "target/drill/run");
    assert_ne!(here, there);
    assert_eq!(unmeasured(&here), unmeasured(&there));
}

#[test]
fn it_can_be_read_by_ear() {
    let text = full(&stories::campaign(), &[stories::lease_expiry()], "a note");
    let page = Html::parse_document(&text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    let select = |selector: &str| {
        let selector = Selector::parse(selector).expect("a selector");
        page.select(&selector).map(|element| element.value().clone()).collect::<Vec<_>>()
    };
    let levels: Vec<u32> = select("h1, h2, h3, h4")
        .iter()
        .map(|heading| heading.name()[1..].parse().expect("a level"))
        .collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert!(select("thead th").iter().all(|head| head.attr("scope") == Some("col")));
    assert!(select("tbody th").iter().all(|head| head.attr("scope").is_some()));
    assert_eq!(select("svg.timeline > title").len(), 1);
    assert_eq!(select("svg.timeline > desc").len(), 1);
    let ids: Vec<String> =
        select("[id]").iter().filter_map(|element| element.attr("id").map(str::to_owned)).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id is there twice");
    for link in select("a[href]") {
        let target = link.attr("href").and_then(|href| href.strip_prefix('#')).unwrap_or_default();
        assert!(ids.iter().any(|id| id == target), "no place for {target}");
    }
}

/// The text of every element that a selector finds.
fn texts(page: &str, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let page = Html::parse_document(page);
    page.select(&selector).map(|element| element.text().collect()).collect()
}

/// The ids of the sections of a page, in order.
fn sections(page: &str) -> Vec<String> {
    let selector = Selector::parse("main > section").expect("a selector");
    let page = Html::parse_document(page);
    let id = |section: scraper::ElementRef<'_>| section.value().id().map(str::to_owned);
    page.select(&selector).filter_map(id).collect()
}

/// A campaign in which everything held, of one scenario, without goals.
fn green() -> Campaign {
    let mut campaign = sample::campaign();
    campaign.records.retain(|record| record.verdict == Verdict::Valid);
    campaign.records.truncate(1);
    campaign.header.scenarios.retain(|scenario| scenario.name == campaign.records[0].run.scenario);
    campaign.header.scenarios[0].marks.clear();
    campaign.header.goals.clear();
    sample::complete(campaign)
}

#[test]
fn what_was_not_tried_stands_below_what_held() {
    let page = html::campaign(&Page::of(&green().told(), sample::COMMANDS));
    assert_eq!(sections(&page), ["findings", "held", "untried", "coverage"]);
    let page = html::campaign(&Page::of(&sample::campaign().told(), sample::COMMANDS));
    assert_eq!(sections(&page), ["findings", "held", "never", "untried", "coverage"]);
}

#[test]
fn marks_that_make_the_verdict_unknown_are_named_at_the_top() {
    let mut campaign = green();
    assert_eq!(
        texts(&html::campaign(&Page::of(&campaign.told(), sample::COMMANDS)), ".doubt").len(),
        0
    );
    campaign.header.scenarios[0].marks = vec!["late settle refused".to_owned()];
    let page = html::campaign(&Page::of(&campaign.told(), sample::COMMANDS));
    assert!(texts(&page, ".head .doubt")[0].contains("because no run reached 1 mark or goal."));
    assert_eq!(texts(&page, ".doubt a[href='#never']").len(), 1);
    campaign.header.whole = false;
    assert_eq!(
        texts(&html::campaign(&Page::of(&campaign.told(), sample::COMMANDS)), ".doubt").len(),
        0
    );
}

#[test]
fn sites_of_clients_are_told_apart() {
    let untried = |campaign: &Campaign| {
        let page = html::campaign(&Page::of(&campaign.told(), sample::COMMANDS));
        let lists = texts(&page, "#untried details").into_iter();
        lists.filter(|text| text.contains("ites")).collect::<Vec<String>>()
    };
    let mut campaign = green();
    let all = ["Sites at which no fault struck: 2net:bus.publishsql:outbox.claim"];
    assert_eq!(untried(&campaign)[..], all);
    let scenario = &campaign.records[0].run.scenario;
    let sweep = SweepRecord { client_sites: vec!["net:bus.publish".into()], ..sweep_of(scenario) };
    campaign.sweeps = vec![sweep];
    let apart =
        ["Sites at which no fault struck: 1sql:outbox.claim", "Sites of clients: 1net:bus.publish"];
    assert_eq!(untried(&campaign)[..], apart);
    // The same sites were swept in another scenario.
    campaign.sweeps[0].scenario = "outbox/twin".into();
    campaign.sweeps.push(SweepRecord { same_as: Some("outbox/twin".into()), ..sweep_of(scenario) });
    assert_eq!(untried(&campaign)[..], apart);
    // A host of another scenario, which was not swept, may have passed it.
    let mut other = campaign.records[0].clone();
    other.run.scenario = "outbox/other".into();
    campaign.records.push(other);
    assert_eq!(untried(&campaign)[..], all);
}

#[test]
fn three_sentences_say_what_was_tried() {
    let page = html::campaign(&Page::of(&sample::campaign().told(), sample::COMMANDS));
    insta::assert_snapshot!(texts(&page, ".tried p").join("\n"), @r"
    4 scenarios of 4 targets were run 6 times: 1 from plans in files, 4 with the faults that the scenario's author wrote (script), 1 with faults drawn at random (swarm).
    Faults struck 2 times: 1 delay, 1 stall.
    Each run has its own virtual clock, which skips every wait; all runs together took 31 h 51 min of virtual time.
    ");
    let page = html::campaign(&Page::of(&sample::elsewhere().told(), sample::COMMANDS));
    assert_eq!(texts(&page, ".facts dd")[..2], ["2026-01-02 03:04 UTC", "5eed"]);
}

#[test]
fn the_glossary_has_the_words_of_the_page() {
    let words = |page: &str| texts(page, "#words dt");
    let campaign = words(&full(&stories::campaign(), &[stories::lease_expiry()], ""));
    let run = words(&html::run(&stories::lease_expiry(), "drill", "target/drill/run"));
    let has = |words: &[String], word: &str| words.iter().any(|known| known == word);
    assert!(has(&campaign, "goal") && has(&campaign, "swarm") && !has(&campaign, "sweep"));
    assert!(has(&run, "seed") && has(&run, "witness") && !has(&run, "goal"), "{run:?}");
}

#[test]
fn planted_bugs_have_their_runs_and_seconds() {
    let mut proofs = stories::proofs();
    (proofs[3].runs, proofs[3].wall_us) = (0, 0);
    let campaign = stories::campaign();
    let page =
        html::campaign(&Page { proofs: &proofs, ..Page::of(&campaign.told(), sample::COMMANDS) });
    let heads = texts(&page, ".proofs th.number");
    assert_eq!(heads, ["Runs", "Seconds"]);
    let cells = texts(&page, ".proofs td.number");
    assert_eq!(cells[..2], ["12", "1.234"]);
    assert_eq!(cells[6..8], ["0", ""]);
}

#[test]
fn planted_bugs_have_a_page_of_their_own() {
    let proofs = stories::proofs();
    let notes = ["a note".to_owned()];
    let page = html::proofs(&proofs, &notes, "cargo drill");
    assert_eq!(texts(&page, "h1"), ["invalid Found 2 of 3 planted bugs, 1 missed."],);
    assert_eq!(texts(&page, ".proofs tbody th code"), ["O4", "O5", "O9", "O11", "O12"]);
    assert!(texts(&page, "#notes li")[0].contains("a note"));
    let open = |mut proof: Proof| {
        (proof.open, proof.found) = (true, false);
        html::proofs(&[proof], &[], "cargo drill")
    };
    let page = open(proofs[1].clone());
    assert_eq!(texts(&page, "h1"), ["unknown Found 0 of 1 planted bug, 1 still open."],);
    insta::assert_snapshot!(chaosdrill_reports::markdown::proofs(&proofs, &notes));
}

#[test]
fn what_was_not_made_smaller_is_not_said_to_be_needed() {
    let mut campaign = stories::campaign();
    let takes = |campaign: &Campaign| {
        let page = html::campaign(&Page::of(&campaign.told(), sample::COMMANDS));
        texts(&page, ".all td:nth-child(5)")
    };
    assert!(takes(&campaign)[0].starts_with("stall "), "{:?}", takes(&campaign));
    let run = stories::lease_expiry().record.run;
    let record = campaign.records.iter_mut().position(|record| record.run == run).expect("there");
    campaign.records[record].triage = None;
    assert!(takes(&campaign)[0].starts_with("not shrunk; struck: stall "));
    let text = chaosdrill_reports::write_up::write_up(&campaign.told(), &[], &[]);
    assert!(text.contains("\nIt needs at most ") && text.contains("was not shrunk"), "{text}");
    campaign.records[record].faults.iter_mut().for_each(|fault| fault.fired = None);
    assert_eq!(takes(&campaign)[0], "not shrunk; none struck");
    campaign.records[record].faults.clear();
    assert_eq!(takes(&campaign)[0], "no fault");
}

#[test]
fn what_could_not_be_read_of_a_run_is_said_beside_its_finding() {
    let campaign = stories::campaign();
    let mut story = stories::lease_expiry();
    story.notes = vec!["line 3 of trace.jsonl is left out: it is torn".to_owned()];
    let page = |story: &Story| {
        html::campaign(&Page {
            stories: std::slice::from_ref(story),
            ..Page::of(&campaign.told(), sample::COMMANDS)
        })
    };
    assert_eq!(texts(&page(&story), ".finding .unread li"), story.notes);
    story.events.clear();
    let page = page(&story);
    assert!(page.contains("No timeline: no event of the run could be read."));
    assert_eq!(texts(&page, ".finding .unread li"), story.notes);
}

#[test]
fn a_tall_picture_is_cut_up_for_paper() {
    let mut story = stories::lease_expiry();
    let short = stories::lease_expiry();
    let short = Story { events: short.events[..12].to_vec(), ..short };
    assert_eq!(texts(&html::run(&short, "drill", "target/drill/run"), ".sheets").len(), 0);
    let template = story.events.clone();
    for turn in 1..20_u64 {
        story.events.extend(template.iter().map(|event| chaosdrill_core::TraceEvent {
            seq: event.seq + turn * 1_000,
            at_ns: event.at_ns + turn * 1_000_000_000,
            ..event.clone()
        }));
    }
    let page = Html::parse_document(&html::run(&story, "drill", "target/drill/run"));
    let boxes = |selector: &str| -> Vec<Vec<i64>> {
        let selector = Selector::parse(selector).expect("a selector");
        let boxes = page.select(&selector).filter_map(|element| element.attr("viewBox"));
        boxes.map(|text| text.split(' ').map(|n| n.parse().expect("a number")).collect()).collect()
    };
    let whole = &boxes(".timeline")[0];
    let parts = boxes(".sheets-part > svg");
    assert!(parts.len() > 1, "{parts:?}");
    // Each begins where the one before it ended, below the head, and the last ends where the picture does.
    let mut top = parts[0][1];
    for part in &parts {
        assert_eq!((part[1], part[2]), (top, whole[2]));
        assert!((100..=i64::from(TIMELINE_PART_HEIGHT_MAX) + 40).contains(&part[3]), "{parts:?}");
        top += part[3];
    }
    assert_eq!(top, whole[3]);
    for part in page.select(&Selector::parse(".sheets use").expect("a selector")) {
        let target = part.attr("href").expect("a place");
        assert_eq!(page.select(&Selector::parse(target).expect("an id")).count(), 1, "{target}");
    }
}

#[test]
fn no_script_and_no_network() {
    let page = full(&stories::campaign(), &[stories::lease_expiry()], "");
    let (elements, links, _) = anatomy(&page);
    assert!(
        elements.iter().all(|element| !element.starts_with("script") && !element.contains(" on"))
    );
    assert!(links.iter().all(|link| link.starts_with('#') || link == "data:,"), "{links:?}");
    let (_, style) = page.split_once("<style>").expect("there is a style");
    let (style, _) = style.split_once("</style>").expect("it ends");
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
}

fn sweep_of(scenario: &str) -> SweepRecord {
    SweepRecord {
        scenario: scenario.to_owned(),
        seed: Seed(1),
        boundaries: 1,
        same_as: None,
        space: 2,
        equivalent: 3,
        singles: 4,
        under_faults: 5,
        during_recovery: 6,
        pairs: 6,
        left_out: 7,
        client_sites: Vec::new(),
    }
}

/// A campaign with so many runs, every seventh of which is bad in a way of its own.
fn large(runs: u64) -> (Campaign, Vec<Story>) {
    let mut campaign = stories::campaign();
    let story = stories::lease_expiry();
    let named = |record: &Record, seed: u64| {
        let mut record = record.clone();
        record.run.seed = Seed(seed);
        record.run.scenario = format!("outbox/scenario-{}", seed % 40);
        record
    };
    campaign.records = (0..runs)
        .map(|seed| match seed % 7 {
            0 => {
                let mut record = named(&story.record, seed);
                record.checks[1].name = format!("check_{}", seed % 700);
                record
            }
            _ => named(&sample::campaign().records[0], seed),
        })
        .collect();
    campaign.records.sort_by(|a, b| a.run.cmp(&b.run));
    let stories = campaign.records.iter().filter(|record| record.headline().is_some());
    let stories =
        stories.take(100).map(|record| Story { record: record.clone(), ..story.clone() }).collect();
    (campaign, stories)
}

#[test]
fn ten_thousand_runs_stay_under_the_bound() {
    let (campaign, stories) = large(10_000);
    let page =
        html::campaign(&Page { stories: &stories, ..Page::of(&campaign.told(), sample::COMMANDS) });
    assert!(page.len() < HTML_BYTES_MAX, "{}", page.len());
    assert!(page.contains("more findings left out here"), "everything was shown");
}

#[test]
fn long_and_hostile_texts_stay_under_the_bound() {
    for text in ["\u{e007f}", "&", "<b>", "\"", "plain words "] {
        let (mut campaign, mut stories) = large(2_000);
        let long = text.repeat(2_000);
        for record in &mut campaign.records {
            record.checks.iter_mut().for_each(|check| check.why.clone_from(&long));
            record.sites = (0..20).map(|site| (format!("sql:{site}{long}"), 1)).collect();
        }
        campaign.records.truncate(300);
        campaign.header.seeds.clone_from(&long);
        for event in stories.iter_mut().flat_map(|story| &mut story.events) {
            event.name.push_str(&long);
        }
        let page = html::campaign(&Page {
            stories: &stories[..4],
            ..Page::of(&campaign.told(), sample::COMMANDS)
        });
        assert!(page.len() < HTML_BYTES_MAX, "{}", page.len());
        let page = html::run(&stories[0], &long, "target/drill/run");
        assert!(page.len() < HTML_BYTES_MAX, "{}", page.len());
    }
}

/// Everything at its worst at once: each section full, of the text that grows most when it is spelt and escaped.
#[test]
fn the_bounds_of_the_sections_fit_into_the_whole() {
    for text in ["\u{e007f}", "&", "\""] {
        let (mut campaign, mut stories) = large(1_500);
        let mut earlier = campaign.clone();
        earlier.records.iter_mut().for_each(|record| {
            let check = record.checks.iter_mut().find(|check| !check.why.is_empty());
            check.into_iter().for_each(|check| check.name.push_str(" earlier"));
        });
        let long = text.repeat(1_000);
        let lengthen = |place: &mut String| place.push_str(&long);
        for record in campaign.records.iter_mut().chain(&mut earlier.records) {
            lengthen(&mut record.claim);
            record.checks.iter_mut().for_each(|check| {
                lengthen(&mut check.name);
                lengthen(&mut check.why);
            });
            record.marks = (0..5).map(|n| (format!("{n}{long}"), 0)).collect();
        }
        let template = campaign.header.scenarios[0].clone();
        campaign.header.scenarios = (0..400)
            .map(|n| {
                let mut scenario = template.clone();
                scenario.name = format!("outbox/scenario-{n}");
                scenario.claim.clone_from(&long);
                scenario.marks = vec![long.clone(); 3];
                scenario
            })
            .collect();
        let client_sites = vec![long.clone(); 20];
        let sweep = SweepRecord { client_sites, ..sweep_of(&long) };
        campaign.sweeps = vec![sweep; 200];
        let sites = (0..500).map(|site| (format!("sql:{site}{long}"), 1));
        campaign.records[0].sites = sites.collect();
        let mut proofs: Vec<_> = (0..100).flat_map(|_| stories::proofs()).collect();
        for proof in &mut proofs {
            lengthen(&mut proof.defect);
            lengthen(&mut proof.summary);
        }
        for event in stories.iter_mut().take(30).flat_map(|story| &mut story.events) {
            lengthen(&mut event.name);
        }
        let goal = |n: usize| CoverageGoal {
            list: format!("{n}{long}"),
            ways: vec![Way::Hit { scenario: long.clone(), mark: long.clone() }; 20],
            ..CoverageGoal::new(&long, &long)
        };
        campaign.header.goals = (0..4_000).map(goal).collect();
        for story in stories.iter_mut().take(30) {
            story.notes = vec![long.clone(); 20];
        }
        let notes = vec![long.clone(); 100];
        let against = sample::against(&earlier, &campaign);
        let page = html::campaign(&Page {
            campaign: &campaign.told(),
            commands: sample::COMMANDS,
            stories: &stories[..30],
            proofs: &proofs,
            against: Some(&against),
            notes: &notes,
        });
        assert!(page.len() < HTML_BYTES_MAX, "{}", page.len());
        assert!(page.contains("more lists left out here"));
    }
}

#[test]
fn what_a_newer_version_wrote_is_shown_with_a_note() {
    let mut campaign = sample::campaign();
    campaign.header.version = 99;
    let page = html::campaign(&Page::of(&campaign.told(), sample::COMMANDS));
    assert!(page.contains("written in version 99 of the format"));
    let mut story = stories::lease_expiry();
    story.record.version = 99;
    assert!(
        html::run(&story, "cargo drill", "target/drill/run")
            .contains("written in version 99 of the format")
    );
}
