//! Nemeses draw the faults of runs, and turn them into jobs.

use std::path::PathBuf;

use chaosdrill_core::{Origin, Plan, RunId, Seed};
use clap::ValueEnum;

use crate::{job::Job, scenario::Scenario, simulation};

/// The source of a run's faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Nemesis {
    /// The faults that the scenario's author wrote.
    Script,
    /// Each possible fault at each boundary of a fault-free run.
    Sweep,
    /// Random faults, from a few families at a time.
    Swarm,
}

impl Nemesis {
    pub(crate) const ALL: [Self; 3] = [Self::Script, Self::Sweep, Self::Swarm];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Sweep => "sweep",
            Self::Swarm => "swarm",
        }
    }
}

/// Settings that all runs of a campaign share.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The database.
    pub(crate) db: String,
    /// The planted defect that is enabled.
    pub(crate) defect: Option<String>,
    /// The folder for the files of runs that are not valid.
    pub(crate) out: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { db: "sqlite".to_owned(), defect: None, out: None }
    }
}

/// The plan of a run, with the place where it is found; the origin is added unless the plan has one.
pub(crate) fn plan_of(run: &RunId, plan: Plan) -> Plan {
    let origin = plan.origin.or_else(|| Some(run.origin.clone()));
    Plan { found: Some(run.found()), origin, ..plan }
}

impl Settings {
    pub(crate) fn run_id(&self, scenario: &Scenario, origin: Origin, seed: Seed) -> RunId {
        RunId {
            scenario: scenario.name().to_owned(),
            origin,
            seed,
            db: self.db.clone(),
            simulator: simulation::SIMULATOR.to_owned(),
            defect: self.defect.clone(),
        }
    }

    fn job(&self, run: RunId, plan: Plan) -> Job {
        let bundle = self.out.as_ref().map(|out| out.join(run.folder()));
        let plan = plan_of(&run, plan);
        Job { bundle, ..Job::new(run, plan) }
    }

    /// A run of the script.
    pub(crate) fn script(&self, scenario: &Scenario, seed: Seed) -> Job {
        self.job(self.run_id(scenario, Origin::Script, seed), scenario.script(seed))
    }

    /// A run whose faults are drawn while it goes on.
    pub(crate) fn swarm(&self, scenario: &Scenario, seed: Seed) -> Job {
        let run = self.run_id(scenario, Origin::Swarm, seed);
        let job = self.job(run, Plan::new(scenario.name(), seed));
        Job { drawn: true, ..job }
    }

    /// One point of a sweep; point 0 is the calm run.
    pub(crate) fn sweep(&self, scenario: &Scenario, point: usize, plan: Plan) -> Job {
        self.job(self.run_id(scenario, Origin::Sweep(point as u64), plan.seed), plan)
    }

    /// A run of a kept plan.
    pub(crate) fn kept(&self, scenario: &Scenario, stem: &str, plan: Plan) -> Job {
        let run = self.run_id(scenario, Origin::Kept(stem.to_owned()), plan.seed);
        let bundle = self.out.as_ref().map(|out| out.join(run.folder()));
        Job { bundle, ..Job::new(run, plan) }
    }
}
