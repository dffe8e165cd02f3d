//! The adapter to `chaosdrill-rt`, which simulates hosts in the worker process.
//!
//! No other module of this crate names that crate or sqlx: chaosdrill can be built without either.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chaosdrill_core::{
    EventKind, Stream, TraceEvent,
    run::{Finished, Next},
    trace::vocabulary::Phase,
};
/// The facade for scenarios and clients; targets depend on it directly.
pub use chaosdrill_rt as rt;
pub(crate) use chaosdrill_rt::sim::{OTHER_SIMULATOR, SIMULATOR, can_run};
use chaosdrill_rt::{
    defect,
    sim::{self, StoredObject},
    sql::{Pool, PoolOptions},
};
use serde_json::Value;
use sqlx_simulated as sqlx;

use super::Simulation;
use crate::{
    director::{Control, ScenarioDirector},
    topology::{Ended, Host, Session, Topology},
};

/// The databases and objects of a run, which can be kept as files.
pub(crate) struct Leftovers {
    folder: PathBuf,
    objects: Vec<StoredObject>,
}

impl Leftovers {
    /// Copies everything to a folder.
    pub(crate) fn keep(&self, to: &Path) -> io::Result<()> {
        sim::keep_databases(&self.folder, to)?;
        sim::keep_objects(&self.objects, to)
    }
}

/// Runs one simulation to its end.
///
/// # Errors
///
/// The panic message if the harness itself broke, or the problem with the folder for the databases.
pub(crate) fn run(simulation: Simulation) -> Result<(Finished, Leftovers), String> {
    let folder = simulation.folder.clone();
    let (config, director) = begin(simulation);
    let finished = sim::run(config, director)?;
    let leftovers = Leftovers { folder, objects: finished.objects };
    Ok((finished.run, leftovers))
}

/// Runs a simulation under the simulator's own check of determinism, if it has one; the runs leave no files.
///
/// # Errors
///
/// The difference between the runs, or the failure of the harness itself.
pub(crate) fn check_determinism(
    mut make: impl FnMut() -> Simulation + Send + 'static,
) -> Result<(), String> {
    sim::check_determinism(move || begin(make()))
}

fn begin(simulation: Simulation) -> (sim::Config, Directed) {
    let Simulation { topology, plan, swarm, defect, failpoints, director, folder, profile } =
        simulation;
    let Topology { hosts, watches, store_watches, network, machines, spare: _ } = topology;
    let hosts = hosts.into_iter().map(host).collect();
    let config = sim::Config {
        swarm,
        defect,
        failpoints,
        watches,
        store_watches,
        network,
        machines,
        profile,
        ..sim::Config::new(plan, hosts, folder)
    };
    (config, Directed(director))
}

fn host(host: Host) -> sim::Host {
    let Host { name, software, is_client, supervised } = host;
    let session: Arc<dyn Session> = Arc::new(InProcess);
    let mut host = sim::Host::new(name, move || software(session.clone()));
    if is_client {
        host = host.client();
    }
    match supervised {
        Some(after) => host.supervised(after),
        None => host,
    }
}

/// The functions of a workload, on the thread of its simulation.
#[derive(Debug)]
struct InProcess;

impl Session for InProcess {
    fn stream(&self, label: &str) -> Stream {
        sim::stream(label)
    }

    fn steps(&self, wanted: usize) -> usize {
        sim::workload_steps(wanted)
    }

    fn record(&self, kind: EventKind, name: &str, data: Value) {
        sim::record(kind, name, || data);
    }
}

/// The director of a scenario, as the simulation calls it.
struct Directed(ScenarioDirector);

impl sim::Director for Directed {
    fn wake(&mut self, control: &mut sim::Control<'_>) -> Next {
        self.0.wake(control)
    }
}

impl Control for sim::Control<'_> {
    fn now(&self) -> std::time::Duration {
        self.now()
    }

    fn is_quiescent(&self) -> bool {
        self.is_quiescent()
    }

    fn clients_are_done(&self) -> bool {
        self.clients_are_done()
    }

    fn faults_have_ended(&self) -> bool {
        self.faults_have_ended()
    }

    fn required_faults_waiting(&self) -> usize {
        self.required_faults_waiting()
    }

    fn faults_waiting(&self) -> usize {
        self.faults_waiting()
    }

    fn read<R>(&self, read: impl FnOnce(&[TraceEvent]) -> R) -> R {
        self.read(read)
    }

    fn heal(&mut self) {
        self.heal();
    }

    fn phase(&mut self, phase: Phase<'_>) {
        self.phase(phase);
    }
}

/// The software of the canary: writes `notes` notes to a database, and skips one if the defect is enabled.
pub(crate) async fn write_notes(database: String, notes: i64, defect: &'static str) -> Ended {
    let pool = Pool::connect_with(&database, PoolOptions::default()).await?;
    let mut connection = pool.acquire().await?;
    sqlx::query("CREATE TABLE notes (id INTEGER PRIMARY KEY)").execute(&mut connection).await?;
    for id in 0..notes {
        if id == 1 && defect::is_on(defect) {
            continue;
        }
        let note = sqlx::query("INSERT INTO notes (id) VALUES ($1)").bind(id);
        note.execute(&mut connection).await?;
    }
    Ok(())
}
