//! The scenario of the canary: a check that must fail if a planted bug is enabled, and must hold if it is not.

use chaosdrill_core::{Check, Outcome};
use chaosdrill_rt::{
    defect,
    sim::Ended,
    sql::{Pool, PoolOptions},
};

use crate::{
    scenario::Scenario,
    topology::{Topology, Workload},
};

/// The name of the scenario.
pub(super) const NAME: &str = "canary/alarm";
pub(super) const CHECK: &str = "every_note_is_written";
pub(super) const DEFECT: &str = "CANARY";
const NOTES: i64 = 3;

/// The scenario.
pub(crate) fn scenario() -> Scenario {
    let every_note_is_written = Check::new(CHECK, |history| {
        let notes = history.last_rows("notes").len() as i64;
        Outcome::unless(
            (notes != NOTES).then(|| Outcome::invalid(format!("{notes} of {NOTES} notes"), [])),
        )
    });
    Scenario::new(NAME)
        .claim("every note that was acknowledged is there")
        .topology(|topology| {
            topology
                .watch("notes", "canary", "SELECT id FROM notes ORDER BY id")
                .client("singer", sing_notes)
        })
        .always(every_note_is_written)
}

async fn sing_notes(_: Workload) -> Ended {
    let pool =
        Pool::connect_with(&Topology::database_url("canary"), PoolOptions::default()).await?;
    let mut connection = pool.acquire().await?;
    sqlx::query("CREATE TABLE notes (id INTEGER PRIMARY KEY)").execute(&mut connection).await?;
    for id in 0..NOTES {
        if id == 1 && defect::is_on(DEFECT) {
            continue;
        }
        let note = sqlx::query("INSERT INTO notes (id) VALUES ($1)").bind(id);
        note.execute(&mut connection).await?;
    }
    Ok(())
}
