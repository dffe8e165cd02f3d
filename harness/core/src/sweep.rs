//! Sweep: tries every boundary of a fault-free run with every act that fits it.
//!
//! Two plans are taken to be equivalent, and only one of them is run, if nothing outside the host can distinguish them:
//! a host that crashes between two effects leaves the same state wherever between them it crashes, and a lost answer to
//! a step without an effect is an error. Hits of one class ([`crate::hit_class`]) are represented by the first and, if
//! the step has an effect, by the last of them.
//!
//! The code that handles an answer or a long absence of the host is the same for all hits of a step. So errors and
//! short delays are tried on the first host that takes the same steps. The rarer errors, the late restarts, and the
//! long delays of steps without an effect are tried at the first hit of each site only; late restarts at each
//! failpoint, too.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    fault::{Act, At, ErrorKind, Fault, HostSelector, Restart, When, site_kind},
    hit_class::HitClass,
    limits::{SWEEP_DELAY, SWEEP_LONG_DELAY, SWEEP_RESTART, SWEEP_SKEW_AT, SWEEP_SKEW_LASTS},
    swarm::{Arena, sudden},
};

/// The single faults of a list of hits, and how many were skipped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// The faults, the most important first.
    pub faults: Vec<Fault>,
    /// For each fault, the site that its task passed before.
    pub contexts: Vec<String>,
    /// The number of faults without grouping: every hit with every act that fits it.
    pub space: u64,
}

impl Points {
    /// The number of faults that were skipped because an equivalent one is included.
    pub fn equivalent(&self) -> u64 {
        self.space - self.faults.len() as u64
    }

    /// These points, followed by others.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.faults.extend(more.faults);
        self.contexts.extend(more.contexts);
        self.space += more.space;
        self
    }

    /// The points at these indices, in this order.
    #[must_use]
    pub fn picked(&self, places: impl Iterator<Item = usize>) -> Self {
        let (faults, contexts) =
            places.map(|at| (self.faults[at].clone(), self.contexts[at].clone())).unzip();
        Self { faults, contexts, space: self.space }
    }
}

/// The importance of a kind of fault: the lowest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    CrashAfterEffect,
    LostAck,
    StallAtEffect,
    Error,
    Crash,
    Stall,
    LateRestart,
    OtherError,
    LongStall,
    Last,
}

/// The sites and steps that were tried already, on any host.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    sites: BTreeSet<String>,
    /// Sites with the sites that were passed before them, on any host, before or after a restart.
    steps: BTreeSet<(String, [String; 2], bool)>,
}

/// The single faults at these hits, except those that were tried already.
pub fn points(hit_classes: &[HitClass], arena: &Arena, tried: &mut Tried) -> Points {
    let mut ranked: Vec<(Rank, Fault, &str)> = Vec::new();
    let mut space = 0;
    let mut hosts: BTreeSet<&str> = BTreeSet::new();
    for class in hit_classes.iter().filter(|class| arena.hosts.contains(&class.host)) {
        let kind = site_kind(&class.site);
        let errors: Vec<ErrorKind> = sudden(&class.site).collect();
        // Two crashes, each with two restarts, two delays, the stalls, the errors, and the lost answer.
        let acts = 6 + arena.stalls.len() + errors.len() + usize::from(kind != "fp");
        space += acts as u64 * u64::from(class.count);
        let step = (class.site.clone(), class.after.clone(), class.recovery);
        let is_first = IsFirst {
            of_host: hosts.insert(&class.host),
            of_site: tried.sites.insert(class.site.clone()),
            of_step: tried.steps.insert(step),
        };
        of_class(class, &errors, arena, is_first, &mut ranked);
    }
    ranked.sort_by_key(|(rank, ..)| *rank);
    // The last hit of a class counts as another context than the first.
    let context = |(rank, _, after): &(Rank, Fault, &str)| match rank {
        Rank::Last => format!("{after}, again"),
        _ => (*after).to_owned(),
    };
    let contexts = ranked.iter().map(context).collect();
    Points { faults: ranked.into_iter().map(|(_, fault, _)| fault).collect(), contexts, space }
}

/// In which respects a hit is the first.
#[derive(Clone, Copy, Debug)]
struct IsFirst {
    of_host: bool,
    of_site: bool,
    of_step: bool,
}

