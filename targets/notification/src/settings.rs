//! The settings of a server that its environment may override. A value that cannot be used ends the start: a server
//! that ignores it would run with another interval than its operator believes.

use std::ffi::OsStr;

use chaosdrill_kit::interval;
use chaosdrill_rt::{defect, time::Duration};

use crate::server::ServerConfig;

/// The time between two sweeps of the processor.
pub const PROCESSOR_INTERVAL: &str = "NOTIFICATION_PROCESSOR_INTERVAL";

/// The time between two sweeps of the retry loop.
pub const RETRY_INTERVAL: &str = "NOTIFICATION_RETRY_INTERVAL";

/// The longest interval: a day. A longer one is a mistake in the unit.
const INTERVAL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// Applies the settings in an environment, such as `std::env::vars_os()`; ignores all other variables, also those
    /// that are not Unicode.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] for the first value that cannot be used.
    pub fn apply(
        &mut self,
        environment: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Result<(), InvalidSetting> {
        for (name, value) in environment {
            let (name, value) = (name.as_ref(), value.as_ref());
            let invalid = || InvalidSetting {
                name: name.to_string_lossy().into_owned(),
                value: value.to_string_lossy().into_owned(),
            };
            defect!("N67", value.to_str().map(drop).ok_or_else(invalid)?, ());
            let every = match name.to_str() {
                Some(PROCESSOR_INTERVAL) => &mut self.processor.every,
                Some(RETRY_INTERVAL) => &mut self.retry.every,
                _ => continue,
            };
            let wanted = value.to_str().and_then(interval).filter(|every| *every <= INTERVAL_MAX);
            let Some(wanted) = wanted else {
                defect!("N32", continue, return Err(invalid()));
            };
            defect!("N31", (), *every = wanted);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides_a_default() {
        let mut config = ServerConfig::new("s1", "sqlite://notify.db", "notifier:80");
        assert_eq!(config.apply([(RETRY_INTERVAL, "5m"), ("PATH", "5")]), Ok(()));
        assert_eq!(config.retry.every, Duration::from_secs(300));
        for unusable in ["soon", "25h"] {
            let refused = config.apply([(PROCESSOR_INTERVAL, unusable)]);
            assert!(refused.is_err_and(|error| error.value == unusable));
        }
    }
}
