//! Shrinks a plan to the smallest one that still violates the same check.
//!
//! The faults are reduced by delta debugging (Zeller and Hildebrandt: Simplifying and Isolating Failure-Inducing Input,
//! 2002). Then each fault and the workload are simplified as long as the check stays violated. Plans are proposed in
//! batches, and the first plan of a batch that violates the check is taken, so that the result does not depend on how
//! many of them run at once.

use std::time::Duration;

use crate::{
    fault::{Act, At, Fault, HostSelector, Restart},
    limits::{SHRINK_BATCH_MAX, SHRINK_RUNS_MAX},
    plan::{Chaos, Order, Plan, SqlErrors},
};

/// The smallest plan that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// The number of runs that it took.
    pub runs: u64,
}

/// Shrinks a plan. `shows` returns for each plan of a batch whether it still violates the check.
pub fn shrink(plan: &Plan, mut shows: impl FnMut(&[Plan]) -> Vec<bool>) -> Shrunk {
    let mut search = Search { plan: plan.clone(), runs: 0, shows: &mut shows };
    search.fewer_faults();
    search.simpler(defaults);
    search.simpler(faults);
    search.simpler(workloads);
    // A fault that was simplified may have become unnecessary.
    search.fewer_faults();
    // Or it is necessary only because the others were adjusted to it.
    search.simpler(adjusted);
    search.simpler(faults);
    Shrunk { plan: search.plan, runs: search.runs }
}

struct Search<'a> {
    plan: Plan,
    runs: u64,
    shows: &'a mut dyn FnMut(&[Plan]) -> Vec<bool>,
}

impl Search<'_> {
    /// Takes the first of the candidates that still violates the check; `false` if none does.
    fn take_first(&mut self, candidates: &[Plan]) -> bool {
        for batch in candidates.chunks(SHRINK_BATCH_MAX) {
            if self.runs + batch.len() as u64 > SHRINK_RUNS_MAX {
                return false;
            }
            self.runs += batch.len() as u64;
            let shown = (self.shows)(batch);
            if let Some(index) = shown.iter().position(|shows| *shows) {
                self.plan = batch[index].clone();
                return true;
            }
        }
        false
    }

    /// Removes half of the faults, then quarters, and so on down to single faults.
    fn fewer_faults(&mut self) {
        let mut parts = 2;
        while !self.plan.faults.is_empty() {
            let count = self.plan.faults.len();
            parts = parts.min(count);
            let width = count.div_ceil(parts);
            let mut candidates: Vec<Plan> = Vec::new();
            if parts == 2 || count == 1 {
                candidates.push(Plan { faults: Vec::new(), ..self.plan.clone() });
            }
            candidates.extend((0..count).step_by(width).map(|from| {
                let mut plan = self.plan.clone();
                plan.faults.drain(from..count.min(from + width));
                plan
            }));
            candidates.retain(|plan| plan.faults.len() < count);
            if self.take_first(&candidates) {
                parts = 2;
            } else if parts >= count {
                break;
            } else {
                parts *= 2;
            }
        }
    }

    fn simpler(&mut self, candidates: impl Fn(&Plan) -> Vec<Plan>) {
        while self.take_first(&candidates(&self.plan)) {}
    }
}

/// Plans with the default order, end of the chaos or effect of errors, which a written plan omits.
fn defaults(plan: &Plan) -> Vec<Plan> {
    let mut candidates = Vec::new();
    for (order, chaos) in [(Order::default(), Chaos::default()), (Order::default(), plan.chaos)] {
        candidates.push(Plan { order, chaos, ..plan.clone() });
    }
    candidates.push(Plan { chaos: Chaos::default(), ..plan.clone() });
    candidates.push(Plan { sql_errors: SqlErrors::default(), ..plan.clone() });
    candidates.retain(|candidate| candidate != plan);
    candidates.dedup();
    candidates
}

/// Plans with one fault simpler: a round duration, an earlier hit, an ordinary restart.
fn faults(plan: &Plan) -> Vec<Plan> {
    let mut candidates = Vec::new();
    for (index, fault) in plan.faults.iter().enumerate() {
        for simpler in simpler_faults(fault) {
            let mut candidate = plan.clone();
            candidate.faults[index] = simpler;
            candidates.push(candidate);
        }
    }
    candidates
}

