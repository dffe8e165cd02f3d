//! The hosts of a scenario, their software, and the workload.

use std::{
    fmt::{self, Display},
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chaosdrill_core::{
    Arena, EventKind, Plan, Stream,
    fault::Act,
    run::{self, Latency, Machine, Service, StoreWatch, Watch},
    trace::vocabulary::{Ending, Invocation},
};
use serde::Serialize;
use serde_json::{Value, json};

/// An error of a host's software.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a host's software.
pub type Ended = Result<(), BoxError>;

type Software =
    Arc<dyn Fn(Arc<dyn Session>) -> Pin<Box<dyn Future<Output = Ended> + Send>> + Send + Sync>;

/// One machine, as the engine runs it.
#[cfg_attr(
    not(feature = "in-process"),
    expect(dead_code, reason = "only an engine reads all of it")
)]
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// The host's software, created for each start.
    pub(crate) software: Software,
    /// Whether the host is part of the workload: the run waits for its software to end.
    pub(crate) is_client: bool,
    /// The delay after which ended software is restarted; `None` if it is not.
    pub(crate) supervised: Option<Duration>,
}

impl Host {
    fn new<F>(name: &str, software: impl Fn(Arc<dyn Session>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        Self {
            name: name.to_owned(),
            software: Arc::new(move |session| Box::pin(software(session))),
            is_client: false,
            supervised: None,
        }
    }
}

/// The functions that an engine provides to the workload of its run.
pub(crate) trait Session: fmt::Debug + Send + Sync {
    /// A stream of randomness, derived from the seed by label.
    fn stream(&self, label: &str) -> Stream;
    /// Caps the workload's step count at the plan's limit.
    fn steps(&self, wanted: usize) -> usize;
    /// Records an invocation or its completion.
    fn record(&self, kind: EventKind, name: &str, data: Value);
}

/// The hosts of one run, created anew for each run.
///
/// Every run has two more machines, each with a link to every host: `db` with SQLite databases, and `store` with object
/// stores. [`Topology::machine`] adds others.
#[derive(Clone)]
pub struct Topology {
    pub(crate) hosts: Vec<Host>,
    pub(crate) watches: Vec<Watch>,
    pub(crate) store_watches: Vec<StoreWatch>,
    pub(crate) network: Latency,
    pub(crate) spare: Vec<Vec<String>>,
    pub(crate) machines: Vec<Machine>,
}

impl Default for Topology {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            watches: Vec::new(),
            store_watches: Vec::new(),
            network: Latency::NETWORK,
            spare: Vec::new(),
            machines: Machine::of_every_run(),
        }
    }
}

impl Topology {
    /// Adds a host. Its software is started at the beginning and at every restart, and is expected to run for ever.
    ///
    /// A crash drops everything that the software's future owns. State that must survive, such as that of the outside
    /// world, belongs in a database, or in something shared that the closure itself owns.
    #[must_use]
    pub fn host<F>(mut self, name: &str, software: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        self.hosts.push(Host::new(name, move |_| software()));
        self
    }

    /// Adds a host whose software may end by itself and is then restarted after a delay, as by a supervisor.
    #[must_use]
    pub fn supervised<F>(
        mut self,
        name: &str,
        after: Duration,
        software: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        let host = Host::new(name, move |_| software());
        self.hosts.push(Host { supervised: Some(after), ..host });
        self
    }

    /// Adds a host that is part of the workload: the run waits for it to end.
    #[must_use]
    pub fn client<F>(
        mut self,
        name: &str,
        software: impl Fn(Workload) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        let label = format!("workload {name}");
        let start = move |session| {
            software(Workload { label: label.clone(), next: Arc::default(), session })
        };
        self.hosts.push(Host { is_client: true, ..Host::new(name, start) });
        self
    }

    /// Adds rows that the harness reads after every committed write; the first column is the key of a row.
    #[must_use]
    pub fn watch(mut self, name: &str, database: &str, sql: &str) -> Self {
        self.watches.push(Watch {
            name: name.to_owned(),
            database: database.to_owned(),
            sql: sql.to_owned(),
        });
        self
    }

