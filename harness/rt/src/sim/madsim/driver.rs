//! Drives madsim. madsim runs by itself, so the driver only applies scheduled events and calls the director.
//!
//! The harness is one more task beside the hosts. It sleeps until an event is due, and is woken if a host's task did
//! something that it waits for. The run is quiescent if no timer is armed, no event is scheduled, and no task was
//! polled for longer than madsim's network ever takes.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use madsim::{net::NetSim, runtime::Handle, task::NodeId, time::TimeHandle};

use super::{
    clock,
    local::{Interest, Local, Pause},
    net::address_of,
    time,
};
use crate::sim::{
    config::{BoxError, Config},
    director::Director,
    director_schedule::DirectorSchedule,
    effect::{NetworkControl, NetworkEffect},
    gate::Gate,
    handle,
    host::Here,
    link::Pair,
    simulation::{self, with_world},
    stop::Stop,
    world::World,
};

/// The minimum time between two calls of the director.
const TICK: Duration = Duration::from_millis(1);

/// Longer than the ten seconds that madsim waits before it retries a cut link.
const QUIET: Duration = Duration::from_secs(11);

/// Runs `f` on the driver's state of the current simulation.
fn with<R>(f: impl FnOnce(&Local) -> R) -> R {
    simulation::with(|simulation| f(&simulation.simulator))
}

fn polls() -> u64 {
    with(|local| local.polls.get())
}

impl Pause {
    /// Whether a poll may have changed the instant at which the harness must act. Checked after each poll, so it is
    /// cheap.
    fn has_news(&mut self) -> bool {
        let (seen, is_urgent) = with_world(|world| {
            ((world.history_length, world.event_queue.scheduled()), self.interest.is_urgent(world))
        });
        std::mem::replace(&mut self.seen, seen) != seen || is_urgent || time::armed() == 0
    }
}

impl Interest {
    /// Whether the harness must act at once.
    fn is_urgent(&self, world: &World) -> bool {
        world.stop.is_some()
            || !world.crashed.is_empty()
            || world.ledger.length() > self.events_max
            || polls() > self.steps_max
    }

    /// When the harness must act, and from when on the run is quiescent if nothing happens until then.
    fn next(&self) -> (Duration, Option<Duration>) {
        let (length, is_urgent, due) = with_world(|world| {
            let is_urgent = self.is_urgent(world);
            let due = world.event_queue.first_at();
            (world.history_length, is_urgent, due)
        });
        let asked = self.schedule.next(length).max(self.floor);
        let bound = self.virtual_max.saturating_add(Duration::from_nanos(1));
        let next = if is_urgent { Duration::ZERO } else { due.unwrap_or(Duration::MAX) };
        let is_quiet = time::armed() == 0 && due.is_none() && !self.schedule.told;
        (next.min(asked).min(bound), is_quiet.then(|| with(|local| local.last_poll.get()) + QUIET))
    }
}

/// Called after each poll of a host's task: wakes the harness if the instant at which it must act has changed.
pub(crate) fn polled() {
    let waker = simulation::try_with(|simulation| {
        let local = &simulation.simulator;
        local.polls.set(local.polls.get() + 1);
        local.last_poll.set(clock::last_polled());
        let mut pause = local.pause.borrow_mut();
        let pause = pause.as_mut()?;
        pause.interest.schedule.told = false;
        if !pause.has_news() {
            return None;
        }
        let (next, quiet) = pause.interest.next();
        if next < pause.until {
            pause.until = next;
            return Some(pause.waker.clone());
        }
        if let Some(quiet) = quiet.filter(|quiet| *quiet < pause.until) {
            // By then there may be something to wait for again, so only a timer is set.
            pause.until = quiet;
            wake_at(quiet, &pause.waker);
        }
        None
    });
    if let Some(waker) = waker.flatten() {
        waker.wake();
    }
}

/// Makes madsim wake the harness at an instant. This cannot be cancelled.
fn wake_at(at: Duration, waker: &Waker) {
    let mut timer = TimeHandle::current().sleep(at.saturating_sub(simulation::now()));
    if Pin::new(&mut timer).poll(&mut Context::from_waker(waker)).is_ready() {
        waker.wake_by_ref();
    }
}

/// Ends the harness's wait.
fn stop_waiting() {
    with(|local| local.pause.take());
}

struct Madsim {
    nodes: Vec<NodeId>,
}

impl Madsim {
    fn build(config: &Config) -> Self {
        let (handle, net) = (Handle::current(), NetSim::current());
        let mut nodes = Vec::new();
        for (index, host) in config.hosts.iter().enumerate() {
            let (software, address) = (host.software.clone(), address_of(index));
            net.add_dns_record(&host.name, address);
            let start = move || {
                let life = with_world(|world| world.hosts[index].life);
                let here = Here { host: index, life };
                let software = software.clone();
                Gate::software(
                    Box::pin(async move {
                        let result = software().await;
                        handle::ended(here, result.map_err(|error: BoxError| error.to_string()));
                        // madsim ends a node when its software returns, but the harness must end it.
                        std::future::pending::<()>().await;
                    }),
                    here,
                )
            };
            nodes.push(handle.create_node().name(&host.name).ip(address).init(start).build().id());
        }
        Self { nodes }
    }

