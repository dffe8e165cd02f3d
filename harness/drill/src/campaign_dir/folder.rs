//! Writes the folder of a campaign: appends while the campaign runs, and sorts at the end.
//!
//! An existing folder moves to `<folder>.old` if everything in it is ours ([`super::ours`]). A running campaign holds a
//! lock on its `campaign.jsonl`, so that a second one in the same folder is refused.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chaosdrill_core::{
    Campaign, Record, RunId,
    limits::UNWRITTEN_MAX,
    record::{CampaignHeader, CampaignLine, CampaignMeasured, Cut, Extent, SweepRecord, Totals},
};

use crate::{
    campaign_dir::{
        lines::{LINES, Replacement, head, lines_of, write_line},
        read::{Lines, read_lines, shown},
        records::Records,
        reports::write_reports,
    },
    job::Done,
    ours::{self, Found, NotOurs, Place},
};

/// The folder of a running campaign.
pub(crate) struct Folder {
    path: PathBuf,
    /// `campaign.jsonl`, locked.
    lines: Arc<File>,
    /// The size of the file.
    end: u64,
    /// Whether the file may end within a line, because it could not be written.
    is_torn: bool,
    /// The extent at the head of the file; `None` if the file has more than its head and records.
    head: Option<Extent>,
    /// The records in the file.
    records: Records,
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
        let lines = File::options().read(true).append(true).create_new(true).open(path.join(LINES));
        let lines = lines.map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => FolderError::InUse(path.display().to_string()),
            _ => unwritable(path)(why),
        })?;
        lock(path, &lines)?;
        let mut folder = Self::of(path, lines, moved);
        for line in head(header, extent) {
            folder.append(&line).map_err(unwritable(path))?;
        }
        folder.head = Some(extent.clone());
        Ok(folder)
    }

    /// A folder with an empty file.
    fn of(path: &Path, lines: File, moved: Option<PathBuf>) -> Self {
        let lines = Arc::new(lines);
        let records = Records::of(path, lines.clone());
        Self { path: path.to_owned(), lines, end: 0, is_torn: false, head: None, records, moved }
    }

    /// Resumes the campaign in this folder. Its runs are taken with [`Folder::take_known`].
    pub(crate) fn resume(
        path: &Path,
        header: &CampaignHeader,
        extent: &Extent,
    ) -> Result<Self, FolderError> {
        ours::look(path, Place::Campaign)?;
        let lines = File::options().append(true).read(true).open(path.join(LINES));
        if let Ok(lines) = &lines {
            lock(path, lines)?;
        }
        let read = read_lines(path).map_err(FolderError::NothingToResume)?;
        let Some(begun) = &read.header else {
            return Err(FolderError::NothingToResume(read.notes.concat()));
        };
        let (begun_in, ours) = (begun.version, header.version);
        if begun_in != ours {
            return Err(FolderError::NothingToResume(format!(
                "{} was started in version {begun_in} of the format, and this build writes version {ours}; finish it with the \
                 build that started it",
                path.display()
            )));
        }
        if !begun.is_same_order(header) {
            return Err(FolderError::AnotherCampaign(path.display().to_string()));
        }
        let lines = lines.map_err(unwritable(path))?;
        let mut folder = Self::of(path, lines, None);
        // Rewritten, so that no torn line swallows the next one, and no line says that the campaign has ended.
        folder.begin_again(header, extent, &read).map_err(unwritable(path))?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The place to which the folder's former content was moved; `None` if there was none.
    pub(crate) fn moved(&self) -> Option<&Path> {
        self.moved.as_deref()
    }

    /// The records in the folder.
    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    fn append(&mut self, line: &CampaignLine) -> io::Result<()> {
        let mut text = if self.is_torn { vec![b'\n'] } else { Vec::new() };
        write_line(&mut text, line)?;
        let written = (&*self.lines).write_all(&text);
        self.is_torn = written.is_err();
        self.end = match written {
            Ok(()) => self.end + text.len() as u64,
            Err(_) => self.lines.metadata()?.len(),
        };
        written
    }

    /// Appends a run as soon as it ends, so that a killed campaign loses none.
    pub(crate) fn record(&mut self, done: &Done) -> io::Result<()> {
        let begin = self.end + u64::from(self.is_torn);
        let mut lines = lines_of(done);
        let written = lines.try_for_each(|line| self.append(&line));
        drop(lines);
        match &written {
            Ok(()) => {
                let has_hits = !done.hit_classes.is_empty();
                self.records.index.add(&done.record, 0, begin, has_hits);
                self.head = self.head.take().filter(|_| !has_hits);
            }
            Err(_) => self.keep_unwritten(&done.record),
        }
        written
    }

    /// Keeps a record that could not be written for the reports. The campaign ends, so there are few of them, but for
    /// the records of the triage.
    fn keep_unwritten(&mut self, record: &Record) {
        if self.records.unwritten() < UNWRITTEN_MAX {
            self.records.keep_unwritten(record);
        }
    }

    /// Appends how many runs are ordered so far.
    pub(crate) fn extent(&mut self, extent: &Extent) -> io::Result<()> {
        self.head = None;
        self.append(&CampaignLine::Extent(extent.clone()))
    }

    /// The result of a run that the resumed campaign has; each is returned once.
    pub(crate) fn take_known(&mut self, run: &RunId) -> io::Result<Option<Done>> {
        let known = self.records.index.take(run);
        known.map(|entry| self.records.reader().done(&entry)).transpose()
    }

    /// Sorts the records after the last run. If all runs were reached, records that the resumed campaign did not take
    /// are of no run of this one.
    pub(crate) fn runs_end(&mut self, are_all_reached: bool) {
        if are_all_reached {
            self.records.index.drop_untaken();
        }
        self.records.sort();
    }

    /// Sorts the records again, after some were written anew.
    pub(crate) fn sort(&mut self) {
        self.records.sort();
    }

    /// Writes the known runs of a campaign again, each with its hits.
    fn begin_again(
        &mut self,
        header: &CampaignHeader,
        extent: &Extent,
        known: &Lines,
    ) -> io::Result<()> {
        let mut new = Replacement::begin(&self.path, &head(header, extent))?;
        let (mut reader, mut hits) = (known.records.reader(), known.records.reader());
        for entry in known.records.index.entries().iter().filter(|entry| known.is_known(entry)) {
            let record = reader.record(entry)?;
            let line = known.hits.get(&record.run).map(|line| hits.line_at(&line)).transpose()?;
            let hit_classes = match line {
                Some(CampaignLine::HitClasses(_, hit_classes)) => hit_classes,
                _ => Vec::new(),
            };
            let begin = new.end;
            let done = Done { record, hit_classes };
            lines_of(&done).try_for_each(|line| new.write(&line))?;
            self.records.index.add(&done.record, 0, begin, !done.hit_classes.is_empty());
        }
        self.records.sort();
        let (lines, end) = new.end()?;
        self.records.reopen(lines.clone());
        (self.lines, self.end, self.head) = (lines, end, None);
        Ok(())
    }

    /// Rewrites the campaign sorted, and writes its reports. An incomplete campaign stays as it was written, with what
    /// its sweeps have yet to do, so that it can be resumed.
    pub(crate) fn finish(&mut self, end: &End) -> (Campaign, Option<Unfinished>) {
        self.records.sort();
        let mut campaign = end.campaign();
        let unfinished = match self.write_end(end).and_then(|()| self.add_up(&mut campaign)) {
            Ok(()) => {
                let written = write_reports(&self.path, &campaign, &self.records);
                written.err().map(Unfinished::Reports)
            }
            Err(why) => {
                let why = Unfinished::Lines(why);
                campaign.extent.cut.push(Cut::Disk(why.to_string()));
                // The terminal shows what can be read.
                let _ = self.add_up(&mut campaign);
                Some(why)
            }
        };
        (campaign, unfinished)
    }

    fn add_up(&self, campaign: &mut Campaign) -> io::Result<()> {
        campaign.totals = self.records.totals(&campaign.header.goals)?;
        campaign.shown = shown(&campaign.totals, &self.records)?;
        Ok(())
    }

    fn write_end(&mut self, end: &End) -> io::Result<()> {
        let ran = self.records.index.ran();
        let is_incomplete = end.extent.incomplete(&ran, end.measured.is_some()).is_some();
        if end.measured.is_none() || is_incomplete {
            self.extent(&end.extent)?;
        } else if self.head.as_ref() != Some(&end.extent) || !self.records.is_in_order() {
            self.write_sorted(end)?;
        }
        if let Some(measured) = &end.measured {
            for sweep in &end.sweeps {
                self.append(&CampaignLine::Sweep(sweep.clone()))?;
            }
            self.append(&CampaignLine::Measured(measured.clone()))?;
        }
        Ok(())
    }

    /// Writes the head and the sorted records into a new file.
    fn write_sorted(&mut self, end: &End) -> io::Result<()> {
        let mut new = Replacement::begin(&self.path, &head(&end.header, &end.extent))?;
        let mut offsets = Vec::with_capacity(self.records.index.entries().len());
        for record in self.records.iter() {
            offsets.push(new.end);
            new.write(&CampaignLine::Record(Box::new(record?)))?;
        }
        let (lines, end) = new.end()?;
        self.records.moved_to(lines.clone(), offsets.into_iter());
        (self.lines, self.end) = (lines, end);
        Ok(())
    }
}

/// The end of a campaign.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) header: CampaignHeader,
    pub(crate) sweeps: Vec<SweepRecord>,
    pub(crate) extent: Extent,
    pub(crate) measured: Option<CampaignMeasured>,
}

impl End {
    /// The campaign before its runs are added up.
    fn campaign(&self) -> Campaign {
        let Self { header, sweeps, extent, measured } = self.clone();
        let totals = Totals::new(&header.goals);
        Campaign { header, totals, shown: Default::default(), sweeps, extent, measured }
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
