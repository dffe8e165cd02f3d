//! Faults that strike or end.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Written,
    member::{AT, BETWEEN, DO},
};
use crate::{
    fault::Act,
    trace::{EventKind, TraceEvent},
};

/// A fault strikes or ends.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultChange<'a> {
    /// The fault strikes.
    Struck(Strike<'a>),
    /// A fault of a link ends. Faults of hosts and of the database end with a change of the host.
    Ended {
        /// The kind of end.
        end: LinkEnd,
        /// The two hosts.
        between: Vec<&'a str>,
    },
}

/// The end of a fault of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEnd {
    /// A partition ends.
    Repaired,
    /// A clog ends.
    Released,
}

/// A fault that strikes.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike<'a> {
    site: Option<&'a str>,
    act: ActForm<'a>,
}

#[derive(Clone, Debug, PartialEq)]
enum ActForm<'a> {
    Known(&'a Act),
    /// An act as it was read from a trace.
    Read {
        family: &'a str,
        data: &'a Value,
    },
}

impl LinkEnd {
    const REPAIRED: &'static str = "repaired";
    const RELEASED: &'static str = "released";

    fn of(name: &str) -> Option<Self> {
        match name {
            Self::REPAIRED => Some(Self::Repaired),
            Self::RELEASED => Some(Self::Released),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Repaired => Self::REPAIRED,
            Self::Released => Self::RELEASED,
        }
    }

    /// The family of the fault that ends.
    pub fn family(self) -> &'static str {
        match self {
            Self::Repaired => Strike::PARTITION,
            Self::Released => Strike::CLOG,
        }
    }
}

impl<'a> Strike<'a> {
    // The names of `Act::family` that checks and reports use.
    /// A link that is cut.
    pub const PARTITION: &'static str = "partition";
    /// A link that is held up.
    pub const CLOG: &'static str = "clog";
    /// A host that stalls.
    pub const STALL: &'static str = "stall";
    /// A step that is late.
    pub const DELAY: &'static str = "delay";
    /// A step that fails.
    pub const ERROR: &'static str = "error";
    /// A step whose answer is lost.
    pub const LOST_ACK: &'static str = "lost-ack";
    /// A database that refuses everything.
    pub const DATABASE_DOWN: &'static str = "database-down";
    const SKEW: &'static str = "skew";

    /// An act that strikes at an instant.
    pub fn at_an_instant(act: &'a Act) -> Self {
        Self { site: None, act: ActForm::Known(act) }
    }

    /// An act that strikes the host of the event, at this site.
    pub fn at_a_boundary(site: &'a str, act: &'a Act) -> Self {
        Self { site: Some(site), act: ActForm::Known(act) }
    }

    /// The name under which coverage counts the act; a name of a newer version is kept.
    pub fn family(&self) -> &str {
        match self.act {
            ActForm::Known(act) => act.family(),
            ActForm::Read { family, .. } => family,
        }
    }

    /// The site; `None` for a fault at an instant.
    pub fn site(&self) -> Option<&'a str> {
        self.site
    }

    /// The act; `None` if this version does not know it or one of its members.
    pub fn act(&self) -> Option<Act> {
        match self.act {
            ActForm::Known(act) => Some(act.clone()),
            ActForm::Read { data, .. } => Act::deserialize(data).ok(),
        }
    }

    /// The host that the act itself names; `None` if it names none.
    pub fn host(&self) -> Option<&'a str> {
        match self.act {
            ActForm::Known(act) => match act.hosts()[..] {
                [host] => Some(host),
                _ => None,
            },
            // A fault that strikes at a site concerns the host that passed it.
            ActForm::Read { .. } if self.site.is_some() => None,
            ActForm::Read { family, data } => data[family].as_str(),
        }
    }

    /// The hosts on which the fault is in force until it ends, sorted by name; empty for faults of a step, of a host's
    /// life or of the database. Unknown members are ignored.
    pub fn in_force_on(&self) -> Vec<&'a str> {
        let mut hosts = match (self.family(), &self.act) {
            (Self::PARTITION | Self::CLOG | Self::SKEW, ActForm::Known(act)) => act.hosts(),
            (family @ (Self::PARTITION | Self::CLOG | Self::SKEW), ActForm::Read { data, .. }) => {
                texts(&data[family])
            }
            _ => Vec::new(),
        };
        hosts.sort_unstable();
        hosts
    }
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

impl<'a> FaultChange<'a> {
    pub(super) fn of(event: &'a TraceEvent) -> Self {
        if let Some(end) = LinkEnd::of(&event.name) {
            return Self::Ended { end, between: texts(event.get(BETWEEN)) };
        }
        let done = event.get(DO);
        let data = if done.is_null() { &event.data } else { done };
        let act = ActForm::Read { family: &event.name, data };
        Self::Struck(Strike { site: event.get(AT).as_str(), act })
    }

    /// The known members of such an event; `None` if all are known.
    pub(super) fn members(event: &TraceEvent) -> Option<&'static [&'static str]> {
        match FaultChange::of(event) {
            FaultChange::Ended { .. } => Some(&[BETWEEN]),
            FaultChange::Struck(strike) if strike.act().is_some() => match strike.site {
                Some(_) => Some(&[AT, DO]),
                None => None,
            },
            FaultChange::Struck(_) => Some(&[AT]),
        }
    }
}

impl Written for FaultChange<'_> {
    fn kind(&self) -> EventKind {
        EventKind::Fault
    }

    fn name(&self) -> &str {
        match self {
            Self::Struck(strike) => strike.family(),
            Self::Ended { end, .. } => end.name(),
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Struck(Strike { site, act }) => {
                let act = match act {
                    ActForm::Known(act) => serde_json::to_value(act).expect("an act is plain data"),
                    ActForm::Read { data, .. } => (*data).clone(),
                };
                match site {
                    Some(site) => json!({ AT: site, DO: act }),
                    None => act,
                }
            }
            Self::Ended { between, .. } => json!({ BETWEEN: between }),
        }
    }
}
