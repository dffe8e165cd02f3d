//! Drives hosts and the network: steps, crashes and restarts, and the exact skip of idle time.
//!
//! Each host has a runtime of its own, which is driven only in ticks in which it has something to do. turmoil is the
//! network: it has the hosts' network cards, and steps only while a message is under way or a card has work. If nothing
//! happens, the driver advances the time to the next deadline.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use chaosdrill_core::{Stream, check::panic_message, limits::TURMOIL_BACKLOG_MAX};
use tokio::runtime::{RngSeed, Runtime};

use super::{card, clock, eye, timers::Owner};
use crate::sim::{
    config::{BoxError, Config, Software},
    director::Director,
    director_schedule::DirectorSchedule,
    effect::{NetworkControl, NetworkEffect},
    gate::{self, Gate},
    handle,
    host::Here,
    link::Pair,
    measure::measure,
    profile::Part,
    simulation::with_world,
    stop::Stop,
};

/// The unit of time of a run. turmoil carries a message within one.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// The runtime of a host.
struct Machine {
    /// `None` while the host is down.
    runtime: Option<(Here, Runtime)>,
    /// How far its clock is behind the time.
    behind: Duration,
    seeds: Stream,
    host: usize,
    software: Software,
}

struct Turmoil<'a> {
    network: turmoil::Sim<'a>,
    names: Vec<String>,
    /// Whether the host has a network card.
    is_plugged_in: Vec<bool>,
    machines: Vec<Machine>,
    /// Whether a message may be under way.
    is_busy: bool,
}

impl Machine {
    fn start(&mut self) {
        let host = self.host;
        let seed = RngSeed::from_bytes(&self.seeds.next_u64().to_le_bytes());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .rng_seed(seed)
            .build()
            .expect("a runtime without input and output needs nothing");
        let here = Here { host, life: with_world(|world| world.hosts[host].life) };
        eye::begin(here);
        let owner = Owner::Host(here);
        eye::drive(owner, || runtime.block_on(async { tokio::time::sleep(TICK).await }));
        let software = self.software.clone();
        eye::within(owner, || {
            let _inside = runtime.enter();
            let run = async move {
                let result = software().await;
                handle::ended(here, result.map_err(|error: BoxError| error.to_string()));
                std::future::pending::<()>().await;
            };
            drop(runtime.spawn(Gate::software(Box::pin(run), here)));
        });
        (self.runtime, self.behind) = (Some((here, runtime)), Duration::ZERO);
    }

    fn stop(&mut self) {
        let Some((here, runtime)) = self.runtime.take() else { return };
        eye::end(here.host);
        eye::within(Owner::Host(here), || {
            // Destructors may spawn tasks, which a runtime that is gone refuses.
            let handle = runtime.handle().clone();
            drop(runtime);
            let _inside = handle.enter();
            gate::drop_remains(here);
        });
    }

    fn drive(&mut self) {
        let Some((here, runtime)) = &self.runtime else { return };
        eye::drive(Owner::Host(*here), || {
            if !self.behind.is_zero() {
                let _inside = runtime.enter();
                let mut cx = Context::from_waker(Waker::noop());
                // The first poll advances the clock. The rest would yield to other tasks.
                let _ = pin!(tokio::time::advance(self.behind)).poll(&mut cx);
            }
            runtime.block_on(async { tokio::time::sleep(TICK).await });
        });
        self.behind = Duration::ZERO;
    }
}

