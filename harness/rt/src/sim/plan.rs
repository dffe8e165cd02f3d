//! The armed plan of one run: which fault strikes at which hit.

use std::{collections::VecDeque, time::Duration};

use chaosdrill_core::{Act, At, Fault, HostSelector, Plan, WallTime, nearest, record::FaultRecord};

use crate::sim::SIMULATOR;

/// Checks that this engine can run every part of a plan.
///
/// # Errors
///
/// Names the first part that it cannot run, and what an engine needs for it.
pub fn can_run(plan: &Plan) -> Result<(), String> {
    let refuse = |what: String, other: &str| {
        Err(format!("the engine `{SIMULATOR}` cannot {what}; that needs an engine {other}"))
    };
    if let Some(start) = plan.start.filter(|start| *start != WallTime::START_DEFAULT) {
        let what = format!("start the wall clock at {start}, only at {}", WallTime::START_DEFAULT);
        return refuse(what, "that sets the clock of each run");
    }
    if let Some(first) = plan.preemptions.first() {
        return refuse(format!("{first}"), "whose hosts are processes with threads");
    }
    if let Some(first) = plan.mutations.first() {
        return refuse(format!("change the pipeline ({first})"), "with mutations");
    }
    Ok(())
}

/// One fault, and its progress.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    passes: u32,
    fired: Option<u64>,
    struck_at: Option<At>,
}

impl Armed {
    fn new(fault: Fault) -> Self {
        Self { fault, passes: 0, fired: None, struck_at: None }
    }
}

/// All faults of a run.
#[derive(Debug)]
pub(crate) struct ArmedPlan {
    faults: Vec<Armed>,
    /// The countdowns that have not struck, in the order in which they will strike.
    countdowns: VecDeque<usize>,
    /// The number of boundaries that were passed since the last countdown struck.
    passes: u32,
    disarmed: bool,
}

impl ArmedPlan {
    pub(crate) fn new(plan: &Plan) -> Self {
        let faults: Vec<Armed> = plan.faults.iter().cloned().map(Armed::new).collect();
        let is_countdown = |index: &usize| matches!(faults[*index].fault.at, At::Countdown(_));
        let countdowns = (0..faults.len()).filter(is_countdown).collect();
        Self { faults, countdowns, passes: 0, disarmed: false }
    }

    /// The indices of the faults that strike when `host` passes `site` for the `hit`-th time, in the plan's order.
    /// Countdowns count only hosts that may be hurt, and strike after the other faults.
    pub(crate) fn strike(
        &mut self,
        host: &str,
        may_be_hurt: bool,
        site: &str,
        hit: u32,
    ) -> Vec<(usize, Act)> {
        let mut struck = Vec::new();
        if self.disarmed {
            return struck;
        }
        for (index, armed) in self.faults.iter_mut().enumerate() {
            let At::Boundary { host: selector, site: at, hit } = &armed.fault.at else { continue };
            if armed.fired.is_none() && at == site && selector.selects(host) {
                armed.passes += 1;
                if armed.passes == *hit {
                    struck.push((index, armed.fault.act.clone()));
                }
            }
        }
        if may_be_hurt {
            struck.extend(self.count_down(host, site, hit));
        }
        struck
    }

    /// The countdown that strikes at a boundary; at most one does.
    fn count_down(&mut self, host: &str, site: &str, hit: u32) -> Option<(usize, Act)> {
        let index = *self.countdowns.front()?;
        let armed = &mut self.faults[index];
        let At::Countdown(wanted) = armed.fault.at else { return None };
        self.passes = self.passes.saturating_add(1);
        if self.passes < wanted || !armed.fault.act.fits(site) {
            return None;
        }
        let host = HostSelector::Named(host.to_owned());
        armed.struck_at = Some(At::Boundary { host, site: site.to_owned(), hit });
        self.countdowns.pop_front();
        self.passes = 0;
        Some((index, armed.fault.act.clone()))
    }

    /// Adds a fault that strikes right now, and returns its index and act.
    pub(crate) fn add(&mut self, fault: Fault) -> (usize, Act) {
        let act = fault.act.clone();
        self.faults.push(Armed::new(fault));
        (self.faults.len() - 1, act)
    }

    /// The faults that strike at an instant, with the instant.
    pub(crate) fn timed(&self) -> Vec<(Duration, usize)> {
        let timed = |(index, armed): (usize, &Armed)| match armed.fault.at {
            At::Time(at) => Some((at, index)),
            At::Boundary { .. } | At::Countdown(_) => None,
        };
        self.faults.iter().enumerate().filter_map(timed).collect()
    }

    /// The act of a fault.
    pub(crate) fn act(&self, index: usize) -> Act {
        self.faults[index].fault.act.clone()
    }

