//! What is due at an instant: faults that strike, and the end of each.

use std::{collections::BTreeMap, task::Waker, time::Duration};

use chaosdrill_core::{Act, trace::EventKind};
use serde_json::{Value, json};

use crate::sim::{
    Levers, database,
    link::Pair,
    order::Turns,
    travel::Machine,
    world::{State, crash, now, with},
};

/// Something that is due at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Due {
    Strike(usize),
    Resume(usize),
    Proceed(u64),
    Restart(usize),
    Repair(Pair),
    Release(Pair),
    Unskew(usize, i64),
    DatabaseUp,
}

/// A fault that strikes at an instant.
pub(crate) fn strike(index: usize, levers: &mut dyn Levers) {
    let Some(act) = with(|world| (!world.plan.is_disarmed()).then(|| world.plan.act(index))) else {
        return;
    };
    let event = with(|world| {
        let event = world.record(None, EventKind::Fault, act.family(), || fault_data(&act));
        world.plan.fired(index, event);
        event
    });
    let until = |lasts: Option<Duration>| lasts.map(|lasts| now().saturating_add(lasts));
    match act {
        Act::Partition { between, lasts } => {
            let pair = with(|world| world.pair(&between));
            cut(pair, levers);
            with(|world| world.put_on_agenda_if(until(lasts), Due::Repair(pair)));
        }
        Act::Clog { between, lasts } => {
            let pair = with(|world| world.pair(&between));
            if with(|world| world.links.clog(pair)) {
                levers.clog(pair);
            }
            with(|world| world.put_on_agenda_if(until(lasts), Due::Release(pair)));
        }
        Act::Kill { host, restart } => {
            let host =
                with(|world| world.host_named(&host).expect("hosts of a plan are validated"));
            if with(|world| world.is_up(host)) {
                crash(host, restart, || json!({ "fault": event }));
            }
        }
        Act::Skew { host, by_ns, lasts } => with(|world| {
            let host = world.host_named(&host).expect("hosts of a plan are validated");
            world.skew(host, by_ns);
            world.put_on_agenda_if(until(lasts), Due::Unskew(host, by_ns));
        }),
        Act::DatabaseDown { lasts } => {
            with(|world| {
                world.database_down += 1;
                world.put_on_agenda_if(until(lasts), Due::DatabaseUp);
            });
            database::reset_all();
        }
        Act::Crash { .. } | Act::Error(_) | Act::LostAck(_) | Act::Stall(_) | Act::Delay(_) => {
            unreachable!("a validated plan has these at boundaries only")
        }
    }
}

/// The data of a fault's event.
pub(crate) fn fault_data(act: &Act) -> Value {
    serde_json::to_value(act).expect("an act is plain data")
}

fn cut(pair: Pair, levers: &mut dyn Levers) {
    let (was_whole, waiting) = with(|world| world.links.cut(pair));
    if was_whole {
        levers.cut(pair);
    }
    waiting.into_iter().for_each(Waker::wake);
    let database = with(|world| world.place_of(Machine::Database));
    if pair.ends().contains(&database) {
        let [a, b] = pair.ends();
        database::reset_host(if a == database { b } else { a });
    }
}

fn repair(pair: Pair, levers: &mut dyn Levers) {
    if with(|world| world.links.repair(pair)) {
        levers.repair(pair);
    }
}

fn release(pair: Pair, levers: &mut dyn Levers) {
    let (free, waiting) = with(|world| world.links.release(pair));
    if free {
        levers.release(pair);
    }
    waiting.into_iter().for_each(Waker::wake);
}

fn resume(host: usize) {
    let parked = with(|world| {
        let state = &mut world.hosts[host];
        state.stalls = state.stalls.saturating_sub(1);
        if state.state != State::Stalled || state.stalls > 0 {
            return Vec::new();
        }
        state.state = State::Up;
        let parked = std::mem::take(&mut state.parked);
        world.record(Some(host), EventKind::Host, "resumed", || Value::Null);
        parked
    });
    parked.into_iter().for_each(Waker::wake);
}

fn restart(host: usize, levers: &mut dyn Levers) {
    let is_down = with(|world| {
        let state = &mut world.hosts[host];
        let is_down = matches!(state.state, State::Down | State::Ended);
        if is_down {
            state.life += 1;
            state.state = State::Up;
            state.stalls = 0;
            state.parked.clear();
            state.turns = Turns::default();
            let life = state.life;
            world.passages.restarted(host);
            world.record(Some(host), EventKind::Host, "up", || json!({ "life": life }));
        }
        is_down
    });
    if is_down {
        levers.restart(host);
    }
}

/// Does what is due.
pub(crate) fn fulfil(due: Due, levers: &mut dyn Levers) {
    match due {
        Due::Strike(index) => strike(index, levers),
        Due::Resume(host) => resume(host),
        Due::Proceed(step) => {
            let waiting = with(|world| world.delays.remove(&step));
            waiting.into_iter().for_each(Waker::wake);
        }
        Due::Restart(host) => restart(host, levers),
        Due::Repair(pair) => {
            repair(pair, levers);
            with(|world| world.link_event("repaired", pair));
        }
        Due::Release(pair) => {
            release(pair, levers);
            with(|world| world.link_event("released", pair));
        }
        Due::Unskew(host, by_ns) => with(|world| world.skew(host, -by_ns)),
        Due::DatabaseUp => with(|world| {
            world.database_down = world.database_down.saturating_sub(1);
            let database = world.place_of(Machine::Database);
            world.record(Some(database), EventKind::Host, "up", || Value::Null);
        }),
    }
}

/// Ends every fault.
pub(crate) fn heal(levers: &mut dyn Levers) {
    let hosts = with(|world| {
        world.plan.disarm();
        world.record(None, EventKind::Phase, chaosdrill_core::history::HEAL, || Value::Null);
        let supervised = |due: &Due| matches!(due, Due::Restart(host) if world.hosts[*host].state == State::Ended);
        let kept: BTreeMap<_, _> =
            world.agenda.iter().filter(|(_, due)| supervised(due)).map(|(k, v)| (*k, *v)).collect();
        world.agenda = kept;
        world.database_down = 0;
        for host in 0..world.hosts.len() {
            let skew = world.hosts[host].skew_ns;
            if skew != 0 {
                world.skew(host, -skew);
            }
        }
        world.hosts.len()
    });
    let delayed = with(|world| std::mem::take(&mut world.delays));
    delayed.into_values().for_each(Waker::wake);
    for pair in with(|world| world.links.in_force(true)) {
        repair(pair, levers);
    }
    for pair in with(|world| world.links.in_force(false)) {
        release(pair, levers);
    }
    for host in 0..hosts {
        let (state, stays_down) = with(|world| {
            let host = &mut world.hosts[host];
            host.stalls = host.stalls.min(1);
            (host.state, host.stays_down)
        });
        match state {
            State::Stalled => resume(host),
            State::Down if !stays_down => restart(host, levers),
            State::Up | State::Down | State::Ended => {}
        }
    }
}
