//! The crank of turmoil: steps, crashes and restarts, and the exact skip of idle time.
//!
//! turmoil executes every tick of every host, also where nothing happens for hours. A step in which no task was
//! polled, with nothing in flight, is idle; then every host's clock is advanced to one tick before the next
//! deadline. A test compares traces with and without the skip, byte for byte.

use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Poll, Waker},
    time::Duration,
};

use chaosdrill_core::check::panic_message;

use super::{clock, timers};
use crate::sim::{
    BoxError, Config, Director, Levers, Stop, agenda,
    attention::Attention,
    gate::{Gate, Here},
    link::Pair,
    profile::{self, Part},
    world::{self, Request},
};

const TICK: Duration = Duration::from_millis(1);

/// A gap shorter than this many ticks is walked through.
const SKIP_TICKS_MIN: u32 = 3;

/// Connections that may wait to be accepted, and segments to be read. turmoil panics at one more, and a host that
/// stalls while others try again and again owes many.
const BACKLOG_MAX: usize = 1 << 16;

thread_local! {
    static SKIP: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static SKIPPER_POLLS: Cell<u64> = const { Cell::new(0) };
    static SKIPPERS: RefCell<Vec<Option<Waker>>> = const { RefCell::new(Vec::new()) };
}

struct Turmoil<'a> {
    sim: turmoil::Sim<'a>,
    names: Vec<String>,
}

impl Turmoil<'_> {
    /// The names of both ends, where both are machines of turmoil's.
    fn ends(&self, pair: Pair) -> Option<(&str, &str)> {
        let [a, b] = pair.ends();
        Some((self.names.get(a)?.as_str(), self.names.get(b)?.as_str()))
    }

    /// Messages that will arrive by themselves.
    fn in_flight(&self) -> usize {
        let clogged = world::with(|world| world.links.clogged());
        let held: Vec<_> = clogged
            .into_iter()
            .filter_map(|pair| self.ends(pair))
            .map(|(a, b)| (self.sim.lookup(a), self.sim.lookup(b)))
            .collect();
        let mut count = 0;
        self.sim.links(|links| {
            for link in links {
                let (a, b) = link.pair();
                if !held.contains(&(a, b)) && !held.contains(&(b, a)) {
                    count += link.count();
                }
            }
        });
        count
    }
}

impl Levers for Turmoil<'_> {
    fn cut(&mut self, pair: Pair) {
        if let Some((a, b)) = self.ends(pair) {
            self.sim.partition(a, b);
        }
    }

    fn repair(&mut self, pair: Pair) {
        if let Some((a, b)) = self.ends(pair) {
            self.sim.repair(a, b);
        }
    }

    fn clog(&mut self, pair: Pair) {
        if let Some((a, b)) = self.ends(pair) {
            self.sim.hold(a, b);
        }
    }

    fn release(&mut self, pair: Pair) {
        if let Some((a, b)) = self.ends(pair) {
            self.sim.release(a, b);
        }
    }

    fn restart(&mut self, host: usize) {
        forget_skipper(host);
        self.sim.bounce(self.names[host].as_str());
    }
}

/// Polls of all tasks but the skippers.
fn polls() -> u64 {
    timers::polls() - SKIPPER_POLLS.get()
}

fn forget_skipper(host: usize) {
    SKIPPERS.with_borrow_mut(|skippers| skippers[host] = None);
}

/// A host's daemon that advances its clock when the driver orders a skip.
async fn skipper(host: usize) {
    loop {
        std::future::poll_fn(|cx| {
            SKIPPERS.with_borrow_mut(|skippers| {
                let was_woken = skippers[host].is_none();
                skippers[host] = Some(cx.waker().clone());
                if was_woken && !SKIP.get().is_zero() { Poll::Ready(()) } else { Poll::Pending }
            })
        })
        .await;
        tokio::time::advance(SKIP.get()).await;
    }
}

fn build(config: &Config) -> Turmoil<'static> {
    let mut sim = turmoil::Builder::new()
        .rng_seed(config.seed.stream("turmoil").next_u64())
        .tick_duration(TICK)
        .simulation_duration(Duration::MAX)
        .epoch(std::time::UNIX_EPOCH)
        .tcp_capacity(BACKLOG_MAX)
        .min_message_latency(Duration::from_millis(config.network.ms_min))
        .max_message_latency(Duration::from_millis(config.network.ms_min))
        .build();
    SKIP.set(Duration::ZERO);
    SKIPPER_POLLS.set(0);
    SKIPPERS.set(vec![None; config.hosts.len()]);
    for (index, host) in config.hosts.iter().enumerate() {
        let software = host.software.clone();
        sim.host(host.name.as_str(), move || {
            let here = Here { host: index, life: world::with(|world| world.hosts[index].life) };
            let software = software.clone();
            let life = Gate::software(
                async move {
                    let result = software().await;
                    world::ended(here, result.map_err(|error: BoxError| error.to_string()));
                    std::future::pending::<turmoil::Result>().await
                },
                here,
            );
            async move {
                let mut skipper = Box::pin(skipper(index));
                tokio::task::spawn_local(std::future::poll_fn(move |cx| {
                    SKIPPER_POLLS.set(SKIPPER_POLLS.get() + 1);
                    skipper.as_mut().poll(cx)
                }));
                life.await
            }
        });
    }
    Turmoil { sim, names: config.hosts.iter().map(|host| host.name.clone()).collect() }
}

