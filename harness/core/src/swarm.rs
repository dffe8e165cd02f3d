//! Swarm testing: random faults, of a few families at a time.
//!
//! Each seed enables a subset of the fault families, with weights of its own. Runs in which everything happens at once
//! are all alike, and a run that never crashes a host finds what a crash would have hidden (Groce, Zhang, Eide, Chen,
//! Regehr: Swarm Testing, 2012). Faults are drawn while the run goes on, so that they also strike retries and recovery,
//! and are recorded as a plan, from which alone the run can be replayed.

use std::time::Duration;

use crate::{
    fault::{Act, At, ErrorKind, Fault, HostSelector, Restart, When, site_kind},
    limits::{
        SWARM_CHANGES_MAX, SWARM_FAULTS_MAX, SWARM_GAP_MAX, SWARM_GAP_MIN, SWARM_LASTS_MAX,
        SWARM_STARTS_MAX, SWARM_TIMED_MAX,
    },
    plan::{Chaos, Order, Plan, SqlErrors},
    seed::{Seed, Stream},
};

/// The faults that a scenario allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arena {
    /// Hosts that faults may strike.
    pub hosts: Vec<String>,
    /// The machines with databases among the hosts.
    pub databases: Vec<String>,
    /// Groups of hosts, one of which must survive; the others may stay down for ever.
    pub spare: Vec<Vec<String>>,
    /// Stalls worth trying: past a lease, and until the other hosts are done.
    pub stalls: Vec<Duration>,
    /// The maximum skew of a wall clock; zero if clocks must agree.
    pub skew_max: Duration,
}

/// Families of faults, in the order in which they are drawn, by [`Act::family`].
pub const FAMILIES: [&str; 11] = [
    "crash-before",
    "crash-after",
    "error",
    "lost-ack",
    "stall",
    "delay",
    "partition",
    "clog",
    "kill",
    "skew",
    "database-down",
];

/// The random fault generator of one run.
#[derive(Clone, Debug)]
pub struct Swarm {
    dice: Stream,
    arena: Arena,
    /// Weights by family; 0 if the family is disabled.
    weights: [u64; FAMILIES.len()],
    gap: u64,
    countdown: u64,
    left: u64,
    /// Hosts that will not restart.
    lost: Vec<String>,
}

impl Swarm {
    /// The generator for one seed, and a plan with the parts that are drawn ahead: timed faults, and the order of
    /// tasks.
    pub fn new(scenario: &str, seed: Seed, arena: Arena) -> (Self, Plan) {
        let mut dice = seed.stream(&format!("swarm {scenario}"));
        let mut weights = [0; FAMILIES.len()];
        for weight in &mut weights {
            *weight = if dice.chance(1, 2) { dice.between(1, 8) } else { 0 };
        }
        let gap = log_uniform(&mut dice, SWARM_GAP_MIN, SWARM_GAP_MAX);
        let left = dice.between(1, SWARM_FAULTS_MAX);
        let order = match dice.below(4) {
            0 => Order::Fifo,
            1 => Order::Priorities { changes: dice.between(1, SWARM_CHANGES_MAX) as u32 },
            _ => Order::Random,
        };
        let mut swarm = Self { dice, arena, weights, gap, countdown: 0, left, lost: Vec::new() };
        swarm.countdown = swarm.draw_gap();
        let mut plan = Plan::new(scenario, seed);
        (plan.order, plan.chaos) = (order, Chaos::UntilCalm);
        plan.faults = swarm.timed();
        // From a stream of its own, so that the faults are the same in either case.
        if seed.stream(&format!("swarm errors {scenario}")).chance(1, 3) {
            plan.sql_errors = SqlErrors::AbortTheTransaction;
        }
        (swarm, plan)
    }

    /// The fault that strikes when a host passes a site for the `hit`-th time; usually `None`.
    pub fn strike(&mut self, host: &str, site: &str, hit: u32) -> Option<Fault> {
        if self.left == 0 || !self.arena.hosts.iter().any(|known| known == host) {
            return None;
        }
        if self.countdown > 0 {
            self.countdown -= 1;
            return None;
        }
        let act = self.draw_act(host, site)?;
        self.left -= 1;
        self.countdown = self.draw_gap();
        let selector = HostSelector::Named(host.to_owned());
        let at = At::Boundary { host: selector, site: site.to_owned(), hit };
        Some(Fault { at, act, required: false })
    }

