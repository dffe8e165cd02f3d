//! Runs jobs in batches and records each run as it ends, until a limit is reached or the user interrupts.

use std::{io, ops::ControlFlow, time::Duration};

use chaosdrill_core::{
    Record, RunId, Verdict,
    limits::{BROKEN_SHOWN_MAX, KILLED_ASIDE_MAX},
    record::{Cut, Extent},
};

use crate::{
    campaign_dir::{Entry, Folder},
    interrupt,
    job::{Done, Job},
    measure::Stopwatch,
    registry::Registry,
    workers::{self, JobEnd, Queue, WorkerLost, Workers},
};

/// Receives the progress of a campaign.
pub(crate) trait Progress {
    /// A stage begins: this much is ordered by now.
    fn ordered(&mut self, extent: &Extent);
    /// A run has ended.
    fn run_is_over(&mut self, record: &Record);
    /// A run had ended before the campaign was resumed.
    fn run_is_known(&mut self, record: &Record);
    /// The runs are over, and a step of the triage begins; `is_first` of its kind.
    fn triages(&mut self, step: &str, is_first: bool);
    /// One search item was resolved: the line to print, and the overall progress.
    fn settled(&mut self, line: &str, state: &str);
    /// The harness had a problem that does not change a verdict.
    fn complain(&mut self, complaint: &str);
}

/// The limits after which no more runs start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Enough {
    /// Maximum number of violations.
    pub(crate) findings: Option<u64>,
    /// Maximum wall-clock time.
    pub(crate) time: Option<TimeLimit>,
}

/// The time limit of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// Runs that do not fit count as missing.
    Budget(Duration),
    /// The user ordered as many runs as fit.
    Order(Duration),
}

impl TimeLimit {
    fn limit(self) -> Duration {
        let (Self::Budget(limit) | Self::Order(limit)) = self;
        limit
    }

    fn cut(self) -> Cut {
        let ms = u64::try_from(self.limit().as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Budget(_) => Cut::TimeBudget(ms),
            Self::Order(_) => Cut::For(ms),
        }
    }
}

/// Runs batches of jobs.
pub(crate) struct Engine<'a> {
    registry: &'a Registry,
    workers: Workers,
    enough: Enough,
    folder: Option<&'a mut Folder>,
    progress: &'a mut dyn Progress,
    stopwatch: Stopwatch,
    findings: u64,
    /// Runs of this session, without those of the campaign that is resumed.
    new_runs: u64,
    /// The steps of the triage; `None` while there are runs.
    triage: Option<TriageSteps>,
    /// Why no more runs start; empty while runs still start.
    cut: Vec<Cut>,
    /// The first failures of the harness itself, as text.
    pub(crate) broken: Vec<String>,
    /// The number of these failures.
    broken_runs: u64,
}

impl<'a> Engine<'a> {
    /// Creates an engine whose time counts from the start of the stopwatch.
    pub(crate) fn new(
        registry: &'a Registry,
        workers: Workers,
        enough: Enough,
        stopwatch: Stopwatch,
        progress: &'a mut dyn Progress,
    ) -> Self {
        Self {
            registry,
            workers,
            enough,
            folder: None,
            progress,
            stopwatch,
            findings: 0,
            new_runs: 0,
            triage: None,
            cut: Vec::new(),
            broken: Vec::new(),
            broken_runs: 0,
        }
    }

    /// Records each run as it ends; runs that the folder has are not repeated.
    #[must_use]
    pub(crate) fn writing_to(mut self, folder: &'a mut Folder) -> Self {
        self.folder = Some(folder);
        self
    }

    pub(crate) fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Whether no more runs start.
    pub(crate) fn is_over(&self) -> bool {
        !self.cut.is_empty() || self.is_late() || interrupt::was_asked_for()
    }

    /// Whether the campaign's wall-clock time is over.
    pub(crate) fn is_late(&self) -> bool {
        self.enough.time.is_some_and(|time| self.stopwatch.elapsed() >= time.limit())
    }

