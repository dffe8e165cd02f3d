//! Decides when the chaos of a run ends, and when the run ends.
//!
//! Chaos lasts until the clients are done and every ordered fault has struck and ended. Then all faults are healed, and
//! virtual time passes until all liveness checks hold or their bounds are over. The run ends after a further while, in
//! which the checks must go on holding.

use std::time::Duration;

use chaosdrill_core::{
    Chaos, Check, CheckKind, TraceEvent, Verdict, history::HistoryIndex, limits::LOOK_AGAIN,
    run::Next, trace::vocabulary::Phase,
};

use crate::scenario::Scenario;

/// The director's access to a run.
pub(crate) trait Control {
    /// The virtual time.
    fn now(&self) -> Duration;
    /// Whether nothing will ever happen unless the director changes something.
    fn is_quiescent(&self) -> bool;
    /// Whether the software of every client has ended.
    fn clients_are_done(&self) -> bool;
    /// Whether every fault that struck has ended by itself, except for faults that never do.
    fn faults_have_ended(&self) -> bool;
    /// Number of required faults that have not struck.
    fn required_faults_waiting(&self) -> usize;
    /// Number of faults of any kind that have not struck.
    fn faults_waiting(&self) -> usize;
    /// Reads the trace so far.
    fn read<R>(&self, read: impl FnOnce(&[TraceEvent]) -> R) -> R;
    /// Ends every fault.
    fn heal(&mut self);
    /// Records a phase of the run.
    fn phase(&mut self, phase: Phase<'_>);
}

#[derive(Clone, Copy)]
enum Stage {
    Chaos,
    Healed { deadline: Duration },
    Lingering { until: Duration },
}

/// The director of one run.
#[derive(Clone)]
pub(crate) struct ScenarioDirector {
    liveness: Vec<Check>,
    chaos: Chaos,
    chaos_max: Duration,
    bound: Duration,
    linger: Duration,
    stage: Stage,
    history: HistoryIndex,
}

impl ScenarioDirector {
    pub(crate) fn new(scenario: &Scenario, chaos: Chaos) -> Self {
        let is_liveness = |check: &&Check| matches!(check.kind, CheckKind::Eventually(_));
        Self {
            liveness: scenario.checks.iter().filter(is_liveness).cloned().collect(),
            chaos,
            chaos_max: scenario.chaos_max,
            bound: scenario
                .liveness_bound_max()
                .unwrap_or(chaosdrill_core::limits::CLIENTS_AFTER_HEAL_MAX),
            linger: scenario.linger,
            stage: Stage::Chaos,
            history: HistoryIndex::default(),
        }
    }

    fn all_is_as_it_should_be(&mut self, control: &impl Control) -> bool {
        if !control.clients_are_done() {
            return false;
        }
        let Self { history, liveness, .. } = self;
        control.read(|trace| {
            let history = history.follow(trace);
            liveness.iter().all(|check| check.judge_now(&history).verdict == Verdict::Valid)
        })
    }

    /// Whether the faults can be healed, because there is nothing left to wait for.
    fn chaos_is_over(&mut self, control: &impl Control) -> bool {
        if control.now() >= self.chaos_max || control.is_quiescent() {
            return true;
        }
        let struck = control.clients_are_done()
            && control.faults_have_ended()
            && control.required_faults_waiting() == 0;
        let none_waits = self.chaos == Chaos::UntilStruck && control.faults_waiting() == 0;
        struck && (none_waits || self.all_is_as_it_should_be(control))
    }

    /// Looks at the run and returns the next step.
    pub(crate) fn wake(&mut self, control: &mut impl Control) -> Next {
        let now = control.now();
        if matches!(self.stage, Stage::Chaos) {
            if !self.chaos_is_over(control) {
                return Next::Wake { not_before: now + LOOK_AGAIN, at: self.chaos_max };
            }
            control.heal();
            let deadline = now.saturating_add(self.bound);
            self.stage = Stage::Healed { deadline };
            return Next::Wake { not_before: now, at: now };
        }
        if let Stage::Healed { deadline } = self.stage {
            let holds = self.all_is_as_it_should_be(control);
            if !holds && now < deadline && !control.is_quiescent() {
                return Next::Wake { not_before: now + LOOK_AGAIN, at: deadline };
            }
            if !holds {
                if control.is_quiescent() && !control.clients_are_done() {
                    control.phase(Phase::Deadlock);
                }
                return Next::Finish;
            }
            control.phase(Phase::Calm);
            self.stage = Stage::Lingering { until: now.saturating_add(self.linger) };
        }
        match self.stage {
            Stage::Lingering { until } if now < until => {
                Next::Wake { not_before: until, at: until }
            }
            _ => Next::Finish,
        }
    }
}
