//! The start of a program: connects to the database and migrates it to the schema of this release.

use chaosdrill_kit::start;
pub(crate) use chaosdrill_kit::start::{connect, wait};
use chaosdrill_rt::sql::Pool;

use crate::{BoxError, schema};

/// Connects and migrates; retries while the database is unavailable or another program migrates it.
pub(crate) async fn open(url: &str) -> Result<Pool, BoxError> {
    let pool = connect(url).await?;
    start::migrate(|| schema::up(&pool)).await?;
    Ok(pool)
}
