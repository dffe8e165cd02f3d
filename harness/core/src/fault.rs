//! One fault: where or when it strikes, and what it does.
//!
//! A fault at a **boundary** strikes when a host passes a site for the k-th time; a fault at a **time** strikes at an
//! instant of virtual time. Each fault has an inverse or an end: a crashed host restarts, a stall ends, a partition is
//! repaired.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod error_kind;
mod written;

pub use error_kind::ErrorKind;
use error_kind::{no_lost_answer, validate_answer};
use written::{ActFields, AtFields, format_skew};

use crate::{duration, nearest};

/// The kinds of boundary, as the part of a site before its colon.
pub const SITE_KINDS: [&str; 4] = ["sql", "net", "store", "fp"];

/// One planned fault: an act with an inverse or an end, and where or when it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Where or when it strikes.
    pub at: At,
    /// What it does.
    #[serde(rename = "do")]
    pub act: Act,
    /// Whether the run is unknown if this fault never fires: true for scripts, false for drawn faults.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub required: bool,
}

fn yes() -> bool {
    true
}

/// Where or when a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "AtFields", into = "AtFields")]
#[schemars(with = "AtFields")]
pub enum At {
    /// When a host passes a boundary.
    Boundary {
        /// The host.
        host: HostSelector,
        /// The stable name of the boundary, such as `sql:outbox.claim`.
        site: String,
        /// Which pass, among those that match host and site, counted from 1.
        hit: u32,
    },
    /// At an instant of virtual time.
    Time(Duration),
    /// At the n-th boundary, counted from 1. The count begins when the preceding countdown in the plan strikes, or at
    /// the start of the run, and includes the boundaries of every host that faults may strike. If the act does not fit
    /// that boundary, it strikes at the next one that it fits. So chance is drawn ahead of a run, not at a boundary.
    Countdown(u32),
}

/// A host by name, or any host: a script with `any` does not depend on which host wins a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostSelector {
    /// The first host that passes.
    Any,
    /// The host of this name.
    Named(String),
}

impl HostSelector {
    /// Whether the selector matches this host.
    pub fn selects(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named(name) => name == host,
        }
    }
}

impl fmt::Display for HostSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any host"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// The side of the boundary's effect on which a crash strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The effect has not happened, and will not.
    Before,
    /// The effect has happened, but its answer is lost.
    After,
}

/// When a crashed host restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// After this much virtual time.
    After(Duration),
    /// When the faults heal.
    AtHeal,
    /// Never: the other hosts must cope.
    Never,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "ActFields", into = "ActFields")]
#[schemars(with = "ActFields")]
pub enum Act {
    /// The host stops at once; its memory is lost and its connections roll back.
    Crash {
        /// The side of the effect.
        when: When,
        /// When the host restarts.
        restart: Restart,
    },
    /// The step does not happen, and its caller gets this error.
    Error(ErrorKind),
    /// The step happens, and its caller gets this error instead of the answer: a lost ack.
    LostAck(ErrorKind),
    /// The whole host pauses before the step, then continues, as if its processor were stopped.
    Stall(Duration),
    /// This step alone is late; the rest of the host continues.
    Delay(Duration),
    /// No bytes pass between two hosts, and their open streams are reset.
    Partition {
        /// The two hosts.
        between: [String; 2],
        /// The duration; `None` lasts until heal.
        lasts: Option<Duration>,
    },
    /// Bytes between two hosts are held back, and arrive late.
    Clog {
        /// The two hosts.
        between: [String; 2],
        /// The duration; `None` lasts until heal.
        lasts: Option<Duration>,
    },
    /// A host crashes at a time instead of at a boundary.
    Kill {
        /// The host.
        host: String,
        /// When the host restarts.
        restart: Restart,
    },
    /// A host's wall clock is off; its timers are not.
    Skew {
        /// The host.
        host: String,
        /// The offset in nanoseconds; negative if the clock is behind.
        by_ns: i64,
        /// The duration; `None` lasts until heal.
        lasts: Option<Duration>,
    },
    /// Databases refuse every statement and reset every connection.
    DatabaseDown {
        /// The machine; `None` is every machine with databases.
        machine: Option<String>,
        /// The duration; `None` lasts until heal.
        lasts: Option<Duration>,
    },
}

impl Act {
    /// The name under which coverage counts this act.
    pub fn family(&self) -> &'static str {
        match self {
            Self::Crash { when: When::Before, .. } => "crash-before",
            Self::Crash { when: When::After, .. } => "crash-after",
            Self::Error(_) => "error",
            Self::LostAck(_) => "lost-ack",
            Self::Stall(_) => "stall",
            Self::Delay(_) => "delay",
            Self::Partition { .. } => "partition",
            Self::Clog { .. } => "clog",
            Self::Kill { .. } => "kill",
            Self::Skew { .. } => "skew",
            Self::DatabaseDown { .. } => "database-down",
        }
    }

    /// The hosts that the act itself names.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Partition { between, .. } | Self::Clog { between, .. } => {
                between.iter().map(String::as_str).collect()
            }
            Self::Kill { host, .. } | Self::Skew { host, .. } => vec![host],
            Self::Crash { .. }
            | Self::Error(_)
            | Self::LostAck(_)
            | Self::Stall(_)
            | Self::Delay(_) => vec![],
            Self::DatabaseDown { machine, .. } => machine.iter().map(String::as_str).collect(),
        }
    }

    /// Whether the act can strike the boundary at this site.
    pub fn fits(&self, site: &str) -> bool {
        match self {
            Self::Error(kind) => kind.fits(site),
            Self::LostAck(kind) => kind.fits(site) && kind.can_hide_success(),
            _ => self.strikes_at_a_boundary(),
        }
    }

    /// Whether the act needs a boundary; if not, it needs an instant of time.
    pub fn strikes_at_a_boundary(&self) -> bool {
        matches!(
            self,
            Self::Crash { .. }
                | Self::Error(_)
                | Self::LostAck(_)
                | Self::Stall(_)
                | Self::Delay(_)
        )
    }
}