    fn draw_gap(&mut self) -> u64 {
        self.dice.below(2 * self.gap)
    }

    /// An act of one of the families that are enabled and fit; `None` if no family does.
    fn draw_act(&mut self, host: &str, site: &str) -> Option<Act> {
        let errors: Vec<ErrorKind> = sudden(site).collect();
        let fits = |family: &str| match family {
            "crash-before" | "crash-after" | "stall" | "delay" => true,
            "error" => !errors.is_empty(),
            "lost-ack" => site_kind(site) != "fp",
            _ => false,
        };
        let family = self.draw_family(fits)?;
        Some(match family {
            "crash-before" => Act::Crash { when: When::Before, restart: self.draw_restart(host) },
            "crash-after" => Act::Crash { when: When::After, restart: self.draw_restart(host) },
            "error" => Act::Error(*self.dice.pick(&errors)?),
            "lost-ack" => Act::LostAck(ErrorKind::Reset),
            "stall" => Act::Stall(*self.dice.pick(&self.arena.stalls)?),
            _ => Act::Delay(self.draw_span(SWARM_LASTS_MAX)),
        })
    }

    fn draw_family(&mut self, fits: impl Fn(&str) -> bool) -> Option<&'static str> {
        let weight = |index: usize| if fits(FAMILIES[index]) { self.weights[index] } else { 0 };
        let weights: Vec<u64> = (0..FAMILIES.len()).map(weight).collect();
        let all: u64 = weights.iter().sum();
        if all == 0 {
            return None;
        }
        let mut drawn = self.dice.below(all);
        for (family, weight) in FAMILIES.iter().zip(weights) {
            if drawn < weight {
                return Some(family);
            }
            drawn -= weight;
        }
        None
    }

    /// When a crashed host restarts; never only if another host of its group survives.
    fn draw_restart(&mut self, host: &str) -> Restart {
        let survives = |group: &&Vec<String>| {
            let left = group.iter().filter(|other| !self.lost.contains(other)).count();
            group.iter().any(|member| member == host) && left > 1
        };
        let may_stay_dead = self.arena.spare.iter().any(|group| survives(&group));
        match self.dice.below(8) {
            0 if may_stay_dead => {
                self.lost.push(host.to_owned());
                Restart::Never
            }
            1 => Restart::AtHeal,
            _ => Restart::After(self.draw_span(SWARM_LASTS_MAX)),
        }
    }

    /// A duration from 10 ms to the longest, with each order of magnitude equally likely.
    fn draw_span(&mut self, longest: Duration) -> Duration {
        let ms = log_uniform(&mut self.dice, 10, longest.as_millis() as u64);
        Duration::from_millis(ms)
    }

    fn timed(&mut self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for family in &FAMILIES[6..] {
            let index = FAMILIES.iter().position(|known| known == family).expect("it is one");
            if self.weights[index] == 0 {
                continue;
            }
            for _ in 0..self.dice.between(0, SWARM_TIMED_MAX) {
                let at = At::Time(self.draw_span(SWARM_STARTS_MAX));
                if let Some(act) = self.draw_timed(family) {
                    faults.push(Fault { at, act, required: false });
                }
            }
        }
        faults
    }

    fn draw_timed(&mut self, family: &str) -> Option<Act> {
        let lasts = Some(self.draw_span(SWARM_LASTS_MAX));
        Some(match family {
            "partition" => Act::Partition { between: self.draw_pair()?, lasts },
            "clog" => Act::Clog { between: self.draw_pair()?, lasts },
            "kill" => {
                let host = self.dice.pick(&self.arena.hosts)?.clone();
                let restart = self.draw_restart(&host);
                Act::Kill { host, restart }
            }
            "skew" => {
                let most = i64::try_from(self.arena.skew_max.as_nanos()).ok()?;
                if most == 0 {
                    return None;
                }
                let host = self.dice.pick(&self.arena.hosts)?.clone();
                let by_ns = self.dice.between(0, 2 * most as u64) as i64 - most;
                // Clocks are usually wrong for longer than a minute.
                let lasts = if self.dice.chance(1, 2) { None } else { lasts };
                Act::Skew { host, by_ns, lasts }
            }
            _ => Act::DatabaseDown { machine: self.draw_machine(), lasts },
        })
    }

    /// One machine with databases; `None`, which stands for all, if there is at most one.
    fn draw_machine(&mut self) -> Option<String> {
        let machines = &self.arena.databases;
        if machines.len() < 2 { None } else { self.dice.pick(machines).cloned() }
    }

    fn draw_pair(&mut self) -> Option<[String; 2]> {
        let mut ends = self.arena.hosts.clone();
        ends.extend(self.arena.databases.iter().cloned());
        let first = self.dice.below(ends.len() as u64) as usize;
        let first = ends.swap_remove(first);
        Some([first, self.dice.pick(&ends)?.clone()])
    }
}

