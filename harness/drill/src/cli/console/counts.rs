//! The progress of a campaign in numbers and words: its phases, its speed, and the time that is left.
//!
//! No total grows while its runs are counted: a sweep that may still plan runs has only a lower bound, and a campaign
//! with such a sweep has no estimate of its time.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_core::{
    Record, Verdict,
    limits::{ESTIMATE_RUNS_MIN, PROGRESS_LINES_OF_SEEDS, PROGRESS_LINES_OF_STAGE},
    record::Extent,
};
use chaosdrill_reports::numbers::{counted, grouped, rate, span};

/// The phases in their order: the name in an extent, and the word for people.
const PHASES: [(&str, &str); 5] = [
    ("kept", "kept"),
    ("script", "scripts"),
    ("swarm", "swarms"),
    (SWEEP, "sweep"),
    (RUNS, "runs"),
];

const SWEEP: &str = "sweep";

/// The one phase of a command that has no others.
const RUNS: &str = "runs";

/// What is ordered, and what is done.
#[derive(Debug, Default)]
pub(super) struct Counts {
    ordered: BTreeMap<String, u64>,
    open_sweeps: u64,
    done: BTreeMap<String, u64>,
    /// All runs are of one phase.
    is_single: bool,
    new_runs: u64,
    unknown: u64,
    invalid: u64,
    /// The number of runs after which the next line is due, and the number of runs between two lines.
    due: u64,
    step: u64,
}

impl Counts {
    /// A command with one phase of this many runs; 0 if their number is not known.
    pub(super) fn of_runs(of: u64) -> Self {
        let step = of / (2 * PROGRESS_LINES_OF_SEEDS);
        let mut counts = Self { is_single: true, step: step.max(1), ..Self::default() };
        counts.due = counts.step;
        counts.ordered.insert(RUNS.to_owned(), of);
        counts
    }

    /// A stage of a campaign begins. Returns whether it has any runs.
    pub(super) fn order(&mut self, extent: &Extent) -> bool {
        let is_first = self.ordered.is_empty();
        let before = self.total();
        self.ordered.clone_from(&extent.ordered);
        self.open_sweeps = extent.open_sweeps;
        let stage = self.total().saturating_sub(before);
        self.step = if is_first {
            stage / PROGRESS_LINES_OF_SEEDS
        } else {
            (stage / PROGRESS_LINES_OF_STAGE).max(self.total() / (2 * PROGRESS_LINES_OF_SEEDS))
        };
        self.step = self.step.max(1);
        self.due = self.runs() + self.step;
        stage > 0
    }

    pub(super) fn run_is_over(&mut self, record: &Record) {
        self.new_runs += 1;
        self.run_is_known(record);
    }

    /// Counts a run of the campaign that is resumed: it is done, and says nothing about the speed.
    pub(super) fn run_is_known(&mut self, record: &Record) {
        let phase = if self.is_single { RUNS } else { record.run.origin.kind() };
        *self.done.entry(phase.to_owned()).or_default() += 1;
        match record.verdict {
            Verdict::Valid => {}
            Verdict::Unknown => self.unknown += 1,
            Verdict::Invalid => self.invalid += 1,
        }
    }

    /// Whether so many runs have ended since the last line that another one is due. The end of a stage needs none: the
    /// next stage, or the result, follows.
    pub(super) fn is_line_due(&mut self) -> bool {
        let runs = self.runs();
        if runs < self.due {
            return false;
        }
        self.due += self.step;
        runs < self.total()
    }

    pub(super) fn runs(&self) -> u64 {
        self.done.values().sum()
    }

    fn total(&self) -> u64 {
        self.ordered.values().sum()
    }

    /// The progress of a search, whose number of runs nobody knows.
    pub(super) fn search(&self, state: &str) -> String {
        match self.runs() {
            0 => state.to_owned(),
            runs => format!("{}, {state}", counted(runs, "run")),
        }
    }

    /// The phases, the speed and the time that is left, in one line.
    pub(super) fn campaign(&self, elapsed: Duration, limit: Option<Duration>) -> String {
        let phases: Vec<String> =
            PHASES.iter().filter_map(|(kind, word)| self.phase(kind, word)).collect();
        let mut text = phases.join(", ");
        if self.new_runs > 0 && !elapsed.is_zero() {
            let speed = rate(self.new_runs as f64 / elapsed.as_secs_f64());
            text.push_str(&format!("; {speed} runs a second"));
        }
        for (number, verdict) in
            [(self.invalid, Verdict::Invalid), (self.unknown, Verdict::Unknown)]
        {
            if number > 0 && !self.is_single {
                text.push_str(&format!(", {} {}", grouped(number), verdict.name()));
            }
        }
        let rest = limit.map(|limit| limit.saturating_sub(elapsed));
        match (self.left(elapsed), rest) {
            (Some(left), rest) => {
                let left = rest.map_or(left, |rest| left.min(rest));
                text.push_str(&format!(", about {} left", rough(left)));
            }
            (None, Some(rest)) => text.push_str(&format!(", at most {} left", rough(rest))),
            (None, None) => {}
        }
        text
    }

    fn phase(&self, kind: &str, word: &str) -> Option<String> {
        let done = self.done.get(kind).copied().unwrap_or_default();
        let ordered = self.ordered.get(kind).copied();
        let may_grow = kind == SWEEP && self.open_sweeps > 0;
        let done = grouped(done);
        Some(match ordered {
            Some(0) => format!("{done} {word}"),
            Some(of) if may_grow => format!("{word} {done} of at least {}", grouped(of)),
            Some(of) => format!("{word} {done}/{}", grouped(of)),
            None if may_grow => format!("then {}", counted(self.open_sweeps, word)),
            None => return None,
        })
    }

