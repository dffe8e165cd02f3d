//! The folder of a campaign: written as it goes, moved aside for the next one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Campaign, Passage, Record, RunId, TraceEvent, Verdict,
    record::{CampaignHeader, CampaignMeasured, SweepRecord},
    redact::redact_json,
};
use chaosdrill_reports::{html, junit, markdown};
use serde::{Deserialize, Serialize};

use crate::{campaign::engine::Done, stories};

/// One line of `campaign.jsonl`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// The first line: what the campaign set out to do.
    Campaign(CampaignHeader),
    /// A run; the last one of the same run counts.
    Record(Box<Record>),
    /// The passages of a run on which others hang; only while the campaign goes on.
    Passages(RunId, Vec<Passage>),
    /// How much a sweep covered.
    Sweep(SweepRecord),
    /// The last line of a campaign that came to its end.
    Measured(CampaignMeasured),
}

/// The folder of a campaign that is being written.
pub(crate) struct Folder {
    path: PathBuf,
    campaign: File,
    /// Held as long as the campaign lasts; a second one in the same folder is refused.
    _lock: File,
}

/// Why a folder cannot be used; says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error(
        "another campaign is writing to {0}; wait for it, or give this one another folder by --out"
    )]
    InUse(String),
    #[error("failed to write to {path}: {why}; give another folder by --out")]
    Unwritable { path: String, why: io::Error },
    #[error("nothing to resume: {0}")]
    NothingToResume(String),
    #[error(
        "{0} holds another campaign; give the same filter, seeds, nemeses, defect and partition, or leave out --resume"
    )]
    AnotherCampaign(String),
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |why| FolderError::Unwritable { path: path.display().to_string(), why }
}

/// The folder's name with something behind it, beside it.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Keeps other campaigns out of the folder.
fn lock(path: &Path) -> Result<File, FolderError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(unwritable(path))?;
    }
    let lock = File::create(beside(path, ".lock")).map_err(unwritable(path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(FolderError::InUse(path.display().to_string())),
        Err(fs::TryLockError::Error(why)) => Err(unwritable(path)(why)),
    }
}

impl Folder {
    /// Makes the folder anew; an older one moves to `<folder>.old`.
    pub(crate) fn create(path: &Path, header: &CampaignHeader) -> Result<Self, FolderError> {
        let lock = lock(path)?;
        if path.exists() {
            let old = beside(path, ".old");
            if old.exists() {
                fs::remove_dir_all(&old).map_err(unwritable(&old))?;
            }
            fs::rename(path, &old).map_err(unwritable(path))?;
        }
        fs::create_dir_all(path).map_err(unwritable(path))?;
        let campaign = File::create(path.join("campaign.jsonl")).map_err(unwritable(path))?;
        let mut folder = Self { path: path.to_owned(), campaign, _lock: lock };
        folder.append(&Line::Campaign(header.clone())).map_err(unwritable(path))?;
        Ok(folder)
    }

    /// Goes on with the campaign that was broken off in this folder: what it has, and the folder to append to.
    pub(crate) fn resume(
        path: &Path,
        header: &CampaignHeader,
    ) -> Result<(Self, BTreeMap<RunId, Done>), FolderError> {
        let lock = lock(path)?;
        let read = read_campaign(path).map_err(FolderError::NothingToResume)?;
        if read.campaign.header != *header {
            return Err(FolderError::AnotherCampaign(path.display().to_string()));
        }
        let known = read.into_known();
        // A line that was torn by the kill must not swallow the next one.
        let file = path.join("campaign.jsonl");
        let campaign = File::options().append(true).open(&file).map_err(unwritable(path))?;
        let mut folder = Self { path: path.to_owned(), campaign, _lock: lock };
        folder.campaign.write_all(b"\n").map_err(unwritable(path))?;
        Ok((folder, known))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.campaign.write_all(&text)
    }

    /// Appends a run as soon as it is over, so that a killed campaign loses none.
    pub(crate) fn record(&mut self, done: &Done) -> io::Result<()> {
        if !done.passages.is_empty() {
            self.append(&Line::Passages(done.record.run.clone(), done.passages.clone()))?;
        }
        self.append(&Line::Record(Box::new(done.record.clone())))
    }

