//! The records of a campaign, which stay in their files and are read one at a time.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chaosdrill_core::{
    Origin, Record, RunId, Verdict,
    limits::{RECORD_READ_BYTES, SOURCES_OPEN_MAX},
    record::{CampaignLine, CoverageGoal, Totals},
};
use chaosdrill_reports::against;

use crate::{
    campaign_dir::index::{Entry, Index},
    job::Done,
    ours,
};

/// The records of a campaign, in one file or in those of its parts.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(super) index: Index,
    sources: Vec<Source>,
    /// Records that could not be written.
    unwritten: Vec<Record>,
}

/// A `campaign.jsonl`.
#[derive(Debug)]
struct Source {
    /// The folder of the campaign.
    folder: PathBuf,
    /// `None` if too many files are open; then it is opened for each record.
    lines: Option<Arc<File>>,
}

/// The number of the records that have no file.
const UNWRITTEN: u16 = u16::MAX;

impl Records {
    /// No records yet, of this file in the folder of a campaign.
    pub(super) fn of(folder: &Path, lines: Arc<File>) -> Self {
        let source = Source { folder: folder.to_owned(), lines: Some(lines) };
        Self { sources: vec![source], ..Self::default() }
    }

    /// Adds the records of another campaign. If both have a run, that of the other one counts.
    pub(crate) fn absorb(&mut self, mut other: Self) -> io::Result<()> {
        let source = u16::try_from(self.sources.len());
        let is_free = |first: &u16| first.saturating_add(other.sources.len() as u16) < UNWRITTEN;
        let source =
            source.ok().filter(is_free).ok_or_else(|| io::Error::other("too many parts"))?;
        if self.sources.len() >= SOURCES_OPEN_MAX {
            other.sources.iter_mut().for_each(|source| source.lines = None);
        }
        self.index.absorb(&other.index, source);
        self.sources.append(&mut other.sources);
        Ok(())
    }

    /// Sorts the records by their runs.
    pub(crate) fn sort(&mut self) {
        self.index.sort();
    }

    /// Keeps a record that could not be written.
    pub(super) fn keep_unwritten(&mut self, record: &Record) {
        self.index.add(record, UNWRITTEN, self.unwritten.len() as u64, false);
        self.unwritten.push(record.clone());
    }

    /// The number of records that could not be written.
    pub(super) fn unwritten(&self) -> usize {
        self.unwritten.len()
    }

    /// Whether all records are in this order in the first file.
    pub(super) fn is_in_order(&self) -> bool {
        let entries = self.index.entries();
        entries.iter().all(|entry| entry.source == 0) && entries.is_sorted_by_key(|it| it.offset)
    }

    /// Replaces the first file, in which the sorted records begin at these places.
    pub(super) fn moved_to(&mut self, lines: Arc<File>, offsets: impl Iterator<Item = u64>) {
        self.reopen(lines);
        self.index.moved_to(offsets);
        self.unwritten.clear();
    }

    /// Replaces the first file by one in which the records are where the index says.
    pub(super) fn reopen(&mut self, lines: Arc<File>) {
        self.sources[0].lines = Some(lines);
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { records: self, source: 0, start: 0, bytes: Vec::new() }
    }

    /// All records, by their runs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = io::Result<Record>> {
        self.filtered(|_| true)
    }

    /// The records whose entries are wanted, by their runs.
    pub(crate) fn filtered(
        &self,
        is_wanted: impl Fn(&Entry) -> bool,
    ) -> impl Iterator<Item = io::Result<Record>> {
        let mut reader = self.reader();
        let wanted = self.index.entries().iter().filter(move |entry| is_wanted(entry));
        wanted.map(move |entry| reader.record(entry))
    }

    /// The record of a run.
    pub(crate) fn get(&self, run: &RunId) -> io::Result<Option<Record>> {
        self.index.get(run).map(|entry| self.reader().record(&entry)).transpose()
    }

    /// What the runs add up to.
    pub(crate) fn totals(&self, goals: &[CoverageGoal]) -> io::Result<Totals> {
        let mut totals = Totals::new(goals);
        self.filtered(Entry::is_shrunk).try_for_each(|record| {
            totals.learn(&record?);
            Ok::<_, io::Error>(())
        })?;
        self.iter().try_for_each(|record| {
            totals.add(&record?);
            Ok::<_, io::Error>(())
        })?;
        Ok(totals)
    }
}

