//! The part of its plan that a record keeps, so that the run can be replayed from the record alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    origin::Origin,
    plan::{Chaos, Found, Mutation, Order, Plan, Preemption, SqlErrors, WallTime},
    record::{Record, RunId},
};

/// The parts of a plan that its record does not have elsewhere: the run's id has scenario and seed, the record has the
/// faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanRest {
    /// What first drew the faults, if it differs from the run's id: a kept plan was drawn once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The order in which the ready tasks of a host ran.
    #[serde(default, skip_serializing_if = "Order::is_default")]
    pub order: Order,
    /// When the faults were over.
    #[serde(default, skip_serializing_if = "Chaos::is_default")]
    pub chaos: Chaos,
    /// What an error did to the transaction in which it occurred.
    #[serde(default, skip_serializing_if = "SqlErrors::is_default")]
    pub sql_errors: SqlErrors,
    /// The maximum number of steps of each client's workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_max: Option<u32>,
    /// The wall clock at the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<WallTime>,
    /// Threads that were preempted at planned calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preemptions: Vec<Preemption>,
    /// Changes to what the pipeline itself did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutations: Vec<Mutation>,
    /// Faults that the record does not have: it is not known whether they struck, because the worker died.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Fault>,
}

impl PlanRest {
    /// The rest of a plan whose faults are in the record.
    pub fn of(run: &RunId, plan: &Plan) -> Self {
        Self {
            origin: plan.origin.clone().filter(|origin| *origin != run.origin),
            order: plan.order,
            chaos: plan.chaos,
            sql_errors: plan.sql_errors,
            workload_max: plan.workload_max,
            start: plan.start,
            preemptions: plan.preemptions.clone(),
            mutations: plan.mutations.clone(),
            untold: Vec::new(),
        }
    }

    /// The rest of a plan whose worker died before it reported its faults.
    pub fn of_dead_worker(run: &RunId, plan: &Plan) -> Self {
        Self { untold: plan.faults.clone(), ..Self::of(run, plan) }
    }
}

impl RunId {
    /// The [`Found`] of a plan that is found in this run.
    pub fn found(&self) -> Found {
        Found {
            simulator: self.simulator.clone(),
            db: self.db.clone(),
            defect: self.defect.clone(),
        }
    }
}

impl Record {
    /// The plan of the run, with the place where it was found; it replays the same run.
    ///
    /// A record without [`Record::plan_rest`] has the faults only: order of tasks, end of chaos and length of the
    /// workload are the defaults then, although a run of a swarm or of a kept plan had others. Such records are those
    /// of version 1, and those of a swarm whose worker died, because it is not known what the swarm had drawn by then.
    pub fn plan(&self) -> Plan {
        let run = &self.run;
        let rest = self.plan_rest.clone().unwrap_or_default();
        let faults = self.faults.iter().map(|fault| fault.fault.clone());
        let own_origin = Some(&run.origin).filter(|origin| !matches!(origin, Origin::Other(_)));
        Plan {
            found: Some(run.found()),
            origin: rest.origin.or_else(|| own_origin.cloned()),
            order: rest.order,
            chaos: rest.chaos,
            sql_errors: rest.sql_errors,
            workload_max: rest.workload_max,
            start: rest.start,
            faults: faults.chain(rest.untold).collect(),
            preemptions: rest.preemptions,
            mutations: rest.mutations,
            ..Plan::new(run.scenario.clone(), run.seed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Seed, Verdict, record::FaultRecord};

    /// A plan without any default value, found in a run of this origin.
    fn plan(origin: Origin) -> (RunId, Plan) {
        let text = r#"version = 2
scenario = "a/b"
seed = "0x2a"
found = { simulator = "turmoil", db = "sqlite", defect = "O4" }
origin = "sweep-0017"
order = { priorities = { changes = 2 } }
chaos = "until-calm"
sql_errors = "abort-the-transaction"
workload_max = 3
start = "2026-02-28T23:59:58Z"

[[fault]]
at = { countdown = 40 }
do = { crash = "before", restart = "1s" }
required = false

[[fault]]
at = { time = "12s" }
do = { clog = ["d1", "broker"] }

[[preemption]]
host = "d1"
life = 1
thread = 2
call = 17

[[mutation]]
site = "sql:x"
change = "executed twice"
"#;
        let run = RunId {
            scenario: "a/b".into(),
            origin,
            seed: Seed(0x2a),
            db: "sqlite".into(),
            simulator: "turmoil".into(),
            defect: Some("O4".into()),
        };
        (run, Plan::from_toml(text).expect("a plan"))
    }

    fn record(run: RunId, faults: &[Fault], plan_rest: Option<PlanRest>) -> Record {
        let told =
            |fault: &Fault| FaultRecord { fault: fault.clone(), fired: Some(7), struck_at: None };
        let record = Record {
            version: 2,
            run,
            claim: String::new(),
            verdict: Verdict::Valid,
            checks: Vec::new(),
            faults: faults.iter().map(told).collect(),
            plan_rest,
            sites: Default::default(),
            marks: Default::default(),
            events: 0,
            virtual_ns: 0,
            digest: None,
            triage: None,
            measured: Default::default(),
        };
        let json = serde_json::to_string(&record).expect("plain data");
        serde_json::from_str(&json).expect("own form")
    }

    #[test]
    fn a_record_gives_its_plan_back() {
        for origin in [Origin::Sweep(17), Origin::Kept("late".into()), Origin::File(None)] {
            let (run, plan) = plan(origin);
            let rest = PlanRest::of(&run, &plan);
            assert_eq!(rest.origin.is_none(), run.origin == Origin::Sweep(17), "not stored twice");
            assert_eq!(record(run, &plan.faults, Some(rest)).plan(), plan);
        }
    }

    #[test]
    fn a_dead_worker_takes_no_fault_with_it() {
        let (run, plan) = plan(Origin::Script);
        let record = record(run.clone(), &[], Some(PlanRest::of_dead_worker(&run, &plan)));
        assert!(record.faults.is_empty(), "nobody knows what struck");
        assert_eq!(record.plan(), plan);
    }

    #[test]
    fn a_record_of_version_1_has_the_faults_only() {
        let (run, plan) = plan(Origin::Swarm);
        let defaults = Plan {
            faults: plan.faults.clone(),
            found: plan.found.clone(),
            origin: Some(Origin::Swarm),
            ..Plan::new("a/b", Seed(0x2a))
        };
        assert_eq!(record(run, &plan.faults, None).plan(), defaults);
    }

    #[test]
    fn a_word_that_is_no_origin_is_not_one_of_the_plan() {
        let (run, plan) = plan(Origin::of("x/../y"));
        let read = record(run, &plan.faults, None).plan();
        assert_eq!(read.origin, None);
        assert_eq!(Plan::from_toml(&read.to_toml()).expect("own form"), read);
    }
}
