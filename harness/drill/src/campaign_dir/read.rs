//! Reads the folder of a campaign, as far as it is readable.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufRead},
    path::Path,
};

use chaosdrill_core::{
    Campaign, HitClass, Origin, Record, RunId, Verdict,
    limits::CAMPAIGN_COMPLAINTS_MAX,
    record::{
        CampaignHeader, CampaignLine, CampaignMeasured, Cut, Extent, RECORD_VERSION,
        ScenarioRecord, SweepRecord,
    },
};

use crate::{job::Done, ours};

/// A campaign as read from its folder.
pub(crate) struct Read {
    /// The campaign.
    pub(crate) campaign: Campaign,
    /// Whether the campaign has its own header; otherwise the header was guessed from its runs.
    pub(crate) has_header: bool,
    /// The hits from which further runs derive; kept only in a campaign that did not finish.
    pub(crate) hit_classes: BTreeMap<RunId, Vec<HitClass>>,
    /// Notes on the parts that could not be read.
    pub(crate) notes: Vec<String>,
}

impl Read {
    /// The runs that a resumed campaign takes over.
    pub(crate) fn into_known(mut self) -> BTreeMap<RunId, Done> {
        let mut known = BTreeMap::new();
        // The hits of a sweep are recorded only until the campaign is complete.
        let was_complete = self.campaign.measured.is_some() && self.hit_classes.is_empty();
        let is_lost =
            |record: &Record| was_complete && matches!(record.run.origin, Origin::Sweep(_));
        // If a worker died without a result, the run is retried.
        let is_mute =
            |record: &Record| record.digest.is_none() && record.verdict == Verdict::Unknown;
        let is_told = |record: &Record| !is_lost(record) && !is_mute(record);
        for record in self.campaign.records.into_iter().filter(is_told) {
            let hit_classes = self.hit_classes.remove(&record.run).unwrap_or_default();
            known.insert(record.run.clone(), Done { record, hit_classes });
        }
        known
    }
}

/// The lines that were read so far.
#[derive(Default)]
struct Lines {
    header: Option<CampaignHeader>,
    records: BTreeMap<RunId, Record>,
    hit_classes: BTreeMap<RunId, Vec<HitClass>>,
    sweeps: Vec<SweepRecord>,
    extent: Extent,
    measured: Option<CampaignMeasured>,
    notes: Vec<String>,
    left_out: u64,
}

