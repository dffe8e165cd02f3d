//! The state of one simulation, in a thread-local: hosts, links, plan, agenda, trace.
//!
//! It is borrowed for the length of one call and never across an await or a poll of foreign code.

use std::{cell::RefCell, collections::BTreeMap, mem::ManuallyDrop, task::Waker, time::Duration};

use chaosdrill_core::{
    Act, Fault, Seed, Stream, Swarm, fault::Restart, limits::POLLS_PER_INSTANT_MAX,
    passage::Passages, record, trace::EventKind,
};
use serde_json::{Value, json};

use crate::sim::{
    Config, DATABASE_HOST, Finished, Latency, STORE_HOST, Stop, StoreWatch,
    agenda::{Due, fault_data},
    clock, database,
    delay::Delays,
    gate::{self, Here},
    inspector,
    ledger::{Ledger, Tracing},
    link::{Links, Pair},
    order::{Picker, Turns},
    plan::ArmedPlan,
    simulator, stores,
    travel::Ways,
};

/// What state a host is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    /// Its processor stands still: nothing is polled, everything waits.
    Stalled,
    Down,
    /// Its software ended by itself.
    Ended,
}

/// One simulated machine, the database or the object store.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) name: String,
    pub(crate) state: State,
    /// Counts its starts; a task of an earlier life is never polled again.
    pub(crate) life: u32,
    pub(crate) skew_ns: i64,
    is_client: bool,
    supervised: Option<Duration>,
    /// Tasks that were woken while the host stood still.
    pub(crate) parked: Vec<Waker>,
    /// Stalls in force; the last to end lets the host go on.
    pub(crate) stalls: u32,
    polls_at: (u64, u64),
    /// The task that was let in last.
    running: u64,
    pub(crate) turns: Turns,
    /// Made when it is first asked for: most machines never draw.
    dice: Option<Stream>,
    /// Whether it comes back at heal.
    pub(crate) stays_down: bool,
}

/// What the driver has to do once the step at hand is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Crash(usize),
}

/// The state of one simulation.
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) ledger: Ledger,
    pub(crate) plan: ArmedPlan,
    pub(crate) hosts: Vec<HostState>,
    pub(crate) links: Links,
    /// Whether a link may be cut or clogged in this run.
    pub(crate) links_may_break: bool,
    pub(crate) agenda: BTreeMap<(Duration, u64), Due>,
    pub(crate) delays: Delays,
    pub(crate) delayed_so_far: u64,
    pub(crate) requests: Vec<Request>,
    pub(crate) stop: Option<Stop>,
    pub(crate) defect: Option<String>,
    pub(crate) store_watches: Vec<StoreWatch>,
    pub(crate) database_down: u32,
    pub(crate) history_length: u64,
    pub(crate) ways: Ways,
    picker: Picker,
    dice: Stream,
    network_dice: Stream,
    network_latency: Latency,
    swarm: Option<Swarm>,
    pub(crate) workload_max: Option<u32>,
    pub(crate) passages: Passages,
    /// Counts what was ever put on the agenda.
    pub(crate) agenda_next: u64,
    casualties: Vec<(String, String)>,
    latest: Duration,
}

thread_local! {
    /// Without a destructor, which every access would have to ask for; [`take`] empties it.
    static WORLD: RefCell<ManuallyDrop<Option<World>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Runs `f` on the world of this thread's simulation; nothing outside one.
pub(crate) fn try_with<R>(f: impl FnOnce(&mut World) -> R) -> Option<R> {
    WORLD.with_borrow_mut(|world| world.as_mut().map(f))
}

/// As [`try_with`], inside a simulation.
pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    try_with(f).expect("this call belongs inside a simulation")
}

fn breaks_a_link(fault: &Fault) -> bool {
    matches!(fault.act, Act::Partition { .. } | Act::Clog { .. })
}

