//! Renders the skeleton of a drill write-up, for `reports/drills/`: the facts from the records, and placeholders for
//! what only a person can write.
//!
//! Placeholders begin with *To be written*; a write-up is finished when none of them is left.

use chaosdrill_core::{
    Campaign, Fault,
    record::{Finding, Proof, Summary},
    redact::redact,
};

use crate::{
    command,
    coverage::Atlas,
    escape, incomplete, limits,
    markdown::{
        capitalised,
        findings::{id, span},
        proofs::outcome,
    },
    numbers,
    story::{self, Story},
    words,
};

/// Renders the skeleton as Markdown.
pub fn write_up(campaign: &Campaign, stories: &[Story], proofs: &[Proof]) -> String {
    let summary = campaign.summary();
    let atlas = Atlas::of(campaign);
    let mut text = format!("# Drill: {}\n\n", targets(&summary));
    text.push_str(&format!("{}.\n\n", words::because(&summary)));
    if let Some(incomplete) = &summary.incomplete {
        let sentence = capitalised(&incomplete::markdown(incomplete));
        text.push_str(&format!("**{sentence}.**\n\n"));
    }
    text.push_str("*To be written*: what was drilled, and why.\n\n");
    text.push_str(&facts(campaign, &summary));
    text.push_str(&overview(campaign, &summary));
    let told = summary.findings.iter().take(limits::WRITE_UP_FINDINGS_MAX);
    told.for_each(|finding| {
        let story = story::of(stories, &finding.run);
        text.push_str(&self::finding(campaign, &atlas, finding, story));
    });
    let more = summary.findings.len().saturating_sub(limits::WRITE_UP_FINDINGS_MAX) as u64;
    if more > 0 {
        text.push_str(&format!("\n{} left out here.\n", numbers::counted(more, "more finding")));
    }
    text.push_str(&held(&summary));
    text.push_str(&never_reached(&summary));
    text.push_str(&planted(proofs));
    text
}

fn name(text: &str) -> String {
    escape::markdown(text, limits::MARKDOWN_NAME_CHARS_MAX)
}

fn said(text: &str) -> String {
    escape::markdown(text, limits::MARKDOWN_TEXT_CHARS_MAX)
}

/// The drilled targets: the part of the scenarios' names before the slash.
fn targets(summary: &Summary) -> String {
    let names = summary.scenarios.iter().map(|s| s.name.split('/').next().unwrap_or_default());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let shown: Vec<String> =
        names.iter().take(limits::WRITE_UP_TARGETS_MAX).map(|target| name(target)).collect();
    shown.join(", ")
}

fn facts(campaign: &Campaign, summary: &Summary) -> String {
    let head = &campaign.header;
    let commit = campaign.measured.as_ref().and_then(|measured| measured.commit.as_deref());
    let rows = [
        ("seeds", name(&head.seeds)),
        ("commit", commit.map_or("*To be written*: the commit that was drilled".to_owned(), name)),
        ("faults by", name(&head.nemeses.join(", "))),
        ("runs", numbers::grouped(summary.tally.runs)),
        ("virtual time", numbers::span(summary.virtual_ns)),
        ("database", name(&head.db)),
        ("simulator", name(&head.simulator)),
        ("chaosdrill", name(&head.tool)),
    ];
    let mut text = "| | |\n| --- | --- |\n".to_owned();
    for (label, value) in rows {
        text.push_str(&format!("| {label} | {value} |\n"));
    }
    if let Some(defect) = &head.defect {
        text.push_str(&format!("| planted bug | {} |\n", name(defect)));
    }
    text
}

fn overview(campaign: &Campaign, summary: &Summary) -> String {
    if summary.findings.is_empty() {
        return "\n## Findings\n\nNone.\n".to_owned();
    }
    let mut text = "\n## Findings\n\n\
        | finding | priority | check | shown by | faults needed | runs |\n\
        | --- | --- | --- | --- | --- | ---: |\n"
        .to_owned();
    for finding in summary.findings.iter().take(limits::WRITE_UP_FINDINGS_MAX) {
        let (id, priority) = (id(finding), finding.priority.name());
        let (check, first) = (name(&finding.check), name(&finding.run.scenario));
        let (takes, runs) = (takes(campaign, finding), numbers::grouped(finding.count));
        text.push_str(&format!("| {id} | {priority} | {check} | {first} | {takes} | {runs} |\n"));
    }
    text
}