fn of_class<'a>(
    class: &'a HitClass,
    errors: &[ErrorKind],
    arena: &Arena,
    is_first: IsFirst,
    ranked: &mut Vec<(Rank, Fault, &'a str)>,
) {
    let kind = site_kind(&class.site);
    let mut add = |rank, hit, act| {
        let host = HostSelector::Named(class.host.clone());
        let at = At::Boundary { host, site: class.site.clone(), hit };
        ranked.push((rank, Fault { at, act, required: false }, class.after[0].as_str()));
    };
    let crash = |when, restart| Act::Crash { when, restart };
    let soon = Restart::After(SWEEP_RESTART);
    let (first, last) = (class.first, class.last);
    if class.effect {
        add(Rank::CrashAfterEffect, first, crash(When::After, soon));
        if is_first.of_site || kind == "fp" {
            add(Rank::LateRestart, first, crash(When::After, Restart::AtHeal));
        }
        if kind != "fp" {
            add(Rank::LostAck, first, Act::LostAck(ErrorKind::Reset));
        }
        if last > first {
            add(Rank::Last, last, crash(When::After, soon));
            add(Rank::Last, last, Act::LostAck(ErrorKind::Reset));
        }
    }
    // The step before an effect may be of a class that is represented by an earlier hit.
    if is_first.of_host || kind == "fp" || class.effect {
        add(Rank::Crash, first, crash(When::Before, soon));
    }
    if kind == "fp" {
        add(Rank::LateRestart, first, crash(When::Before, Restart::AtHeal));
    }
    let mut stalls = arena.stalls.iter().copied();
    if let Some(shortest) = stalls.next() {
        let rank = if class.effect { Rank::StallAtEffect } else { Rank::Stall };
        add(rank, first, Act::Stall(shortest));
    }
    if is_first.of_step {
        add(Rank::Stall, first, Act::Delay(SWEEP_DELAY));
    }
    if class.effect || is_first.of_site {
        // Longer than its caller waits, while the rest of the host continues.
        add(Rank::LongStall, first, Act::Delay(SWEEP_LONG_DELAY));
    }
    if class.effect || kind == "fp" {
        stalls.for_each(|longer: Duration| add(Rank::LongStall, first, Act::Stall(longer)));
    }
    for (index, error) in errors.iter().enumerate() {
        match index {
            0 if is_first.of_step => {
                add(Rank::Error, first, Act::Error(*error));
                if last > first {
                    // At a later hit there may be older state, and more of it.
                    add(Rank::Last, last, Act::Error(*error));
                }
            }
            _ if is_first.of_site => add(Rank::OtherError, first, Act::Error(*error)),
            _ => {}
        }
    }
}

/// The order in which to run the faults of several sweeps, as pairs of a sweep and an index in it. The most informative
/// faults come first:
///
/// 1. every kind of fault at every site once, in whichever scenario passes it;
/// 2. a crash at each failpoint in every scenario, because the target's author named those as its windows;
/// 3. each kind once for each site that was passed before;
/// 4. the same for other scenarios, hosts and hits.
///
/// The scenario that comes first differs from site to site, so that no scenario gets all the first tries.
pub fn spread(sweeps: &[impl Borrow<Points>]) -> Vec<(usize, usize)> {
    let mut tries: BTreeMap<Kind<'_>, BTreeMap<&str, Vec<Try>>> = BTreeMap::new();
    for (sweep, points) in sweeps.iter().enumerate() {
        let mut own: BTreeMap<(Kind<'_>, &str), usize> = BTreeMap::new();
        let points = points.borrow();
        for (place, (fault, context)) in points.faults.iter().zip(&points.contexts).enumerate() {
            let Some(kind) = Kind::of(fault) else { continue };
            let count = own.entry((kind, context)).or_default();
            let turn = (sweep + kind.turn()) % sweeps.len();
            let contexts = tries.entry(kind).or_default().entry(context).or_default();
            contexts.push(Try { count: *count, turn, place, sweep });
            *count += 1;
        }
    }
    let mut order: Vec<(usize, usize, usize)> = Vec::new();
    for (kind, contexts) in &mut tries {
        contexts.values_mut().for_each(|tries| tries.sort_unstable());
        let first = contexts.values().map(|tries| tries[0]).min();
        let mut swept: BTreeSet<usize> = BTreeSet::new();
        for tries in contexts.values() {
            for (number, it) in tries.iter().enumerate() {
                let pass = match number {
                    _ if Some(*it) == first => 0,
                    _ if kind.is_window() && swept.insert(it.sweep) => 1,
                    number => number + 2,
                };
                order.push((pass, it.place, it.sweep));
            }
        }
    }
    order.sort_unstable();
    order.into_iter().map(|(_, place, sweep)| (sweep, place)).collect()
}

/// A kind of fault at a site, or of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'a> {
    place: &'a str,
    family: &'static str,
    error: Option<ErrorKind>,
    /// Whether the fault lasts long or sets a clock back.
    is_other: bool,
}