    /// Declares hosts of which one is enough: a swarm may leave the others dead for ever.
    #[must_use]
    pub fn one_is_enough<'a>(mut self, hosts: impl IntoIterator<Item = &'a str>) -> Self {
        self.spare.push(hosts.into_iter().map(str::to_owned).collect());
        self
    }

    /// Adds objects in object storage whose path begins with `prefix`; the harness reads them after every write.
    ///
    /// In the history, the key of such a row is the path. The row has `bytes`, `hash`, and the content: as `json` if it
    /// is JSON, otherwise as `text` if it is text. Larger objects have neither.
    #[must_use]
    pub fn watch_store(mut self, name: &str, store: &str, prefix: &str) -> Self {
        self.store_watches.push(StoreWatch {
            name: name.to_owned(),
            store: store.to_owned(),
            prefix: prefix.to_owned(),
        });
        self
    }

    /// Sets the latency between hosts, in whole milliseconds, both ends included.
    #[must_use]
    pub fn network_latency_ms(mut self, ms_min: u64, ms_max: u64) -> Self {
        self.network = Latency { ms_min, ms_max };
        self
    }

    /// Adds a machine that serves the hosts, with its own link, latency and faults. Hosts reach its databases and
    /// stores by [`Machine::url`], and watches name them `machine/name`.
    ///
    /// ```
    /// # use chaosdrill::{DatabaseKind, Machine, Topology};
    /// let ledger = Machine::database("ledger", DatabaseKind::Sqlite).latency_ms(1, 20);
    /// let url = ledger.url("accounts");
    /// assert_eq!(url, "sqlite://ledger/accounts.db");
    /// let topology = Topology::default()
    ///     .machine(ledger)
    ///     .watch("accounts", "ledger/accounts", "SELECT id, balance FROM accounts");
    /// ```
    #[must_use]
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machines.push(machine);
        self
    }

    /// Sets the latency between a host and the database, each way, in whole milliseconds, both ends included.
    #[must_use]
    pub fn database_latency_ms(self, ms_min: u64, ms_max: u64) -> Self {
        self.latency_of(run::DATABASE_HOST, Latency { ms_min, ms_max })
    }

    /// Sets the latency between a host and object storage, each way, in whole milliseconds, both ends included.
    #[must_use]
    pub fn store_latency_ms(self, ms_min: u64, ms_max: u64) -> Self {
        self.latency_of(run::STORE_HOST, Latency { ms_min, ms_max })
    }

    fn latency_of(mut self, name: &str, latency: Latency) -> Self {
        let machine = self.machines.iter_mut().find(|machine| machine.name == name);
        machine.expect("every run has it").latency = latency;
        self
    }

    /// The URL by which hosts reach an object store of this run.
    pub fn store_url(name: &str) -> String {
        run::store_url(name)
    }

    /// The URL by which hosts reach a database of this run.
    pub fn database_url(name: &str) -> String {
        run::database_url(name)
    }

    /// The machines that faults may strike: those of the pipeline and of the outside world, but not those of the
    /// workload.
    pub(crate) fn arena(&self, stalls: &[Duration], skew_max: Duration) -> Arena {
        let machines = self.hosts.iter().filter(|host| !host.is_client);
        Arena {
            hosts: machines.map(|host| host.name.clone()).collect(),
            databases: self.databases().map(|machine| machine.name.clone()).collect(),
            spare: self.spare.clone(),
            stalls: stalls.to_vec(),
            skew_max,
        }
    }

    /// Checks that the plan's faults name existing hosts.
    ///
    /// # Errors
    ///
    /// Returns the first fault that names an unknown host, or a machine without databases in a database fault.
    pub(crate) fn validate(&self, plan: &Plan) -> Result<(), String> {
        plan.validate_hosts(&self.host_names()).map_err(|why| why.to_string())?;
        for (index, fault) in plan.faults.iter().enumerate() {
            let Act::DatabaseDown { machine: Some(machine), .. } = &fault.act else { continue };
            let known: Vec<&str> = self.databases().map(|known| known.name.as_str()).collect();
            if !known.contains(&machine.as_str()) {
                let (number, known) = (index + 1, known.join(", "));
                return Err(format!(
                    "fault {number}: the machine `{machine}` has no databases (the machines with databases are {known})"
                ));
            }
        }
        Ok(())
    }

    fn databases(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(|machine| matches!(machine.service, Service::Database(_)))
    }

    /// A name that several hosts have, machines included.
    pub(crate) fn name_of_several_hosts(&self) -> Option<String> {
        let mut names = self.host_names();
        names.sort();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone())
    }

    /// The names of all hosts; the machines that serve them come last.
    pub(crate) fn host_names(&self) -> Vec<String> {
        let names = self.hosts.iter().map(|host| host.name.clone());
        names.chain(self.machines.iter().map(|machine| machine.name.clone())).collect()
    }
}

/// A client's access to the history and the seed.
#[derive(Clone, Debug)]
pub struct Workload {
    label: String,
    next: Arc<AtomicU64>,
    session: Arc<dyn Session>,
}

impl Workload {
    /// A stream of randomness of this client, derived by label.
    ///
    /// # Panics
    ///
    /// If called outside a run.
    pub fn stream(&self, label: &str) -> Stream {
        self.session.stream(&format!("{} {label}", self.label))
    }

    /// Caps a number of steps: a shrunk plan allows fewer.
    ///
    /// # Panics
    ///
    /// If called outside a run.
    pub fn steps(&self, wanted: usize) -> usize {
        self.session.steps(wanted)
    }

