//! Reads and writes plans as TOML.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{PLAN_VERSION, Plan, PlanError};
use crate::{
    fault::{Act, At},
    limits::PLAN_BYTES_MAX,
    origin::Origin,
};

/// The origin of a plan. Plans are written by hand, so a misspelt word is an error with its line.
pub(super) fn known_origin<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Origin>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

fn names_a_machine(act: &Act) -> bool {
    matches!(act, Act::DatabaseDown { machine: Some(_), .. })
}

impl Plan {
    /// Reads a plan and checks everything that can be checked without its scenario. A plan of an older version is
    /// converted to [`PLAN_VERSION`] with the same meaning.
    ///
    /// # Errors
    ///
    /// [`PlanError`], with line and column if the text is invalid.
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        if text.len() > PLAN_BYTES_MAX {
            return Err(PlanError::TooLarge(format!(
                "the plan has {} bytes; the maximum is {PLAN_BYTES_MAX}",
                text.len()
            )));
        }
        // The version is read first, because this build cannot judge the keys of a newer version.
        #[derive(Deserialize)]
        struct Version {
            version: Option<u32>,
        }
        if let Ok(Version { version: Some(version) }) = toml::from_str(text)
            && version > PLAN_VERSION
        {
            return Err(PlanError::Version(version));
        }
        let mut plan: Self = toml::from_str(text)
            .map_err(|why| PlanError::Shape(why.to_string().trim_end().to_owned()))?;
        match plan.version {
            0 => return Err(PlanError::Shape("`version` counts from 1".to_owned())),
            1 => plan.must_be_of_version_1()?,
            _ => {}
        }
        plan.version = PLAN_VERSION;
        plan.validate()?;
        Ok(plan)
    }

    /// Builds that know only version 1 read such a plan too, and it must mean the same there.
    fn must_be_of_version_1(&self) -> Result<(), PlanError> {
        let newer = [
            ("origin", self.origin.is_some()),
            ("start", self.start.is_some()),
            ("countdown", self.faults.iter().any(|fault| matches!(fault.at, At::Countdown(_)))),
            ("machine", self.faults.iter().any(|fault| names_a_machine(&fault.act))),
            ("preemption", !self.preemptions.is_empty()),
            ("mutation", !self.mutations.is_empty()),
            ("sql_errors", !self.sql_errors.is_default()),
        ];
        match newer.into_iter().find(|(_, is_there)| *is_there) {
            Some((key, _)) => Err(PlanError::Shape(format!("`{key}` needs `version = 2`"))),
            None => Ok(()),
        }
    }

    /// The written form; [`Plan::from_toml`] parses it back.
    pub fn to_toml(&self) -> String {
        // Formatted by hand: inline tables keep one fault on three lines, as in the documentation.
        let mut text = format!(
            "version = {}\nscenario = {}\nseed = \"{}\"\n",
            self.version,
            quoted(&self.scenario),
            self.seed
        );
        let mut line = |key: &str, value: Option<String>| {
            text.extend(value.map(|value| format!("{key} = {value}\n")));
        };
        line("found", self.found.as_ref().map(inline));
        line("origin", self.origin.as_ref().map(inline));
        line("order", (!self.order.is_default()).then(|| inline(&self.order)));
        line("chaos", (!self.chaos.is_default()).then(|| inline(&self.chaos)));
        line("sql_errors", (!self.sql_errors.is_default()).then(|| inline(&self.sql_errors)));
        line("workload_max", self.workload_max.as_ref().map(inline));
        line("start", self.start.as_ref().map(inline));
        for fault in &self.faults {
            text.push_str(&format!(
                "\n[[fault]]\nat = {}\ndo = {}\n",
                inline(&fault.at),
                inline(&fault.act)
            ));
            if !fault.required {
                text.push_str("required = false\n");
            }
        }
        for preemption in &self.preemptions {
            text.push_str(&format!(
                "\n[[preemption]]\nhost = {}\nlife = {}\nthread = {}\ncall = {}\n",
                quoted(&preemption.host),
                preemption.life,
                preemption.thread,
                preemption.call
            ));
        }
        for mutation in &self.mutations {
            text.push_str(&format!(
                "\n[[mutation]]\nsite = {}\nchange = {}\n",
                quoted(&mutation.site),
                quoted(&mutation.change)
            ));
        }
        text
    }
}

/// A text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A value as a TOML inline table, or as a plain value.
fn inline(value: &impl Serialize) -> String {
    let value = toml::Value::try_from(value).expect("a plan's parts are plain data");
    let toml::Value::Table(table) = value else { return value.to_string() };
    let written = |value: &toml::Value| match value {
        toml::Value::Table(_) => inline(value),
        plain => plain.to_string(),
    };
    let part = |(key, value): (&String, &toml::Value)| format!("{key} = {}", written(value));
    let parts: Vec<String> = table.iter().map(part).collect();
    format!("{{ {} }}", parts.join(", "))
}