fn simpler_faults(fault: &Fault) -> Vec<Fault> {
    let act = |act| Fault { act, ..fault.clone() };
    let mut simpler: Vec<Fault> = match &fault.act {
        Act::Crash { when, restart } => {
            let crash = |restart| act(Act::Crash { when: *when, restart });
            simpler_restarts(*restart).into_iter().map(crash).collect()
        }
        Act::Kill { host, restart } => {
            let kill = |restart| act(Act::Kill { host: host.clone(), restart });
            simpler_restarts(*restart).into_iter().map(kill).collect()
        }
        Act::Stall(lasts) => shorter(*lasts).into_iter().map(|d| act(Act::Stall(d))).collect(),
        Act::Delay(lasts) => shorter(*lasts).into_iter().map(|d| act(Act::Delay(d))).collect(),
        Act::Partition { between, lasts: Some(lasts) } => {
            let cut = |d| act(Act::Partition { between: between.clone(), lasts: Some(d) });
            shorter(*lasts).into_iter().map(cut).collect()
        }
        Act::Clog { between, lasts: Some(lasts) } => {
            let clog = |d| act(Act::Clog { between: between.clone(), lasts: Some(d) });
            shorter(*lasts).into_iter().map(clog).collect()
        }
        Act::DatabaseDown { machine, lasts: Some(lasts) } => {
            let down = |d| act(Act::DatabaseDown { machine: machine.clone(), lasts: Some(d) });
            shorter(*lasts).into_iter().map(down).collect()
        }
        _ => Vec::new(),
    };
    match &fault.at {
        At::Boundary { host, site, hit } => {
            let at = |host: &HostSelector, hit| Fault {
                at: At::Boundary { host: host.clone(), site: site.clone(), hit },
                ..fault.clone()
            };
            simpler.extend(
                [1, hit / 2, hit - 1]
                    .into_iter()
                    .filter(|h| (1..*hit).contains(h))
                    .map(|h| at(host, h)),
            );
        }
        At::Countdown(passes) => {
            let fewer =
                [1, passes / 2, passes - 1].into_iter().filter(|n| (1..*passes).contains(n));
            simpler.extend(fewer.map(|n| Fault { at: At::Countdown(n), ..fault.clone() }));
        }
        At::Time(time) => {
            let at = |time| Fault { at: At::Time(time), ..fault.clone() };
            simpler.extend(shorter(*time).into_iter().map(at));
        }
    }
    simpler
}

/// Plans with one fault removed and the others adjusted. A fault may cause the hits that another one counts, such as a
/// recovery, or take the time for which another one waits. To remove it, the hits of the others must fall by one, or
/// their stalls must last longer.
fn adjusted(plan: &Plan) -> Vec<Plan> {
    let mut candidates = Vec::new();
    if plan.faults.len() < 2 {
        return candidates;
    }
    let seconds = |n| Some(Duration::from_secs(n));
    for left_out in 0..plan.faults.len() {
        for (hits, lasts) in
            [(1, None), (0, seconds(10)), (1, seconds(10)), (0, seconds(60)), (1, seconds(60))]
        {
            let mut candidate = plan.clone();
            candidate.faults.remove(left_out);
            let mut differs = false;
            for fault in &mut candidate.faults {
                let old = fault.clone();
                adjust(fault, hits, lasts);
                differs |= *fault != old;
            }
            if differs && !candidates.contains(&candidate) {
                candidates.push(candidate);
            }
        }
    }
    candidates
}

fn adjust(fault: &mut Fault, hits: u32, at_least: Option<Duration>) {
    if let At::Boundary { hit, .. } = &mut fault.at {
        *hit = hit.saturating_sub(hits).max(1);
    }
    if let (Act::Stall(lasts) | Act::Delay(lasts), Some(at_least)) = (&mut fault.act, at_least) {
        *lasts = at_least.max(*lasts);
    }
}

fn simpler_restarts(restart: Restart) -> Vec<Restart> {
    let second = Duration::from_secs(1);
    match restart {
        Restart::After(after) if after == second => Vec::new(),
        Restart::After(_) | Restart::AtHeal => vec![Restart::After(second)],
        Restart::Never => vec![Restart::After(second), Restart::AtHeal],
    }
}

/// Round durations below this one.
fn shorter(than: Duration) -> Vec<Duration> {
    let round = [0, 1, 10, 60, 600].map(Duration::from_secs);
    let mut shorter: Vec<Duration> =
        round.into_iter().filter(|d| !d.is_zero() && *d < than).collect();
    let half = Duration::from_secs(than.as_secs() / 2);
    let is_odd = than.subsec_nanos() != 0;
    if is_odd && than.as_secs() > 0 {
        shorter.push(Duration::from_secs(than.as_secs()));
    }
    if half > Duration::from_secs(1) && !round.contains(&than) {
        shorter.push(half);
    }
    shorter
}