impl Turmoil<'_> {
    /// The names of both ends; `None` unless both have a network card.
    fn ends(&self, pair: Pair) -> Option<(&str, &str)> {
        let end = |host: usize| {
            self.is_plugged_in.get(host).filter(|is| **is).map(|_| self.names[host].as_str())
        };
        let [a, b] = pair.ends();
        Some((end(a)?, end(b)?))
    }

    /// Gives cards to the hosts that need one.
    fn plug_in(&mut self) {
        for host in card::take_wanted() {
            let name = self.names[host].as_str();
            eye::within(Owner::Network, || {
                self.network.host(name, move || card::run(host));
                if self.machines[host].runtime.is_none() {
                    self.network.crash(name);
                }
            });
            self.is_plugged_in[host] = true;
            let in_force = |cuts| {
                let links = with_world(|world| world.links.in_force(cuts));
                links.into_iter().filter(|pair| pair.ends().contains(&host))
            };
            for (a, b) in in_force(false).filter_map(|pair| self.ends(pair)) {
                self.network.hold(a, b);
            }
            for (a, b) in in_force(true).filter_map(|pair| self.ends(pair)) {
                self.network.partition(a, b);
            }
        }
    }

    /// Whether a message is in flight that will arrive by itself.
    fn is_a_message_under_way(&self) -> bool {
        let clogged = with_world(|world| world.links.clogged());
        let held: Vec<_> = clogged
            .into_iter()
            .filter_map(|pair| self.ends(pair))
            .map(|(a, b)| (self.network.lookup(a), self.network.lookup(b)))
            .collect();
        let mut is_one = false;
        self.network.links(|mut links| {
            is_one = links.any(|mut link| {
                let (a, b) = link.pair();
                !held.contains(&(a, b)) && !held.contains(&(b, a)) && link.next().is_some()
            });
        });
        is_one
    }

    /// Whether the network has something to do.
    fn is_network_due(&self) -> bool {
        self.is_busy || eye::is_the_network_ready() || card::is_one_wanted()
    }

    fn step_network(&mut self) -> turmoil::Result {
        self.plug_in();
        eye::drive(Owner::Network, || self.network.step())?;
        self.is_busy = self.is_a_message_under_way();
        Ok(())
    }

    /// Lets everybody act until the end of the tick.
    fn step(&mut self, elapsed: Duration) -> turmoil::Result {
        if self.is_network_due() {
            self.step_network()?;
        }
        let due = eye::due(elapsed, elapsed + TICK);
        for (host, machine) in self.machines.iter_mut().enumerate() {
            if due.contains(&host) {
                machine.drive();
            } else {
                machine.behind += TICK;
            }
        }
        if eye::is_the_network_ready() || card::is_one_wanted() {
            self.step_network()?;
        }
        Ok(())
    }

    fn crash(&mut self, host: usize) {
        self.machines[host].stop();
        card::end(host);
        if self.is_plugged_in[host] {
            eye::within(Owner::Network, || self.network.crash(self.names[host].as_str()));
            self.is_busy = true;
        }
    }
}

impl NetworkControl for Turmoil<'_> {
    fn perform(&mut self, effect: NetworkEffect) {
        self.is_busy = true;
        let (pair, act): (Pair, fn(&turmoil::Sim<'_>, &str, &str)) = match effect {
            NetworkEffect::Cut(pair) => (pair, |sim, a, b| sim.partition(a, b)),
            NetworkEffect::Repair(pair) => (pair, |sim, a, b| sim.repair(a, b)),
            NetworkEffect::Clog(pair) => (pair, |sim, a, b| sim.hold(a, b)),
            NetworkEffect::Release(pair) => (pair, |sim, a, b| sim.release(a, b)),
            NetworkEffect::Restart(host) => {
                if self.is_plugged_in[host] {
                    let name = self.names[host].as_str();
                    eye::within(Owner::Network, || self.network.bounce(name));
                }
                return self.machines[host].start();
            }
        };
        if let Some((a, b)) = self.ends(pair) {
            act(&self.network, a, b);
        }
    }
}

fn build(config: &Config) -> Turmoil<'static> {
    let network = turmoil::Builder::new()
        .rng_seed(config.seed.stream("turmoil").next_u64())
        .tick_duration(TICK)
        .simulation_duration(Duration::MAX)
        .epoch(std::time::UNIX_EPOCH)
        .tcp_capacity(TURMOIL_BACKLOG_MAX)
        .min_message_latency(TICK)
        .max_message_latency(TICK)
        .build();
    let mut machines = Vec::new();
    for (index, host) in config.hosts.iter().enumerate() {
        let seeds = config.seed.stream(&format!("runtime of {}", host.name));
        let mut machine = Machine {
            runtime: None,
            behind: Duration::ZERO,
            seeds,
            host: index,
            software: host.software.clone(),
        };
        machine.start();
        machines.push(machine);
    }
    Turmoil {
        network,
        names: config.hosts.iter().map(|host| host.name.clone()).collect(),
        is_plugged_in: vec![false; machines.len()],
        machines,
        is_busy: true,
    }
}

