//! Drives turmoil: steps, crashes and restarts, and the exact skip of idle time.
//!
//! turmoil executes every tick of every host, even if nothing happens for hours. If no task is ready and no message is
//! in flight, the driver instead advances every host's clock to the next deadline, without a step. A test compares
//! traces with and without the skip byte for byte; ARCHITECTURE describes the only difference that they may have.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    task::{Context, Waker},
    time::Duration,
};

use chaosdrill_core::{check::panic_message, limits::TURMOIL_BACKLOG_MAX};
use tokio::runtime::Handle;

use super::{clock, eye};
use crate::sim::{
    config::{BoxError, Config},
    director::Director,
    director_schedule::DirectorSchedule,
    effect::{NetworkControl, NetworkEffect},
    gate::Gate,
    handle,
    host::Here,
    link::Pair,
    measure::measure,
    profile::Part,
    simulation::with_world,
    stop::Stop,
};

const TICK: Duration = Duration::from_millis(1);

/// The runtime of each host; `None` for a host without one.
type Runtimes = Rc<RefCell<Vec<Option<Handle>>>>;

struct Turmoil<'a> {
    sim: turmoil::Sim<'a>,
    names: Vec<String>,
    runtimes: Runtimes,
}

impl Turmoil<'_> {
    /// The names of both ends; `None` unless both are machines of turmoil.
    fn ends(&self, pair: Pair) -> Option<(&str, &str)> {
        let [a, b] = pair.ends();
        Some((self.names.get(a)?.as_str(), self.names.get(b)?.as_str()))
    }

    /// Whether a message is in flight that will arrive by itself.
    fn is_a_message_under_way(&self) -> bool {
        let clogged = with_world(|world| world.links.clogged());
        let held: Vec<_> = clogged
            .into_iter()
            .filter_map(|pair| self.ends(pair))
            .map(|(a, b)| (self.sim.lookup(a), self.sim.lookup(b)))
            .collect();
        let mut is_one = false;
        self.sim.links(|mut links| {
            is_one = links.any(|mut link| {
                let (a, b) = link.pair();
                !held.contains(&(a, b)) && !held.contains(&(b, a)) && link.next().is_some()
            });
        });
        is_one
    }

    /// Advances only the clock of every host. Due timers fire when the host is next driven.
    fn advance(&self, by: Duration) {
        for runtime in self.runtimes.borrow().iter().flatten() {
            let _inside = runtime.enter();
            let mut cx = Context::from_waker(Waker::noop());
            // The first poll advances the clock. The rest would yield to other tasks, of which there are none.
            let _ = pin!(tokio::time::advance(by)).poll(&mut cx);
        }
    }

    fn crash(&mut self, host: usize) {
        self.runtimes.borrow_mut()[host] = None;
        self.sim.crash(self.names[host].as_str());
    }
}

impl NetworkControl for Turmoil<'_> {
    fn perform(&mut self, effect: NetworkEffect) {
        let (pair, act): (Pair, fn(&turmoil::Sim<'_>, &str, &str)) = match effect {
            NetworkEffect::Cut(pair) => (pair, |sim, a, b| sim.partition(a, b)),
            NetworkEffect::Repair(pair) => (pair, |sim, a, b| sim.repair(a, b)),
            NetworkEffect::Clog(pair) => (pair, |sim, a, b| sim.hold(a, b)),
            NetworkEffect::Release(pair) => (pair, |sim, a, b| sim.release(a, b)),
            NetworkEffect::Restart(host) => return self.sim.bounce(self.names[host].as_str()),
        };
        if let Some((a, b)) = self.ends(pair) {
            act(&self.sim, a, b);
        }
    }
}

fn build(config: &Config) -> Turmoil<'static> {
    let mut sim = turmoil::Builder::new()
        .rng_seed(config.seed.stream("turmoil").next_u64())
        .tick_duration(TICK)
        .simulation_duration(Duration::MAX)
        .epoch(std::time::UNIX_EPOCH)
        .tcp_capacity(TURMOIL_BACKLOG_MAX)
        .min_message_latency(Duration::from_millis(config.network.ms_min))
        .max_message_latency(Duration::from_millis(config.network.ms_min))
        .build();
    let runtimes = Runtimes::new(RefCell::new(vec![None; config.hosts.len()]));
    for (index, host) in config.hosts.iter().enumerate() {
        let (software, runtimes) = (host.software.clone(), runtimes.clone());
        sim.host(host.name.as_str(), move || {
            runtimes.borrow_mut()[index] = Some(Handle::current());
            let here = Here { host: index, life: with_world(|world| world.hosts[index].life) };
            let software = software.clone();
            Gate::software(
                Box::pin(async move {
                    let result = software().await;
                    handle::ended(here, result.map_err(|error: BoxError| error.to_string()));
                    std::future::pending::<turmoil::Result>().await
                }),
                here,
            )
        });
    }
    Turmoil { sim, names: config.hosts.iter().map(|host| host.name.clone()).collect(), runtimes }
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
        let step = AssertUnwindSafe(|| self.turmoil.sim.step());
        match measure(Part::Step, || eye::step(|| catch_unwind(step))) {
            Ok(Ok(_)) => {}
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
        if eye::is_a_task_ready() || self.turmoil.is_a_message_under_way() {
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
            // The harness then wakes tasks, so a step must lead up to that instant: timers that are due fire first, and
            // tokio's wheel learns the time. Timers that were added before that would fire in another order.
            gap = gap.saturating_sub(TICK);
        }
        if !gap.is_zero() {
            self.turmoil.advance(gap);
            self.pass(gap);
        }
    }

    /// Takes down the simulator, with every host dead, so that no destructor has an effect.
    fn end(self, stop: &Option<Stop>) {
        with_world(|world| world.stop_all_hosts());
        if matches!(stop, Some(Stop::Panicked { .. })) {
            // The simulator was stopped in the middle of a step, and its own destructors would fail.
            std::mem::forget(self.turmoil);
        } else {
            drop(self.turmoil);
        }
    }
}