    /// The number of runs of this session.
    pub(crate) fn new_runs(&self) -> u64 {
        self.new_runs
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    /// Why no more runs started, and the number of runs in which the harness itself failed.
    pub(crate) fn cuts(&self) -> Vec<Cut> {
        let mut cuts = self.cut.clone();
        if let Some(time) = self.enough.time.filter(|_| self.is_late()) {
            cuts.push(time.cut());
        }
        if interrupt::was_asked_for() {
            cuts.push(Cut::Interrupted);
        }
        if self.broken_runs > 0 {
            cuts.push(Cut::HarnessFault(self.broken_runs));
        }
        cuts.sort();
        cuts
    }

    /// The last run has ended. Runs that were recorded earlier and not reached this time stay, if the campaign was cut.
    pub(crate) fn runs_end(&mut self) {
        let are_all_reached = !self.is_over();
        if let Some(folder) = &mut self.folder {
            folder.runs_end(are_all_reached);
        }
    }

    /// The entries of the runs that are wanted, by run.
    pub(crate) fn entries(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let entries = self.folder.iter().flat_map(|folder| folder.records().index().entries());
        entries.filter(|entry| is_wanted(entry)).copied().collect()
    }

    /// Reads a recorded run. If it cannot be read, the campaign ends.
    pub(crate) fn recorded(&mut self, entry: &Entry) -> Option<Record> {
        let read = self.folder.as_ref()?.records().reader().record(entry);
        self.readable(read)
    }

    /// Finds a recorded run.
    pub(crate) fn recorded_run(&mut self, run: &RunId) -> Option<Record> {
        let read = self.folder.as_ref()?.records().get(run);
        self.readable(read).flatten()
    }

    /// Sorts the recorded runs again, after some were written anew.
    pub(crate) fn sort(&mut self) {
        if let Some(folder) = &mut self.folder {
            folder.sort();
        }
    }

    fn take_known(&mut self, run: &RunId) -> Option<Done> {
        let read = self.folder.as_mut()?.take_known(run);
        self.readable(read).flatten()
    }

    fn readable<T>(&mut self, read: io::Result<T>) -> Option<T> {
        let why = match read {
            Ok(read) => return Some(read),
            Err(why) => format!("failed to read campaign.jsonl: {why}"),
        };
        if self.cut.is_empty() {
            self.progress.complain(&why);
        }
        self.cut(Cut::Disk(why));
        None
    }

    /// The harness itself failed in a run.
    fn breaks(&mut self, why: String) {
        self.broken_runs += 1;
        if self.broken.len() < BROKEN_SHOWN_MAX {
            self.broken.push(why);
        }
    }

    /// Why no worker process is left; `None` if there are some.
    pub(crate) fn lost(&self) -> Option<WorkerLost> {
        self.cut.iter().find_map(|why| match why {
            Cut::LostWorker(why) => Some(WorkerLost(why.clone())),
            _ => None,
        })
    }

    /// Ends the campaign before all ordered runs are done.
    fn cut(&mut self, why: Cut) {
        if !self.cut.contains(&why) {
            self.cut.push(why);
        }
    }

    pub(crate) fn complain(&mut self, complaint: &str) {
        self.progress.complain(complaint);
    }

    pub(crate) fn settled(&mut self, line: &str, state: &str) {
        self.progress.settled(line, state);
    }

    /// Runs jobs and returns their results in the same order; `None` for a job that was not started.
    pub(crate) fn batch(&mut self, jobs: &[Job]) -> Vec<Option<Done>> {
        self.batch_until(jobs, |_| false)
    }

    /// Like [`Engine::batch`], but starts no more runs after the first wanted record. Runs start in order: every job
    /// before that one is done.
    pub(crate) fn batch_until(
        &mut self,
        jobs: &[Job],
        is_wanted: impl Fn(&Record) -> bool,
    ) -> Vec<Option<Done>> {
        let mut results: Vec<Option<Done>> = vec![None; jobs.len()];
        let take = |index: usize, done: Done| {
            let is_found = is_wanted(&done.record);
            results[index] = Some(done);
            if is_found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.stream(jobs.iter().cloned(), take);
        results
    }

    /// Draws and runs jobs, and passes each result to `take` with the job's index, in the order in which the
    /// runs end. After a break, no more jobs start.
    pub(crate) fn stream(
        &mut self,
        jobs: impl Iterator<Item = Job>,
        take: impl FnMut(usize, Done) -> ControlFlow<()>,
    ) {
        let (registry, workers) = (self.registry, self.workers);
        let mut stream =
            Stream { engine: self, jobs: jobs.enumerate(), take, is_broken_off: false };
        let losses = workers::run_queue(registry, workers, &mut stream);
        for why in losses.workers {
            self.complain(&WorkerLost(why.clone()).to_string());
            if losses.all_workers {
                self.cut(Cut::LostWorker(why));
            }
        }
    }

    /// Runs jobs that belong to another run, such as its replay; they are not counted. Their results decide about that
    /// run, so a job whose worker was killed from outside is retried, within a bound.
    pub(crate) fn aside(&mut self, jobs: &[Job]) -> Vec<Option<Record>> {
        let mut records = vec![None; jobs.len()];
        let mut open: Vec<usize> = (0..jobs.len()).collect();
        for _ in 0..KILLED_ASIDE_MAX {
            let (mut killed, mut broken) = (Vec::new(), Vec::new());
            let open_jobs = open.iter().map(|index| jobs[*index].clone());
            let lost = workers::run_all(self.registry, open_jobs, self.workers, |place, end| {
                match end {
                    JobEnd::Recorded { was_killed: true, .. } => killed.push(open[place]),
                    JobEnd::Recorded { record, .. } => records[open[place]] = Some(*record),
                    JobEnd::Broken { why } => broken.push(why),
                }
                ControlFlow::Continue(())
            });
            broken.into_iter().for_each(|why| self.breaks(why));
            if let Err(why) = lost {
                self.cut(Cut::LostWorker(why.0));
                break;
            }
            open = killed;
            if open.is_empty() {
                break;
            }
        }
        records
    }

    /// Writes the record of a run; called again if the record was extended.
    pub(crate) fn write(&mut self, done: &Done) {
        let written = self.folder.as_mut().map_or(Ok(()), |folder| folder.record(done));
        self.is_written(written);
        // After the last run, each step of the triage ends with its record.
        if let Some(steps) = &mut self.triage {
            steps.done += 1;
            steps.tell(self.progress);
        }
    }

    /// A stage begins: this many runs are ordered by now.
    pub(crate) fn orders(&mut self, extent: &Extent) {
        self.progress.ordered(extent);
    }

    /// The runs are over, and this many violations are replayed, then this many plans shrunk.
    pub(crate) fn triage_begins(&mut self, replays: u64, plans: u64) {
        let steps = self.triage.insert(TriageSteps { replays, plans, done: 0 });
        steps.tell(self.progress);
    }

    /// Writes how many runs are ordered so far.
    pub(crate) fn write_extent(&mut self, extent: &Extent) {
        let written = self.folder.as_mut().map_or(Ok(()), |folder| folder.extent(extent));
        self.is_written(written);
    }

    /// Ends a campaign that cannot be written, because its findings would be lost.
    fn is_written(&mut self, written: std::io::Result<()>) {
        if let Err(why) = written {
            let why = format!("failed to append to campaign.jsonl: {why}");
            if self.cut.is_empty() {
                self.progress.complain(&why);
            }
            self.cut(Cut::Disk(why));
        }
    }

    fn count(&mut self, record: &Record) {
        self.findings += u64::from(record.verdict == Verdict::Invalid);
        if let Some(most) = self.enough.findings.filter(|most| self.findings >= *most) {
            self.cut(Cut::MaxFail(most));
        }
    }
}

/// The steps of the triage: every violation is replayed, then the plans of some are shrunk.
#[derive(Clone, Copy, Debug)]
struct TriageSteps {
    replays: u64,
    plans: u64,
    done: u64,
}

impl TriageSteps {
    /// Reports the step that begins, if any is left.
    fn tell(self, progress: &mut dyn Progress) {
        let Self { replays, plans, done } = self;
        if done < replays {
            let step = format!("replaying violations, {} of {replays}", done + 1);
            progress.triages(&step, done == 0);
        } else if done - replays < plans {
            let step =
                format!("shrinking the plans of findings, {} of {plans}", done - replays + 1);
            progress.triages(&step, done == replays);
        }
    }
}

/// The jobs of one stream, while an engine runs them.
struct Stream<'e, 'a, I, T> {
    engine: &'e mut Engine<'a>,
    jobs: std::iter::Enumerate<I>,
    take: T,
    is_broken_off: bool,
}

impl<I, T> Queue for Stream<'_, '_, I, T>
where
    I: Iterator<Item = Job>,
    T: FnMut(usize, Done) -> ControlFlow<()>,
{
    fn next(&mut self) -> Option<(usize, Job)> {
        while !self.is_broken_off && !self.engine.is_over() {
            let (index, job) = self.jobs.next()?;
            let Some(known) = self.engine.take_known(&job.run) else {
                return (!self.engine.is_over()).then_some((index, job));
            };
            self.engine.progress.run_is_known(&known.record);
            self.engine.count(&known.record);
            self.is_broken_off |= (self.take)(index, known).is_break();
        }
        None
    }

    fn ended(&mut self, number: usize, job: Job, end: JobEnd) -> ControlFlow<()> {
        match end {
            JobEnd::Recorded { record, hit_classes, complaints, .. } => {
                complaints.iter().for_each(|complaint| self.engine.progress.complain(complaint));
                let new = Done { record: *record, hit_classes };
                self.engine.write(&new);
                self.engine.new_runs += 1;
                self.engine.progress.run_is_over(&new.record);
                self.engine.count(&new.record);
                self.is_broken_off |= (self.take)(number, new).is_break();
            }
            JobEnd::Broken { why } => {
                let why = format!("{}: {why}", job.run);
                self.engine.progress.complain(&why);
                self.engine.breaks(why);
            }
        }
        if self.is_broken_off || self.engine.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
