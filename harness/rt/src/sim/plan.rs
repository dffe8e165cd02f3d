//! The plan of one run, armed: which fault strikes at which hit.

use std::time::Duration;

use chaosdrill_core::{Act, At, Fault, Plan, nearest, record::FaultRecord};

/// One fault, and how far it has come.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    passes: u32,
    fired: Option<u64>,
}

/// All faults of a run.
#[derive(Debug)]
pub(crate) struct ArmedPlan {
    faults: Vec<Armed>,
    disarmed: bool,
}

impl ArmedPlan {
    pub(crate) fn new(plan: &Plan) -> Self {
        let arm = |fault: &Fault| Armed { fault: fault.clone(), passes: 0, fired: None };
        Self { faults: plan.faults.iter().map(arm).collect(), disarmed: false }
    }

    /// The faults that strike as `host` passes `site`, by their index, in the plan's order.
    pub(crate) fn strike(&mut self, host: &str, site: &str) -> Vec<(usize, Act)> {
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
        struck
    }

    /// Adds a fault that strikes right now, and says its index and act.
    pub(crate) fn add(&mut self, fault: Fault) -> (usize, Act) {
        let act = fault.act.clone();
        self.faults.push(Armed { fault, passes: 0, fired: None });
        (self.faults.len() - 1, act)
    }

    /// The faults that strike at an instant, with that instant.
    pub(crate) fn timed(&self) -> Vec<(Duration, usize)> {
        let timed = |(index, armed): (usize, &Armed)| match armed.fault.at {
            At::Time(at) => Some((at, index)),
            At::Boundary { .. } => None,
        };
        self.faults.iter().enumerate().filter_map(timed).collect()
    }

    /// The act of a fault.
    pub(crate) fn act(&self, index: usize) -> Act {
        self.faults[index].fault.act.clone()
    }

    /// Notes at which event a fault struck.
    pub(crate) fn fired(&mut self, index: usize, event: u64) {
        self.faults[index].fired = Some(event);
    }

    /// How many faults have not struck, all or only the required ones.
    pub(crate) fn waiting(&self, required_only: bool) -> usize {
        let waits =
            |armed: &&Armed| armed.fired.is_none() && (armed.fault.required || !required_only);
        self.faults.iter().filter(waits).count()
    }

    /// From now on nothing strikes.
    pub(crate) fn disarm(&mut self) {
        self.disarmed = true;
    }

    /// Whether nothing strikes any more.
    pub(crate) fn is_disarmed(&self) -> bool {
        self.disarmed
    }

    /// What became of the faults.
    pub(crate) fn records(&self) -> Vec<FaultRecord> {
        self.faults
            .iter()
            .map(|armed| FaultRecord { fault: armed.fault.clone(), fired: armed.fired })
            .collect()
    }

    /// A sentence for each required fault whose site no host ever passed.
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
