//! Failpoints: dispatches `fail`'s process-wide registry to the plan of this thread's simulation.
//!
//! `fail` runs a callback on the thread that hits the point. The callback looks up the faults in this simulation's plan
//! and stores them in the simulation; the `fail_point!` macro takes them from there at once. `fail`'s own percentages
//! are never used, because they draw from ambient randomness.

use std::{collections::BTreeSet, future::pending, sync::Mutex};

use chaosdrill_core::request::Decision;

use crate::{
    injected::Injected,
    sim::{
        boundary::{self, Announced},
        simulation,
    },
};

pub use crate::sim::strike::Strike;

impl Strike {
    /// Applies the faults.
    ///
    /// # Errors
    ///
    /// Returns [`Injected`] if a fault injects an error.
    pub async fn pass(self, name: &'static str) -> Result<(), Injected> {
        let Announced::Struck(here, acts) = self.0 else { return pending().await };
        let site = site(name);
        // Boxed, so that the rare path does not enlarge the future of every caller.
        let decision = Box::pin(boundary::apply(here, &site, acts)).await;
        match decision {
            Decision::Go => Ok(()),
            Decision::Fail(_) | Decision::LoseAck(_) => Err(Injected(name)),
            Decision::CrashAfter(_) => {
                boundary::after(here, &site, decision).await;
                Ok(())
            }
        }
    }
}

/// Takes the faults that struck at the failpoint that was just hit; usually `None`.
pub fn take() -> Option<Strike> {
    simulation::try_with(|simulation| simulation.strike.take()).flatten()
}

fn site(name: &str) -> String {
    format!("fp:{name}")
}

/// Registers the names with `fail`, each once in a process.
pub(crate) fn register(names: &[&'static str]) {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for &name in names {
        if known.insert(name) {
            fail::cfg_callback(name, move || hit(name))
                .expect("a callback is always a valid action");
        }
    }
}

fn hit(name: &'static str) {
    let announced = boundary::announce(&site(name));
    let strikes = match &announced {
        Announced::Nowhere => false,
        Announced::Dead => true,
        Announced::Struck(_, acts) => !acts.is_empty(),
    };
    if strikes {
        simulation::try_with(|simulation| simulation.strike.set(Some(Strike(announced))));
    }
}
