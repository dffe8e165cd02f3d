//! Running jobs in batches, with a record of each as it comes, until somebody says that it is enough.

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use chaosdrill_core::{Passage, Record, RunId, Verdict, limits::KILLED_ASIDE_MAX};

use crate::{
    crew::{self, JobEnd, Workers},
    files::Folder,
    interrupt,
    measure::Stopwatch,
    registry::Registry,
    run::Job,
};

/// Who is told how a campaign goes.
pub(crate) trait Progress {
    /// So many more runs will come.
    fn expect(&mut self, runs: usize);
    /// A run is over.
    fn run_is_over(&mut self, record: &Record);
    /// Something that was looked for is settled: what is to be said of it, and how the whole search stands.
    fn settled(&mut self, line: &str, state: &str);
    /// Something of the harness went wrong that does not change a verdict.
    fn complain(&mut self, complaint: &str);
}

/// How one run went.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) record: Record,
    /// The passages that the job wanted to hear of.
    pub(crate) passages: Vec<Passage>,
}

/// When no more runs are begun.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Enough {
    /// After so many violations.
    pub(crate) findings: Option<u64>,
    /// After so much wall-clock time.
    pub(crate) time: Option<Duration>,
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
    stopped: bool,
    /// Where the harness itself failed, in words.
    pub(crate) broken: Vec<String>,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(
        registry: &'a Registry,
        workers: Workers,
        enough: Enough,
        progress: &'a mut dyn Progress,
    ) -> Self {
        Self {
            registry,
            workers,
            enough,
            folder: None,
            progress,
            known: BTreeMap::new(),
            stopwatch: Stopwatch::start(),
            findings: 0,
            stopped: false,
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
        self.stopped || interrupt::was_asked_for()
    }

    /// Whether the wall-clock time of the campaign is over.
    pub(crate) fn is_late(&self) -> bool {
        self.enough.time.is_some_and(|time| self.stopwatch.elapsed() >= time)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    pub(crate) fn complain(&mut self, complaint: &str) {
        self.progress.complain(complaint);
    }

    pub(crate) fn settled(&mut self, line: &str, state: &str) {
        self.progress.settled(line, state);
    }

    /// Runs jobs, and says of each how it went, in their order; nothing of those that were not begun.
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
        let mut done: Vec<Option<Done>> = vec![None; jobs.len()];
        self.progress.expect(jobs.len());
        let mut open = Vec::new();
        for (index, job) in jobs.iter().enumerate() {
            match self.known.remove(&job.run) {
                Some(known) => {
                    self.count(&known.record);
                    done[index] = Some(known);
                }
                None => open.push(index),
            }
        }
        if self.is_over() || open.is_empty() {
            return done;
        }
        let open_jobs: Vec<Job> = open.iter().map(|index| jobs[*index].clone()).collect();
        let (registry, workers) = (self.registry, self.workers);
        let (mut is_broken_off, mut is_found) = (false, false);
        crew::run_all(registry, &open_jobs, workers, |place, end| {
            if is_broken_off {
                return ControlFlow::Break(());
            }
            let index = open[place];
            match end {
                JobEnd::Recorded { record, passages, complaints, .. } => {
                    complaints.iter().for_each(|complaint| self.progress.complain(complaint));
                    let new = Done { record: *record, passages };
                    is_found |= is_wanted(&new.record);
                    self.write(&new);
                    self.count(&new.record);
                    done[index] = Some(new);
                }
                JobEnd::Broken { why } => {
                    let why = format!("{}: {why}", jobs[index].run);
                    self.progress.complain(&why);
                    self.broken.push(why);
                }
            }
            self.stopped |= self.is_late();
            is_broken_off = self.is_over();
            if is_broken_off || is_found {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        done
    }

    /// Runs jobs that belong to another run, such as its replay: they are counted nowhere. What they say decides about
    /// that run, so one whose worker was killed by somebody else is run again, within a bound.
    pub(crate) fn aside(&mut self, jobs: &[Job]) -> Vec<Option<Record>> {
        let mut records = vec![None; jobs.len()];
        let mut open: Vec<usize> = (0..jobs.len()).collect();
        for _ in 0..KILLED_ASIDE_MAX {
            let mut killed = Vec::new();
            let open_jobs: Vec<Job> = open.iter().map(|index| jobs[*index].clone()).collect();
            crew::run_all(self.registry, &open_jobs, self.workers, |place, end| {
                match end {
                    JobEnd::Recorded { was_killed: true, .. } => killed.push(open[place]),
                    JobEnd::Recorded { record, .. } => records[open[place]] = Some(*record),
                    JobEnd::Broken { why } => self.broken.push(why),
                }
                ControlFlow::<()>::Continue(())
            });
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
        if let Err(why) = written {
            self.progress.complain(&format!("failed to append to campaign.jsonl: {why}"));
        }
    }

    fn count(&mut self, record: &Record) {
        self.findings += u64::from(record.verdict == Verdict::Invalid);
        self.progress.run_is_over(record);
        self.stopped |= self.enough.findings.is_some_and(|most| self.findings >= most);
    }
}