impl against::Records for Records {
    fn record(&self, run: &RunId) -> io::Result<Option<Record>> {
        self.get(run)
    }

    fn kept(&self) -> Vec<Origin> {
        let origins = self.index.origins().iter();
        origins.filter(|origin| matches!(origin, Origin::Kept(_))).cloned().collect()
    }
}

/// Reads records, fastest in the order of their file.
pub(crate) struct Reader<'a> {
    records: &'a Records,
    source: u16,
    /// The place of `bytes` in the file.
    start: u64,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    /// Reads the record of an entry.
    pub(crate) fn record(&mut self, entry: &Entry) -> io::Result<Record> {
        self.done(entry).map(|done| done.record)
    }

    /// Reads the record of an entry, with the hits before it.
    pub(crate) fn done(&mut self, entry: &Entry) -> io::Result<Done> {
        if entry.source == UNWRITTEN {
            let record = self.records.unwritten[entry.offset as usize].clone();
            return Ok(Done { record, hit_classes: Vec::new() });
        }
        let mut offset = entry.offset;
        let mut hit_classes = Vec::new();
        if entry.has_hits() {
            let line = self.line(entry.source, offset)?;
            offset += line.len() as u64 + 1;
            if let CampaignLine::HitClasses(_, hits) = serde_json::from_slice(line)? {
                hit_classes = hits;
            }
        }
        let line = serde_json::from_slice(self.line(entry.source, offset)?)?;
        let run = self.records.index.run(entry);
        match line {
            CampaignLine::Record(record) if record.run == run => {
                let mut record = *record;
                adopt_shrunk(&self.records.sources[usize::from(entry.source)].folder, &mut record);
                Ok(Done { record, hit_classes })
            }
            _ => Err(io::Error::other(format!("campaign.jsonl changed while it was read: {run}"))),
        }
    }

    /// Reads the line of an entry that is not a record.
    pub(super) fn line_at(&mut self, entry: &Entry) -> io::Result<CampaignLine> {
        Ok(serde_json::from_slice(self.line(entry.source, entry.offset)?)?)
    }

    /// The line that begins at this place of a file.
    fn line(&mut self, source: u16, offset: u64) -> io::Result<&[u8]> {
        let end = self.start + self.bytes.len() as u64;
        if self.source != source || !(self.start..end).contains(&offset) {
            self.bytes.clear();
            (self.source, self.start) = (source, offset);
        }
        let is_end = |byte: &u8| *byte == b'\n';
        let from = (offset - self.start) as usize;
        let mut end = self.bytes[from..].iter().position(is_end).map(|length| from + length);
        if end.is_none() {
            self.bytes.drain(..from);
            self.start = offset;
        }
        while end.is_none() {
            let known = self.bytes.len();
            let file = self.file(source)?;
            self.bytes.resize(known + RECORD_READ_BYTES, 0);
            let read = read_some(&file, &mut self.bytes[known..], offset + known as u64)?;
            self.bytes.truncate(known + read);
            end = self.bytes[known..].iter().position(is_end).map(|length| known + length);
            if read == 0 {
                // The last line may have no end.
                end = Some(known);
            }
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..end.unwrap_or(from)])
    }

    fn file(&self, source: u16) -> io::Result<Arc<File>> {
        let source = &self.records.sources[usize::from(source)];
        match &source.lines {
            Some(lines) => Ok(lines.clone()),
            None => Ok(Arc::new(File::open(source.folder.join("campaign.jsonl"))?)),
        }
    }
}

fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(bytes, offset) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Takes over the smallest plan that `shrink` found after the campaign. It is in the run's own record.
pub(super) fn adopt_shrunk(folder: &Path, record: &mut Record) {
    let is_shrunk = record.triage.as_ref().is_some_and(|triage| triage.minimal.is_some());
    if record.verdict != Verdict::Invalid || is_shrunk {
        return;
    }
    let bundle = folder.join(record.run.folder());
    if !bundle.join(ours::MINIMAL).is_file() {
        return;
    }
    let Ok(text) = fs::read_to_string(bundle.join("record.json")) else { return };
    let Ok(own) = serde_json::from_str::<Record>(&text) else { return };
    if (&own.run, &own.digest) == (&record.run, &record.digest) {
        record.triage = own.triage.or(record.triage.take());
    }
}
