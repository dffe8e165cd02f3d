//! Failpoints: `fail`'s process-wide registry, dispatched to the plan of this thread's simulation.
//!
//! `fail` runs a callback on the thread that hits the point. The callback asks this simulation's plan and leaves what
//! strikes with the simulation, from where the `fail_point!` macro takes it at once. `fail`'s own percentages are
//! never used: they draw from ambient randomness.

use std::{collections::BTreeSet, future::pending, sync::Mutex};

use crate::{
    injected::Injected,
    sim::{
        boundary::{self, Announced, Decision},
        simulation,
    },
};

pub use crate::sim::strike::Strike;

impl Strike {
    /// Lets it strike.
    ///
    /// # Errors
    ///
    /// [`Injected`] where a fault orders an error.
    pub async fn pass(self, name: &'static str) -> Result<(), Injected> {
        let Announced::Struck(here, acts) = self.0 else { return pending().await };
        let site = site(name);
        // Boxed, so that the rare path does not grow the future of every caller.
        let decision = Box::pin(boundary::apply(here, &site, acts)).await;
        match decision {
            Decision::Go => Ok(()),
            Decision::Fail(_) | Decision::LoseAck(_) => Err(Injected(name)),
            Decision::CrashAfter(_) => {
                boundary::after(decision, &site).await;
                Ok(())
            }
        }
    }
}

/// Takes what struck at the failpoint that was just hit; mostly nothing.
pub fn take() -> Option<Strike> {
    simulation::try_with(|simulation| simulation.strike.take()).flatten()
}

fn site(name: &str) -> String {
    format!("fp:{name}")
}

/// Makes the names known to `fail`, once for each in a process.
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