/// Runs a simulation to its end. Returns why it ended early, and the number of executed steps.
pub(super) fn run(config: &Config, director: &mut dyn Director) -> (Option<Stop>, u64) {
    tracing::subscriber::with_default(eye::Eye, || {
        let mut crank = Crank {
            turmoil: build(config),
            elapsed: Duration::ZERO,
            steps: 0,
            schedule: DirectorSchedule::default(),
        };
        let stop = measure(Part::Loop, || crank.run(config, director));
        let steps = crank.steps;
        crank.end(&stop);
        (stop, steps)
    })
}

struct Crank {
    turmoil: Turmoil<'static>,
    elapsed: Duration,
    steps: u64,
    schedule: DirectorSchedule,
}

impl Crank {
    fn run(&mut self, config: &Config, director: &mut dyn Director) -> Option<Stop> {
        loop {
            while let Some(event) = with_world(|world| world.event_queue.pop(self.elapsed)) {
                self.schedule.is_broken();
                handle::happen(event, &mut self.turmoil);
                self.crash_the_dead();
            }
            let is_over = self.schedule.ask(self.elapsed, director, &mut self.turmoil);
            self.crash_the_dead();
            if is_over {
                return None;
            }
            if let Some(stop) = self.step(config) {
                return Some(stop);
            }
        }
    }

    /// One step of the simulator, and its consequences.
    fn step(&mut self, config: &Config) -> Option<Stop> {
        let polls = eye::polls();
        let elapsed = self.elapsed;
        let step = AssertUnwindSafe(|| self.turmoil.step(elapsed));
        match measure(Part::Step, || catch_unwind(step)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Some(Stop::Panicked { message: error.to_string() }),
            Err(panic) => return Some(Stop::Panicked { message: panic_message(&*panic) }),
        }
        self.steps += 1;
        self.pass(TICK);
        self.crash_the_dead();
        if eye::polls() != polls {
            self.schedule.told = false;
        }
        let (stop, events) = with_world(|world| {
            world.reached(self.elapsed);
            (world.stop.take(), world.ledger.length())
        });
        let stop = stop.or_else(|| config.bounds.met(self.elapsed, self.steps, events));
        if stop.is_none() {
            self.look_ahead(config.skip_idle);
        }
        stop
    }

    fn pass(&mut self, by: Duration) {
        self.elapsed += by;
        clock::set_step(self.elapsed);
    }

    /// Crashes hosts in turmoil whose tasks are already dead.
    fn crash_the_dead(&mut self) {
        for host in with_world(|world| std::mem::take(&mut world.crashed)) {
            self.turmoil.crash(host);
        }
    }

    /// Skips to the next event if nothing happens now.
    fn look_ahead(&mut self, may_skip: bool) {
        self.schedule.quiescent = false;
        if eye::is_a_host_ready() || self.turmoil.is_network_due() {
            return;
        }
        let (due, length) =
            with_world(|world| (world.event_queue.first_at(), world.history_length));
        let deadline = eye::next_deadline(self.elapsed);
        self.schedule.quiescent = deadline.is_none() && due.is_none() && !self.schedule.told;
        if self.schedule.quiescent || !may_skip {
            return;
        }
        let look = self.schedule.next(length);
        let ours = due.map_or(look, |due| due.min(look));
        let next = deadline.map_or(ours, |deadline| deadline.min(ours));
        let ticks = next.saturating_sub(self.elapsed).as_nanos() / TICK.as_nanos();
        let mut gap = TICK * u32::try_from(ticks).unwrap_or(u32::MAX);
        if ours <= self.elapsed + gap {
            // The harness then wakes tasks, so a step must lead up to that instant: timers that are due fire first.
            gap = gap.saturating_sub(TICK);
        }
        if !gap.is_zero() {
            for machine in &mut self.turmoil.machines {
                machine.behind += gap;
            }
            self.pass(gap);
        }
    }

    /// Takes down the simulator, with every host dead, so that no destructor has an effect.
    fn end(mut self, stop: &Option<Stop>) {
        with_world(|world| world.stop_all_hosts());
        if matches!(stop, Some(Stop::Panicked { .. })) {
            // The simulator was stopped in the middle of a step, and its own destructors would fail.
            std::mem::forget(self.turmoil);
        } else {
            self.turmoil.machines.iter_mut().for_each(Machine::stop);
            drop(self.turmoil);
        }
    }
}
