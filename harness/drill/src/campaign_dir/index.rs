//! The index of a campaign's records: which runs are recorded, and where. It has 32 bytes for each run.
//!
//! Records stay in their files, because a campaign may have millions. Names that many runs share are stored once.

use std::collections::BTreeMap;

use chaosdrill_core::{
    Origin, Record, RunId, Seed, Verdict,
    record::{RECORD_VERSION, Ran},
};

/// Where a record is, and what is often asked about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    scenario: u32,
    origin: u32,
    setting: u32,
    /// The number of the file.
    pub(super) source: u16,
    state: u16,
    seed: u64,
    /// The place in the file at which its line begins, or that of its hits if they come first.
    pub(super) offset: u64,
}

impl Entry {
    const INVALID: u16 = 1;
    const UNKNOWN: u16 = 2;
    const TRIAGED: u16 = 4;
    const SHRUNK: u16 = 8;
    const MUTE: u16 = 16;
    const NEWER: u16 = 32;
    const HAS_HITS: u16 = 64;
    const TAKEN: u16 = 128;

    fn has(&self, flag: u16) -> bool {
        self.state & flag != 0
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            entry if entry.has(Self::INVALID) => Verdict::Invalid,
            entry if entry.has(Self::UNKNOWN) => Verdict::Unknown,
            _ => Verdict::Valid,
        }
    }

    /// Whether the run is a violation that was not triaged.
    pub(crate) fn is_open(&self) -> bool {
        self.has(Self::INVALID) && !self.has(Self::TRIAGED)
    }

    /// Whether the plan of the run was shrunk.
    pub(crate) fn is_shrunk(&self) -> bool {
        self.has(Self::SHRUNK)
    }

    /// Whether a worker died without a result.
    pub(super) fn is_mute(&self) -> bool {
        self.has(Self::MUTE)
    }

    /// Whether the record is in a newer version of the format.
    pub(super) fn is_newer(&self) -> bool {
        self.has(Self::NEWER)
    }

    /// Whether the line before the record has the run's hits.
    pub(super) fn has_hits(&self) -> bool {
        self.has(Self::HAS_HITS)
    }
}

/// The database, the simulator and the planted defect of a run.
type Setting = (String, String, Option<String>);

/// Names by number, each stored once.
#[derive(Debug)]
struct Names<T> {
    numbers: BTreeMap<T, u32>,
    names: Vec<T>,
    /// The place of each name in their order, as of the last [`Names::rank`].
    ranks: Vec<u32>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), names: Vec::new(), ranks: Vec::new() }
    }
}

impl<T: Ord + Clone> Names<T> {
    fn number(&mut self, name: &T) -> u32 {
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let number = u32::try_from(self.names.len()).expect("a file has fewer names");
        self.numbers.insert(name.clone(), number);
        self.names.push(name.clone());
        number
    }

    fn rank(&mut self) {
        self.ranks = vec![0; self.names.len()];
        for (rank, number) in (0..).zip(self.numbers.values()) {
            self.ranks[*number as usize] = rank;
        }
    }

    fn name(&self, number: u32) -> &T {
        &self.names[number as usize]
    }

    /// The rank of a name; `None` if it was not there at the last [`Names::rank`].
    fn rank_of(&self, name: &T) -> Option<u32> {
        self.ranks.get(*self.numbers.get(name)? as usize).copied()
    }
}

/// The index of records. The entries up to `sorted` are in the order of the runs' ids, and each run is there once.
#[derive(Debug, Default)]
pub(crate) struct Index {
    scenarios: Names<String>,
    origins: Names<Origin>,
    settings: Names<Setting>,
    entries: Vec<Entry>,
    sorted: usize,
}

