//! The state of one simulation: hosts, links, the plan, scheduled events and the trace.
//!
//! [`World`] is a plain value without a simulator and without a clock. The engine that drives it passes in the time,
//! and performs the effects that its methods return.

use std::{collections::BTreeMap, task::Waker, time::Duration};

use chaosdrill_core::{
    Act, Fault, Seed, Stream, Swarm,
    fault::Restart,
    hit_class::HitClasses,
    plan::{Order, SqlErrors},
    record::{self, FaultRecord},
    trace::{
        EventKind,
        vocabulary::{BoundaryHit, Cause, FaultChange, HostChange, LinkEnd, Strike, Written},
    },
};
use serde_json::Value;

use self::machines::MachineState;
use crate::sim::{
    config::{Config, Latency, StoreWatch},
    effect::Effect,
    event_queue::{Event, EventQueue},
    host::{Here, HostState, State},
    ledger::{Ledger, Tracing},
    link::{Links, Pair},
    order::Picker,
    plan::ArmedPlan,
    stop::Stop,
};

mod faults;
pub(crate) mod machines;
mod turns;

/// Delayed steps, by number, each with the task to wake.
pub(crate) type Delays = BTreeMap<u64, Waker>;

/// The state of one simulation.
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) ledger: Ledger,
    pub(crate) plan: ArmedPlan,
    pub(crate) hosts: Vec<HostState>,
    pub(crate) links: Links,
    /// Whether a link may be cut or clogged in this run.
    pub(crate) links_may_break: bool,
    pub(crate) event_queue: EventQueue,
    pub(crate) delays: Delays,
    delayed_so_far: u64,
    /// Hosts that crashed in the current step. Their tasks are not polled again; the simulator takes the hosts down at
    /// the end of the step.
    pub(crate) crashed: Vec<usize>,
    pub(crate) stop: Option<Stop>,
    pub(crate) defect: Option<String>,
    pub(crate) store_watches: Vec<StoreWatch>,
    pub(crate) history_length: u64,
    pub(crate) machines: Vec<MachineState>,
    picker: Picker,
    dice: Stream,
    database_dice: Stream,
    network_dice: Stream,
    pub(crate) network_latency: Latency,
    swarm: Option<Swarm>,
    pub(crate) workload_max: Option<u32>,
    pub(crate) sql_errors: SqlErrors,
    pub(crate) hit_classes: HitClasses,
    casualties: Vec<(String, String)>,
    latest: Duration,
}

/// The results of a simulation, taken out of its world.
pub(crate) struct Left {
    pub(crate) ledger: Ledger,
    pub(crate) hit_classes: Vec<chaosdrill_core::HitClass>,
    pub(crate) sites: BTreeMap<String, u64>,
    pub(crate) faults: Vec<FaultRecord>,
    pub(crate) clients_done: bool,
    pub(crate) elapsed: Duration,
    pub(crate) casualties: Vec<(String, String)>,
    pub(crate) sites_never_passed: Vec<String>,
}

fn breaks_a_link(fault: &Fault) -> bool {
    matches!(fault.act, Act::Partition { .. } | Act::Clog { .. })
}

impl World {
    /// Creates the world of a new simulation. `order` is the part of the plan's task order that the simulator does not
    /// draw itself.
    pub(crate) fn new(config: &Config, tracing: Tracing, order: Order) -> Self {
        let hosts = config.hosts.iter();
        let hosts = hosts.map(|host| HostState::new(&host.name, host.is_client, host.supervised));
        let machines =
            config.machines.iter().map(|machine| HostState::new(&machine.name, false, None));
        let mut world = Self {
            seed: config.seed,
            ledger: Ledger::new(tracing),
            plan: ArmedPlan::new(&config.plan),
            hosts: hosts.chain(machines).collect(),
            links: Links::default(),
            links_may_break: config.swarm.is_some() || config.plan.faults.iter().any(breaks_a_link),
            event_queue: EventQueue::default(),
            delays: Delays::new(),
            delayed_so_far: 0,
            crashed: Vec::new(),
            stop: None,
            defect: config.defect.clone(),
            store_watches: config.store_watches.clone(),
            history_length: 0,
            machines: machines::states(&config.machines, config.hosts.len(), config.seed),
            picker: Picker::new(order, config.seed.stream("order of tasks")),
            dice: config.seed.stream("outside every host"),
            database_dice: config.seed.stream("functions of databases"),
            network_dice: config.seed.stream("network latency"),
            network_latency: config.network,
            swarm: config.swarm.clone(),
            workload_max: config.plan.workload_max,
            sql_errors: config.plan.sql_errors,
            hit_classes: HitClasses::default(),
            casualties: Vec::new(),
            latest: Duration::ZERO,
        };
        for (at, index) in world.plan.timed() {
            world.event_queue.schedule(at, Event::Strike(index));
        }
        world
    }

