//! Reads the stories of runs from their folders: details for the reports that the records lack.
//!
//! A folder may be damaged, of another version, or missing. Readable parts are used, unreadable parts are noted, and a
//! missing file is never an error.

use std::{
    fs::{self, File},
    io::{self, BufRead, Read},
    path::Path,
};

use chaosdrill_core::{
    Campaign, Plan, Record, TraceEvent,
    limits::{BUNDLE_COMPLAINTS_MAX, BUNDLE_STORIES_MAX, BUNDLE_TRACE_BYTES_MAX},
    record::{Proof, Summary},
};
use chaosdrill_reports::{Story, html};

use crate::{
    git,
    ours::{self, Kind},
};

/// The stories of a campaign's findings, from the first run of each.
pub(crate) fn of_findings(folder: &Path, campaign: &Campaign, summary: &Summary) -> Vec<Story> {
    let records = summary.findings.iter().take(BUNDLE_STORIES_MAX);
    let records = records.filter_map(|finding| campaign.record_of(finding));
    records.map(|record| read(&folder.join(record.run.folder()), record)).collect()
}

/// Writes the page of one run into its folder, and that of the smallest plan's run.
pub(crate) fn write_page(folder: &Path, record: &Record, program: &str) -> io::Result<()> {
    write_page_of(folder, &read(folder, record), program)
}

/// Writes the page of a story into its folder.
pub(crate) fn write_page_of(folder: &Path, story: &Story, program: &str) -> io::Result<()> {
    if let Some(smallest) = &story.smallest {
        write_page_of(&folder.join(ours::SMALLEST), smallest, program)?;
    }
    let named = git::path_from_root(folder).display().to_string();
    ours::write(&folder.join("report.html"), Kind::Page, html::run(story, program, &named))
}

/// The results of `prove` in this folder, if there are any, and the reason if they could not be read.
pub(crate) fn proofs(folder: &Path) -> (Vec<Proof>, Option<String>) {
    let mut notes = Vec::new();
    let Some(text) = text(&folder.join("prove.json"), &mut notes) else {
        return (Vec::new(), notes.pop());
    };
    match serde_json::from_str(&text) {
        Ok(proofs) => (proofs, None),
        Err(why) => (Vec::new(), Some(format!("failed to read prove.json: {why}"))),
    }
}

/// The story of one run, from its folder.
pub(crate) fn read(folder: &Path, record: &Record) -> Story {
    let mut notes = Vec::new();
    let plan = plan(&folder.join("plan.toml"), record, &mut notes);
    let minimal = plan_of(&folder.join(ours::MINIMAL), &mut notes);
    let events = events(&folder.join("trace.jsonl"), &mut notes);
    let (there, all) = (events.len() as u64, record.events);
    // A missing trace was already reported.
    if there != all && folder.join("trace.jsonl").is_file() {
        notes.push(format!("trace.jsonl has {there} of the {all} events of the run"));
    }
    let smallest = smallest(&folder.join(ours::SMALLEST), record).map(Box::new);
    Story { record: record.clone(), plan, minimal, smallest, events, notes }
}

/// The story of the smallest plan's run; `None` if it was not kept, or is of another run.
fn smallest(folder: &Path, record: &Record) -> Option<Story> {
    let text = fs::read_to_string(folder.join("record.json")).ok()?;
    let own: Record = serde_json::from_str(&text).ok()?;
    (own.run == record.run).then(|| read(folder, &own))
}

fn plan(path: &Path, record: &Record, notes: &mut Vec<String>) -> Option<Plan> {
    let carried = || record.plan_rest.is_some().then(|| record.plan());
    let plan = plan_of(path, notes).or_else(carried);
    if plan.is_none() && notes.is_empty() {
        notes.push("plan.toml is missing".to_owned());
    }
    plan
}

fn plan_of(path: &Path, notes: &mut Vec<String>) -> Option<Plan> {
    let text = text(path, notes)?;
    match Plan::from_toml(&text) {
        Ok(plan) => Some(plan),
        Err(why) => {
            notes.push(format!("failed to read {}: {why}", name(path)));
            None
        }
    }
}

/// A file's text; `None` if it does not exist, or cannot be read, which is noted.
fn text(path: &Path, notes: &mut Vec<String>) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(why) if why.kind() == io::ErrorKind::NotFound => None,
        Err(why) => {
            notes.push(format!("failed to read {}: {why}", name(path)));
            None
        }
    }
}

/// The readable events.
fn events(path: &Path, notes: &mut Vec<String>) -> Vec<TraceEvent> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(why) => {
            notes.push(format!("failed to read {}: {why}", name(path)));
            return Vec::new();
        }
    };
    let mut events = Vec::new();
    let mut bad = 0;
    let lines = io::BufReader::new(file.take(BUNDLE_TRACE_BYTES_MAX)).split(b'\n');
    for (index, line) in lines.enumerate() {
        let Ok(line) = line else { break };
        match serde_json::from_slice(&line) {
            Ok(event) => events.push(event),
            Err(why) => {
                bad += 1;
                if bad <= BUNDLE_COMPLAINTS_MAX {
                    notes.push(format!("line {} of {} was skipped: {why}", index + 1, name(path)));
                }
            }
        }
    }
    if bad > BUNDLE_COMPLAINTS_MAX {
        notes.push(format!("{bad} lines of {} were skipped in total", name(path)));
    }
    events
}

/// A file's own name; its path depends on the machine.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
