//! What holds workers up, and how much later a round of the reconciler may be because of faults: a fault counts only if
//! it strikes the worker or its database, and a delay counts for its own length.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Event, EventKind, History, fault::Act, vocabulary::FaultChange};
use chaosdrill_scenarios_common::checks::failures::failed_site;

/// How often the reconciler looks for drift.
pub(crate) const PERIOD: Duration = Duration::from_secs(5 * 60);

/// The interval in which a worker creates the jobs of a period.
pub(crate) const TICK: Duration = Duration::from_secs(30);

/// The machine of the database.
const DATABASE: &str = "db";

/// The site at which a worker takes jobs.
const CLAIM: &str = "sql:jobs.claim";

/// The other sites of a beat. A beat that fails there is made up for by the next one.
const BEAT: [&str; 3] = ["sql:clock", "sql:jobs.rescue", "sql:jobs.enqueue"];

/// The sites of a round before it deletes old jobs.
pub(crate) const CLEANING: [&str; 3] = ["fp:worker.after_claim", "sql:connect", "sql:jobs.clean"];

/// The sites of a round before it asks for a resource.
pub(crate) const ASKING: [&str; 5] = [
    "fp:worker.after_claim",
    "sql:connect",
    "sql:jobs.clean",
    "sql:resources.drifted",
    "sql:resources.looked_at",
];

/// How many jobs a worker runs at once.
const SLOTS: usize = 2;

/// The time from one beat to the next, if the first one waits for a lock.
const LOCKED_BEAT: Duration = Duration::from_secs(TICK.as_secs() + 5);

/// A time from one instant to another.
type Span = (Duration, Duration);

/// What a worker did and suffered.
#[derive(Default)]
struct Worker {
    /// The rounds of the reconciler.
    rounds: Vec<Span>,
    /// When it could do nothing: it was down, stalled, late, or without its database.
    hindered: Vec<Span>,
    /// When dispatches had all of its slots, so that no round could begin.
    busy: Vec<Span>,
    /// Instants at which a round fails, if one is under way.
    broken: Vec<Duration>,
    /// Instants at which it lost a job that it had taken.
    lost: Vec<Duration>,
    /// Instants at which a beat failed.
    missed: Vec<Duration>,
}

/// How much later than without faults the work of a round may be done between two instants. A round that cannot get
/// past one of these sites costs `turn`, the time until it is the work's turn again.
pub(crate) fn held_up(history: &History, during: Span, sites: &[&str], turn: Duration) -> Duration {
    let workers = workers(history, sites);
    let count = |instants: &[Duration]| {
        instants.iter().filter(|at| (during.0..=during.1).contains(at)).count() as u32
    };
    let of_each = workers.values().map(|worker| {
        let is_broken = |round: &&Span| {
            let is_in = |at: &&Duration| (round.0..=round.1).contains(at);
            round.0 <= during.1 && round.1 >= during.0 && worker.broken.iter().any(|at| is_in(&at))
        };
        let rounds = worker.rounds.iter().filter(is_broken).count() as u32 + count(&worker.lost);
        let late = shared(&[&worker.rounds, &worker.hindered], during);
        turn * rounds + TICK * count(&worker.missed) + late
    });
    let away: Vec<Vec<Span>> =
        workers.values().map(|worker| [&worker.hindered[..], &worker.busy[..]].concat()).collect();
    let away: Vec<&[Span]> = away.iter().map(Vec::as_slice).collect();
    of_each.sum::<Duration>() + shared(&away, during)
}

/// Whether a worker could do nothing at some time between two instants.
pub(crate) fn is_hindered(history: &History, host: &str, during: Span) -> bool {
    let workers = workers(history, &[]);
    let is_in = |span: &Span| span.0 <= during.1 && during.0 <= span.1;
    workers.get(host).is_some_and(|worker| worker.hindered.iter().any(is_in))
}

/// The time, within a span, for which each of these lists has a span.
fn shared(lists: &[&[Span]], during: Span) -> Duration {
    let mut instants: Vec<Duration> = lists
        .iter()
        .flat_map(|spans| spans.iter().flat_map(|(from, to)| [*from, *to]))
        .chain([during.0, during.1])
        .filter(|at| (during.0..=during.1).contains(at))
        .collect();
    instants.sort_unstable();
    let is_in = |(from, to): Span| {
        lists.iter().all(|spans| spans.iter().any(|span| span.0 <= from && to <= span.1))
    };
    let pairs = instants.iter().zip(instants.iter().skip(1));
    pairs.filter(|(from, to)| is_in((**from, **to))).map(|(from, to)| *to - *from).sum()
}

/// All workers of a run by their hosts.
fn workers<'a>(history: &'a History<'_>, sites: &[&str]) -> BTreeMap<&'a str, Worker> {
    let end = history.events().last().map(Event::at).unwrap_or_default();
    let hosts = history.observed("worker.started").map(|event| event.host.as_str());
    let mut workers: BTreeMap<&str, Worker> = hosts.map(|host| (host, Worker::default())).collect();
    let locks = locks(history);
    for (host, worker) in &mut workers {
        worker.read(history, host, sites, end);
        worker.wait_for_locks(history, host, &locks);
    }
    workers
}