/// Makes the world of a new simulation.
pub(crate) fn install(config: &Config, tracing: Tracing) {
    let host = |host: &crate::sim::Host| HostState {
        name: host.name.clone(),
        state: State::Up,
        life: 0,
        skew_ns: 0,
        is_client: host.is_client,
        supervised: host.supervised,
        parked: Vec::new(),
        stalls: 0,
        polls_at: (0, 0),
        running: 0,
        turns: Turns::default(),
        dice: None,
        stays_down: false,
    };
    let machine = |name: &str| crate::sim::Host::new(name, || async { Ok(()) });
    // In the order in which `place_of` counts them.
    let machines = [machine(DATABASE_HOST), machine(STORE_HOST)];
    let mut world = World {
        seed: config.seed,
        ledger: Ledger::new(tracing),
        plan: ArmedPlan::new(&config.plan),
        hosts: config.hosts.iter().chain(&machines).map(host).collect(),
        links: Links::default(),
        links_may_break: config.swarm.is_some() || config.plan.faults.iter().any(breaks_a_link),
        agenda: BTreeMap::new(),
        delays: Delays::new(),
        delayed_so_far: 0,
        requests: Vec::new(),
        stop: None,
        defect: config.defect.clone(),
        store_watches: config.store_watches.clone(),
        database_down: 0,
        history_length: 0,
        ways: Ways::new(config),
        picker: Picker::new(
            simulator::order(config.plan.order),
            config.seed.stream("order of tasks"),
        ),
        dice: config.seed.stream("outside every host"),
        network_dice: config.seed.stream("network latency"),
        network_latency: config.network,
        swarm: config.swarm.clone(),
        workload_max: config.plan.workload_max,
        passages: Passages::default(),
        agenda_next: 0,
        casualties: Vec::new(),
        latest: Duration::ZERO,
    };
    for (at, index) in world.plan.timed() {
        world.put_on_agenda(at, Due::Strike(index));
    }
    WORLD.set(ManuallyDrop::new(Some(world)));
    database::install(&config.folder, config.record_statements);
    inspector::install(config.folder.clone(), &config.watches);
    stores::install();
}

/// Ends the world and says what it leaves behind.
pub(crate) fn take(stop: Option<Stop>, steps: u64) -> Finished {
    let world = WORLD.with_borrow_mut(|world| world.take()).expect("the simulation has a world");
    let sites = world.passages.by_site();
    let names: Vec<String> = world.hosts.iter().map(|host| host.name.clone()).collect();
    Finished {
        clients_done: world.clients_are_done(),
        sites_never_passed: world.plan.sites_never_passed(&sites.keys()),
        passages: world.passages.list(&names),
        faults: world.plan.records(),
        elapsed: world.latest,
        events: world.ledger.length(),
        trace: world.ledger.into_trace().unwrap_or_default(),
        sites,
        profile: None,
        statements: database::take_statements(),
        objects: stores::take(),
        stop,
        steps,
        casualties: world.casualties,
    }
}

/// Virtual time.
pub(crate) fn now() -> Duration {
    Duration::from_nanos(clock::now_ns())
}

/// Records an event on the host at hand, and returns its number.
pub(crate) fn record(kind: EventKind, name: &str, data: impl FnOnce() -> Value) -> u64 {
    let host = gate::here().map(|here| here.host);
    // Not while the world is borrowed: the data may be made by foreign code.
    let data = if with(|world| world.ledger.is_traced()) { data() } else { Value::Null };
    with(|world| world.record(host, kind, name, || data))
}

/// Records an event on a host by name; the empty name is the harness.
pub(crate) fn record_as(
    host: &str,
    kind: EventKind,
    name: &str,
    data: impl FnOnce() -> Value,
) -> u64 {
    with(|world| {
        let host = world.host_named(host);
        world.record(host, kind, name, data)
    })
}

/// Whether the caller runs on a host that is up, or outside every host.
pub(crate) fn is_alive_here() -> bool {
    match gate::here() {
        Some(here) => is_alive(here),
        None => clock::is_active(),
    }
}

/// Whether a task's host is still in the life that spawned it.
pub(crate) fn is_alive(here: Here) -> bool {
    try_with(|world| world.is_alive(here)).unwrap_or(false)
}

/// The link from the host at hand to another, and how often it has been reset so far.
pub(crate) fn link_to(peer: usize) -> Option<(Pair, u64)> {
    let pair = Pair::of(gate::here()?.host, peer);
    Some((pair, with(|world| world.links.resets(pair))))
}

/// The next 64 bits of the randomness of the host at hand; nothing outside a simulation.
pub(crate) fn draw() -> Option<u64> {
    if !clock::is_active() {
        return None;
    }
    let here = gate::here();
    try_with(|world| {
        let Some(here) = here else { return world.dice.next_u64() };
        let HostState { name, dice, .. } = &mut world.hosts[here.host];
        dice.get_or_insert_with(|| world.seed.stream(&format!("host {name}"))).next_u64()
    })
}

