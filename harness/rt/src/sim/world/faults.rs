//! Applies and ends faults: how the world changes, and the effects outside it.

use std::time::Duration;

use chaosdrill_core::{
    Act,
    trace::vocabulary::{Cause, FaultChange, HostChange, LinkEnd, Phase, Strike},
};

use crate::sim::{
    effect::{
        Effect,
        NetworkEffect::{Clog, Cut, Release, Repair, Restart},
        wake,
    },
    event_queue::Event,
    host::{MachineId, State},
    link::Pair,
    order::Turns,
    world::World,
};

impl World {
    /// Applies a scheduled event.
    pub(crate) fn happen(&mut self, now: Duration, event: Event) -> Vec<Effect> {
        match event {
            Event::Strike(index) => self.strike_at_instant(now, index),
            Event::Resume(host) => self.resume(now, host),
            Event::Proceed(step) => wake(self.delays.remove(&step).into_iter().collect()).collect(),
            Event::Restart(host) => self.restart(now, host),
            Event::Repair(pair) => {
                let effects = self.repair(pair);
                self.link_event(now, LinkEnd::Repaired, pair);
                effects
            }
            Event::Release(pair) => {
                let effects = self.release(pair);
                self.link_event(now, LinkEnd::Released, pair);
                effects
            }
            Event::Unskew(host, by_ns) => vec![self.skew(now, host, -by_ns)],
            Event::MachineUp(machine) => {
                let down = &mut self.machine(machine).down;
                *down = down.saturating_sub(1);
                let place = self.place_of(machine);
                self.note(now, Some(place), &HostChange::Up { life: None });
                Vec::new()
            }
        }
    }

    /// Applies a fault that strikes at an instant.
    fn strike_at_instant(&mut self, now: Duration, index: usize) -> Vec<Effect> {
        if self.plan.is_disarmed() {
            return Vec::new();
        }
        let act = self.plan.act(index);
        let strike = FaultChange::Struck(Strike::at_an_instant(&act));
        let event = self.note(now, None, &strike);
        self.plan.fired(index, event);
        let until = |lasts: Option<Duration>| lasts.map(|lasts| now.saturating_add(lasts));
        match act {
            Act::Partition { between, lasts } => {
                let pair = self.pair(&between);
                let effects = self.cut(pair);
                self.event_queue.schedule_if(until(lasts), Event::Repair(pair));
                effects
            }
            Act::Clog { between, lasts } => {
                let pair = self.pair(&between);
                let is_new = self.links.clog(pair);
                self.event_queue.schedule_if(until(lasts), Event::Release(pair));
                is_new.then_some(Effect::Network(Clog(pair))).into_iter().collect()
            }
            Act::Kill { host, restart } => {
                let host = self.host_of_plan(&host);
                if !self.is_up(host) {
                    return Vec::new();
                }
                vec![self.crash(now, host, restart, Cause::Fault(event))]
            }
            Act::Skew { host, by_ns, lasts } => {
                let host = self.host_of_plan(&host);
                let effect = self.skew(now, host, by_ns);
                self.event_queue.schedule_if(until(lasts), Event::Unskew(host, by_ns));
                vec![effect]
            }
            Act::DatabaseDown { machine, lasts } => {
                let named = machine.map(|name| self.host_of_plan(&name));
                let is_meant = |world: &Self, machine: &MachineId| {
                    named.is_none_or(|host| world.place_of(*machine) == host)
                };
                let meant: Vec<_> =
                    self.database_machines().filter(|machine| is_meant(self, machine)).collect();
                let mut effects = Vec::new();
                for machine in meant {
                    self.machine(machine).down += 1;
                    self.event_queue.schedule_if(until(lasts), Event::MachineUp(machine));
                    let at = Some(machine);
                    let close = |host| Effect::CloseConnections { host, at };
                    effects.extend((0..self.hosts.len()).map(close));
                }
                effects
            }
            Act::Crash { .. } | Act::Error(_) | Act::LostAck(_) | Act::Stall(_) | Act::Delay(_) => {
                unreachable!("a validated plan has these at boundaries only")
            }
        }
    }

    fn cut(&mut self, pair: Pair) -> Vec<Effect> {
        let (was_whole, waiting) = self.links.cut(pair);
        let mut effects: Vec<Effect> =
            was_whole.then_some(Effect::Network(Cut(pair))).into_iter().collect();
        effects.extend(wake(waiting));
        let [a, b] = pair.ends();
        for (host, machine) in [(a, b), (b, a)] {
            if let Some(machine) = self.database_machine_at(machine) {
                effects.push(Effect::CloseConnections { host, at: Some(machine) });
            }
        }
        effects
    }

    fn repair(&mut self, pair: Pair) -> Vec<Effect> {
        let is_whole = self.links.repair(pair);
        is_whole.then_some(Effect::Network(Repair(pair))).into_iter().collect()
    }

    fn release(&mut self, pair: Pair) -> Vec<Effect> {
        let (is_free, waiting) = self.links.release(pair);
        let network = is_free.then_some(Effect::Network(Release(pair)));
        network.into_iter().chain(wake(waiting)).collect()
    }

    fn resume(&mut self, now: Duration, host: usize) -> Vec<Effect> {
        let state = &mut self.hosts[host];
        state.stalls = state.stalls.saturating_sub(1);
        if state.state != State::Stalled || state.stalls > 0 {
            return Vec::new();
        }
        state.state = State::Up;
        let parked = std::mem::take(&mut state.parked);
        self.note(now, Some(host), &HostChange::Resumed);
        wake(parked).collect()
    }

    fn restart(&mut self, now: Duration, host: usize) -> Vec<Effect> {
        let state = &mut self.hosts[host];
        if !matches!(state.state, State::Down | State::Ended) {
            return Vec::new();
        }
        state.life += 1;
        state.state = State::Up;
        state.stalls = 0;
        state.parked.clear();
        state.turns = Turns::default();
        let life = state.life;
        self.hit_classes.restarted(host);
        self.note(now, Some(host), &HostChange::Up { life: Some(u64::from(life)) });
        vec![Effect::Network(Restart(host))]
    }

    /// Ends every fault.
    pub(crate) fn heal(&mut self, now: Duration) -> Vec<Effect> {
        self.plan.disarm();
        self.note(now, None, &Phase::Heal);
        let hosts = &self.hosts;
        let is_supervised =
            |event| matches!(event, Event::Restart(host) if hosts[host].state == State::Ended);
        self.event_queue.retain(is_supervised);
        self.machines.iter_mut().for_each(|machine| machine.down = 0);
        let mut effects = Vec::new();
        for host in 0..self.hosts.len() {
            let skew = self.hosts[host].skew_ns;
            if skew != 0 {
                effects.push(self.skew(now, host, -skew));
            }
        }
        effects.extend(wake(std::mem::take(&mut self.delays).into_values().collect()));
        for pair in self.links.in_force(true) {
            effects.extend(self.repair(pair));
        }
        for pair in self.links.in_force(false) {
            effects.extend(self.release(pair));
        }
        for host in 0..self.hosts.len() {
            let state = &mut self.hosts[host];
            state.stalls = state.stalls.min(1);
            let (state, stays_down) = (state.state, state.stays_down);
            match state {
                State::Stalled => effects.extend(self.resume(now, host)),
                State::Down if !stays_down => effects.extend(self.restart(now, host)),
                State::Up | State::Down | State::Ended => {}
            }
        }
        effects
    }
}