/// One fault of a kind: its count in the sweep, the turn of the sweep, and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Try {
    count: usize,
    turn: usize,
    place: usize,
    sweep: usize,
}

impl<'a> Kind<'a> {
    fn of(fault: &'a Fault) -> Option<Self> {
        let (mut error, mut is_other) = (None, false);
        match fault.act {
            Act::Stall(lasts) => is_other = lasts > SWEEP_LONG_DELAY,
            Act::Delay(lasts) => is_other = lasts > SWEEP_DELAY,
            Act::Skew { by_ns, .. } => is_other = by_ns < 0,
            Act::Error(kind) => error = Some(kind),
            _ => {}
        }
        let place = match (&fault.at, &fault.act) {
            (At::Boundary { site, .. }, _) => site,
            (At::Time(_), Act::Skew { host, .. }) => host,
            (At::Time(_) | At::Countdown(_), _) => return None,
        };
        Some(Self { place, family: fault.act.family(), error, is_other })
    }

    /// Whether the fault is a crash at a failpoint.
    fn is_window(&self) -> bool {
        site_kind(self.place) == "fp" && self.family == "crash-before"
    }

    /// A number that differs from kind to kind and is the same on every machine.
    fn turn(&self) -> usize {
        let hash = blake3::hash(format!("{}\n{}", self.place, self.family).as_bytes());
        usize::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]))
    }
}

/// Skews the wall clock of each host from the beginning, in both directions, up to the scenario's declared tolerance.
pub fn clocks(arena: &Arena) -> Points {
    let mut points = Points::default();
    let most = i64::try_from(arena.skew_max.as_nanos()).unwrap_or(i64::MAX);
    for by_ns in [most, -most].into_iter().filter(|by_ns| *by_ns != 0) {
        for host in &arena.hosts {
            let act = Act::Skew { host: host.clone(), by_ns, lasts: Some(SWEEP_SKEW_LASTS) };
            points.faults.push(Fault { at: At::Time(SWEEP_SKEW_AT), act, required: false });
            points.contexts.push(String::new());
            points.space += 1;
        }
    }
    points
}

/// Pairs of single faults, the most important first, at most `most`. The faults of a pair strike at different places.
pub fn pairs(singles: &[Fault], most: usize) -> Vec<[Fault; 2]> {
    let serious: Vec<&Fault> = singles.iter().filter(|fault| is_serious(fault)).collect();
    let mut pairs = Vec::new();
    // Along the diagonals: pairs of two important faults come before pairs of an important and an unimportant one.
    for sum in 1..2 * serious.len() {
        for first in 0..=sum / 2 {
            let second = sum - first;
            if second >= serious.len() || first >= second {
                continue;
            }
            let (a, b) = (serious[first], serious[second]);
            if pairs.len() == most {
                return pairs;
            }
            if a.at != b.at {
                pairs.push([a.clone(), b.clone()]);
            }
        }
    }
    pairs
}

