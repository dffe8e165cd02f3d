//! The settings of a server that its environment may override. A value that cannot be used ends the start: a server
//! that ignores it would run with another interval than its operator believes.

use chaosdrill_rt::{defect, time::Duration};

use crate::server::ServerConfig;

/// The time between two sweeps of the processor.
pub const PROCESSOR_INTERVAL: &str = "NOTIFICATION_PROCESSOR_INTERVAL";

/// The time between two sweeps of the retry loop.
pub const RETRY_INTERVAL: &str = "NOTIFICATION_RETRY_INTERVAL";

/// The longest interval, in seconds: a day. A longer one is a mistake in the unit.
const INTERVAL_SECONDS_MAX: u64 = 24 * 60 * 60;

/// A setting whose value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is `{value}`; it is a number of s, m or h, from 1s to 24h, such as 90s")]
pub struct InvalidSetting {
    /// The name of the setting.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl ServerConfig {
    /// Applies the settings in an environment, such as `std::env::vars()`; ignores all other variables.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] for the first value that cannot be used.
    pub fn apply(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), InvalidSetting> {
        for (name, value) in environment {
            let every = match name.as_str() {
                PROCESSOR_INTERVAL => &mut self.processor.every,
                RETRY_INTERVAL => &mut self.retry.every,
                _ => continue,
            };
            let Some(wanted) = interval(&value) else {
                defect!("N32", continue, return Err(InvalidSetting { name, value }));
            };
            defect!("N31", (), *every = wanted);
        }
        Ok(())
    }
}

/// Reads an interval such as `90s`, `2m` or `1h`.
fn interval(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        "s" => number,
        "m" => number.checked_mul(60)?,
        "h" => number.checked_mul(3600)?,
        _ => return None,
    };
    (1..=INTERVAL_SECONDS_MAX).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_number_with_a_unit() {
        let seconds = |text| interval(text).map(|every| every.as_secs());
        assert_eq!(["1s", "90s", "2m", "24h"].map(seconds), [1, 90, 120, 86_400].map(Some));
        let wrong = [
            "",
            "2",
            "m",
            "0s",
            "-1m",
            "+1m",
            "1.5m",
            "2 m",
            "25h",
            "2minutes",
            "99999999999999999h",
        ];
        assert_eq!(wrong.map(seconds), [None; 11]);
    }

    #[test]
    fn the_environment_overrides_a_default() {
        let mut config = ServerConfig::new("s1", "sqlite://notify.db", "notifier:80");
        let set = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        assert_eq!(config.apply(set(RETRY_INTERVAL, "5m")), Ok(()));
        assert_eq!(config.retry.every, Duration::from_secs(300));
        assert_eq!(config.apply(set("PATH", "5")), Ok(()));
        assert!(config.apply(set(PROCESSOR_INTERVAL, "soon")).is_err());
    }
}
