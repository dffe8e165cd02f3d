//! Machines that serve the hosts and run no software of their own, such as databases: their index among the hosts, the
//! latency of requests to them, and whether they are down.

use std::time::Duration;

use chaosdrill_core::{
    Seed, Stream,
    run::{DatabaseKind, Machine, Service},
};

use crate::sim::{config::Latency, host::MachineId, world::World};

/// The state of one machine.
pub(crate) struct MachineState {
    service: Service,
    /// The index among the hosts.
    host: usize,
    latency: Latency,
    /// Draws the latency of each request.
    dice: Stream,
    /// The number of active faults that keep it down.
    pub(crate) down: u32,
}

/// The states of these machines, whose indices among the hosts begin at `first`.
pub(crate) fn states(machines: &[Machine], first: usize, seed: Seed) -> Vec<MachineState> {
    let is_first = |index: usize| {
        let same =
            |other: &Machine| is_database(other.service) == is_database(machines[index].service);
        !machines[..index].iter().any(same)
    };
    let state = |(index, machine): (usize, &Machine)| {
        let word = if is_database(machine.service) { "database" } else { "store" };
        let label = match is_first(index) {
            true => format!("{word} latency"),
            false => format!("{word} latency of {}", machine.name),
        };
        let (service, latency) = (machine.service, machine.latency);
        MachineState { service, host: first + index, latency, dice: seed.stream(&label), down: 0 }
    };
    machines.iter().enumerate().map(state).collect()
}

fn is_database(service: Service) -> bool {
    matches!(service, Service::Database(_))
}

impl World {
    /// A machine's index among the hosts.
    pub(crate) fn place_of(&self, machine: MachineId) -> usize {
        self.machines[machine.0].host
    }

    pub(crate) fn machine(&mut self, machine: MachineId) -> &mut MachineState {
        &mut self.machines[machine.0]
    }

    /// The machines with databases.
    pub(crate) fn database_machines(&self) -> impl Iterator<Item = MachineId> + use<> {
        let is_one = |(index, machine): (usize, &MachineState)| {
            is_database(machine.service).then_some(MachineId(index))
        };
        self.machines.iter().enumerate().filter_map(is_one).collect::<Vec<_>>().into_iter()
    }

    /// The machine with databases at this index among the hosts; `None` if that host is no such machine.
    pub(crate) fn database_machine_at(&self, host: usize) -> Option<MachineId> {
        self.database_machines().find(|machine| self.place_of(*machine) == host)
    }

    /// Draws the latency of a request or its answer.
    pub(crate) fn draw_latency(&mut self, machine: MachineId) -> Duration {
        let MachineState { latency: Latency { ms_min, ms_max }, dice, .. } = self.machine(machine);
        Duration::from_millis(dice.between(*ms_min, *ms_max))
    }

    /// The machine that serves a database, the kind of the database, and its name in the run.
    ///
    /// # Errors
    ///
    /// Says why there is no such database.
    pub(crate) fn locate_database(
        &self,
        url: &str,
    ) -> Result<(MachineId, DatabaseKind, String), String> {
        let (machine, key) = self.locate(url, is_database)?;
        let Service::Database(kind) = self.machines[machine.0].service else {
            unreachable!("only machines with databases were looked at")
        };
        let scheme = url.split(':').next().unwrap_or_default();
        if scheme == kind.scheme() {
            return Ok((machine, kind, key));
        }
        let name = &self.hosts[self.place_of(machine)].name;
        Err(format!(
            "`{scheme}:` is not what the machine `{name}` has; its URLs begin with `{}:`",
            kind.scheme()
        ))
    }

    /// The machine that serves a store, and the store's name in the run.
    ///
    /// # Errors
    ///
    /// Says why there is no such store.
    pub(crate) fn locate_store(&self, url: &str) -> Result<(MachineId, String), String> {
        self.locate(url, |service| service == Service::Store)
    }

    /// The machine that the URL names, or else the first machine of the kind.
    fn locate(
        &self,
        url: &str,
        serves: impl Fn(Service) -> bool,
    ) -> Result<(MachineId, String), String> {
        let (named, name) = chaosdrill_core::run::parts_of_url(url);
        let mut of_kind = self.machines.iter().enumerate().filter(|(_, it)| serves(it.service));
        let named =
            of_kind.clone().find(|(_, it)| named == Some(self.hosts[it.host].name.as_str()));
        let first = of_kind.next().map(|(index, _)| index);
        match named.map(|(index, _)| index).or(first) {
            Some(index) if Some(index) == first => Ok((MachineId(index), name)),
            Some(index) => {
                let machine = &self.hosts[self.machines[index].host].name;
                Ok((MachineId(index), format!("{machine}/{name}")))
            }
            None => Err(format!("the run has no machine that could serve `{url}`")),
        }
    }
}
