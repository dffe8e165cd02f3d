//! The start of a program: a database that is there, with the schema of this release.
//!
//! There is no ledger of migrations: each is applied again at every boot, all in one transaction. So each must do no
//! harm to rows of its own future.

use chaosdrill_rt::{observe, sql::Pool, time};

use crate::{BoxError, backoff::Backoff, error::chain, resource::Status, sql::Sql};

/// Connects and migrates; waits for a database that is away or busy.
pub(crate) async fn open(program: &str, url: &str) -> Result<(Pool, Sql), BoxError> {
    observe!("start.begun", program = program);
    let pool = connect(url).await?;
    let sql = Sql::of(&pool)?;
    let mut failures = 0;
    while let Err(error) = migrate(&pool, sql).await {
        failures += 1;
        wait("migrate", failures, &error).await;
    }
    observe!("start.ready", program = program, statuses = Status::ALL.map(Status::name));
    Ok((pool, sql))
}

async fn migrate(pool: &Pool, sql: Sql) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin("migrate").await?;
    for migration in sql.migrations() {
        sqlx::query(migration).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Connects; waits for a database that is away.
pub(crate) async fn connect(url: &str) -> Result<Pool, BoxError> {
    let mut failures = 0;
    loop {
        match Pool::connect(url).await {
            Ok(pool) => return Ok(pool),
            Err(error @ sqlx::Error::Configuration(_)) => return Err(error.into()),
            Err(error) => {
                failures += 1;
                wait("connect", failures, &error).await;
            }
        }
    }
}

/// Says what went wrong, and waits.
pub(crate) async fn wait(step: &str, failures: u32, error: &(dyn std::error::Error + Sync)) {
    observe!("start.failed", step = step, failures = failures, error = chain(error));
    time::sleep(Backoff::default().after(failures)).await;
}