    /// Turns the world into its results.
    pub(crate) fn into_left(self) -> Left {
        let sites = self.hit_classes.by_site();
        let names: Vec<String> = self.hosts.iter().map(|host| host.name.clone()).collect();
        Left {
            clients_done: self.clients_are_done(),
            sites_never_passed: self.plan.sites_never_passed(&sites.keys()),
            hit_classes: self.hit_classes.list(&names),
            faults: self.plan.records(),
            elapsed: self.latest,
            ledger: self.ledger,
            sites,
            casualties: self.casualties,
        }
    }

    /// Draws the next 64 bits of randomness of a host; `None` draws from the stream outside every host.
    pub(crate) fn draw(&mut self, here: Option<Here>) -> u64 {
        let Some(here) = here else { return self.dice.next_u64() };
        let HostState { name, dice, .. } = &mut self.hosts[here.host];
        dice.get_or_insert_with(|| self.seed.stream(&format!("host {name}"))).next_u64()
    }

    /// Draws the next 64 bits for functions of the databases, such as SQL's `random()`.
    pub(crate) fn draw_for_databases(&mut self) -> u64 {
        self.database_dice.next_u64()
    }

    /// Crashes a host at once; `restart` says when it comes back.
    pub(crate) fn crash(
        &mut self,
        now: Duration,
        host: usize,
        restart: Restart,
        cause: Cause<'_>,
    ) -> Effect {
        self.bring_down(now, host, State::Down, HostChange::Down(Some(cause)), restart)
    }

    /// Records that a host's software ended by itself.
    pub(crate) fn ended(
        &mut self,
        now: Duration,
        here: Here,
        result: Result<(), String>,
    ) -> Effect {
        let host = &self.hosts[here.host];
        let (is_client, supervised) = (host.is_client, host.supervised);
        let restart = supervised.map_or(Restart::Never, Restart::After);
        let ended = HostChange::Ended { error: result.as_ref().err().map(String::as_str) };
        let effect = self.bring_down(now, here.host, State::Ended, ended, restart);
        let expected = supervised.is_some() || (is_client && result.is_ok());
        if !expected {
            let how = match result {
                Ok(()) => "its software ended".to_owned(),
                Err(error) => format!("its software ended with an error: {error}"),
            };
            let name = self.hosts[here.host].name.clone();
            self.casualties.push((name, how));
        }
        effect
    }

    /// Records a panic in a task of a host. The whole process ends, as under `panic = "abort"`.
    pub(crate) fn panicked(&mut self, now: Duration, here: Here, message: &str) -> Effect {
        let name = self.hosts[here.host].name.clone();
        self.casualties.push((name, format!("panicked: {message}")));
        self.crash(now, here.host, Restart::Never, Cause::Panic(message))
    }

    /// Stalls a host: its tasks are not polled for this long.
    pub(crate) fn stall(&mut self, now: Duration, host: usize, lasts: Duration) {
        self.note(now, Some(host), &HostChange::Stalled { ns: Some(record::nanos(lasts)) });
        let state = &mut self.hosts[host];
        state.state = State::Stalled;
        state.stalls += 1;
        self.event_queue.schedule(now.saturating_add(lasts), Event::Resume(host));
    }

    /// Delays a step for this long, and returns the number of the delay.
    pub(crate) fn delay(&mut self, now: Duration, lasts: Duration) -> u64 {
        let number = self.delayed_so_far;
        self.delayed_so_far += 1;
        self.delays.insert(number, Waker::noop().clone());
        self.event_queue.schedule(now.saturating_add(lasts), Event::Proceed(number));
        number
    }

    /// Discards a delay whose step was cancelled.
    pub(crate) fn give_up_delay(&mut self, number: u64) {
        if self.delays.remove(&number).is_some() {
            self.event_queue.retain(|event| event != Event::Proceed(number));
        }
    }

    /// Ends the simulation: no host runs any more.
    pub(crate) fn stop_all_hosts(&mut self) {
        for host in self.hosts.iter_mut().filter(|host| host.state != State::Ended) {
            host.state = State::Down;
        }
    }

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

    /// The index of a host that a plan names.
    pub(crate) fn host_of_plan(&self, name: &str) -> usize {
        self.host_named(name).expect("hosts of a plan are validated")
    }

