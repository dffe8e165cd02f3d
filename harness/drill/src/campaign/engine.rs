//! Running jobs in batches, with a record of each as it comes, until somebody says that it is enough.

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use chaosdrill_core::{
    Record, RunId, Verdict,
    limits::KILLED_ASIDE_MAX,
    record::{Cut, Extent},
};

use crate::{
    campaign_dir::Folder,
    interrupt,
    job::{Done, Job},
    measure::Stopwatch,
    registry::Registry,
    workers::{self, JobEnd, Queue, WorkerLost, Workers},
};

/// Who is told how a campaign goes.
pub(crate) trait Progress {
    /// So many more runs will come.
    fn expect(&mut self, runs: u64);
    /// A run is over.
    fn run_is_over(&mut self, record: &Record);
    /// Something that was looked for is settled: what is to be said of it, and how the whole search stands.
    fn settled(&mut self, line: &str, state: &str);
    /// Something of the harness went wrong that does not change a verdict.
    fn complain(&mut self, complaint: &str);
}

/// When no more runs are begun.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Enough {
    /// After so many violations.
    pub(crate) findings: Option<u64>,
    /// After so much wall-clock time.
    pub(crate) time: Option<TimeLimit>,
}

/// How long a campaign may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimit {
    /// What does not fit is missing.
    Budget(Duration),
    /// The user ordered as much as fits.
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
    /// Runs of an earlier campaign that goes on.
    known: BTreeMap<RunId, Done>,
    stopwatch: Stopwatch,
    findings: u64,
    /// Why no more runs are begun; empty as long as they are.
    cut: Vec<Cut>,
    /// Where the harness itself failed, in words.
    pub(crate) broken: Vec<String>,
}

impl<'a> Engine<'a> {
    /// An engine whose time began with the stopwatch.
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
            known: BTreeMap::new(),
            stopwatch,
            findings: 0,
            cut: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Writes each record down as it comes; runs that were written down before are not run again.
    #[must_use]
    pub(crate) fn writing_to(
        mut self,
        folder: &'a mut Folder,
        known: BTreeMap<RunId, Done>,
    ) -> Self {
        (self.folder, self.known) = (Some(folder), known);
        self
    }

    pub(crate) fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Whether no more runs are begun.
    pub(crate) fn is_over(&self) -> bool {
        !self.cut.is_empty() || self.is_late() || interrupt::was_asked_for()
    }

    /// Whether the wall-clock time of the campaign is over.
    pub(crate) fn is_late(&self) -> bool {
        self.enough.time.is_some_and(|time| self.stopwatch.elapsed() >= time.limit())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    /// Why no more runs were begun, and in how many the harness itself failed.
    pub(crate) fn cuts(&self) -> Vec<Cut> {
        let mut cuts = self.cut.clone();
        if let Some(time) = self.enough.time.filter(|_| self.is_late()) {
            cuts.push(time.cut());
        }
        if interrupt::was_asked_for() {
            cuts.push(Cut::Interrupted);
        }
        if !self.broken.is_empty() {
            cuts.push(Cut::HarnessFault(self.broken.len() as u64));
        }
        cuts.sort();
        cuts
    }

    /// The runs of an earlier campaign that this one did not come to.
    pub(crate) fn take_known(&mut self) -> impl Iterator<Item = Done> + use<> {
        std::mem::take(&mut self.known).into_values()
    }

    /// Why no worker process is left; `None` if there are some.
    pub(crate) fn lost(&self) -> Option<WorkerLost> {
        self.cut.iter().find_map(|why| match why {
            Cut::LostWorker(why) => Some(WorkerLost(why.clone())),
            _ => None,
        })
    }

    /// Ends the campaign before its order is done.
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

    /// Runs jobs, and says of each how it went, in their order; `None` of those that were not begun.
    pub(crate) fn batch(&mut self, jobs: &[Job]) -> Vec<Option<Done>> {
        self.batch_until(jobs, |_| false)
    }

    /// As [`Engine::batch`], but begins no more runs after one that is wanted. Runs begin in their order: all before
    /// that one are done.
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
        self.stream(jobs.len() as u64, jobs.iter().cloned(), take);
        results
    }

    /// Runs jobs as they are drawn, `length` of them, and hands over how each went with its place among them, in the
    /// order in which they end. After a break no more are begun.
    pub(crate) fn stream(
        &mut self,
        length: u64,
        jobs: impl Iterator<Item = Job>,
        take: impl FnMut(usize, Done) -> ControlFlow<()>,
    ) {
        self.progress.expect(length);
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

    /// Runs jobs that belong to another run, such as its replay: they are counted nowhere. What they say decides about
    /// that run, so one whose worker was killed by somebody else is run again, within a bound.
    pub(crate) fn aside(&mut self, jobs: &[Job]) -> Vec<Option<Record>> {
        let mut records = vec![None; jobs.len()];
        let mut open: Vec<usize> = (0..jobs.len()).collect();
        for _ in 0..KILLED_ASIDE_MAX {
            let mut killed = Vec::new();
            let open_jobs = open.iter().map(|index| jobs[*index].clone());
            let lost = workers::run_all(self.registry, open_jobs, self.workers, |place, end| {
                match end {
                    JobEnd::Recorded { was_killed: true, .. } => killed.push(open[place]),
                    JobEnd::Recorded { record, .. } => records[open[place]] = Some(*record),
                    JobEnd::Broken { why } => self.broken.push(why),
                }
                ControlFlow::Continue(())
            });
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

    /// Writes down a run, once more where something was added to its record.
    pub(crate) fn write(&mut self, done: &Done) {
        let written = self.folder.as_mut().map_or(Ok(()), |folder| folder.record(done));
        self.is_written(written);
    }

    /// Writes down how much is ordered by now.
    pub(crate) fn write_extent(&mut self, extent: &Extent) {
        let written = self.folder.as_mut().map_or(Ok(()), |folder| folder.extent(extent));
        self.is_written(written);
    }

    /// A campaign that cannot be written down ends: what it found would be lost with it.
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
        self.progress.run_is_over(record);
        if let Some(most) = self.enough.findings.filter(|most| self.findings >= *most) {
            self.cut(Cut::MaxFail(most));
        }
    }
}

/// Jobs on their way through an engine.
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
            let Some(known) = self.engine.known.remove(&job.run) else { return Some((index, job)) };
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
                self.engine.count(&new.record);
                self.is_broken_off |= (self.take)(number, new).is_break();
            }
            JobEnd::Broken { why } => {
                let why = format!("{}: {why}", job.run);
                self.engine.progress.complain(&why);
                self.engine.broken.push(why);
            }
        }
        if self.is_broken_off || self.engine.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
