//! Writes the folder of a campaign: appends while the campaign runs, and sorts at the end.
//!
//! An existing folder moves to `<folder>.old` if everything in it is ours ([`super::ours`]). A running campaign holds a
//! lock on its `campaign.jsonl`, so that a second one in the same folder is refused.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Campaign, RunId,
    record::{CampaignHeader, CampaignLine, Extent},
};

use crate::{
    campaign_dir::{read::read_campaign, reports::write_reports},
    job::Done,
    ours::{self, Found, Kind, NotOurs, Place},
};

/// The campaign itself; everything else in the folder is derived from this file.
const LINES: &str = "campaign.jsonl";

/// The folder of a running campaign.
pub(crate) struct Folder {
    path: PathBuf,
    /// `campaign.jsonl`, locked.
    campaign: File,
    /// The place to which the folder's former content was moved.
    moved: Option<PathBuf>,
}

/// Why a folder cannot be used; the message says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error(
        "another campaign is writing to {0}; wait for it to end, or choose another folder with --out"
    )]
    InUse(String),
    #[error("failed to write to {path}: {why}; choose another folder with --out")]
    Unwritable { path: String, why: io::Error },
    #[error("{0}; move it away, or choose another folder with --out")]
    NotOurs(#[from] NotOurs),
    #[error("there is nothing to resume: {0}")]
    NothingToResume(String),
    #[error(
        "{0} contains a different campaign; give the same filter, seeds, nemeses, defect and partition, or leave out --resume"
    )]
    AnotherCampaign(String),
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |why| FolderError::Unwritable { path: path.display().to_string(), why }
}

/// The place of the previous campaign after a new one takes its folder.
pub(crate) fn old(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".old");
    path.with_file_name(name)
}

/// Locks the lines of a campaign. The lock belongs to the open file, and ends with the process.
fn lock(folder: &Path, lines: &File) -> Result<(), FolderError> {
    let in_use = || FolderError::InUse(folder.display().to_string());
    match lines.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(in_use()),
        Err(fs::TryLockError::Error(why)) => return Err(unwritable(folder)(why)),
    }
    // Between opening and locking, another campaign may have moved the file away.
    let is_same = |there: fs::Metadata, here: fs::Metadata| {
        (there.dev(), there.ino()) == (here.dev(), here.ino())
    };
    let there = fs::metadata(folder.join(LINES));
    match there.and_then(|there| Ok(is_same(there, lines.metadata()?))) {
        Ok(true) => Ok(()),
        _ => Err(in_use()),
    }
}

/// Makes room for a new folder: moves an existing folder of ours to `<folder>.old` and returns that path. An even older
/// folder there is removed if it is ours.
pub(crate) fn make_room(path: &Path) -> Result<Option<PathBuf>, FolderError> {
    match ours::look(path, Place::Campaign)? {
        Found::Ours => move_aside(path).map(Some),
        Found::Nothing | Found::Empty => Ok(None),
    }
}

/// Moves a folder of ours to `<folder>.old`, and returns that path.
fn move_aside(path: &Path) -> Result<PathBuf, FolderError> {
    let running = File::options().read(true).write(true).open(path.join(LINES));
    let _lock = match running {
        Ok(lines) => {
            lock(path, &lines)?;
            Some(lines)
        }
        // The folder is not a campaign's but `prove`'s, which does not keep it open.
        Err(why) if why.kind() == io::ErrorKind::NotFound => None,
        Err(why) => return Err(unwritable(path)(why)),
    };
    let old = old(path);
    ours::look(&old, Place::Campaign)?;
    ours::remove(&old, Place::Campaign).map_err(unwritable(&old))?;
    fs::rename(path, &old).map_err(unwritable(path))?;
    Ok(old)
}