/// Errors that can strike the boundary at this site without a cause. A violated constraint is not one of them: a
/// database that reports one without cause lies, and code that believes it is right. A failed precondition is one:
/// stores also report it if two requests raced, or if their own client retried.
pub fn sudden(site: &str) -> impl Iterator<Item = ErrorKind> + use<'_> {
    let needs_a_cause =
        |error: &ErrorKind| matches!(error, ErrorKind::Constraint | ErrorKind::Unique);
    ErrorKind::ALL.into_iter().filter(move |error| error.fits(site) && !needs_a_cause(error))
}

fn log_uniform(dice: &mut Stream, low: u64, high: u64) -> u64 {
    let octaves = (high / low).max(1).ilog2();
    let octave = low << dice.below(u64::from(octaves) + 1);
    dice.between(octave, (2 * octave - 1).min(high.max(octave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena() -> Arena {
        Arena {
            hosts: vec!["d1".into(), "d2".into(), "broker".into()],
            databases: vec!["db".into()],
            spare: vec![vec!["d1".into(), "d2".into()]],
            stalls: vec![Duration::from_secs(90)],
            skew_max: Duration::ZERO,
        }
    }

    fn drawn(seed: u64) -> Plan {
        let (mut swarm, mut plan) = Swarm::new("outbox/calm", Seed(seed), arena());
        for hit in 1..2_000 {
            for (host, site) in [("d1", "sql:outbox.claim"), ("d2", "net:bus"), ("sender", "net:x")]
            {
                plan.faults.extend(swarm.strike(host, site, hit));
            }
        }
        plan
    }

    #[test]
    fn what_is_drawn_is_a_plan() {
        let mut families = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let plan = drawn(seed);
            assert_eq!(plan, drawn(seed));
            plan.validate().expect("each fault makes sense");
            assert_eq!(Plan::from_toml(&plan.to_toml()).expect("a plan"), plan);
            let hosts = ["d1", "d2", "broker", "db"].map(str::to_owned);
            plan.validate_hosts(&hosts).expect("only hosts of the arena");
            families.extend(plan.faults.iter().map(|fault| fault.act.family()));
        }
        let missing: Vec<_> =
            FAMILIES.iter().filter(|family| !families.contains(*family)).collect();
        assert_eq!(missing, [&"skew"], "clocks must agree in this arena");
    }

    #[test]
    fn one_of_a_group_always_comes_back() {
        for seed in 0..500 {
            let plan = drawn(seed);
            let never = |fault: &&Fault| {
                matches!(
                    fault.act,
                    Act::Crash { restart: Restart::Never, .. }
                        | Act::Kill { restart: Restart::Never, .. }
                )
            };
            let dead = plan.faults.iter().filter(never).count();
            assert!(dead <= 1, "{}", plan.to_toml());
        }
    }

    #[test]
    fn spans_cover_their_range() {
        let mut dice = Seed(1).stream("spans");
        let spans: Vec<u64> = (0..2_000).map(|_| log_uniform(&mut dice, 10, 60_000)).collect();
        assert!(spans.iter().all(|span| (10..=60_000).contains(span)));
        assert!(spans.iter().any(|span| *span < 20) && spans.iter().any(|span| *span > 40_000));
    }
}
