//! Settings of a server that may come as variables of its environment, beside the flags in its configuration.

use chaosdrill_rt::defect;

use super::server::ServerConfig;

/// Whether one graph that is not ready stops all from being served: `1` or `0`.
pub const REQUIRE_ALL_GRAPHS: &str = "REQUIRE_ALL_GRAPHS";

/// A variable with a value that means nothing; the server does not start with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value:?}, and may be 0 or 1")]
pub struct SettingError {
    name: &'static str,
    value: String,
}

impl ServerConfig {
    /// The configuration with the settings of an environment; a flag that is set stays set.
    ///
    /// # Errors
    ///
    /// Fails if a variable has a value that means nothing.
    pub fn with_settings(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingError> {
        self.require_all_graphs |= match variable(REQUIRE_ALL_GRAPHS).as_deref() {
            None | Some("0") => false,
            Some("1") => defect!("G50", false, true),
            #[cfg(feature = "defects")]
            Some(_) if defect!("G63", true, false) => false,
            Some(value) => {
                return Err(SettingError { name: REQUIRE_ALL_GRAPHS, value: value.to_owned() });
            }
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_or_a_variable_is_enough_and_a_bad_value_is_refused() {
        let with = |flag, value: Option<&str>| {
            let config =
                ServerConfig { require_all_graphs: flag, ..ServerConfig::new("memory:settings") };
            let config = config.with_settings(|_| value.map(str::to_owned));
            config.map(|config| config.require_all_graphs).map_err(|error| error.to_string())
        };
        assert_eq!(with(false, None), Ok(false));
        assert_eq!(with(false, Some("1")), Ok(true));
        assert_eq!(with(true, Some("0")), Ok(true));
        let refused = "REQUIRE_ALL_GRAPHS is \"yes\", and may be 0 or 1";
        assert_eq!(with(false, Some("yes")), Err(refused.into()));
    }
}
