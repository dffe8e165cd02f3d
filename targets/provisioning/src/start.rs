//! The start of a program: connects to the database and migrates it to the schema of this release.
//!
//! Applied migrations are not recorded: all run again at every start, in one transaction. So none may harm rows written
//! under later migrations.

use std::error::Error;

use chaosdrill_kit::start;
use chaosdrill_rt::{observe, sql::Pool};

use crate::{
    BoxError,
    error::chain,
    resource::Status,
    sql::{self, Sql},
};

/// Connects and migrates; waits for a database that is away or busy.
pub(crate) async fn open(program: &str, url: &str) -> Result<(Pool, &'static Sql), BoxError> {
    observe!("start.begun", program = program);
    let pool = connect(url).await?;
    let sql = sql::of(&pool)?;
    let mut failures = 0;
    while let Err(error) = migrate(&pool).await {
        failures += 1;
        wait("migrate", failures, &error).await;
    }
    observe!("start.ready", program = program, statuses = Status::ALL.map(Status::name));
    Ok((pool, sql))
}

async fn migrate(pool: &Pool) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin("migrate").await?;
    for migration in sql::migrations() {
        sqlx::query(migration).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Connects; retries while the database is unavailable.
pub(crate) async fn connect(url: &str) -> Result<Pool, sqlx::Error> {
    start::connect_with(url, chain).await
}

/// Reports the failure of a step, and waits before the next try.
pub(crate) async fn wait(step: &str, failures: u32, error: &(dyn Error + Sync + 'static)) {
    start::wait_with(step, failures, error, chain).await;
}