fn is_serious(fault: &Fault) -> bool {
    matches!(fault.act, Act::Crash { .. } | Act::LostAck(_) | Act::Stall(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duration::format;

    fn arena() -> Arena {
        Arena {
            hosts: vec!["d1".into()],
            databases: vec!["db".into()],
            spare: vec![],
            stalls: vec![Duration::from_secs(90), Duration::from_secs(600)],
            skew_max: Duration::ZERO,
        }
    }

    fn class(host: &str, site: &str, count: u32, effect: bool) -> HitClass {
        HitClass {
            host: host.into(),
            site: site.into(),
            after: Default::default(),
            recovery: false,
            first: 1,
            last: count,
            count,
            effect,
        }
    }

    fn told(points: &Points) -> Vec<String> {
        points.faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn effects_are_crashed_after_and_reads_are_not() {
        let hit_classes = [class("d1", "sql:poll", 3, false), class("d1", "sql:claim", 1, true)];
        let points = points(&hit_classes, &arena(), &mut Tried::default());
        let told = told(&points);
        assert_eq!(told[0], "crash d1 after the step at sql:claim hit 1, back after 1s");
        assert_eq!(told[1], "lose the answer to d1 (reset) at sql:claim hit 1");
        assert!(told.contains(&"crash d1 before the step at sql:poll hit 1, back after 1s".into()));
        assert!(!told.iter().any(|fault| fault.contains("crash d1 after the step at sql:poll")));
        assert!(told.contains(&"fail d1 with 40P01 at sql:poll hit 1".to_owned()));
        assert_eq!(points.space, 4 * 14);
        assert_eq!(points.equivalent() + told.len() as u64, points.space);
        for fault in &points.faults {
            fault.validate().expect("it makes sense");
        }
    }

    #[test]
    fn clients_are_not_hurt_and_errors_are_tried_once_for_each_site() {
        let mut tried = Tried::default();
        assert!(
            points(&[class("sender", "net:x", 9, true)], &arena(), &mut tried).faults.is_empty()
        );
        let site = [class("d1", "sql:poll", 1, false)];
        let first = points(&site, &arena(), &mut tried).faults.len();
        let again = points(&site, &arena(), &mut tried).faults.len();
        assert!(again < first);
    }

    #[test]
    fn hosts_that_take_the_same_steps_share_errors_and_delays() {
        let both = [class("d1", "sql:claim", 1, true), class("d2", "sql:claim", 1, true)];
        let arena = Arena { hosts: vec!["d1".into(), "d2".into()], ..arena() };
        let told = told(&points(&both, &arena, &mut Tried::default()));
        let of = |start: &str| told.iter().filter(|fault| fault.starts_with(start)).count();
        assert_eq!((of("crash d1"), of("crash d2")), (3, 2));
        assert_eq!((of("stall d1"), of("stall d2")), (2, 2));
        let short = |host: &str| {
            told.contains(&format!("delay {host} at sql:claim hit 1 by {}", format(SWEEP_DELAY)))
        };
        assert!(short("d1") && !short("d2"), "{told:?}");
        assert!(of("fail d1") > 0 && of("fail d2") == 0, "{told:?}");
    }

    #[test]
    fn every_kind_is_tried_once_before_any_is_tried_again() {
        let of = |host: &str, sites: &[&str]| {
            let hit_classes: Vec<HitClass> =
                sites.iter().map(|site| class(host, site, 2, true)).collect();
            points(
                &hit_classes,
                &Arena { hosts: vec![host.into()], ..arena() },
                &mut Tried::default(),
            )
        };
        let sweeps =
            [of("a", &["sql:poll", "fp:window"]), of("b", &["sql:poll", "net:bus", "fp:window"])];
        let order = spread(&sweeps);
        assert_eq!(order.len(), sweeps[0].faults.len() + sweeps[1].faults.len());
        let kinds: Vec<Kind<'_>> = order
            .iter()
            .filter_map(|(sweep, place)| Kind::of(&sweeps[*sweep].faults[*place]))
            .collect();
        let all: BTreeSet<Kind<'_>> = kinds.iter().copied().collect();
        let firsts: BTreeSet<Kind<'_>> = kinds[..all.len()].iter().copied().collect();
        assert_eq!(firsts, all);
        assert!(kinds[all.len()].is_window(), "{:?}", kinds[all.len()]);
        let distinct: BTreeSet<(usize, usize)> = order.iter().copied().collect();
        assert_eq!(distinct.len(), order.len());
        let begins: BTreeSet<usize> = order[..all.len()].iter().map(|(sweep, _)| *sweep).collect();
        assert_eq!(begins.len(), 2, "both have first tries");
    }

    #[test]
    fn clocks_are_set_wrong_only_where_a_scenario_stands_it() {
        assert!(clocks(&arena()).faults.is_empty());
        let skewed = clocks(&Arena { skew_max: Duration::from_secs(60), ..arena() });
        let told: Vec<String> = skewed.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "skew the clock of d1 by +1m at 1ms for 1h",
                "skew the clock of d1 by -1m at 1ms for 1h"
            ]
        );
        assert_eq!(spread(&[skewed]).len(), 2);
    }

    #[test]
    fn pairs_begin_with_what_matters_most() {
        let hit_classes = [class("d1", "sql:claim", 1, true), class("d1", "net:bus", 1, true)];
        let singles = points(&hit_classes, &arena(), &mut Tried::default()).faults;
        assert!(pairs(&singles, 0).is_empty());
        let pairs = pairs(&singles, 7);
        assert_eq!(pairs.len(), 7);
        assert!(pairs.iter().all(|[a, b]| a.at != b.at && is_serious(a) && is_serious(b)));
        assert_eq!([&pairs[0][0], &pairs[0][1]], [&singles[0], &singles[1]]);
    }
}