/// The faults that show a finding: those of its smallest plan, or those that struck if the plan was not shrunk.
fn faults<'a>(campaign: &'a Campaign, finding: &'a Finding) -> Vec<&'a Fault> {
    if let Some(faults) = finding.minimal() {
        return faults.iter().collect();
    }
    let struck = campaign.record_of(finding).map_or(&[][..], |record| &record.faults);
    struck.iter().filter(|fault| fault.fired.is_some()).map(|fault| &fault.fault).collect()
}

/// Whether the faults of a finding are all needed.
fn is_smallest(campaign: &Campaign, finding: &Finding) -> bool {
    let is_planned = campaign.record_of(finding).is_none_or(|record| !record.faults.is_empty());
    finding.minimal().is_some() || !is_planned
}

/// The faults of a finding in a cell.
fn takes(campaign: &Campaign, finding: &Finding) -> String {
    let faults = plan(&faults(campaign, finding));
    let may_be = if is_smallest(campaign, finding) { "" } else { "at most " };
    format!("{may_be}{faults}")
}

fn finding(
    campaign: &Campaign,
    atlas: &Atlas<'_>,
    finding: &Finding,
    story: Option<&Story>,
) -> String {
    let record = campaign.record_of(finding);
    let faults = faults(campaign, finding);
    let block = atlas.block(finding, &faults);
    let claim = record.map(|record| said(&record.claim)).unwrap_or_default();
    let scenario = name(&finding.run.scenario);
    let rows = [
        ("Claim", claim),
        ("Symptom", said(&finding.why)),
        ("Enumeration", said(&block.enumeration)),
        ("Sites found", sites(&block.found)),
        ("Sites touched", sites(&block.touched)),
        ("Coverage test", format!("check {} of scenario {scenario}", name(&finding.check))),
        ("Live verified", said(&block.verified)),
    ];
    let title =
        format!("{}: {} ({} priority)", id(finding), name(&finding.check), finding.priority.name());
    let mut text = format!("\n### {title}\n\n| | |\n| --- | --- |\n");
    for (label, value) in rows {
        text.push_str(&format!("| {label} | {value} |\n"));
    }
    let takes = if is_smallest(campaign, finding) {
        format!("It needs {}.", plan(&faults))
    } else {
        let why = words::not_smaller();
        format!("It needs at most {}. The plan was {why}.", plan(&faults))
    };
    text.push_str(&format!("\n{takes} To reproduce it:\n\n"));
    text.push_str(&commands(campaign, finding, story));
    text.push_str(
        "\n**What happened.** *To be written*: the events of a replay that show it, in order.\n",
    );
    text.push_str("\n**Cause.** *To be written*: the place in the code that is wrong, and why.\n");
    text.push_str(
        "\n**Fix.** *To be written*: what was changed, and which kept plan is the regression test.\n",
    );
    text
}

/// The commands for a reader who has the repository but not the folder of the campaign. A seed is enough to replay; if
/// there is none, or if there is a smaller plan, the plan itself is included.
fn commands(campaign: &Campaign, finding: &Finding, story: Option<&Story>) -> String {
    let (program, run) = (&campaign.header.program, &finding.run);
    let mut text = String::new();
    let is_drawn = run.origin.is_drawn_from_the_seed();
    if is_drawn {
        let ends = campaign.record_of(finding).and_then(|record| digest(record.digest.as_deref()));
        let ends = ends.unwrap_or_default();
        text.push_str(&format!("- replay {}{ends}\n", span(&command::replay(program, run, None))));
    }
    let minimal =
        story.and_then(|story| story.minimal.as_ref()).map(|plan| ("the smallest plan", plan));
    let carried = campaign
        .record_of(finding)
        .filter(|record| record.plan_rest.is_some())
        .map(chaosdrill_core::Record::plan);
    let whole = story.and_then(|story| story.plan.as_ref()).or(carried.as_ref());
    let whole = whole.map(|plan| ("the plan", plan));
    let by_plan = span(&format!("{} replay --plan FILE", escape::line(program)));
    match minimal.or(whole.filter(|_| !is_drawn)) {
        Some((which, plan)) => {
            let toml = redact(&plan.to_toml()).into_owned();
            let lines: Vec<_> = toml.lines().map(escape::line).collect();
            let shows = shows(finding);
            text.push_str(&format!(
                "- {which}, for {by_plan}{shows}:\n\n```toml\n{}\n```\n",
                lines.join("\n")
            ));
        }
        None if !is_drawn => {
            let plan = format!("{}/plan.toml", command::folder(run));
            text.push_str(&format!(
                "- *To be written*: the plan, which was {}, for {by_plan}\n",
                name(&plan)
            ));
        }
        None => {}
    }
    if !is_smallest(campaign, finding) {
        let plan = format!("{}/plan.toml", command::folder(run));
        let shrink = span(&command::shrink(program, &plan));
        text.push_str(&format!("- shrink the plan, in the folder of the campaign: {shrink}\n"));
    }
    text
}

