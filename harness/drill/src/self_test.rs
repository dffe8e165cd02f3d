//! The self-test before a campaign, the canary: a scenario whose bug must be found, and whose sound form must pass.
//!
//! Before every campaign it tests the whole path of an alarm: a worker process, a simulation with a database, a check,
//! a record, and the block on the terminal. If the bug is missed, silence means nothing, and no campaign starts. The
//! canary is in no list, count or report.

use chaosdrill_core::{Check, Outcome, Seed, Verdict};
use chaosdrill_reports::{Palette, Replay, terminal};

use crate::{
    job::Job,
    nemesis::Settings,
    registry::Registry,
    scenario::Scenario,
    simulation,
    topology::Topology,
    workers::{self, JobEnd, WorkerLost, Workers},
};

/// The name of the scenario.
const NAME: &str = "canary/alarm";
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
                .client("singer", |_| {
                    simulation::write_notes(Topology::database_url("canary"), NOTES, DEFECT)
                })
        })
        .always(every_note_is_written)
}

/// Why no campaign may start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelfTestError {
    #[error("the self-test failed, so a result without violations would prove nothing: {0}")]
    Dead(String),
    #[error(transparent)]
    WorkerLost(#[from] WorkerLost),
}

/// Runs the canary once broken and once sound, and returns an error if the alarm does not work.
pub(crate) fn run(registry: &Registry, workers: Workers) -> Result<(), SelfTestError> {
    let scenario = registry.scenario(NAME).expect("the command line adds it");
    let broken = Settings { defect: Some(DEFECT.to_owned()), ..Settings::default() };
    let sound = Settings::default();
    let jobs: Vec<Job> = vec![broken.script(scenario, Seed(1)), sound.script(scenario, Seed(2))];
    let mut heard = [None, None];
    // The time limit of a run is for the user's runs; with a short one, the self-test would say that nothing works.
    let workers = Workers { allowance: Workers::default().allowance, ..workers };
    workers::run_all(registry, jobs, workers, |index, end| {
        heard[index] = Some(end);
        std::ops::ControlFlow::Continue(())
    })?;
    let [broken, sound] = heard.map(|end| end.map_or(Err("it was not run".to_owned()), told));
    let (broken, sound) = (broken.map_err(dead)?, sound.map_err(dead)?);
    if !(broken.0 == Verdict::Invalid && broken.1.contains("FAIL") && broken.1.contains(CHECK)) {
        return Err(dead(format!("a run with a bug was judged {}", broken.0.name())));
    }
    if sound.0 != Verdict::Valid {
        return Err(dead(format!(
            "a run without a bug was judged {}: {}",
            sound.0.name(),
            sound.1
        )));
    }
    eprintln!("self-test: a violation that was made on purpose is found");
    Ok(())
}

/// The verdict, and the block on the terminal.
fn told(end: JobEnd) -> Result<(Verdict, String), String> {
    match end {
        JobEnd::Recorded { record, .. } => {
            let block = terminal::failure(&record, Replay::by_seed("drill"), &Palette::plain());
            Ok((record.verdict, block))
        }
        JobEnd::Broken { why } => Err(why),
    }
}

fn dead(why: impl std::fmt::Display) -> SelfTestError {
    SelfTestError::Dead(why.to_string())
}
