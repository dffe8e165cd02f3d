//! Statistics for a monitoring system. They are optional: without a store every number is zero, and no request fails.

use chaosdrill_rt::defect;

use crate::{error::NotificationError, store::Store};

/// The statistics, with the store that they count in, if they have one.
#[derive(Clone, Debug)]
pub(crate) struct Statistics(pub(crate) Option<Store>);

impl Statistics {
    /// The number of dead notifications.
    pub(crate) async fn dead_total(&self) -> Result<i64, NotificationError> {
        match &self.0 {
            Some(store) => store.dead_total().await,
            None => defect!("N39", Err(wrong_without_a_store()), Ok(0)),
        }
    }
}

#[cfg(feature = "defects")]
fn wrong_without_a_store() -> NotificationError {
    NotificationError::NotFound { id: "statistics".to_owned() }
}
