//! Shared code of the tests of this crate: a small laboratory around one simulation.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chaosdrill_core::Plan;
use chaosdrill_rt::sim::{self, Config, Control, Director, Finished, Host, Next, Untraced};

/// Heals as soon as the clients are done and the faults are over, and ends the run a while later.
#[derive(Clone)]
pub(crate) struct Patience {
    healed: bool,
    linger: Duration,
    /// The minimum time between two looks at the trace.
    look_again: Duration,
    /// The instant at which it heals, even if faults are active.
    heal_at: Duration,
}

impl Director for Patience {
    fn wake(&mut self, control: &mut Control<'_>) -> Next {
        if self.healed {
            return Next::Finish;
        }
        let done = control.clients_are_done() && control.faults_have_ended();
        if done || control.is_quiescent() || control.now() >= self.heal_at {
            control.heal();
            self.healed = true;
            let at = control.now() + self.linger;
            return Next::Wake { not_before: at, at };
        }
        let now = control.now();
        let at = self.heal_at.min(now + Duration::from_secs(24 * 3600));
        Next::Wake { not_before: now + self.look_again, at }
    }
}

/// A run of these hosts with the faults of this TOML.
pub(crate) struct Lab {
    pub(crate) config: Config,
    pub(crate) linger: Duration,
    pub(crate) look_again: Duration,
    pub(crate) heal_at: Duration,
}

pub(crate) fn lab(seed: u64, faults: &str, hosts: Vec<Host>) -> Lab {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let head = format!("version = 2\nscenario = \"test\"\nseed = \"{seed}\"\n");
    let plan = Plan::from_toml(&format!("{head}{faults}")).expect("a plan");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder =
        std::env::temp_dir().join(format!("chaosdrill-rt-{}-{number}", std::process::id()));
    let mut config = Config::new(plan, hosts, folder);
    config.failpoints = vec!["lab.here"];
    Lab {
        config,
        linger: Duration::from_secs(1),
        look_again: Duration::ZERO,
        heal_at: Duration::MAX,
    }
}

impl Lab {
    pub(crate) fn director(&self) -> Patience {
        let Self { linger, look_again, heal_at, .. } = *self;
        Patience { healed: false, linger, look_again, heal_at }
    }

    pub(crate) fn run(self) -> Finished {
        let director = self.director();
        let folder = self.config.folder.clone();
        let finished = sim::run(self.config, director).expect("the harness holds");
        std::fs::remove_dir_all(folder).expect("the folder is ours");
        finished
    }

    pub(crate) fn run_untraced(self) -> Untraced {
        let director = self.director();
        let folder = self.config.folder.clone();
        let untraced = sim::run_untraced(self.config, director).expect("the harness holds");
        std::fs::remove_dir_all(folder).expect("the folder is ours");
        untraced
    }
}

impl Lab {
    /// Runs the simulator's own check of determinism.
    #[cfg(madsim)]
    pub(crate) fn check_determinism(self) -> Result<(), String> {
        sim::check_determinism(move || (self.config.clone(), self.director()))
    }
}

/// The observations of all hosts, as `name data`.
pub(crate) fn observed(finished: &Finished) -> Vec<String> {
    use chaosdrill_core::trace::EventKind;
    let events = finished.trace.events().iter();
    events
        .filter(|event| event.kind == EventKind::Observe)
        .map(|event| format!("{} {} {}", event.host, event.name, event.data))
        .collect()
}

/// The whole trace as text, for debugging.
pub(crate) fn told(finished: &Finished) -> String {
    finished.trace.events().iter().map(|event| format!("{event}\n")).collect()
}
