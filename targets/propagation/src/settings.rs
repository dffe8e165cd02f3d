//! Settings from the environment of a program. They are read once, at its start, and a bad value is refused: with a
//! default in its place, nobody would notice the mistake.

use chaosdrill_kit::interval;
use chaosdrill_rt::defect;

use crate::worker::WorkerConfig;

/// The variable for [`WorkerConfig::tick`], such as `30s` or `2m`.
pub const RUNNER_INTERVAL: &str = "PROPAGATION_RUNNER_INTERVAL";

/// A variable of the environment has a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value:?}, which is no time such as `30s` or `2m`")]
pub struct InvalidSetting {
    name: &'static str,
    value: String,
}

impl WorkerConfig {
    /// Takes the settings from an environment, such as `|name| std::env::var(name).ok()`. A variable that is not set
    /// leaves its setting as it is.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] if a value cannot be used.
    pub fn with_environment(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidSetting> {
        let Some(value) = variable(RUNNER_INTERVAL) else { return Ok(self) };
        let Some(tick) = interval(&value) else {
            defect!("P49", return Ok(self), ());
            return Err(InvalidSetting { name: RUNNER_INTERVAL, value });
        };
        self.tick = defect!("P50", self.tick, tick);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use chaosdrill_rt::time::Duration;

    use super::*;

    fn tick_of(value: Option<&str>) -> Result<Duration, InvalidSetting> {
        let config = WorkerConfig::new("w1", "sqlite://x.db", "provisioner:80");
        let read = config
            .with_environment(|name| value.filter(|_| name == RUNNER_INTERVAL).map(str::to_owned));
        read.map(|config| config.tick)
    }

    #[test]
    fn values_are_times_or_refused() {
        for (value, seconds) in
            [(None, 30), (Some("10s"), 10), (Some("2m"), 120), (Some("1h"), 3600)]
        {
            assert_eq!(tick_of(value), Ok(Duration::from_secs(seconds)));
        }
        let huge = format!("{}h", u64::MAX);
        for bad in ["", "s", "0s", "-5s", "+5s", "5", "1.5m", "soon", "5 s", "5d", &huge] {
            let refused = tick_of(Some(bad)).expect_err(bad).to_string();
            assert!(refused.starts_with(RUNNER_INTERVAL), "{refused}");
        }
    }
}