    /// Writes everything else: the campaign once more, sorted, and its reports. One that was broken off stays as it
    /// was written, so that it can go on.
    pub(crate) fn finish(&self, campaign: &Campaign, is_complete: bool) -> io::Result<()> {
        if !is_complete {
            return write_reports(&self.path, campaign);
        }
        let sorted = beside(&self.path.join("campaign.jsonl"), ".new");
        let mut file = io::BufWriter::new(File::create(&sorted)?);
        let header = Line::Campaign(campaign.header.clone());
        let records = campaign.records.iter().map(|record| Line::Record(Box::new(record.clone())));
        let sweeps = campaign.sweeps.iter().cloned().map(Line::Sweep);
        let measured = campaign.measured.clone().map(Line::Measured);
        for line in [header].into_iter().chain(records).chain(sweeps).chain(measured) {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.flush()?;
        fs::rename(sorted, self.path.join("campaign.jsonl"))?;
        write_reports(&self.path, campaign)
    }
}

/// Writes `summary.json`, `summary.md`, `junit.xml` and `report.html`, and a page for each run that was not valid.
pub(crate) fn write_reports(folder: &Path, campaign: &Campaign) -> io::Result<()> {
    write_reports_against(folder, campaign, None, &[])
}

/// The same against an earlier campaign, with notes on what could not be read of this one.
pub(crate) fn write_reports_against(
    folder: &Path,
    campaign: &Campaign,
    against: Option<&Campaign>,
    notes: &[String],
) -> io::Result<()> {
    let summary = campaign.summary();
    let mut json = serde_json::to_string_pretty(&summary)?;
    json.push('\n');
    fs::write(folder.join("summary.json"), redact_json(&json).as_bytes())?;
    fs::write(folder.join("summary.md"), markdown::summary(&summary))?;
    let junit = junit::junit(campaign).map_err(io::Error::other)?;
    fs::write(folder.join("junit.xml"), junit)?;
    let told = stories::of_findings(folder, campaign, &summary);
    let (proofs, unread) = stories::proofs(folder);
    let notes: Vec<String> = notes.iter().cloned().chain(unread).collect();
    let page = html::Page { campaign, stories: &told, proofs: &proofs, against, notes: &notes };
    fs::write(folder.join("report.html"), html::campaign(&page))?;
    stories::write_pages(folder, campaign)
}

/// A campaign as its folder tells it.
pub(crate) struct Read {
    /// The campaign.
    pub(crate) campaign: Campaign,
    /// The passages of runs on which others hang, where the campaign was broken off.
    pub(crate) passages: BTreeMap<RunId, Vec<Passage>>,
    /// What could not be read of it, in words.
    pub(crate) notes: Vec<String>,
}

impl Read {
    /// Its runs, as a campaign that goes on takes them over.
    pub(crate) fn into_known(mut self) -> BTreeMap<RunId, Done> {
        let mut known = BTreeMap::new();
        // What a sweep passed is written down only until the campaign comes to its end.
        let is_complete = self.campaign.measured.is_some();
        let is_lost = |record: &Record| is_complete && record.run.nemesis.starts_with("sweep-");
        // A worker that did not live to say anything may do so this time.
        let is_mute =
            |record: &Record| record.digest.is_none() && record.verdict == Verdict::Unknown;
        let is_told = |record: &Record| !is_lost(record) && !is_mute(record);
        for record in self.campaign.records.into_iter().filter(is_told) {
            let passages = self.passages.remove(&record.run).unwrap_or_default();
            known.insert(record.run.clone(), Done { record, passages });
        }
        known
    }
}

/// Reads a trace from a file of JSON Lines.
pub(crate) fn read_trace(path: &Path) -> Result<Vec<TraceEvent>, String> {
    let text = fs::read_to_string(path)
        .map_err(|why| format!("failed to read {}: {why}", path.display()))?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|why| {
            format!("line {} of {} is no event of a trace: {why}", index + 1, path.display())
        })
    };
    text.lines().enumerate().map(parse).collect()
}

/// Writes the record of a run that was not valid into its folder.
pub(crate) fn write_record(out: &Path, record: &Record) -> io::Result<()> {
    let mut json = serde_json::to_string_pretty(record)?;
    json.push('\n');
    fs::write(out.join(record.run.folder()).join("record.json"), json)
}

/// Reads a campaign, as far as it can be read: the last line of a killed one may be torn.
pub(crate) fn read_campaign(folder: &Path) -> Result<Read, String> {
    let path = folder.join("campaign.jsonl");
    let file = File::open(&path).map_err(|why| {
        format!(
            "failed to open {}: {why}; `report` needs the folder of a campaign, as `run` writes it",
            path.display()
        )
    })?;
    let mut header = None;
    let mut records: BTreeMap<RunId, Record> = BTreeMap::new();
    let mut passages: BTreeMap<RunId, Vec<Passage>> = BTreeMap::new();
    let mut sweeps: Vec<SweepRecord> = Vec::new();
    let mut measured = None;
    let mut notes = Vec::new();
    for (index, line) in io::BufReader::new(file).lines().enumerate() {
        if line.as_ref().is_ok_and(String::is_empty) {
            continue;
        }
        let parsed = line
            .map_err(|why| why.to_string())
            .and_then(|line| serde_json::from_str::<Line>(&line).map_err(|why| why.to_string()));
        match parsed {
            Ok(Line::Campaign(found)) => header = Some(found),
            Ok(Line::Record(record)) => drop(records.insert(record.run.clone(), *record)),
            Ok(Line::Passages(run, list)) => drop(passages.insert(run, list)),
            Ok(Line::Sweep(found)) => sweeps.push(found),
            Ok(Line::Measured(found)) => measured = Some(found),
            Err(why) => {
                notes.push(format!("line {} of campaign.jsonl is left out: {why}", index + 1));
            }
        }
    }
    let header: CampaignHeader = header.ok_or_else(|| {
        format!(
            "{} does not say which campaign it is of; its first line is missing or damaged",
            path.display()
        )
    })?;
    if measured.is_none() {
        notes.push("the campaign did not come to its end; these are the runs it had".to_owned());
    }
    let records = records.into_values().collect();
    sweeps.sort();
    Ok(Read { passages, campaign: Campaign { header, records, sweeps, measured }, notes })
}