/// The host at hand stops there and then; it comes back as `restart` says.
pub(crate) fn crash(host: usize, restart: Restart, why: impl FnOnce() -> Value) {
    with(|world| world.bring_down(host, State::Down, "down", why, restart));
    database::close_host(host);
}

/// A host's software ended by itself.
pub(crate) fn ended(here: Here, result: Result<(), String>) {
    with(|world| {
        let host = &world.hosts[here.host];
        let (is_client, supervised) = (host.is_client, host.supervised);
        let restart = supervised.map_or(Restart::Never, Restart::After);
        let error = result.as_ref().err();
        let why = || error.map_or(Value::Null, |error| json!({ "error": error }));
        world.bring_down(here.host, State::Ended, "ended", why, restart);
        let expected = supervised.is_some() || (is_client && result.is_ok());
        if !expected {
            let how = match result {
                Ok(()) => "its software ended".to_owned(),
                Err(error) => format!("its software ended with an error: {error}"),
            };
            let name = world.hosts[here.host].name.clone();
            world.casualties.push((name, how));
        }
    });
    database::close_host(here.host);
}

/// A task of a host panicked: the whole process is gone, as under `panic = "abort"`.
pub(crate) fn panicked(here: Here, message: &str) {
    with(|world| {
        let name = world.hosts[here.host].name.clone();
        world.casualties.push((name, format!("panicked: {message}")));
    });
    crash(here.host, Restart::Never, || json!({ "panic": message }));
}

/// The processor of a host stands still for a while.
pub(crate) fn stall(host: usize, lasts: Duration) {
    with(|world| {
        let until = now().saturating_add(lasts);
        world.record(
            Some(host),
            EventKind::Host,
            "stalled",
            || json!({ "for_ns": record::nanos(lasts) }),
        );
        let state = &mut world.hosts[host];
        state.state = State::Stalled;
        state.stalls += 1;
        world.put_on_agenda(until, Due::Resume(host));
    });
}