/// When a host was held up at a statement, which may have been within a transaction: SQLite has one lock for all.
fn locks(history: &History) -> Vec<Span> {
    let lock = |event: &Event| {
        let Some(FaultChange::Struck(strike)) = event.fault() else { return None };
        let is_statement = strike.site().is_some_and(|site| site.starts_with("sql:"));
        match strike.act() {
            Some(Act::Stall(lasts) | Act::Delay(lasts)) if is_statement => {
                Some((event.at(), event.at() + lasts + LOCKED_BEAT))
            }
            _ => None,
        }
    };
    history.events().iter().filter_map(lock).collect()
}

impl Worker {
    fn read(&mut self, history: &History, host: &str, sites: &[&str], end: Duration) {
        let mut down = Some(Duration::ZERO);
        // A round that a stall held up may end after the next one has begun.
        let mut rounds: BTreeMap<&str, Duration> = BTreeMap::new();
        let (mut dispatching, mut full) = (0_usize, None);
        for event in history.events() {
            self.suffer(event, host, end);
            if event.host != host {
                continue;
            }
            let at = event.at();
            let job = event.text("job");
            let is_round = job.starts_with("entitlement_reconciler/");
            match (event.kind, event.name.as_str()) {
                (EventKind::Observe, "worker.started") => {
                    self.hindered.extend(down.take().map(|since| (since, at)));
                }
                (EventKind::Observe, "worker.stopping") => self.broken.push(at),
                (EventKind::Observe, "job.begun") if is_round => {
                    rounds.insert(job, at);
                }
                (EventKind::Observe, "job.begun") => {
                    dispatching += 1;
                    full = full.or((dispatching == SLOTS).then_some(at));
                }
                (EventKind::Observe, "job.ended") if !is_round => {
                    dispatching = dispatching.saturating_sub(1);
                    self.busy.extend(full.take().map(|since| (since, at)));
                }
                (EventKind::Observe, "job.ended") if is_round => {
                    self.rounds.extend(rounds.remove(job).map(|since| (since, at)));
                }
                _ if event.ends_a_life() => {
                    let ended = std::mem::take(&mut rounds).into_values();
                    self.rounds.extend(ended.map(|since| (since, at)));
                    self.broken.push(at);
                    down.get_or_insert(at);
                    dispatching = 0;
                    self.busy.extend(full.take().map(|since| (since, at)));
                }
                _ => self.fail(event, sites),
            }
        }
        self.rounds.extend(rounds.into_values().map(|since| (since, end)));
        self.hindered.extend(down.map(|since| (since, end)));
        self.busy.extend(full.map(|since| (since, end)));
    }

    /// Takes account of steps that failed because a host that a fault holds up has the lock of the database.
    fn wait_for_locks(&mut self, history: &History, host: &str, locks: &[Span]) {
        let is_held = |at: Duration| locks.iter().any(|lock| lock.0 <= at && at <= lock.1);
        for event in history.on_host(host).iter().filter(|event| is_held(event.at())) {
            let at = event.at();
            match event.name.as_str() {
                _ if !event.text("error").contains("database is locked") => {}
                "worker.beat_failed" => self.hindered.push((at, at + LOCKED_BEAT)),
                "job.ended" => self.broken.push(at),
                _ => {}
            }
        }
    }

    /// Takes account of a fault at one of the worker's own steps.
    fn fail(&mut self, event: &Event, sites: &[&str]) {
        let at = event.at();
        // The answer that names the jobs is lost, with the worker or without it.
        if event.struck_site() == CLAIM
            && ["lost-ack", "crash-after"].contains(&event.name.as_str())
        {
            self.lost.push(at);
        }
        match failed_site(event) {
            Some(site) if BEAT.contains(&site) || site == CLAIM => self.missed.push(at),
            Some(site) if sites.contains(&site) => {
                self.broken.push(at);
                // A beat needs a connection too.
                self.missed.push(at);
            }
            _ => {}
        }
    }

    /// Takes account of a fault that holds up the worker or keeps it from its database.
    fn suffer(&mut self, event: &Event, host: &str, end: Duration) {
        let Some(FaultChange::Struck(strike)) = event.fault() else { return };
        let at = event.at();
        let mut is_cut = false;
        let lasts = match strike.act() {
            Some(Act::Stall(lasts) | Act::Delay(lasts)) if event.host == host => Some(lasts),
            Some(Act::Clog { between, lasts }) if is_link(&between, host) => lasts,
            Some(Act::Partition { between, lasts }) if is_link(&between, host) => {
                is_cut = true;
                lasts
            }
            Some(Act::DatabaseDown { lasts, .. }) => {
                is_cut = true;
                lasts
            }
            _ => return,
        };
        let until = lasts.map_or(end, |lasts| (at + lasts).min(end));
        self.hindered.push((at, until));
        if is_cut {
            self.broken.push(at);
        }
        // The next beat comes a tick after the last that failed.
        self.missed.push(until);
    }
}

fn is_link(between: &[String; 2], host: &str) -> bool {
    between.iter().any(|it| it == host) && between.iter().any(|it| it == DATABASE)
}