/// Runs a simulation to its end; says why it ended early, and how many steps were executed.
pub(super) fn run(config: &Config, director: &mut dyn Director) -> (Option<Stop>, u64) {
    timers::reset();
    tracing::subscriber::with_default(timers::Eye, || {
        let mut crank = Crank {
            turmoil: build(config),
            elapsed: Duration::ZERO,
            steps: 0,
            attention: Attention::default(),
        };
        let stop = profile::measure(Part::Loop, || crank.run(config, director));
        let steps = crank.steps;
        crank.end(&stop);
        (stop, steps)
    })
}

struct Crank {
    turmoil: Turmoil<'static>,
    elapsed: Duration,
    steps: u64,
    attention: Attention,
}

impl Crank {
    fn run(&mut self, config: &Config, director: &mut dyn Director) -> Option<Stop> {
        loop {
            while let Some(due) = world::with(|world| world.pop_due(self.elapsed)) {
                self.attention.is_broken();
                agenda::fulfil(due, &mut self.turmoil);
                self.crash_the_dead();
            }
            let is_over = self.attention.ask(self.elapsed, director, &mut self.turmoil);
            self.crash_the_dead();
            if is_over {
                return None;
            }
            if let Some(stop) = self.step(config) {
                return Some(stop);
            }
        }
    }

    /// One step of the simulator, with what follows from it.
    fn step(&mut self, config: &Config) -> Option<Stop> {
        let polls = polls();
        let skip = SKIP.get();
        let step = AssertUnwindSafe(|| self.turmoil.sim.step());
        let stepped = profile::measure(Part::Step, || catch_unwind(step));
        SKIP.set(Duration::ZERO);
        match stepped {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Some(Stop::Panicked { message: error.to_string() }),
            Err(panic) => return Some(Stop::Panicked { message: panic_message(&*panic) }),
        }
        self.steps += 1;
        self.elapsed += skip.max(TICK);
        clock::set_step(self.elapsed);
        self.crash_the_dead();
        let (stop, events) = world::with(|world| {
            world.reached(self.elapsed);
            (world.stop.take(), world.trace.events().len() as u64)
        });
        stop.or_else(|| config.bounds.met(self.elapsed, self.steps, events)).or_else(|| {
            let is_idle = self::polls() == polls;
            self.attention.quiescent = false;
            if is_idle {
                self.skip_idle_time(config.skip_idle);
            } else {
                self.attention.told = false;
            }
            None
        })
    }

    /// Tells turmoil of hosts that are down already as far as their tasks are concerned.
    fn crash_the_dead(&mut self) {
        for Request::Crash(host) in world::with(|world| std::mem::take(&mut world.requests)) {
            forget_skipper(host);
            self.turmoil.sim.crash(self.turmoil.names[host].as_str());
        }
    }

    /// Nothing happened in the last step: go to one tick before the next thing that will.
    fn skip_idle_time(&mut self, may_skip: bool) {
        if self.turmoil.in_flight() > 0 {
            return;
        }
        let due = world::with(|world| world.agenda.first_key_value().map(|((at, _), _)| *at));
        let next = [timers::next_deadline(self.elapsed), due].into_iter().flatten().min();
        self.attention.quiescent = next.is_none() && !self.attention.told;
        let latest = self.attention.latest();
        let target = next.map_or(latest, |next| next.min(latest));
        let gap = target.saturating_sub(self.elapsed);
        if !may_skip || gap <= TICK * SKIP_TICKS_MIN || self.attention.quiescent {
            return;
        }
        let ticks = gap.as_nanos() / TICK.as_nanos() - 1;
        SKIP.set(TICK * u32::try_from(ticks).unwrap_or(u32::MAX));
        let wakers = SKIPPERS.with_borrow_mut(|skippers| {
            skippers.iter_mut().filter_map(Option::take).collect::<Vec<_>>()
        });
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Takes the simulator down, with every host dead, so that no destructor has an effect.
    fn end(self, stop: &Option<Stop>) {
        world::with(|world| {
            for host in world.hosts.iter_mut().filter(|host| host.state != world::State::Ended) {
                host.state = world::State::Down;
            }
        });
        if matches!(stop, Some(Stop::Panicked { .. })) {
            // The simulator was left in the middle of a step; its own destructors would trip over that.
            std::mem::forget(self.turmoil);
        } else {
            drop(self.turmoil);
        }
    }
}
