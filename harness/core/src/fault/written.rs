//! The written form of faults: flat tables, in which one key names the act and the others qualify it.

use std::{fmt, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, At, ErrorKind, HostSelector, Restart, When, validate_site};
use crate::{duration, limits::COUNTDOWN_MAX};

/// The written form of [`At`]: one flat table, so that a misspelt key is reported with its line.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AtFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hit: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    countdown: Option<u32>,
}

impl TryFrom<AtFields> for At {
    type Error = String;

    fn try_from(fields: AtFields) -> Result<Self, String> {
        match fields {
            AtFields { time: Some(time), host: None, site: None, hit: None, countdown: None } => {
                duration::parse(&time).map(At::Time)
            }
            AtFields { countdown: Some(passes), host: None, site: None, hit: None, time: None } => {
                match passes {
                    0 => Err("`countdown` counts from 1".to_owned()),
                    1..=COUNTDOWN_MAX => Ok(At::Countdown(passes)),
                    _ => Err(format!("`countdown` is {passes}; the maximum is {COUNTDOWN_MAX}")),
                }
            }
            AtFields { site: Some(site), host, hit, time: None, countdown: None } => {
                validate_site(&site)?;
                let hit = hit.unwrap_or(1);
                if hit == 0 {
                    return Err("`hit` counts from 1".to_owned());
                }
                let host = match host.as_deref() {
                    None | Some("any") => HostSelector::Any,
                    Some(name) => HostSelector::Named(name.to_owned()),
                };
                Ok(At::Boundary { host, site, hit })
            }
            _ => {
                Err("expected either `site` (with `host` and `hit`), `time` or `countdown`"
                    .to_owned())
            }
        }
    }
}

impl From<At> for AtFields {
    fn from(at: At) -> Self {
        let none = AtFields { host: None, site: None, hit: None, time: None, countdown: None };
        match at {
            At::Time(time) => AtFields { time: Some(duration::format(time)), ..none },
            At::Countdown(passes) => AtFields { countdown: Some(passes), ..none },
            At::Boundary { host, site, hit } => {
                let host = match host {
                    HostSelector::Any => "any".to_owned(),
                    HostSelector::Named(name) => name,
                };
                AtFields { host: Some(host), site: Some(site), hit: Some(hit), ..none }
            }
        }
    }
}

/// The written form of [`Act`]: one key names the act, the others qualify it.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crash: Option<When>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost_ack: Option<ErrorKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stall: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<[String; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clog: Option<[String; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kill: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skew: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<DatabaseState>,
    /// The machine whose databases are down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    /// When a crashed or killed host restarts: a duration, `heal` or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restart: Option<String>,
    /// The offset of a clock: a duration with a sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// How long the fault lasts.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DatabaseState {
    Down,
}

impl FromStr for Restart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "heal" => Ok(Self::AtHeal),
            "never" => Ok(Self::Never),
            other => duration::parse(other)
                .map(Self::After)
                .map_err(|why| format!("{why}, `heal` or `never`")),
        }
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(after) => f.write_str(&duration::format(*after)),
            Self::AtHeal => f.write_str("heal"),
            Self::Never => f.write_str("never"),
        }
    }
}

fn parse_skew(text: &str) -> Result<i64, String> {
    let (sign, magnitude) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(format!("`{text}` has no sign; write for example `+10m` or `-10m`")),
    };
    let nanos = i64::try_from(duration::parse(magnitude)?.as_nanos())
        .map_err(|_| format!("`{text}` is too long"))?;
    Ok(sign * nanos)
}

pub(super) fn format_skew(by_ns: i64) -> String {
    let sign = if by_ns < 0 { '-' } else { '+' };
    format!("{sign}{}", duration::format(Duration::from_nanos(by_ns.unsigned_abs())))
}

impl TryFrom<ActFields> for Act {
    type Error = String;

