//! The folder of a campaign: written as it goes, moved aside for the next one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Campaign, Record, RunId, TraceEvent,
    record::{CampaignHeader, CampaignLine, Proof},
    redact::redact_json,
};
use chaosdrill_reports::{html, junit, markdown};

pub(crate) use self::read::read_campaign;
use crate::{campaign::engine::Done, stories};

mod read;

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
        folder.append(&CampaignLine::Campaign(header.clone())).map_err(unwritable(path))?;
        Ok(folder)
    }

    /// Goes on with the campaign that was broken off in this folder: what it has, and the folder to append to.
    pub(crate) fn resume(
        path: &Path,
        header: &CampaignHeader,
    ) -> Result<(Self, BTreeMap<RunId, Done>), FolderError> {
        let lock = lock(path)?;
        let read = read_campaign(path).map_err(FolderError::NothingToResume)?;
        if !read.has_header {
            return Err(FolderError::NothingToResume(read.notes.concat()));
        }
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

    fn append(&mut self, line: &CampaignLine) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.campaign.write_all(&text)
    }

    /// Appends a run as soon as it is over, so that a killed campaign loses none.
    pub(crate) fn record(&mut self, done: &Done) -> io::Result<()> {
        if !done.passages.is_empty() {
            self.append(&CampaignLine::Passages(done.record.run.clone(), done.passages.clone()))?;
        }
        self.append(&CampaignLine::Record(Box::new(done.record.clone())))
    }

    /// Writes everything else: the campaign once more, sorted, and its reports. One that was broken off stays as it
    /// was written, so that it can go on.
    pub(crate) fn finish(&self, campaign: &Campaign, is_complete: bool) -> io::Result<()> {
        if !is_complete {
            return write_reports(&self.path, campaign);
        }
        let sorted = beside(&self.path.join("campaign.jsonl"), ".new");
        let mut file = io::BufWriter::new(File::create(&sorted)?);
        let header = CampaignLine::Campaign(campaign.header.clone());
        let records =
            campaign.records.iter().map(|record| CampaignLine::Record(Box::new(record.clone())));
        let sweeps = campaign.sweeps.iter().cloned().map(CampaignLine::Sweep);
        let measured = campaign.measured.clone().map(CampaignLine::Measured);
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
    let told = stories::of_findings(folder, campaign, &summary);
    let (proofs, unread) = stories::proofs(folder);
    let notes: Vec<String> = notes.iter().cloned().chain(unread).collect();
    // The page says by itself that the campaign is of a newer version.
    let mut all: Vec<String> = html::newer(campaign.header.version).into_iter().collect();
    all.extend(notes.iter().cloned());
    fs::write(folder.join("summary.md"), markdown::summary_with(&summary, &all))?;
    let junit = junit::junit_with(campaign, &all).map_err(io::Error::other)?;
    fs::write(folder.join("junit.xml"), junit)?;
    let page = html::Page { campaign, stories: &told, proofs: &proofs, against, notes: &notes };
    fs::write(folder.join("report.html"), html::campaign(&page))?;
    stories::write_pages(folder, campaign)
}

/// Writes `summary.md` and `report.html` of a search for planted bugs, into a folder that has no campaign.
pub(crate) fn write_proofs(
    folder: &Path,
    proofs: &[Proof],
    notes: &[String],
    program: &str,
) -> io::Result<()> {
    fs::write(folder.join("summary.md"), markdown::proofs(proofs, notes))?;
    fs::write(folder.join("report.html"), html::proofs(proofs, notes, program))
}

/// Whether a folder tells of planted bugs, and of no campaign.
pub(crate) fn has_only_proofs(folder: &Path) -> bool {
    !folder.join("campaign.jsonl").exists() && folder.join("prove.json").is_file()
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
