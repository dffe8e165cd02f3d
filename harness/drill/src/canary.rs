//! The canary: a scenario whose bug must be found, and whose sound form must not be.
//!
//! It goes the whole way of an alarm before every campaign: a worker process, a simulation with a database, a check,
//! a record, and the block that a reader sees. Where it is missed, silence means nothing, and no campaign begins. It
//! is in no list, no count and no report.

use chaosdrill_core::{Check, Outcome, Seed, Verdict};
use chaosdrill_reports::{Palette, Replay, terminal};
use chaosdrill_rt::{
    defect,
    sim::Ended,
    sql::{Pool, PoolOptions},
};

use crate::{
    cli::ExpectedError,
    crew::{self, JobEnd, Workers},
    nemesis::Settings,
    registry::Registry,
    run::Job,
    scenario::Scenario,
    topology::{Topology, Workload},
};

/// Its name.
pub(crate) const NAME: &str = "canary/alarm";
const CHECK: &str = "every_note_is_written";
const DEFECT: &str = "CANARY";
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

/// Runs it once broken and once sound, and says what is wrong with the alarm, if anything is.
pub(crate) fn sing(registry: &Registry, workers: Workers) -> Result<(), ExpectedError> {
    let scenario = registry.scenario(NAME).expect("every registry has it");
    let broken = Settings { defect: Some(DEFECT.to_owned()), ..Settings::default() };
    let sound = Settings::default();
    let jobs: Vec<Job> = vec![broken.script(scenario, Seed(1)), sound.script(scenario, Seed(2))];
    let mut heard = [None, None];
    crew::run_all(registry, jobs, workers, |index, end| {
        heard[index] = Some(end);
        std::ops::ControlFlow::Continue(())
    })?;
    let [broken, sound] = heard.map(|end| end.map_or(Err("it was not run".to_owned()), told));
    let (broken, sound) = (broken.map_err(dead)?, sound.map_err(dead)?);
    if !(broken.0 == Verdict::Invalid && broken.1.contains("FAIL") && broken.1.contains(CHECK)) {
        return Err(dead(format!("a broken run came out as {}", broken.0.name())));
    }
    if sound.0 != Verdict::Valid {
        return Err(dead(format!("a sound run came out as {}: {}", sound.0.name(), sound.1)));
    }
    eprintln!("alarm: alive");
    Ok(())
}

/// A verdict, and the block that a reader sees.
fn told(end: JobEnd) -> Result<(Verdict, String), String> {
    match end {
        JobEnd::Recorded { record, .. } => {
            let block = terminal::failure(&record, Replay::by_seed("drill"), &Palette::plain());
            Ok((record.verdict, block))
        }
        JobEnd::Broken { why } => Err(why),
    }
}

fn dead(why: impl std::fmt::Display) -> ExpectedError {
    ExpectedError::Harness(format!("the canary is dead, so silence would mean nothing: {why}"))
}
