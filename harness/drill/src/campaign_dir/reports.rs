//! Writes the reports of a campaign, or of a search for planted bugs, from the records in its folder.

use std::{fs, io, path::Path};

use chaosdrill_core::{
    Campaign, Record, TraceEvent, Verdict,
    limits::{BUNDLE_PAGES_MAX, FINDINGS_MAX},
    record::Proof,
    redact::redact_json,
};
use chaosdrill_reports::{against::Against, command::Commands, html, junit, markdown};

use crate::{
    campaign_dir::{index::Entry, records::Records},
    git,
    ours::{self, Kind, NotOurs},
    run_bundle,
};

/// Writes `summary.json`, `summary.md`, `junit.xml` and `report.html`, and a page for each run that was not valid.
pub(crate) fn write_reports(
    folder: &Path,
    campaign: &Campaign,
    records: &Records,
) -> io::Result<()> {
    write_reports_against(folder, campaign, records, None, &[])
}

/// Writes the same reports, compared with an earlier campaign, with notes on the parts that could not be read.
pub(crate) fn write_reports_against(
    folder: &Path,
    campaign: &Campaign,
    records: &Records,
    against: Option<&Against>,
    notes: &[String],
) -> io::Result<()> {
    let summary = campaign.summary();
    let mut json = serde_json::to_string_pretty(&summary)?;
    json.push('\n');
    ours::write(&folder.join("summary.json"), Kind::Record, redact_json(&json).as_bytes())?;
    let told = run_bundle::of_findings(folder, campaign, &summary);
    let (proofs, unread) = run_bundle::proofs(folder);
    let notes = notes.iter().cloned().chain(unread).chain(beyond_the_bound(campaign));
    let notes: Vec<String> = notes.collect();
    // The page itself says that the campaign is of a newer version.
    let mut all: Vec<String> = html::newer(campaign.header.version).into_iter().collect();
    all.extend(notes.iter().cloned());
    let named = git::path_from_root(folder).display().to_string();
    let commands = Commands { program: &campaign.header.program, folder: &named };
    let page = markdown::summary(&summary, commands, against, &all);
    ours::write(&folder.join("summary.md"), Kind::Summary, page)?;
    ours::write_with(&folder.join("junit.xml"), Kind::Junit, |out| {
        junit::junit(campaign, records.iter(), commands, &all, out)
    })?;
    let page =
        html::Page { campaign, commands, stories: &told, proofs: &proofs, against, notes: &notes };
    ours::write(&folder.join("report.html"), Kind::Page, html::campaign(&page))?;
    write_pages(folder, campaign, records)
}

/// Writes `report.html` into the folder of each run that was not valid, if it has a folder.
fn write_pages(folder: &Path, campaign: &Campaign, records: &Records) -> io::Result<()> {
    let has_folder = |entry: &&Entry| {
        entry.verdict() != Verdict::Valid
            && folder.join(records.index().run(entry).folder()).is_dir()
    };
    let mut reader = records.reader();
    for entry in records.index().entries().iter().filter(has_folder).take(BUNDLE_PAGES_MAX) {
        let record = reader.record(entry)?;
        run_bundle::write_page(
            &folder.join(record.run.folder()),
            &record,
            &campaign.header.program,
        )?;
    }
    Ok(())
}

/// A note if there are more findings than are told apart.
fn beyond_the_bound(campaign: &Campaign) -> Option<String> {
    let runs = campaign.totals.runs_of_other_findings();
    (runs > 0).then(|| {
        format!(
            "there are more than {FINDINGS_MAX} findings with one verdict; {runs} runs show others"
        )
    })
}

/// Writes `summary.md` and `report.html` of a search for planted bugs, into a folder without a campaign.
pub(crate) fn write_proofs(
    folder: &Path,
    proofs: &[Proof],
    notes: &[String],
    program: &str,
) -> io::Result<()> {
    ours::write(&folder.join("summary.md"), Kind::Summary, markdown::proofs(proofs, notes))?;
    ours::write(&folder.join("report.html"), Kind::Page, html::proofs(proofs, notes, program))
}

/// Refuses a folder if a report would overwrite a file in it that is not ours.
pub(crate) fn may_write_reports(folder: &Path) -> Result<(), NotOurs> {
    for (name, kind) in [
        ("summary.json", Kind::Record),
        ("summary.md", Kind::Summary),
        ("junit.xml", Kind::Junit),
        ("report.html", Kind::Page),
    ] {
        ours::may_write(&folder.join(name), kind)?;
    }
    Ok(())
}

/// Whether a folder has results of planted bugs, and no campaign.
pub(crate) fn has_only_proofs(folder: &Path) -> bool {
    !folder.join("campaign.jsonl").exists() && folder.join("prove.json").is_file()
}

/// Reads a trace from a JSON Lines file.
pub(crate) fn read_trace(path: &Path) -> Result<Vec<TraceEvent>, String> {
    let text = fs::read_to_string(path)
        .map_err(|why| format!("failed to read {}: {why}", path.display()))?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|why| {
            format!("line {} of {} is not a trace event: {why}", index + 1, path.display())
        })
    };
    text.lines().enumerate().map(parse).collect()
}

/// Writes the record of a run that was not valid into its folder.
pub(crate) fn write_record(out: &Path, record: &Record) -> io::Result<()> {
    rewrite_record(&out.join(record.run.folder()), record)
}

/// Writes the record of a run into its own folder.
pub(crate) fn rewrite_record(bundle: &Path, record: &Record) -> io::Result<()> {
    let mut json = serde_json::to_string_pretty(record)?;
    json.push('\n');
    ours::write(&bundle.join("record.json"), Kind::Record, json)
}