impl Folder {
    /// Creates the folder, after [`make_room`].
    pub(crate) fn create(
        path: &Path,
        header: &CampaignHeader,
        extent: &Extent,
    ) -> Result<Self, FolderError> {
        let moved = make_room(path)?;
        fs::create_dir_all(path).map_err(unwritable(path))?;
        // If two campaigns race, only one of them creates the file.
        let campaign = File::create_new(path.join(LINES)).map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => FolderError::InUse(path.display().to_string()),
            _ => unwritable(path)(why),
        })?;
        lock(path, &campaign)?;
        let mut folder = Self { path: path.to_owned(), campaign, moved };
        let lines = [CampaignLine::Campaign(header.clone()), CampaignLine::Extent(extent.clone())];
        for line in &lines {
            folder.append(line).map_err(unwritable(path))?;
        }
        Ok(folder)
    }

    /// Resumes the campaign in this folder: returns the folder to append to, and the runs that it has.
    pub(crate) fn resume(
        path: &Path,
        header: &CampaignHeader,
        extent: &Extent,
    ) -> Result<(Self, BTreeMap<RunId, Done>), FolderError> {
        ours::look(path, Place::Campaign)?;
        let lines = File::options().append(true).read(true).open(path.join(LINES));
        if let Ok(lines) = &lines {
            lock(path, lines)?;
        }
        let read = read_campaign(path).map_err(FolderError::NothingToResume)?;
        if !read.has_header {
            return Err(FolderError::NothingToResume(read.notes.concat()));
        }
        let (begun_in, ours) = (read.campaign.header.version, header.version);
        if begun_in != ours {
            return Err(FolderError::NothingToResume(format!(
                "{} was started in version {begun_in} of the format, and this build writes version {ours}; finish it with the \
                 build that started it",
                path.display()
            )));
        }
        if !read.campaign.header.is_same_order(header) {
            return Err(FolderError::AnotherCampaign(path.display().to_string()));
        }
        let known = read.into_known();
        let campaign = lines.map_err(unwritable(path))?;
        let mut folder = Self { path: path.to_owned(), campaign, moved: None };
        // Rewritten, so that no torn line swallows the next one, and no line says that the campaign has ended.
        folder.begin_again(header, extent, &known).map_err(unwritable(path))?;
        Ok((folder, known))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The place to which the folder's former content was moved; `None` if there was none.
    pub(crate) fn moved(&self) -> Option<&Path> {
        self.moved.as_deref()
    }

    fn append(&mut self, line: &CampaignLine) -> io::Result<()> {
        write_line(&mut self.campaign, line)
    }

    /// Appends a run as soon as it ends, so that a killed campaign loses none.
    pub(crate) fn record(&mut self, done: &Done) -> io::Result<()> {
        for line in lines_of(done) {
            self.append(&line)?;
        }
        Ok(())
    }

    /// Appends how many runs are ordered so far.
    pub(crate) fn extent(&mut self, extent: &Extent) -> io::Result<()> {
        self.append(&CampaignLine::Extent(extent.clone()))
    }

    fn begin_again(
        &mut self,
        header: &CampaignHeader,
        extent: &Extent,
        known: &BTreeMap<RunId, Done>,
    ) -> io::Result<()> {
        let head = [CampaignLine::Campaign(header.clone()), CampaignLine::Extent(extent.clone())];
        self.replace(head.into_iter().chain(known.values().flat_map(lines_of)))
    }

    /// Rewrites the campaign sorted, and writes its reports. An incomplete campaign stays as it was written, with what
    /// its sweeps have yet to do, so that it can be resumed.
    pub(crate) fn finish(&mut self, campaign: &Campaign) -> Result<(), Unfinished> {
        let sweeps = campaign.sweeps.iter().cloned().map(CampaignLine::Sweep);
        let measured = campaign.measured.clone().map(CampaignLine::Measured);
        let mut end = sweeps.chain(measured);
        let sorted = if campaign.measured.is_none() {
            self.extent(&campaign.extent)
        } else if campaign.incomplete().is_some() {
            self.extent(&campaign.extent).and_then(|()| end.try_for_each(|line| self.append(&line)))
        } else {
            let head = [
                CampaignLine::Campaign(campaign.header.clone()),
                CampaignLine::Extent(campaign.extent.clone()),
            ];
            let records =
                campaign.records.iter().map(|it| CampaignLine::Record(Box::new(it.clone())));
            self.replace(head.into_iter().chain(records).chain(end))
        };
        sorted.map_err(Unfinished::Lines)?;
        write_reports(&self.path, campaign).map_err(Unfinished::Reports)
    }

    /// Replaces all lines, atomically.
    fn replace(&mut self, lines: impl Iterator<Item = CampaignLine>) -> io::Result<()> {
        let path = self.path.join(LINES).with_extension("jsonl.new");
        // A killed process may have left this file.
        ours::remove_file(&path, Kind::Campaign)?;
        let file = File::options().create_new(true).append(true).open(&path)?;
        // Locked before it is renamed, so that the folder is locked at every instant.
        file.try_lock()?;
        let mut file = io::BufWriter::new(file);
        for line in lines {
            write_line(&mut file, &line)?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        fs::rename(&path, self.path.join(LINES))?;
        self.campaign = file;
        Ok(())
    }
}

/// What could not be written at the end of a campaign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfinished {
    #[error("failed to write the end of campaign.jsonl: {0}")]
    Lines(io::Error),
    #[error("failed to write the reports: {0}")]
    Reports(io::Error),
}

fn write_line(to: &mut impl Write, line: &CampaignLine) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    to.write_all(&text)
}

/// A run as lines: its hits come first, so that a record is never without them.
fn lines_of(done: &Done) -> Vec<CampaignLine> {
    let run = &done.record.run;
    let hit_classes = (!done.hit_classes.is_empty())
        .then(|| CampaignLine::HitClasses(run.clone(), done.hit_classes.clone()));
    hit_classes.into_iter().chain([CampaignLine::Record(Box::new(done.record.clone()))]).collect()
}