fn workloads(plan: &Plan) -> Vec<Plan> {
    let most = plan.workload_max.unwrap_or(u32::MAX);
    let fewer = [1, 2, 3, 5, 8, 13].into_iter().filter(|steps| *steps < most);
    fewer.map(|steps| Plan { workload_max: Some(steps), ..plan.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        seed::Seed,
        swarm::{Arena, Swarm},
    };

    fn stall(site: &str, hit: u32, lasts: u64) -> Fault {
        let at = At::Boundary { host: HostSelector::Any, site: site.into(), hit };
        Fault { at, act: Act::Stall(Duration::from_secs(lasts)), required: false }
    }

    fn has(plan: &Plan, wanted: &str, at_least: u64) -> bool {
        plan.faults.iter().any(|fault| {
            matches!(&fault.at, At::Boundary { site, .. } if site == wanted)
                && matches!(fault.act, Act::Stall(d) if d.as_secs() >= at_least)
        })
    }

    #[test]
    fn two_of_many_faults_are_left_as_simple_as_they_can_be() {
        let mut plan = Plan::new("own/x", Seed(3));
        plan.order = Order::Priorities { changes: 3 };
        plan.chaos = Chaos::UntilCalm;
        plan.faults = (0..20).map(|n| stall(&format!("sql:s{n}"), n + 1, 90)).collect();
        let needed = |plan: &Plan| {
            has(plan, "sql:s4", 30)
                && has(plan, "sql:s17", 1)
                && plan.workload_max.is_none_or(|n| n >= 4)
        };
        let shrunk = shrink(&plan, |batch| batch.iter().map(needed).collect());
        let told: Vec<_> = shrunk.plan.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["stall any host at sql:s4 hit 1 for 1m", "stall any host at sql:s17 hit 1 for 1s"]
        );
        assert_eq!(shrunk.plan.workload_max, Some(5));
        assert_eq!((shrunk.plan.order, shrunk.plan.chaos), (Order::Random, Chaos::UntilStruck));
        assert!(shrunk.runs <= SHRINK_RUNS_MAX);
        let again = shrink(&plan, |batch| batch.iter().map(needed).collect());
        assert_eq!(again, shrunk);
    }

    #[test]
    fn a_countdown_is_as_short_as_it_can_be() {
        let mut plan = Plan::new("own/x", Seed(3));
        let act = Act::Stall(Duration::from_secs(1));
        plan.faults = vec![Fault { at: At::Countdown(40), act, required: false }];
        let needed =
            |plan: &Plan| matches!(plan.faults[..], [Fault { at: At::Countdown(7..), .. }]);
        let shrunk = shrink(&plan, |batch| batch.iter().map(needed).collect());
        assert_eq!(shrunk.plan.faults[0].at, At::Countdown(7));
    }

    /// The first fault causes a hit that the second one counts.
    #[test]
    fn a_fault_is_left_out_and_the_others_are_adjusted_to_it() {
        let mut plan = Plan::new("own/x", Seed(3));
        plan.faults = vec![stall("sql:crash", 1, 1), stall("sql:recover", 2, 1)];
        let needed = |plan: &Plan| {
            let hit = |wanted: &str| {
                plan.faults.iter().find_map(|fault| match &fault.at {
                    At::Boundary { site, hit, .. } if site == wanted => Some(*hit),
                    _ => None,
                })
            };
            let wanted = if hit("sql:crash").is_some() { 2 } else { 1 };
            hit("sql:recover") == Some(wanted)
        };
        let shrunk = shrink(&plan, |batch| batch.iter().map(needed).collect());
        assert_eq!(shrunk.plan.faults, [stall("sql:recover", 1, 1)]);
    }

    #[test]
    fn a_plan_whose_faults_do_not_matter_is_left_without_any() {
        let mut plan = Plan::new("own/x", Seed(3));
        plan.faults = (0..9).map(|n| stall("sql:s", n + 1, 90)).collect();
        let shrunk = shrink(&plan, |batch| vec![true; batch.len()]);
        assert!(shrunk.plan.faults.is_empty());
    }

    #[test]
    fn it_ends_where_nothing_smaller_shows_it() {
        for seed in 0..20 {
            let arena = Arena {
                hosts: vec!["a".into(), "b".into()],
                databases: vec!["db".into()],
                spare: vec![],
                stalls: vec![Duration::from_secs(90)],
                skew_max: Duration::ZERO,
            };
            let (_, plan) = Swarm::new("own/x", Seed(seed), arena);
            let shrunk = shrink(&plan, |batch| vec![false; batch.len()]);
            assert_eq!(shrunk.plan, plan);
        }
    }
}
