//! What the tests share: the pipeline on simulated machines, a client, and a look at what came of it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chaosdrill_core::{Plan, trace::TraceEvent};
use chaosdrill_rt::{
    http,
    sim::{self, Config, Control, Director, Finished, Host, Next, Watch, database_url},
    time,
};
use chaosdrill_target_outbox::{
    Action, BrokerConfig, Command, ConsumerConfig, DispatcherConfig, IngressConfig, failpoints,
    run_broker, run_consumer, run_dispatcher, run_ingress,
};
use serde_json::Value;

use crate::truth::ATTEMPTS_MAX;

/// How long a run waits for clients, and for faults that have not struck.
const CHAOS_MAX: Duration = Duration::from_secs(600);

/// Heals when the clients are done and the faults are over, and ends the run a while after.
struct Patience {
    healed: bool,
    linger: Duration,
}

impl Director for Patience {
    fn wake(&mut self, control: &mut Control<'_>) -> Next {
        if self.healed {
            return Next::Finish;
        }
        let is_over = control.clients_are_done()
            && control.faults_have_ended()
            && control.faults_waiting() == 0;
        if is_over || control.now() >= CHAOS_MAX {
            control.heal();
            self.healed = true;
            let at = control.now() + self.linger;
            return Next::Wake { not_before: at, at };
        }
        Next::Wake { not_before: control.now(), at: CHAOS_MAX }
    }
}