    fn try_from(fields: ActFields) -> Result<Self, String> {
        let acts = fields.acts_named();
        let [name] = acts[..] else {
            let all = ActFields::ACTS.join(", ");
            return Err(match acts.len() {
                0 => format!("expected an act: one of {all}"),
                _ => {
                    format!("a fault has exactly one act, and this one has {}", acts.join(" and "))
                }
            });
        };
        for (qualifier, given, acts) in fields.qualifiers() {
            if given && !acts.contains(&name) {
                return Err(format!(
                    "`{qualifier}` is not allowed with `{name}`, only with {}",
                    acts.join(", ")
                ));
            }
        }
        let optional = |text: &Option<String>| text.as_deref().map(duration::parse).transpose();
        let lasts = optional(&fields.lasts)?;
        let restart = fields.restart.as_deref().map_or(Ok(Restart::AtHeal), str::parse)?;
        Ok(match fields {
            ActFields { crash: Some(when), .. } => Self::Crash { when, restart },
            ActFields { error: Some(kind), .. } => Self::Error(kind),
            ActFields { lost_ack: Some(kind), .. } => Self::LostAck(kind),
            ActFields { stall: Some(text), .. } => Self::Stall(duration::parse(&text)?),
            ActFields { delay: Some(text), .. } => Self::Delay(duration::parse(&text)?),
            ActFields { partition: Some(between), .. } => Self::Partition { between, lasts },
            ActFields { clog: Some(between), .. } => Self::Clog { between, lasts },
            ActFields { kill: Some(host), .. } => Self::Kill { host, restart },
            ActFields { skew: Some(host), by: Some(by), .. } => {
                Self::Skew { host, by_ns: parse_skew(&by)?, lasts }
            }
            ActFields { skew: Some(_), .. } => {
                return Err("`skew` needs `by`, for example `by = \"+10m\"`".to_owned());
            }
            ActFields { database: Some(DatabaseState::Down), machine, .. } => {
                Self::DatabaseDown { machine, lasts }
            }
            _ => unreachable!("one act is named, and all acts are listed above"),
        })
    }
}

impl ActFields {
    const ACTS: [&str; 10] = [
        "crash",
        "error",
        "lost_ack",
        "stall",
        "delay",
        "partition",
        "clog",
        "kill",
        "skew",
        "database",
    ];

    fn acts_named(&self) -> Vec<&'static str> {
        let given = [
            self.crash.is_some(),
            self.error.is_some(),
            self.lost_ack.is_some(),
            self.stall.is_some(),
            self.delay.is_some(),
            self.partition.is_some(),
            self.clog.is_some(),
            self.kill.is_some(),
            self.skew.is_some(),
            self.database.is_some(),
        ];
        Self::ACTS
            .into_iter()
            .zip(given)
            .filter_map(|(name, given)| given.then_some(name))
            .collect()
    }

    fn qualifiers(&self) -> [(&'static str, bool, &'static [&'static str]); 4] {
        [
            ("restart", self.restart.is_some(), &["crash", "kill"]),
            ("by", self.by.is_some(), &["skew"]),
            ("machine", self.machine.is_some(), &["database"]),
            ("for", self.lasts.is_some(), &["partition", "clog", "skew", "database"]),
        ]
    }
}

impl From<Act> for ActFields {
    fn from(act: Act) -> Self {
        let none = ActFields::default();
        let text = |lasts: Option<Duration>| lasts.map(duration::format);
        match act {
            Act::Crash { when, restart } => {
                ActFields { crash: Some(when), restart: Some(restart.to_string()), ..none }
            }
            Act::Error(kind) => ActFields { error: Some(kind), ..none },
            Act::LostAck(kind) => ActFields { lost_ack: Some(kind), ..none },
            Act::Stall(lasts) => ActFields { stall: Some(duration::format(lasts)), ..none },
            Act::Delay(lasts) => ActFields { delay: Some(duration::format(lasts)), ..none },
            Act::Partition { between, lasts } => {
                ActFields { partition: Some(between), lasts: text(lasts), ..none }
            }
            Act::Clog { between, lasts } => {
                ActFields { clog: Some(between), lasts: text(lasts), ..none }
            }
            Act::Kill { host, restart } => {
                ActFields { kill: Some(host), restart: Some(restart.to_string()), ..none }
            }
            Act::Skew { host, by_ns, lasts } => ActFields {
                skew: Some(host),
                by: Some(format_skew(by_ns)),
                lasts: text(lasts),
                ..none
            },
            Act::DatabaseDown { machine, lasts } => ActFields {
                database: Some(DatabaseState::Down),
                machine,
                lasts: text(lasts),
                ..none
            },
        }
    }
}
