//! Reads the folder of a campaign, as far as it is readable.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufRead},
    path::Path,
    sync::Arc,
};

use chaosdrill_core::{
    Campaign, Origin, Record, RunId,
    limits::{CAMPAIGN_COMPLAINTS_MAX, FINDINGS_SHOWN_MAX},
    record::{
        CampaignHeader, CampaignLine, CampaignMeasured, Cut, Extent, Incomplete, RECORD_VERSION,
        ScenarioRecord, SweepRecord, Totals,
    },
};

use crate::campaign_dir::{
    index::{Entry, Index},
    records::{Records, adopt_shrunk},
};

/// A campaign as read from its folder.
pub(crate) struct Read {
    /// The campaign.
    pub(crate) campaign: Campaign,
    /// Its records.
    pub(crate) records: Records,
    /// Notes on the parts that could not be read.
    pub(crate) notes: Vec<String>,
}

/// The lines of a campaign, read as far as possible. The records stay in the file.
pub(crate) struct Lines {
    /// `None` if the campaign has no header of its own.
    pub(crate) header: Option<CampaignHeader>,
    /// The records, sorted by their runs.
    pub(crate) records: Records,
    /// The lines with hits from which further runs derive; only in a campaign that did not finish.
    pub(super) hits: Index,
    pub(crate) sweeps: Vec<SweepRecord>,
    pub(crate) extent: Extent,
    pub(crate) measured: Option<CampaignMeasured>,
    /// Notes on the parts that could not be read.
    pub(crate) notes: Vec<String>,
    left_out: u64,
}

impl Lines {
    fn add(&mut self, folder: &Path, line: CampaignLine, offset: u64) -> Result<(), String> {
        match line {
            CampaignLine::Campaign(found) => self.header = Some(found),
            CampaignLine::Extent(found) => self.extent = found,
            CampaignLine::Record(record) if !record.run.stays_in_its_folder() => {
                return Err("its run has a name that points outside the folder".to_owned());
            }
            CampaignLine::Record(mut record) => {
                adopt_shrunk(folder, &mut record);
                self.records.index.add(&record, 0, offset, false);
            }
            CampaignLine::HitClasses(run, _) => self.hits.add_line(&run, offset),
            CampaignLine::Sweep(found) => self.sweeps.push(found),
            CampaignLine::Measured(found) => self.measured = Some(found),
        }
        Ok(())
    }

    fn complain(&mut self, number: usize, why: &str) {
        self.left_out += 1;
        if self.left_out <= CAMPAIGN_COMPLAINTS_MAX as u64 {
            self.notes.push(format!("line {number} of campaign.jsonl was skipped: {why}"));
        }
    }

    /// Sorts what was read, and adds the notes on the lines as a whole.
    fn conclude(&mut self) {
        self.records.sort();
        self.hits.sort();
        self.sweeps.sort();
        if self.left_out > CAMPAIGN_COMPLAINTS_MAX as u64 {
            let all = self.left_out;
            self.notes.push(format!("{all} lines of campaign.jsonl were skipped in total"));
        }
        let newer = self.records.index.entries().iter().filter(|entry| entry.is_newer()).count();
        if newer > 0 {
            self.notes.push(format!(
                "{newer} records are in a newer version of the format than {RECORD_VERSION}; \
                 the report shows only what this build can read of them"
            ));
        }
        if self.header.is_none() {
            let note = "the first line of campaign.jsonl is missing or damaged; the settings of the campaign are guessed from its runs";
            self.notes.insert(0, note.to_owned());
            self.extent.cut.push(Cut::NoHeader);
        }
        if self.left_out > 0 {
            self.extent.cut.push(Cut::Unreadable(self.left_out));
        }
    }

    /// What is missing of the campaign; `None` if everything ordered is recorded.
    pub(crate) fn incomplete(&self) -> Option<Incomplete> {
        self.extent.incomplete(&self.records.index.ran(), self.measured.is_some())
    }

    /// Whether a resumed campaign takes over a run.
    pub(super) fn is_known(&self, entry: &Entry) -> bool {
        // The hits of a sweep are recorded only until the campaign is complete.
        let was_complete = self.measured.is_some() && self.hits.entries().is_empty();
        let is_swept = matches!(self.records.index.origin(entry), Origin::Sweep(_));
        // If a worker died without a result, the run is retried.
        !(entry.is_mute() || was_complete && is_swept)
    }
}

