//! A scenario: a named claim about a target, with hosts, workload, faults and checks.

use std::{fmt, sync::Arc, time::Duration};

use chaosdrill_core::{
    Arena, Check, CheckKind, Fault, Mark, Plan, Priority, Seed, Stream, limits,
    record::ScenarioRecord,
};

use crate::topology::Topology;

type MakeTopology = Arc<dyn Fn(Topology) -> Topology + Send + Sync>;
type DrawFaults = Arc<dyn Fn(&mut Stream) -> Vec<Fault> + Send + Sync>;

/// A claim, with everything that is needed to drill it.
#[derive(Clone)]
pub struct Scenario {
    pub(crate) name: String,
    pub(crate) claim: String,
    pub(crate) topology: MakeTopology,
    pub(crate) faults: DrawFaults,
    pub(crate) checks: Vec<Check>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) chaos_max: Duration,
    pub(crate) linger: Duration,
    pub(crate) casualties_expected: bool,
    pub(crate) stalls: Vec<Duration>,
    pub(crate) skew_max: Duration,
    /// Planted bugs that the script alone must find.
    pub(crate) must_find: Vec<&'static str>,
}

impl Scenario {
    /// Creates a scenario; its name is that of its target, a slash, and a name of its own: `outbox/lease-expiry`.
    ///
    /// # Panics
    ///
    /// If the name has another form.
    pub fn new(name: &str) -> Self {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let has_form =
            name.split_once('/').is_some_and(|(target, own)| is_plain(target) && is_plain(own));
        assert!(
            has_form,
            "`{name}` is not a valid scenario name; write `target/name` in lower-case letters, digits and hyphens"
        );
        Self {
            name: name.to_owned(),
            claim: String::new(),
            topology: Arc::new(|topology| topology),
            faults: Arc::new(|_| Vec::new()),
            checks: Vec::new(),
            marks: Vec::new(),
            chaos_max: limits::CHAOS_VIRTUAL_MAX,
            linger: limits::LINGER,
            casualties_expected: false,
            stalls: limits::STALLS.to_vec(),
            skew_max: Duration::ZERO,
            must_find: Vec::new(),
        }
    }

    /// Sets the claim, one sentence.
    #[must_use]
    pub fn claim(mut self, claim: &str) -> Self {
        claim.clone_into(&mut self.claim);
        self
    }

    /// Sets the hosts, their software, the clients and the watched rows.
    #[must_use]
    pub fn topology(mut self, make: impl Fn(Topology) -> Topology + Send + Sync + 'static) -> Self {
        self.topology = Arc::new(make);
        self
    }

    /// Sets the script: the same faults for every seed.
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        let faults: Vec<Fault> = faults.into_iter().collect();
        self.faults = Arc::new(move |_| faults.clone());
        self
    }

    /// Sets a script with parts drawn from the seed, such as which of many messages is hit.
    #[must_use]
    pub fn faults_drawn(
        mut self,
        draw: impl Fn(&mut Stream) -> Vec<Fault> + Send + Sync + 'static,
    ) -> Self {
        self.faults = Arc::new(draw);
        self
    }

    /// Adds a check that must hold at every instant.
    #[must_use]
    pub fn always(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds a check that must hold within this much virtual time after the faults are healed.
    #[must_use]
    pub fn eventually(mut self, check: Check, bound: Duration) -> Self {
        self.checks.push(check.within(bound));
        self
    }

    /// Adds a mark that must be hit at least once in a campaign.
    #[must_use]
    pub fn sometimes(mut self, mark: Mark) -> Self {
        self.marks.push(mark);
        self
    }

    /// Sets how long, in virtual time, a run waits for its faults before it heals them anyway; 10 minutes by default.
    #[must_use]
    pub fn chaos_at_most(mut self, chaos_max: Duration) -> Self {
        self.chaos_max = chaos_max;
        self
    }

    /// Sets how long, in virtual time, a run goes on after all checks hold, to verify that they still do.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Accepts a panic, or software that ends by itself: neither is a violation.
    #[must_use]
    pub fn expect_casualties(mut self) -> Self {
        self.casualties_expected = true;
        self
    }

    /// Sets how long a sweep and a swarm stall hosts; by default 90 s, past most leases, and 10 minutes.
    #[must_use]
    pub fn stalls(mut self, stalls: impl IntoIterator<Item = Duration>) -> Self {
        self.stalls = stalls.into_iter().collect();
        self
    }

    /// Sets how far a swarm and a sweep may skew a host's wall clock; not at all by default.
    #[must_use]
    pub fn skew_at_most(mut self, skew_max: Duration) -> Self {
        self.skew_max = skew_max;
        self
    }

    /// Names the planted bugs that the script alone must find, in at least half of its seeds; `prove --by-script` holds
    /// it to that. For a scenario that stands for a named test of the system its target was written after.
    #[must_use]
    pub fn must_find(mut self, defects: impl IntoIterator<Item = &'static str>) -> Self {
        self.must_find.extend(defects);
        self
    }

    /// Whether a sweep of this scenario stands for the other, if their calm runs are the same: both have the same
    /// target, and differ in nothing that affects a run but their scripts.
    pub(crate) fn is_swept_as(&self, other: &Self) -> bool {
        let checks = |of: &Self| -> Vec<(String, CheckKind, Priority)> {
            of.checks.iter().map(|it| (it.name.clone(), it.kind, it.priority)).collect()
        };
        let bounds = |of: &Self| (of.chaos_max, of.linger, of.casualties_expected, of.skew_max);
        self.target() == other.target()
            && checks(self) == checks(other)
            && bounds(self) == bounds(other)
            && self.stalls == other.stalls
    }

    /// The hosts and acts that a nemesis may use.
    pub(crate) fn arena(&self) -> Arena {
        self.make_topology().arena(&self.stalls, self.skew_max)
    }

    /// The scenario's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its target: the part before the slash.
    pub fn target(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The plan of the script for one seed.
    pub fn script(&self, seed: Seed) -> Plan {
        let mut plan = Plan::new(&self.name, seed);
        plan.faults = (self.faults)(&mut seed.stream("script"));
        plan
    }

    pub(crate) fn make_topology(&self) -> Topology {
        (self.topology)(Topology::default())
    }

    pub(crate) fn liveness_bound_max(&self) -> Option<Duration> {
        let bound = |check: &Check| match check.kind {
            CheckKind::Eventually(bound) => Some(bound),
            CheckKind::Always => None,
        };
        self.checks.iter().filter_map(bound).max()
    }

    pub(crate) fn record(&self) -> ScenarioRecord {
        ScenarioRecord {
            name: self.name.clone(),
            claim: self.claim.clone(),
            checks: self.checks.iter().map(|check| check.name.clone()).collect(),
            marks: self.marks.iter().map(|mark| mark.name.clone()).collect(),
        }
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}
