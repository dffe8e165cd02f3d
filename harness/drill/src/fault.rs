//! Faults of a script: the site, the host, the hit, and the act.
//!
//! ```
//! use std::time::Duration;
//! use chaosdrill::fault::{at, at_time};
//!
//! let late = at("fp:outbox.after_claim").on_any().hit(1).stall(Duration::from_secs(90));
//! assert_eq!(late.to_string(), "stall any host at fp:outbox.after_claim hit 1 for 90s");
//! let cut = at_time(Duration::from_secs(5)).partition("d1", "broker", Duration::from_secs(30));
//! assert_eq!(cut.to_string(), "partition d1 from broker at 5s for 30s");
//! ```

use std::time::Duration;

pub use chaosdrill_core::fault::{Act, ErrorKind, Fault, Restart, When};
use chaosdrill_core::{At, HostSelector};

/// A fault at a boundary site, such as `sql:outbox.claim`; on any host at the first hit, unless set otherwise.
pub fn at(site: impl Into<String>) -> Place {
    Place { host: HostSelector::Any, site: site.into(), hit: 1 }
}

/// A fault at an instant of virtual time.
pub fn at_time(time: Duration) -> Instant {
    Instant(time)
}

/// The place at which a fault strikes.
#[derive(Clone, Debug)]
pub struct Place {
    host: HostSelector,
    site: String,
    hit: u32,
}

impl Place {
    /// Strikes on the host that comes first, so that the script does not depend on a race.
    #[must_use]
    pub fn on_any(mut self) -> Self {
        self.host = HostSelector::Any;
        self
    }

    /// Strikes on this host.
    #[must_use]
    pub fn on(mut self, host: impl Into<String>) -> Self {
        self.host = HostSelector::Named(host.into());
        self
    }

    /// Strikes at the k-th matching hit, counted from 1.
    ///
    /// # Panics
    ///
    /// If `hit` is zero.
    #[must_use]
    pub fn hit(mut self, hit: u32) -> Self {
        assert!(hit > 0, "hits count from 1");
        self.hit = hit;
        self
    }

    fn act(self, act: Act) -> Fault {
        Fault {
            at: At::Boundary { host: self.host, site: self.site, hit: self.hit },
            act,
            required: true,
        }
    }

    /// Stops the host before the step.
    pub fn crash_before(self, restart: Restart) -> Fault {
        self.act(Act::Crash { when: When::Before, restart })
    }

    /// Stops the host after the step has had its effect.
    pub fn crash_after(self, restart: Restart) -> Fault {
        self.act(Act::Crash { when: When::After, restart })
    }

    /// The step does not happen, and returns an error.
    pub fn error(self, kind: ErrorKind) -> Fault {
        self.act(Act::Error(kind))
    }

    /// The step happens, but its answer is lost: the caller sees a connection reset.
    pub fn lost_ack(self) -> Fault {
        self.act(Act::LostAck(ErrorKind::Reset))
    }

    /// The step happens, but its caller gets this error, such as that of a condition which its own first attempt made
    /// false.
    pub fn lost_ack_as(self, kind: ErrorKind) -> Fault {
        self.act(Act::LostAck(kind))
    }

    /// Stalls the host before the step.
    pub fn stall(self, lasts: Duration) -> Fault {
        self.act(Act::Stall(lasts))
    }

    /// Delays only the step.
    pub fn delay(self, lasts: Duration) -> Fault {
        self.act(Act::Delay(lasts))
    }
}

/// The instant at which a fault strikes.
#[derive(Clone, Copy, Debug)]
pub struct Instant(Duration);

impl Instant {
    fn act(self, act: Act) -> Fault {
        Fault { at: At::Time(self.0), act, required: true }
    }

    /// No bytes pass between two hosts, and their open streams are reset.
    pub fn partition(self, a: impl Into<String>, b: impl Into<String>, lasts: Duration) -> Fault {
        self.act(Act::Partition { between: [a.into(), b.into()], lasts: Some(lasts) })
    }

    /// Bytes between two hosts are held back, and arrive late.
    pub fn clog(self, a: impl Into<String>, b: impl Into<String>, lasts: Duration) -> Fault {
        self.act(Act::Clog { between: [a.into(), b.into()], lasts: Some(lasts) })
    }

    /// Crashes a host.
    pub fn kill(self, host: impl Into<String>, restart: Restart) -> Fault {
        self.act(Act::Kill { host: host.into(), restart })
    }

    /// Sets a host's wall clock ahead for a while, or behind with `behind`.
    pub fn skew(
        self,
        host: impl Into<String>,
        by: Duration,
        behind: bool,
        lasts: Duration,
    ) -> Fault {
        let by_ns = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.act(Act::Skew {
            host: host.into(),
            by_ns: if behind { -by_ns } else { by_ns },
            lasts: Some(lasts),
        })
    }

    /// The database refuses all requests for a while.
    pub fn database_down(self, lasts: Duration) -> Fault {
        self.act(Act::DatabaseDown { machine: None, lasts: Some(lasts) })
    }

    /// The databases of this machine refuse all requests for a while.
    pub fn database_down_on(self, machine: &str, lasts: Duration) -> Fault {
        self.act(Act::DatabaseDown { machine: Some(machine.to_owned()), lasts: Some(lasts) })
    }
}

/// Options of a fault.
pub trait FaultExt {
    /// The run is not unknown if this fault never strikes.
    #[must_use]
    fn optional(self) -> Self;
}

impl FaultExt for Fault {
    fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}