impl Lines {
    fn add(&mut self, line: CampaignLine) -> Result<(), String> {
        match line {
            CampaignLine::Campaign(found) => self.header = Some(found),
            CampaignLine::Extent(found) => self.extent = found,
            CampaignLine::Record(record) if !record.run.stays_in_its_folder() => {
                return Err("its run has a name that points outside the folder".to_owned());
            }
            CampaignLine::Record(record) => drop(self.records.insert(record.run.clone(), *record)),
            CampaignLine::HitClasses(run, list) => drop(self.hit_classes.insert(run, list)),
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

    /// Adds the notes on the lines as a whole.
    fn conclude(&mut self) {
        if self.left_out > CAMPAIGN_COMPLAINTS_MAX as u64 {
            let all = self.left_out;
            self.notes.push(format!("{all} lines of campaign.jsonl were skipped in total"));
        }
        let newer = self.records.values().filter(|record| record.version > RECORD_VERSION).count();
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
}

/// Reads a campaign as far as possible: after a kill, its last line may be torn.
pub(crate) fn read_campaign(folder: &Path) -> Result<Read, String> {
    let path = folder.join("campaign.jsonl");
    let file = File::open(&path).map_err(|why| unopened(folder, &why))?;
    let mut lines = Lines::default();
    for (index, line) in io::BufReader::new(file).lines().enumerate() {
        let line = match line {
            Ok(line) if line.is_empty() => continue,
            Ok(line) => Ok(line),
            Err(why) if why.kind() == io::ErrorKind::InvalidData => Err(why.to_string()),
            Err(why) => {
                // Reading on would fail the same way for ever.
                lines.left_out += 1;
                lines
                    .notes
                    .push(format!("campaign.jsonl was not read from line {} on: {why}", index + 1));
                break;
            }
        };
        let parsed =
            line.and_then(|line| serde_json::from_str(&line).map_err(|why| why.to_string()));
        if let Err(why) = parsed.and_then(|line| lines.add(line)) {
            lines.complain(index + 1, &why);
        }
    }
    if lines.header.is_none() && lines.records.is_empty() {
        return Err(match lines.notes.first() {
            Some(note) => format!("{} has no readable line: {note}", path.display()),
            None => format!("{} is empty", path.display()),
        });
    }
    lines.conclude();
    let Lines { header, records, hit_classes, mut sweeps, extent, measured, notes, .. } = lines;
    let mut records: Vec<Record> = records.into_values().collect();
    records.iter_mut().for_each(|record| adopt_shrunk(folder, record));
    sweeps.sort();
    let has_header = header.is_some();
    let header = header.unwrap_or_else(|| guessed(&records));
    Ok(Read {
        hit_classes,
        has_header,
        campaign: Campaign { header, records, sweeps, extent, measured },
        notes,
    })
}

/// Takes over the smallest plan that `shrink` found after the campaign. It is in the run's own record.
fn adopt_shrunk(folder: &Path, record: &mut Record) {
    let is_shrunk = record.triage.as_ref().is_some_and(|triage| triage.minimal.is_some());
    let bundle = folder.join(record.run.folder());
    if record.verdict != Verdict::Invalid || is_shrunk || !bundle.join(ours::MINIMAL).is_file() {
        return;
    }
    let Ok(text) = std::fs::read_to_string(bundle.join("record.json")) else { return };
    let Ok(own) = serde_json::from_str::<Record>(&text) else { return };
    if (&own.run, &own.digest) == (&record.run, &record.digest) {
        record.triage = own.triage.or(record.triage.take());
    }
}

fn unopened(folder: &Path, why: &io::Error) -> String {
    format!(
        "failed to open {}: {why}; give the output folder of a `run`",
        folder.join("campaign.jsonl").display()
    )
}

/// Guesses the header of a campaign from its runs alone.
fn guessed(records: &[Record]) -> CampaignHeader {
    let unknown = || "unknown".to_owned();
    let only = |of: fn(&Record) -> Option<String>| {
        let all: BTreeSet<Option<String>> = records.iter().map(of).collect();
        all.first().filter(|_| all.len() == 1).cloned().flatten()
    };
    CampaignHeader {
        version: RECORD_VERSION,
        tool: unknown(),
        simulator: only(|record| Some(record.run.simulator.clone())).unwrap_or_else(unknown),
        db: only(|record| Some(record.run.db.clone())).unwrap_or_else(unknown),
        defect: only(|record| record.run.defect.clone()),
        seeds: unknown(),
        nemeses: Vec::new(),
        partition: None,
        program: "cargo drill".to_owned(),
        whole: false,
        failpoints: Vec::new(),
        goals: Vec::new(),
        kept: Vec::new(),
        scenarios: scenarios(records),
    }
}

fn scenarios(records: &[Record]) -> Vec<ScenarioRecord> {
    let mut scenarios: BTreeMap<&str, ScenarioRecord> = BTreeMap::new();
    for record in records {
        let new = || ScenarioRecord {
            name: record.run.scenario.clone(),
            claim: record.claim.clone(),
            checks: Vec::new(),
            marks: Vec::new(),
        };
        let scenario = scenarios.entry(&record.run.scenario).or_insert_with(new);
        let checks = record.checks.iter().filter(|check| check.kind != "harness");
        push_new(&mut scenario.checks, checks.map(|check| &check.name));
        push_new(&mut scenario.marks, record.marks.keys());
    }
    scenarios.into_values().collect()
}

fn push_new<'a>(names: &mut Vec<String>, more: impl Iterator<Item = &'a String>) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}