    /// Performs an operation and records it: invoke, then ok, or info if it ended with an error.
    ///
    /// *Info* means that the outcome is unknown: an error does not decide it, because the answer to a commit may be
    /// lost after the commit. If an error is a refusal, use [`Workload::op_or_refusal`]. If the host dies during the
    /// operation, its end is missing, and checks must read it as info. The terms are Jepsen's.
    ///
    /// # Errors
    ///
    /// The operation's own error.
    pub async fn op<T, E>(
        &self,
        name: &str,
        input: impl Serialize,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Serialize,
        E: Display,
    {
        self.op_or_refusal(name, input, operation, |_| false).await
    }

    /// Like [`Workload::op`], but some errors are refusals: the operation is known not to have happened, and is
    /// recorded as *fail*.
    ///
    /// # Errors
    ///
    /// The operation's own error.
    pub async fn op_or_refusal<T, E>(
        &self,
        name: &str,
        input: impl Serialize,
        operation: impl Future<Output = Result<T, E>>,
        is_refusal: impl Fn(&E) -> bool,
    ) -> Result<T, E>
    where
        T: Serialize,
        E: Display,
    {
        let end = |result: &Result<T, E>| match result {
            Ok(output) => (EventKind::Ok, value(output)),
            Err(error) if is_refusal(error) => (EventKind::Fail, json!(error.to_string())),
            Err(error) => (EventKind::Info, json!(error.to_string())),
        };
        self.op_with(name, input, operation, end).await
    }

    /// Like [`Workload::op`], but the caller says how it ended: ok, fail, or info if that is unknown.
    pub async fn op_with<T>(
        &self,
        name: &str,
        input: impl Serialize,
        operation: impl Future<Output = T>,
        end: impl FnOnce(&T) -> (EventKind, Value),
    ) -> T {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let op = format!("{}/{number}", self.label.trim_start_matches("workload "));
        let invoked = Invocation { op: &op, input: value(&input) };
        self.session.record(EventKind::Invoke, name, invoked.into_data());
        let output = operation.await;
        let (kind, said) = end(&output);
        self.session.record(kind, name, Ending { op: &op, output: said }.into_data());
        output
    }
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_else(|error| json!(format!("not representable: {error}")))
}

#[cfg(test)]
mod tests {
    use std::{future::ready, sync::Mutex, task::Poll};

    use chaosdrill_core::Seed;

    use super::*;

    /// Keeps the recorded events.
    #[derive(Debug, Default)]
    struct Recorder(Mutex<Vec<(EventKind, Value)>>);

    impl Session for Recorder {
        fn stream(&self, label: &str) -> Stream {
            Seed(1).stream(label)
        }

        fn steps(&self, wanted: usize) -> usize {
            wanted
        }

        fn record(&self, kind: EventKind, _: &str, data: Value) {
            self.0.lock().expect("nobody panics with it").push((kind, data["output"].clone()));
        }
    }

    /// The output of a future that is ready at once.
    fn at_once<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn only_a_machine_with_databases_has_them_down() {
        let topology = Topology::default().machine(Machine::store("archive"));
        let refusal = |machine: &str| {
            let mut plan = Plan::new("a/b", Seed(1));
            let at = crate::fault::at_time(Duration::ZERO);
            plan.faults = vec![at.database_down_on(machine, Duration::from_secs(1))];
            topology.validate(&plan).err()
        };
        assert_eq!(refusal("db"), None);
        let why =
            "fault 1: the machine `archive` has no databases (the machines with databases are db)";
        assert_eq!(refusal("archive").as_deref(), Some(why));
        assert!(refusal("ledger").expect("there is no such host").contains("no host `ledger`"));
    }

    #[test]
    fn an_error_is_no_refusal_unless_somebody_says_so() {
        let recorder = Arc::new(Recorder::default());
        let (label, session) = ("workload c".to_owned(), recorder.clone());
        let workload = Workload { label, next: Arc::default(), session };
        let lost = || ready(Err::<(), _>("reset"));
        assert_eq!(at_once(workload.op("add", 1, lost())), Err("reset"));
        assert_eq!(at_once(workload.op("add", 2, ready(Ok::<_, &str>(7)))), Ok(7));
        let is_refusal = |error: &&str| *error == "full";
        let _ = at_once(workload.op_or_refusal("add", 3, lost(), is_refusal));
        let full = ready(Err::<(), _>("full"));
        let _ = at_once(workload.op_or_refusal("add", 4, full, is_refusal));
        let said = recorder.0.lock().expect("nobody panics with it");
        let ends: Vec<_> =
            said.iter().filter(|(kind, _)| *kind != EventKind::Invoke).cloned().collect();
        assert_eq!(
            ends,
            [
                (EventKind::Info, json!("reset")),
                (EventKind::Ok, json!(7)),
                (EventKind::Info, json!("reset")),
                (EventKind::Fail, json!("full")),
            ]
        );
    }
}