    fn kill_the_dead(&self) {
        for host in with_world(|world| std::mem::take(&mut world.crashed)) {
            Handle::current().kill(self.nodes[host]);
        }
    }

    /// Both directions of a link, if both ends are machines of madsim.
    fn directions(&self, pair: Pair) -> impl Iterator<Item = (NodeId, NodeId)> + use<> {
        let [a, b] = pair.ends().map(|end| self.nodes.get(end).copied());
        a.zip(b).into_iter().flat_map(|(a, b)| [(a, b), (b, a)])
    }
}

impl NetworkControl for Madsim {
    fn perform(&mut self, effect: NetworkEffect) {
        match effect {
            NetworkEffect::Cut(pair) => {
                self.directions(pair).for_each(|(from, to)| NetSim::current().clog_link(from, to));
            }
            NetworkEffect::Repair(pair) => {
                self.directions(pair)
                    .for_each(|(from, to)| NetSim::current().unclog_link(from, to));
            }
            // Streams hold bytes back themselves.
            NetworkEffect::Clog(_) | NetworkEffect::Release(_) => {}
            NetworkEffect::Restart(host) => Handle::current().restart(self.nodes[host]),
        }
    }
}

/// Runs a simulation to its end. Returns why it ended early, and the number of polls of tasks.
pub(super) async fn run(config: &Config, director: &mut dyn Director) -> (Option<Stop>, u64) {
    let mut simulator = Madsim::build(config);
    let stop = turn(config, director, &mut simulator).await;
    let steps = polls();
    stop_waiting();
    end(&simulator).await;
    (stop, steps)
}

async fn turn(
    config: &Config,
    director: &mut dyn Director,
    simulator: &mut Madsim,
) -> Option<Stop> {
    let bounds = config.bounds;
    let mut interest = Interest {
        schedule: DirectorSchedule::default(),
        floor: Duration::ZERO,
        steps_max: bounds.steps_max,
        events_max: bounds.events_max,
        virtual_max: bounds.virtual_max,
    };
    loop {
        let now = simulation::now();
        simulator.kill_the_dead();
        let (stop, events) = with_world(|world| {
            world.reached(now);
            (world.stop.take(), world.ledger.length())
        });
        if let Some(stop) = stop.or_else(|| bounds.met(now, polls(), events)) {
            return Some(stop);
        }
        while let Some(event) = with_world(|world| world.event_queue.pop(now)) {
            interest.schedule.is_broken();
            handle::happen(event, simulator);
            with(|local| local.last_poll.set(now));
            simulator.kill_the_dead();
        }
        if now >= interest.floor || interest.schedule.quiescent {
            let is_over = interest.schedule.ask(now, director, simulator);
            simulator.kill_the_dead();
            if is_over {
                return None;
            }
            interest.floor = now + TICK;
            if with_world(|world| world.ledger.length()) != events {
                // The director may have changed something that lets hosts continue.
                with(|local| local.last_poll.set(now));
            }
        }
        let polls_before = polls();
        let is_quiet = Waiting { interest, timer: None }.await;
        interest.schedule.told &= polls_before == polls();
        interest.schedule.quiescent = is_quiet;
    }
}

/// Waits until the harness must act. Returns `true` if the run is quiescent.
struct Waiting {
    interest: Interest,
    /// The instant at which madsim will wake the harness anyway.
    timer: Option<Duration>,
}

impl Future for Waiting {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        stop_waiting();
        let now = simulation::now();
        let (next, quiet) = self.interest.next();
        if next <= now {
            return Poll::Ready(false);
        }
        if quiet.is_some_and(|from| from <= now) {
            return Poll::Ready(true);
        }
        let until = quiet.map_or(next, |quiet| quiet.min(next));
        if self.timer.replace(until) != Some(until) {
            wake_at(until, cx.waker());
        }
        let seen = with_world(|world| (world.history_length, world.event_queue.scheduled()));
        let pause = Pause { interest: self.interest, until, seen, waker: cx.waker().clone() };
        with(|local| local.pause.replace(Some(pause)));
        Poll::Pending
    }
}

/// Takes down the hosts, all dead, so that no destructor has an effect. madsim releases a task only if the task is
/// woken once more; a task that remains at the end would leak.
async fn end(simulator: &Madsim) {
    with_world(|world| world.stop_all_hosts());
    simulator.nodes.iter().for_each(|node| Handle::current().kill(*node));
    madsim::time::sleep(TICK).await;
}