impl Index {
    /// Adds a record. If the run has one already, the later one counts.
    pub(super) fn add(&mut self, record: &Record, source: u16, offset: u64, has_hits: bool) {
        let is_triaged = record.triage.is_some();
        let triage = record.triage.as_ref();
        let flags = [
            (Entry::INVALID, record.verdict == Verdict::Invalid),
            (Entry::UNKNOWN, record.verdict == Verdict::Unknown),
            (Entry::TRIAGED, is_triaged),
            (Entry::SHRUNK, triage.is_some_and(|triage| triage.minimal.is_some())),
            (Entry::MUTE, record.digest.is_none() && record.verdict == Verdict::Unknown),
            (Entry::NEWER, record.version > RECORD_VERSION),
            (Entry::HAS_HITS, has_hits),
        ];
        let state = flags.iter().filter(|(_, is_set)| *is_set).fold(0, |all, (flag, _)| all | flag);
        self.add_run(&record.run, source, offset, state);
    }

    /// Adds a line of a run that is not its record.
    pub(super) fn add_line(&mut self, run: &RunId, offset: u64) {
        self.add_run(run, 0, offset, 0);
    }

    fn add_run(&mut self, run: &RunId, source: u16, offset: u64, state: u16) {
        let setting = (run.db.clone(), run.simulator.clone(), run.defect.clone());
        self.entries.push(Entry {
            scenario: self.scenarios.number(&run.scenario),
            origin: self.origins.number(&run.origin),
            setting: self.settings.number(&setting),
            source,
            state,
            seed: run.seed.0,
            offset,
        });
    }

    /// Adds the entries of another index, whose files are numbered from `source` on here.
    pub(super) fn absorb(&mut self, other: &Self, source: u16) {
        let scenarios = numbers(&mut self.scenarios, &other.scenarios);
        let origins = numbers(&mut self.origins, &other.origins);
        let settings = numbers(&mut self.settings, &other.settings);
        self.entries.extend(other.entries.iter().map(|entry| Entry {
            scenario: scenarios[entry.scenario as usize],
            origin: origins[entry.origin as usize],
            setting: settings[entry.setting as usize],
            source: entry.source + source,
            ..*entry
        }));
    }

    /// Sorts the entries by run. Of several records of a run the last one counts.
    pub(super) fn sort(&mut self) {
        self.scenarios.rank();
        self.origins.rank();
        self.settings.rank();
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by_key(|entry| (self.key(entry), entry.source, entry.offset));
        entries.dedup_by(|later, earlier| {
            let is_same = self.key(later) == self.key(earlier);
            if is_same {
                *earlier = *later;
            }
            is_same
        });
        self.sorted = entries.len();
        self.entries = entries;
    }

    /// The order of the runs, which is that of [`RunId`].
    fn key(&self, entry: &Entry) -> (u32, u32, u64, u32) {
        let scenario = self.scenarios.ranks[entry.scenario as usize];
        let origin = self.origins.ranks[entry.origin as usize];
        (scenario, origin, entry.seed, self.settings.ranks[entry.setting as usize])
    }

    fn position(&self, run: &RunId) -> Option<usize> {
        let setting = (run.db.clone(), run.simulator.clone(), run.defect.clone());
        let key = (
            self.scenarios.rank_of(&run.scenario)?,
            self.origins.rank_of(&run.origin)?,
            run.seed.0,
            self.settings.rank_of(&setting)?,
        );
        self.entries[..self.sorted].binary_search_by_key(&key, |entry| self.key(entry)).ok()
    }

    /// The entry of a run among the sorted ones.
    pub(super) fn get(&self, run: &RunId) -> Option<Entry> {
        self.position(run).map(|position| self.entries[position])
    }

    /// Like [`Index::get`], but each run is returned only once.
    pub(super) fn take(&mut self, run: &RunId) -> Option<Entry> {
        let position = self.position(run)?;
        let entry = &mut self.entries[position];
        let is_new = !entry.has(Entry::TAKEN);
        entry.state |= Entry::TAKEN;
        is_new.then_some(*entry)
    }