impl World {
    pub(crate) fn host_named(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.name == name)
    }

    pub(crate) fn is_up(&self, host: usize) -> bool {
        matches!(self.hosts[host].state, State::Up | State::Stalled)
    }

    pub(crate) fn is_alive(&self, here: Here) -> bool {
        self.is_up(here.host) && self.hosts[here.host].life == here.life
    }

    pub(crate) fn clients_are_done(&self) -> bool {
        self.hosts.iter().filter(|host| host.is_client).all(|host| host.state == State::Ended)
    }

    pub(crate) fn pair(&self, names: &[String; 2]) -> Pair {
        let [a, b] = names
            .each_ref()
            .map(|name| self.host_named(name).expect("hosts of a plan are validated"));
        Pair::of(a, b)
    }

    /// Appends an event. The time of a trace never goes back, although hosts take turns within a tick.
    pub(crate) fn record(
        &mut self,
        host: Option<usize>,
        kind: EventKind,
        name: &str,
        data: impl FnOnce() -> Value,
    ) -> u64 {
        if self.ledger.is_traced() {
            self.latest = self.latest.max(now());
        }
        if kind.belongs_to_history() {
            self.history_length += 1;
        }
        let host = host.map_or("", |host| self.hosts[host].name.as_str());
        self.ledger.push(self.latest, host, kind, name, data)
    }

    /// Notes the passage of time without events.
    pub(crate) fn reached(&mut self, at: Duration) {
        self.latest = self.latest.max(at);
    }

    pub(crate) fn link_event(&mut self, what: &str, pair: Pair) {
        let names = pair.ends().map(|host| self.hosts[host].name.clone());
        self.record(None, EventKind::Fault, what, || json!({ "between": names }));
    }

    pub(crate) fn skew(&mut self, host: usize, by_ns: i64) {
        let state = &mut self.hosts[host];
        state.skew_ns = state.skew_ns.saturating_add(by_ns);
        let skew_ns = state.skew_ns;
        clock::set_skew(host, skew_ns);
        self.record(Some(host), EventKind::Host, "skewed", || json!({ "skew_ns": skew_ns }));
    }

    pub(crate) fn put_on_agenda(&mut self, at: Duration, due: Due) {
        self.agenda_next += 1;
        self.agenda.insert((at, self.agenda_next), due);
    }

    pub(crate) fn put_on_agenda_if(&mut self, at: Option<Duration>, due: Due) {
        if let Some(at) = at {
            self.put_on_agenda(at, due);
        }
    }

    /// Takes the first thing that is due by `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Due> {
        let (key, _) = self.agenda.first_key_value().filter(|((at, _), _)| *at <= now)?;
        let key = *key;
        self.agenda.remove(&key)
    }

    fn bring_down(
        &mut self,
        host: usize,
        state: State,
        word: &str,
        why: impl FnOnce() -> Value,
        restart: Restart,
    ) {
        self.record(Some(host), EventKind::Host, word, why);
        let at = now();
        let entry = &mut self.hosts[host];
        entry.state = state;
        entry.parked.clear();
        entry.stays_down = restart == Restart::Never;
        self.requests.push(Request::Crash(host));
        // What was struck before heal may go down after it, at the end of its step: then it comes back at once.
        let restart = match restart {
            Restart::AtHeal if self.plan.is_disarmed() => Restart::After(Duration::ZERO),
            restart => restart,
        };
        if let Restart::After(after) = restart {
            self.put_on_agenda(at.saturating_add(after), Due::Restart(host));
        }
    }

    /// A host passes a boundary: counts it, and says which faults strike.
    pub(crate) fn pass(&mut self, here: Here, site: &str) -> Vec<Act> {
        let hit = self.count_passage(here, site);
        self.record(Some(here.host), EventKind::Boundary, site, || json!({ "hit": hit }));
        let host = &self.hosts[here.host].name;
        let mut struck = self.plan.strike(host, site);
        if !self.plan.is_disarmed()
            && let Some(fault) = self.swarm.as_mut().and_then(|dice| dice.strike(host, site, hit))
        {
            struck.push(self.plan.add(fault));
        }
        for (index, act) in &struck {
            let event = self.record(
                Some(here.host),
                EventKind::Fault,
                act.family(),
                || json!({ "at": site, "do": fault_data(act) }),
            );
            self.plan.fired(*index, event);
        }
        if struck.is_empty() {
            Vec::new()
        } else {
            struck.into_iter().map(|(_, act)| act).collect()
        }
    }

    /// Counts a passage, where somebody asks for the count: the trace, the sweep that reads it, or a swarm.
    fn count_passage(&mut self, here: Here, site: &str) -> u32 {
        let is_asked_for = self.ledger.is_traced() || self.swarm.is_some();
        if is_asked_for {
            self.passages.pass(here.host, self.hosts[here.host].running, site)
        } else {
            0
        }
    }

    /// A step of a host changed something outside it.
    pub(crate) fn had_effect(&mut self, here: Here, site: &str) {
        if self.ledger.is_traced() {
            self.passages.had_effect(here.host, site);
        }
    }

    /// Counts a poll of a host's task; false where the host has been polled too often in one instant.
    fn count_poll(&mut self, host: usize, at_ns: u64) -> bool {
        let (at, polls) = &mut self.hosts[host].polls_at;
        if *at != at_ns {
            (*at, *polls) = (at_ns, 0);
        }
        *polls += 1;
        *polls <= POLLS_PER_INSTANT_MAX
    }

    /// Draws how much longer than the shortest way a message between machines travels.
    pub(crate) fn draw_network_delay(&mut self) -> Duration {
        let Latency { ms_min, ms_max } = self.network_latency;
        Duration::from_millis(self.network_dice.between(0, ms_max.saturating_sub(ms_min)))
    }

    /// A task of a host is no more.
    pub(crate) fn forget_task(&mut self, here: Here, task: u64) {
        let host = &mut self.hosts[here.host];
        if host.life == here.life {
            host.turns.forget(task);
            self.passages.forget(here.host, task);
        }
    }

    /// Whether a task may be polled now; where not, it is parked, waits for its turn, or is forgotten.
    pub(crate) fn admit(&mut self, here: Here, task: u64, at_ns: u64, waker: &Waker) -> bool {
        if !self.is_alive(here) || self.stop.is_some() {
            return false;
        }
        if self.hosts[here.host].state == State::Stalled {
            self.hosts[here.host].parked.push(waker.clone());
            return false;
        }
        let turns = &mut self.hosts[here.host].turns;
        if !turns.may_run(&mut self.picker, here.host, task, waker) {
            return false;
        }
        if !self.count_poll(here.host, at_ns) {
            self.stop = Some(Stop::Spinning { host: self.hosts[here.host].name.clone() });
            return false;
        }
        self.hosts[here.host].running = task;
        true
    }
}
