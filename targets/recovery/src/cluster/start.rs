//! The start of a program.

use super::files::Files;
use crate::BoxError;

/// The objects of a store.
pub(crate) fn open(url: &str) -> Result<Files, BoxError> {
    Ok(Files::new(chaosdrill_rt::store::open(url)?))
}