    /// Removes the sorted entries that were not taken.
    pub(super) fn drop_untaken(&mut self) {
        let sorted = self.sorted;
        let mut place = 0;
        self.entries.retain(|entry| {
            place += 1;
            place > sorted || entry.has(Entry::TAKEN)
        });
        self.sorted = 0;
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Moves the sorted entries to these places in the first file.
    pub(super) fn moved_to(&mut self, offsets: impl Iterator<Item = u64>) {
        for (entry, offset) in self.entries.iter_mut().zip(offsets) {
            (entry.source, entry.offset) = (0, offset);
            entry.state &= !Entry::HAS_HITS;
        }
    }

    pub(crate) fn run(&self, entry: &Entry) -> RunId {
        let (db, simulator, defect) = self.settings.name(entry.setting).clone();
        RunId {
            scenario: self.scenarios.name(entry.scenario).clone(),
            origin: self.origin(entry).clone(),
            seed: Seed(entry.seed),
            db,
            simulator,
            defect,
        }
    }

    pub(super) fn origin(&self, entry: &Entry) -> &Origin {
        self.origins.name(entry.origin)
    }

    /// All origins of runs.
    pub(super) fn origins(&self) -> &[Origin] {
        &self.origins.names
    }

    /// How many runs are recorded.
    pub(crate) fn ran(&self) -> Ran {
        let mut ran = Ran::default();
        for entry in &self.entries {
            ran.add(self.scenarios.name(entry.scenario), self.origin(entry));
        }
        ran
    }
}

/// The numbers of the names of `other` in `names`.
fn numbers<T: Ord + Clone>(names: &mut Names<T>, other: &Names<T>) -> Vec<u32> {
    other.names.iter().map(|name| names.number(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(scenario: &str, origin: &str, seed: u64, db: &str) -> RunId {
        RunId {
            scenario: scenario.to_owned(),
            origin: Origin::of(origin),
            seed: Seed(seed),
            db: db.to_owned(),
            simulator: "turmoil".to_owned(),
            defect: None,
        }
    }

    fn runs() -> Vec<RunId> {
        let mut runs = Vec::new();
        for scenario in ["b/x", "a/y", "a/x"] {
            for origin in ["swarm", "script", "sweep-10000", "sweep-9999", "kept-a", "other"] {
                for (seed, db) in [(7, "sqlite"), (3, "sqlite"), (3, "postgres")] {
                    runs.push(run(scenario, origin, seed, db));
                }
            }
        }
        runs
    }

    #[test]
    fn the_order_is_that_of_the_ids_and_the_last_line_counts() {
        let (mut index, mut runs) = (Index::default(), runs());
        for (offset, run) in (0..).zip(runs.iter().chain(&runs)) {
            index.add_line(run, offset);
        }
        assert_eq!(index.ran().runs, 2 * runs.len() as u64);
        index.sort();
        let all = runs.len() as u64;
        assert!(index.entries().iter().all(|entry| entry.offset >= all));
        let sorted: Vec<RunId> = index.entries().iter().map(|entry| index.run(entry)).collect();
        runs.sort();
        assert_eq!(sorted, runs);
    }

    #[test]
    fn a_run_is_found_and_taken_once() {
        let (mut index, runs) = (Index::default(), runs());
        index.add_line(&runs[0], 1);
        index.add_line(&runs[1], 2);
        index.sort();
        // Names that came after the sort are not looked for in it.
        index.add_line(&runs[2], 3);
        assert!(index.get(&runs[2]).is_none() && index.take(&runs[2]).is_none());
        assert_eq!(index.take(&runs[1]).map(|entry| entry.offset), Some(2));
        assert!(index.take(&runs[1]).is_none());
        index.drop_untaken();
        index.sort();
        assert!(index.get(&runs[0]).is_none());
        assert_eq!(index.get(&runs[2]).map(|entry| entry.offset), Some(3));
    }

    #[test]
    fn an_index_absorbs_another() {
        let (mut all, mut part, runs) = (Index::default(), Index::default(), runs());
        all.add_line(&runs[4], 4);
        for place in [9, 4, 2] {
            part.add_line(&runs[place], 10);
        }
        all.absorb(&part, 3);
        all.sort();
        assert_eq!(all.entries().len(), 3);
        assert!(all.entries().iter().all(|entry| (entry.source, entry.offset) == (3, 10)));
        assert!(all.get(&runs[9]).is_some() && all.get(&runs[0]).is_none());
    }
}