/// Reads a campaign as far as possible, and adds up its runs.
pub(crate) fn read_campaign(folder: &Path) -> Result<Read, String> {
    let lines = read_lines(folder)?;
    let unread = |why: io::Error| format!("failed to read {}: {why}", folder.display());
    let Lines { header, records, sweeps, extent, measured, notes, .. } = lines;
    let header = header.map_or_else(|| guessed(&records), Ok).map_err(unread)?;
    let totals = records.totals(&header.goals).map_err(unread)?;
    let shown = shown(&totals, &records).map_err(unread)?;
    let campaign = Campaign { header, totals, shown, sweeps, extent, measured };
    Ok(Read { campaign, records, notes })
}

/// The records of the runs that stand for the first findings.
pub(super) fn shown(totals: &Totals, records: &Records) -> io::Result<BTreeMap<RunId, Record>> {
    let findings = totals.findings().into_iter().take(FINDINGS_SHOWN_MAX);
    let records = findings.map(|finding| records.get(&finding.run));
    let records = records.filter_map(Result::transpose);
    records.map(|record| record.map(|record| (record.run.clone(), record))).collect()
}

/// Reads the lines of a campaign as far as possible: after a kill, the last one may be torn.
pub(crate) fn read_lines(folder: &Path) -> Result<Lines, String> {
    let path = folder.join("campaign.jsonl");
    let file = Arc::new(File::open(&path).map_err(|why| unopened(folder, &why))?);
    let mut lines = Lines {
        header: None,
        records: Records::of(folder, file.clone()),
        hits: Index::default(),
        sweeps: Vec::new(),
        extent: Extent::default(),
        measured: None,
        notes: Vec::new(),
        left_out: 0,
    };
    let mut reader = io::BufReader::new(&*file);
    let (mut line, mut offset) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        let begin = offset;
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(read) => offset += read as u64,
            Err(why) => {
                // Reading on would fail the same way for ever.
                lines.left_out += 1;
                lines
                    .notes
                    .push(format!("campaign.jsonl was not read from line {number} on: {why}"));
                break;
            }
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if matches!(text, b"" | b"\r") {
            continue;
        }
        let parsed = match str::from_utf8(text) {
            Ok(text) => serde_json::from_str(text).map_err(|why| why.to_string()),
            Err(_) => Err("stream did not contain valid UTF-8".to_owned()),
        };
        if let Err(why) = parsed.and_then(|parsed| lines.add(folder, parsed, begin)) {
            lines.complain(number, &why);
        }
    }
    if lines.header.is_none() && lines.records.index.entries().is_empty() {
        return Err(match lines.notes.first() {
            Some(note) => format!("{} has no readable line: {note}", path.display()),
            None => format!("{} is empty", path.display()),
        });
    }
    lines.conclude();
    Ok(lines)
}

fn unopened(folder: &Path, why: &io::Error) -> String {
    format!(
        "failed to open {}: {why}; give the output folder of a `run`",
        folder.join("campaign.jsonl").display()
    )
}

/// Guesses the header of a campaign from its runs alone.
fn guessed(records: &Records) -> io::Result<CampaignHeader> {
    let unknown = || "unknown".to_owned();
    let [mut simulators, mut dbs, mut defects] = [(); 3].map(|()| BTreeSet::new());
    let mut scenarios: BTreeMap<String, ScenarioRecord> = BTreeMap::new();
    for record in records.iter() {
        let record = record?;
        simulators.insert(Some(record.run.simulator.clone()));
        dbs.insert(Some(record.run.db.clone()));
        defects.insert(record.run.defect.clone());
        let new = || ScenarioRecord {
            name: record.run.scenario.clone(),
            claim: record.claim.clone(),
            checks: Vec::new(),
            marks: Vec::new(),
        };
        let scenario = scenarios.entry(record.run.scenario.clone()).or_insert_with(new);
        let checks = record.checks.iter().filter(|check| check.kind != "harness");
        push_new(&mut scenario.checks, checks.map(|check| &check.name));
        push_new(&mut scenario.marks, record.marks.keys());
    }
    let only =
        |all: BTreeSet<Option<String>>| all.first().filter(|_| all.len() == 1).cloned().flatten();
    Ok(CampaignHeader {
        version: RECORD_VERSION,
        tool: unknown(),
        simulator: only(simulators).unwrap_or_else(unknown),
        db: only(dbs).unwrap_or_else(unknown),
        defect: only(defects),
        seeds: unknown(),
        nemeses: Vec::new(),
        partition: None,
        program: "cargo drill".to_owned(),
        whole: false,
        failpoints: Vec::new(),
        goals: Vec::new(),
        kept: Vec::new(),
        scenarios: scenarios.into_values().collect(),
    })
}

fn push_new<'a>(names: &mut Vec<String>, more: impl Iterator<Item = &'a String>) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}