/// Checks that the host is known.
///
/// # Errors
///
/// If it is not: its name, and the nearest known names.
pub(crate) fn known_host(name: &str, known: &[String]) -> Result<(), String> {
    if known.iter().any(|host| host == name) {
        return Ok(());
    }
    let hint = nearest::hint(name, known.iter().map(String::as_str));
    Err(format!("there is no host `{name}`{hint} (the hosts are {})", known.join(", ")))
}

/// Checks the form of a site's name.
///
/// # Errors
///
/// If the form is wrong: the accepted form, and the kinds of boundary.
pub(crate) fn validate_site(site: &str) -> Result<(), String> {
    let kind = site_kind(site);
    if SITE_KINDS.contains(&kind) && site.len() > kind.len() + 1 {
        return Ok(());
    }
    Err(format!(
        "`{site}` is not a site; write a kind ({}), a colon and a name",
        SITE_KINDS.join(", ")
    ))
}

/// The part of a site before its colon.
pub fn site_kind(site: &str) -> &str {
    site.split_once(':').map_or("", |(kind, _)| kind)
}

impl Fault {
    /// Checks this fault by itself.
    ///
    /// # Errors
    ///
    /// A sentence that says what does not fit and what would.
    pub fn validate(&self) -> Result<(), String> {
        match (&self.at, self.act.strikes_at_a_boundary()) {
            (At::Time(_), true) => {
                return Err(format!(
                    "`{}` strikes at a boundary; give `at` a `site`",
                    self.act.family()
                ));
            }
            (At::Boundary { .. } | At::Countdown(_), false) => {
                return Err(format!(
                    "`{}` strikes at a time; give `at` a `time`",
                    self.act.family()
                ));
            }
            _ => {}
        }
        if let (At::Boundary { site, .. }, Act::Error(kind) | Act::LostAck(kind)) =
            (&self.at, &self.act)
        {
            validate_answer(site, *kind, matches!(self.act, Act::LostAck(_)))?;
        }
        if let (At::Countdown(_), Act::LostAck(kind)) = (&self.at, &self.act)
            && !kind.can_hide_success()
        {
            return Err(no_lost_answer(*kind));
        }
        if let Act::Partition { between: [a, b], .. } | Act::Clog { between: [a, b], .. } =
            &self.act
            && a == b
        {
            return Err(format!("a link needs two different hosts, and both are `{a}`"));
        }
        Ok(())
    }

    /// Checks that every host the fault names is known.
    ///
    /// # Errors
    ///
    /// The unknown host, and the nearest known names.
    pub fn validate_hosts(&self, known: &[String]) -> Result<(), String> {
        let at = match &self.at {
            At::Boundary { host: HostSelector::Named(name), .. } => Some(name.as_str()),
            _ => None,
        };
        at.into_iter().chain(self.act.hosts()).try_for_each(|name| known_host(name, known))
    }
}

impl fmt::Display for Fault {
    /// The fault in words, as in `stall d1 at fp:outbox.after_claim hit 1 for 90s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, place) = match &self.at {
            At::Boundary { host, site, hit } => (host.to_string(), format!("at {site} hit {hit}")),
            At::Time(time) => (String::new(), format!("at {}", duration::format(*time))),
            At::Countdown(passes) => {
                (HostSelector::Any.to_string(), format!("at countdown {passes}"))
            }
        };
        let lasting = |lasts: &Option<Duration>| match lasts {
            Some(lasts) => format!("for {}", duration::format(*lasts)),
            None => "until heal".to_owned(),
        };
        let back = |restart: &Restart| match restart {
            Restart::After(after) => format!("back after {}", duration::format(*after)),
            Restart::AtHeal => "back at heal".to_owned(),
            Restart::Never => "never back".to_owned(),
        };
        match &self.act {
            Act::Crash { when, restart } => {
                let side = match when {
                    When::Before => "before",
                    When::After => "after",
                };
                write!(f, "crash {host} {side} the step {place}, {}", back(restart))
            }
            Act::Error(kind) => write!(f, "fail {host} with {kind} {place}"),
            Act::LostAck(kind) => write!(f, "lose the answer to {host} ({kind}) {place}"),
            Act::Stall(lasts) => write!(f, "stall {host} {place} for {}", duration::format(*lasts)),
            Act::Delay(lasts) => write!(f, "delay {host} {place} by {}", duration::format(*lasts)),
            Act::Partition { between: [a, b], lasts } => {
                write!(f, "partition {a} from {b} {place} {}", lasting(lasts))
            }
            Act::Clog { between: [a, b], lasts } => {
                write!(f, "clog {a} and {b} {place} {}", lasting(lasts))
            }
            Act::Kill { host, restart } => write!(f, "kill {host} {place}, {}", back(restart)),
            Act::Skew { host, by_ns, lasts } => {
                write!(
                    f,
                    "skew the clock of {host} by {} {place} {}",
                    format_skew(*by_ns),
                    lasting(lasts)
                )
            }
            Act::DatabaseDown { machine, lasts } => {
                let machine = machine.as_ref().map_or(String::new(), |name| format!(" on {name}"));
                write!(f, "database down{machine} {place} {}", lasting(lasts))
            }
        }
    }
}