    pub(crate) fn pair(&self, names: &[String; 2]) -> Pair {
        let [a, b] = names.each_ref().map(|name| self.host_of_plan(name));
        Pair::of(a, b)
    }

    /// Appends an event. Hosts take turns within a tick, but the time in a trace never goes back.
    pub(crate) fn record(
        &mut self,
        now: Duration,
        host: Option<usize>,
        kind: EventKind,
        name: &str,
        data: impl FnOnce() -> Value,
    ) -> u64 {
        if self.ledger.is_traced() {
            self.latest = self.latest.max(now);
        }
        if kind.belongs_to_history() {
            self.history_length += 1;
        }
        let host = host.map_or("", |host| self.hosts[host].name.as_str());
        self.ledger.push(self.latest, host, kind, name, data)
    }

    /// Appends an event of the harness itself.
    pub(crate) fn note(&mut self, now: Duration, host: Option<usize>, event: &impl Written) -> u64 {
        self.record(now, host, event.kind(), event.name(), || event.data())
    }

    /// Records that time passed without events.
    pub(crate) fn reached(&mut self, at: Duration) {
        self.latest = self.latest.max(at);
    }

    pub(crate) fn link_event(&mut self, now: Duration, end: LinkEnd, pair: Pair) {
        let names = pair.ends().map(|host| self.hosts[host].name.clone());
        let between = names.iter().map(String::as_str).collect();
        self.note(now, None, &FaultChange::Ended { end, between });
    }

    /// Adds an offset to a host's wall clock.
    pub(crate) fn skew(&mut self, now: Duration, host: usize, by_ns: i64) -> Effect {
        let state = &mut self.hosts[host];
        state.skew_ns = state.skew_ns.saturating_add(by_ns);
        let skew_ns = state.skew_ns;
        self.note(now, Some(host), &HostChange::Skewed { ns: Some(skew_ns) });
        Effect::SetSkew { host, skew_ns }
    }

    fn bring_down(
        &mut self,
        now: Duration,
        host: usize,
        state: State,
        change: HostChange<'_>,
        restart: Restart,
    ) -> Effect {
        self.note(now, Some(host), &change);
        let entry = &mut self.hosts[host];
        entry.state = state;
        entry.parked.clear();
        entry.stays_down = restart == Restart::Never;
        self.crashed.push(host);
        // A host that was struck before heal may go down after it, at the end of its step. It then restarts at once.
        let restart = match restart {
            Restart::AtHeal if self.plan.is_disarmed() => Restart::After(Duration::ZERO),
            restart => restart,
        };
        if let Restart::After(after) = restart {
            self.event_queue.schedule(now.saturating_add(after), Event::Restart(host));
        }
        Effect::CloseConnections { host, at: None }
    }

    /// Records that a host passes a boundary, and returns the faults that strike there.
    pub(crate) fn pass(&mut self, now: Duration, here: Here, site: &str) -> Vec<Act> {
        let hit = self.count_hit(here, site);
        self.note(now, Some(here.host), &BoundaryHit { site, hit });
        let host = &self.hosts[here.host].name;
        let may_be_hurt = !self.hosts[here.host].is_client;
        let mut struck = self.plan.strike(host, may_be_hurt, site, hit);
        if !self.plan.is_disarmed()
            && let Some(fault) = self.swarm.as_mut().and_then(|dice| dice.strike(host, site, hit))
        {
            struck.push(self.plan.add(fault));
        }
        for (index, act) in &struck {
            let strike = Strike::at_a_boundary(site, act);
            let event = self.note(now, Some(here.host), &FaultChange::Struck(strike));
            self.plan.fired(*index, event);
        }
        if struck.is_empty() {
            Vec::new()
        } else {
            struck.into_iter().map(|(_, act)| act).collect()
        }
    }

    /// Counts a hit if the trace, the sweep that reads it, or a swarm needs the count.
    fn count_hit(&mut self, here: Here, site: &str) -> u32 {
        let is_asked_for = self.ledger.is_traced() || self.swarm.is_some();
        if is_asked_for {
            self.hit_classes.pass(here.host, self.hosts[here.host].running, site)
        } else {
            0
        }
    }

    /// Records that a step of a host had an effect outside the host.
    pub(crate) fn had_effect(&mut self, here: Here, site: &str) {
        if self.ledger.is_traced() {
            self.hit_classes.had_effect(here.host, site);
        }
    }

    /// Draws how much longer than the minimum latency a message between machines takes.
    pub(crate) fn draw_network_delay(&mut self) -> Duration {
        let Latency { ms_min, ms_max } = self.network_latency;
        Duration::from_millis(self.network_dice.between(0, ms_max.saturating_sub(ms_min)))
    }
}