    /// Records the event at which a fault struck.
    pub(crate) fn fired(&mut self, index: usize, event: u64) {
        self.faults[index].fired = Some(event);
    }

    /// The number of faults that have not struck: all of them, or only the required ones.
    pub(crate) fn waiting(&self, required_only: bool) -> usize {
        let waits =
            |armed: &&Armed| armed.fired.is_none() && (armed.fault.required || !required_only);
        self.faults.iter().filter(waits).count()
    }

    /// Disarms the plan: no fault strikes any more.
    pub(crate) fn disarm(&mut self) {
        self.disarmed = true;
    }

    /// Whether the plan was disarmed.
    pub(crate) fn is_disarmed(&self) -> bool {
        self.disarmed
    }

    /// The record of each fault.
    pub(crate) fn records(&self) -> Vec<FaultRecord> {
        let record = |armed: &Armed| FaultRecord {
            fault: armed.fault.clone(),
            fired: armed.fired,
            struck_at: armed.struck_at.clone(),
        };
        self.faults.iter().map(record).collect()
    }

    /// Describes each required fault whose site no host ever passed.
    pub(crate) fn sites_never_passed<'a>(
        &self,
        passed: &(impl Iterator<Item = &'a String> + Clone),
    ) -> Vec<String> {
        let mut sentences = Vec::new();
        for armed in
            self.faults.iter().filter(|armed| armed.fired.is_none() && armed.fault.required)
        {
            let At::Boundary { site, .. } = &armed.fault.at else { continue };
            if !passed.clone().any(|known| known == site) {
                let hint = nearest::hint(site, passed.clone().map(String::as_str));
                sentences.push(format!("no host ever passed {site}{hint}"));
            }
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(parts: &str) -> Plan {
        let head = "version = 2\nscenario = \"a/b\"\nseed = \"0x1\"\n";
        Plan::from_toml(&format!("{head}{parts}")).expect("a plan")
    }

    fn countdown(passes: u32, act: &str) -> String {
        format!("[[fault]]\nat = {{ countdown = {passes} }}\ndo = {{ {act} }}\n")
    }

    #[test]
    fn a_countdown_counts_all_hosts_that_may_be_hurt_since_the_one_before_it() {
        let countdowns = [
            countdown(3, "stall = \"1s\""),
            countdown(1, "error = \"busy\""),
            countdown(2, "crash = \"before\""),
        ];
        let mut armed = ArmedPlan::new(&plan(&countdowns.concat()));
        let passes = [
            ("d1", "sql:x", 1, None),
            // The workload is not counted.
            ("client", "sql:x", 1, None),
            ("d2", "fp:y", 1, None),
            ("d1", "sql:x", 2, Some(0)),
            // A failpoint does not answer `busy`: the fault strikes at the first boundary that can.
            ("d1", "fp:y", 1, None),
            ("d2", "fp:y", 2, None),
            ("d2", "sql:x", 1, Some(1)),
            ("d1", "net:z", 1, None),
            ("d2", "net:z", 1, Some(2)),
            ("d2", "net:z", 2, None),
        ];
        for (host, site, hit, wanted) in passes {
            let struck = armed.strike(host, host != "client", site, hit);
            let struck: Vec<usize> = struck.into_iter().map(|(index, _)| index).collect();
            assert_eq!(struck, Vec::from_iter(wanted), "{host} at {site} hit {hit}");
        }
        let told: Vec<String> = armed.records().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "stall any host at countdown 3 for 1s (d1 at sql:x hit 2)",
                "fail any host with busy at countdown 1 (d2 at sql:x hit 1)",
                "crash any host before the step at countdown 2, back at heal (d2 at net:z hit 1)",
            ]
        );
    }

    #[test]
    fn a_plan_is_run_whole_or_not_at_all() {
        assert_eq!(can_run(&plan("start = \"2026-01-01T00:00:00Z\"\n")), Ok(()));
        let cases = [
            (
                "start = \"2026-02-28T23:59:58Z\"\n",
                "cannot start the wall clock at 2026-02-28T23:59:58Z, only at 2026-01-01T00:00:00Z; that needs an engine that sets",
            ),
            (
                "[[preemption]]\nhost = \"d1\"\nlife = 1\nthread = 2\ncall = 17\n",
                "cannot preempt thread 2 of d1 in life 1 before call 17; that needs an engine whose hosts are processes",
            ),
            (
                "[[mutation]]\nsite = \"sql:x\"\nchange = \"executed twice\"\n",
                "cannot change the pipeline (sql:x: executed twice); that needs an engine with mutations",
            ),
        ];
        for (parts, wanted) in cases {
            let why = can_run(&plan(parts)).expect_err("this engine cannot");
            assert!(why.contains(wanted), "{why}");
        }
    }
}