    /// An estimate of the time that is left; `None` before it is one.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        if self.open_sweeps > 0 || self.new_runs < ESTIMATE_RUNS_MIN {
            return None;
        }
        let left = self.total().saturating_sub(self.runs());
        (left > 0).then(|| elapsed.mul_f64(left as f64 / self.new_runs as f64))
    }
}

/// A span of time without digits that nobody can know.
fn rough(time: Duration) -> String {
    let seconds = time.as_secs().max(1);
    let unit = match seconds {
        0..60 => 1,
        60..600 => 10,
        _ => 60,
    };
    span(seconds.div_ceil(unit) * unit * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use chaosdrill_core::{Origin, RunId, Seed, record::Measured};

    use super::*;

    fn record(origin: &str, verdict: Verdict) -> Record {
        Record {
            version: 1,
            run: RunId {
                scenario: "a/b".to_owned(),
                origin: Origin::of(origin),
                seed: Seed(0),
                db: String::new(),
                simulator: String::new(),
                defect: None,
            },
            claim: String::new(),
            verdict,
            checks: Vec::new(),
            faults: Vec::new(),
            plan_rest: None,
            sites: BTreeMap::new(),
            marks: BTreeMap::new(),
            events: 0,
            virtual_ns: 0,
            digest: None,
            triage: None,
            measured: Measured::default(),
        }
    }

    fn order(counts: &mut Counts, pairs: &[(&str, u64)], open_sweeps: u64) {
        let ordered = pairs.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
        counts.order(&Extent { ordered, open_sweeps, ..Extent::default() });
    }

    /// Ends `runs` runs and returns the number of lines that were due.
    fn run(counts: &mut Counts, origin: &str, runs: u64) -> u64 {
        let mut lines = 0;
        for _ in 0..runs {
            counts.run_is_over(&record(origin, Verdict::Valid));
            lines += u64::from(counts.is_line_due());
        }
        lines
    }

    #[test]
    fn no_total_grows_behind_what_is_done() {
        let (second, mut counts) = (Duration::from_secs(1), Counts::default());
        order(&mut counts, &[("kept", 1), ("script", 1_640)], 2);
        assert_eq!(counts.campaign(second, None), "kept 0/1, scripts 0/1,640, then 2 sweeps");
        run(&mut counts, "kept-a", 1);
        run(&mut counts, "script", 640);
        let half = "kept 1/1, scripts 640/1,640, then 2 sweeps; 641 runs a second";
        assert_eq!(counts.campaign(second, None), half);
        run(&mut counts, "script", 1_000);
        let all = "kept 1/1, scripts 1,640/1,640";
        order(&mut counts, &[("kept", 1), ("script", 1_640), ("sweep", 2)], 2);
        run(&mut counts, "sweep-0000", 2);
        let said = counts.campaign(second, None);
        assert_eq!(said, format!("{all}, sweep 2 of at least 2; 1,640 runs a second"));
        order(&mut counts, &[("kept", 1), ("script", 1_640), ("sweep", 102)], 0);
        counts.run_is_over(&record("sweep-0001", Verdict::Invalid));
        counts.run_is_known(&record("sweep-0002", Verdict::Unknown));
        let said = counts.campaign(second * 164, None);
        let end = "sweep 4/102; 10.0 runs a second, 1 invalid, 1 unknown, about 9 s left";
        assert_eq!(said, format!("{all}, {end}"));
        assert!(counts.campaign(second * 164, Some(second * 170)).ends_with("about 6 s left"));
        let known = counts.campaign(second * 164, Some(second * 164));
        assert!(known.ends_with("about 1 s left"), "{known}");
    }

    #[test]
    fn an_estimate_waits_until_it_is_one() {
        let (minute, mut counts) = (Duration::from_secs(60), Counts::default());
        order(&mut counts, &[("script", 100)], 0);
        run(&mut counts, "script", ESTIMATE_RUNS_MIN - 1);
        assert!(!counts.campaign(minute, None).contains("left"));
        assert!(counts.campaign(minute, Some(minute * 3)).ends_with(", at most 2 min left"));
        run(&mut counts, "script", 1);
        assert!(counts.campaign(minute, None).ends_with(", about 4 min left"));
    }

    #[test]
    fn runs_before_it_was_resumed_are_no_speed() {
        let mut counts = Counts::default();
        order(&mut counts, &[("script", 100)], 0);
        for _ in 0..90 {
            counts.run_is_known(&record("script", Verdict::Valid));
        }
        let second = Duration::from_secs(1);
        assert_eq!(counts.campaign(second, None), "scripts 90/100");
        run(&mut counts, "script", 2);
        assert_eq!(counts.campaign(second, None), "scripts 92/100; 2.00 runs a second");
    }

    #[test]
    fn a_long_campaign_has_few_lines() {
        let mut counts = Counts::default();
        let mut lines = 0;
        order(&mut counts, &[("script", 5_000)], 24);
        lines += run(&mut counts, "script", 5_000);
        let mut sweep = 0;
        for stage in [24, 40_000, 4_800, 2_400] {
            sweep += stage;
            order(&mut counts, &[("script", 5_000), ("sweep", sweep)], 24);
            lines += run(&mut counts, "sweep-0001", stage);
        }
        assert!((6..=10).contains(&lines), "{lines}");
    }
}