/// A host with its name.
pub(crate) type Machine = (&'static str, Host);

/// A run of the pipeline.
pub(crate) struct Lab {
    pub(crate) seed: u64,
    pub(crate) faults: String,
    pub(crate) defect: Option<&'static str>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) linger: Duration,
}

impl Lab {
    /// The whole pipeline: an ingress, dispatchers, broker and consumer.
    pub(crate) fn pipeline(seed: u64, dispatchers: &[&'static str]) -> Self {
        let mut machines = vec![ingress("ingress", |_| {}), broker(|_| {}), consumer()];
        machines.extend(dispatchers.iter().map(|name| dispatcher(name, |_| {})));
        let linger = Duration::from_secs(120);
        Self { seed, faults: String::new(), defect: None, machines, linger }
    }

    /// With this machine, in the place of one of the same name.
    pub(crate) fn with(mut self, machine: Machine) -> Self {
        match self.machines.iter_mut().find(|(name, _)| *name == machine.0) {
            Some(place) => *place = machine,
            None => self.machines.push(machine),
        }
        self
    }

    /// With this fault, in the words of a plan.
    pub(crate) fn fault(mut self, at: &str, act: &str) -> Self {
        self.faults.push_str(&format!("[[fault]]\nat = {{ {at} }}\ndo = {{ {act} }}\n"));
        self
    }

    /// With this planted bug switched on.
    #[cfg(feature = "defects")]
    pub(crate) fn defect(mut self, id: &'static str) -> Self {
        self.defect = Some(id);
        self
    }

    pub(crate) fn run(self) -> Finished {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let head = format!("version = 1\nscenario = \"test\"\nseed = \"{}\"\n", self.seed);
        let plan = Plan::from_toml(&format!("{head}{}", self.faults)).expect("a plan");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("chaosdrill-outbox-{}-{number}", std::process::id()));
        let watch = |name: &str, database: &str, sql: &str| Watch {
            name: name.into(),
            database: database.into(),
            sql: sql.into(),
        };
        let hosts = self.machines.into_iter().map(|(_, host)| host).collect();
        let config = Config {
            defect: self.defect.map(str::to_owned),
            failpoints: failpoints::ALL.to_vec(),
            watches: vec![
                watch("outbox", "outbox", "SELECT * FROM outbox_messages ORDER BY message_id"),
                watch(
                    "events",
                    "outbox",
                    "SELECT aggregate_id || '/' || sequence AS place, * FROM aggregate_events",
                ),
                watch("inbox", "outbox", "SELECT message_id, outcome, error FROM consumer_inbox"),
                watch("totals", "outbox", "SELECT * FROM consumer_totals"),
                watch("accounts", "outbox", "SELECT * FROM accounts"),
            ],
            ..Config::new(plan, hosts, folder.clone())
        };
        let director = Patience { healed: false, linger: self.linger };
        let finished = sim::run(config, director).expect("it holds");
        std::fs::remove_dir_all(folder).expect("the folder is ours");
        finished
    }
}

pub(crate) fn ingress(name: &'static str, change: impl Fn(&mut IngressConfig)) -> Machine {
    let mut config = IngressConfig::new(database_url("outbox"));
    change(&mut config);
    (name, Host::new(name, move || run_ingress(config.clone())))
}

pub(crate) fn dispatcher(name: &'static str, change: impl Fn(&mut DispatcherConfig)) -> Machine {
    let mut config = DispatcherConfig::new(name, database_url("outbox"), "broker:80");
    config.attempts_max = ATTEMPTS_MAX as u32;
    change(&mut config);
    (name, Host::new(name, move || run_dispatcher(config.clone())))
}

pub(crate) fn broker(change: impl Fn(&mut BrokerConfig)) -> Machine {
    let mut config = BrokerConfig::new(database_url("broker"));
    config.consumer = Some("consumer:80".into());
    change(&mut config);
    ("broker", Host::new("broker", move || run_broker(config.clone())))
}

pub(crate) fn consumer() -> Machine {
    let config = ConsumerConfig::new("totals", database_url("outbox"));
    ("consumer", Host::new("consumer", move || run_consumer(config.clone())))
}

/// A machine that sends commands one after the other, each until the answer is final.
pub(crate) fn client(name: &'static str, ingress: &'static str, commands: Vec<Command>) -> Machine {
    let send = move || {
        let commands = commands.clone();
        async move {
            for command in commands {
                let body = serde_json::to_vec(&command)?;
                loop {
                    let posted = http::post("client", ingress, "/commands", body.clone());
                    let answered = time::timeout(Duration::from_secs(10), posted).await;
                    let answer = answered.ok().and_then(Result::ok);
                    let status = answer.as_ref().map(|answer| answer.status);
                    let body: Value = answer
                        .and_then(|answer| serde_json::from_slice(&answer.body).ok())
                        .unwrap_or_default();
                    chaosdrill_rt::observe!(
                        "client.answered",
                        command = command.id,
                        status = status,
                        kind = body["kind"]
                    );
                    if matches!(status, Some(200 | 422)) {
                        break;
                    }
                    time::sleep(Duration::from_secs(1)).await;
                }
            }
            Ok(())
        }
    };
    (name, Host::new(name, send).client())
}

pub(crate) fn command(id: impl Into<String>, account: &str, action: Action) -> Command {
    Command { id: id.into(), account: account.into(), action }
}

/// Opens `accounts` accounts, and deposits in turn, `commands` commands in all.
pub(crate) fn deposits(commands: usize, accounts: usize) -> Vec<Command> {
    (0..commands)
        .map(|number| {
            let account = format!("a{}", number % accounts);
            let action = if number < accounts {
                Action::Open { owner: format!("owner of {account}") }
            } else {
                Action::Deposit { amount: 10 }
            };
            command(format!("c{number:02}"), &account, action)
        })
        .collect()
}

/// What hosts said under one name.
pub(crate) fn observed<'a>(finished: &'a Finished, name: &str) -> Vec<&'a TraceEvent> {
    use chaosdrill_core::trace::EventKind;
    let events = finished.trace.events().iter();
    events.filter(|event| event.kind == EventKind::Observe && event.name == name).collect()
}

/// The rows of a watch at the end, by key.
pub(crate) fn rows(finished: &Finished, watch: &str) -> Vec<Value> {
    let history = chaosdrill_core::History::of(finished.trace.events());
    history.last_rows(watch).into_iter().cloned().collect()
}

/// How many rows of a watch have this value in this column.
pub(crate) fn count(finished: &Finished, watch: &str, column: &str, value: &str) -> usize {
    rows(finished, watch).iter().filter(|row| row[column] == value).count()
}

/// The whole trace as text, for a look.
pub(crate) fn told(finished: &Finished) -> String {
    finished.trace.events().iter().map(|event| format!("{event}\n")).collect()
}