/// The outcome of a replay of the smallest plan.
fn shows(finding: &Finding) -> String {
    let minimal = finding.triage.as_ref().and_then(|triage| triage.minimal.as_ref());
    let Some(minimal) = minimal else { return String::new() };
    let why = minimal.why.as_deref().map(|why| format!(", which shows {}", said(why)));
    let ends = digest(minimal.digest.as_deref());
    format!("{}{}", why.unwrap_or_default(), ends.unwrap_or_default())
}

/// The beginning of the digest, which is the last line of a replay.
fn digest(digest: Option<&str>) -> Option<String> {
    let digest: String = digest?.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    Some(format!(" (digest `{digest}`...)"))
}

/// The faults in words.
fn plan(faults: &[&Fault]) -> String {
    if faults.is_empty() {
        return "no fault".to_owned();
    }
    let shown: Vec<String> = faults
        .iter()
        .take(limits::MARKDOWN_PLAN_FAULTS_MAX)
        .map(|fault| name(&fault.to_string()))
        .collect();
    let more = numbers::and_more(faults.len().saturating_sub(shown.len()) as u64);
    format!("{}: {}{more}", numbers::counted(faults.len() as u64, "fault"), shown.join(", "))
}

fn sites(sites: &[&str]) -> String {
    let shown: Vec<String> =
        sites.iter().take(limits::HTML_BLOCK_SITES_MAX).map(|site| name(site)).collect();
    let colon = if shown.is_empty() { "" } else { ": " };
    let more = numbers::and_more(sites.len().saturating_sub(shown.len()) as u64);
    format!("{}{colon}{}{more}", numbers::grouped(sites.len() as u64), shown.join(", "))
}

fn held(summary: &Summary) -> String {
    let mut text = "\n## What held\n\n".to_owned();
    let held: Vec<_> = summary
        .scenarios
        .iter()
        .filter(|scenario| scenario.tally.runs > 0 && scenario.tally.valid == scenario.tally.runs)
        .collect();
    for scenario in held.iter().take(limits::MARKDOWN_SUMMARY.scenarios.0) {
        let runs = numbers::counted(scenario.tally.runs, "run");
        text.push_str(&format!("- {} ({}, {runs})\n", said(&scenario.claim), name(&scenario.name)));
    }
    if held.is_empty() {
        text.push_str("No claim held in every run.\n");
    }
    text
}

fn never_reached(summary: &Summary) -> String {
    if summary.never_hit.is_empty() {
        return String::new();
    }
    let marks = summary.never_hit.iter().take(limits::MARKDOWN_SUMMARY.marks.0);
    let items: String = marks.map(|mark| format!("- {}\n", name(mark))).collect();
    let title = capitalised(&format!("{} reached", words::never(summary)));
    format!(
        "\n## {title}\n\n{items}\n*To be written*: why not, and which scenario or fault would reach it.\n"
    )
}

fn planted(proofs: &[Proof]) -> String {
    if proofs.is_empty() {
        return String::new();
    }
    let mut text =
        "\n## Planted bugs\n\n| bug | what it is | found by | runs |\n| --- | --- | --- | ---: |\n"
            .to_owned();
    for proof in proofs.iter().take(limits::HTML_PROOFS.0) {
        let found = outcome(proof);
        let (defect, runs) = (name(&proof.defect), numbers::grouped(proof.runs));
        text.push_str(&format!("| {defect} | {} | {found} | {runs} |\n", said(&proof.summary)));
    }
    text
}
