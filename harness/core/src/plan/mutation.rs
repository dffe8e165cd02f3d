//! A change to what the pipeline itself does at a boundary.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{fault::validate_site, limits::MUTATION_CHANGE_BYTES_MAX};

/// A small change to what every host of the pipeline does at a site, for the whole run.
///
/// It is not a fault: the world outside the pipeline works. If a run's checks do not notice the change, they have a
/// gap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// The site, such as `sql:outbox.complete`.
    pub site: String,
    /// The change in one line, such as `without claimed_by = $2`. The engine defines its meaning.
    pub change: String,
}

impl Mutation {
    /// Checks this mutation by itself.
    ///
    /// # Errors
    ///
    /// A sentence that names the key and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        validate_site(&self.site)?;
        if self.change.trim().is_empty() {
            return Err("`change` is empty".to_owned());
        }
        if self.change.chars().any(char::is_control) {
            return Err("`change` must be one line of text without control characters".to_owned());
        }
        let bytes = self.change.len();
        if bytes > MUTATION_CHANGE_BYTES_MAX {
            return Err(format!(
                "`change` has {bytes} bytes; the maximum is {MUTATION_CHANGE_BYTES_MAX}"
            ));
        }
        Ok(())
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.site, self.change)
    }
}
