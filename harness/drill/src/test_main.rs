//! Runs the scenarios of a crate as tests, for `cargo test` and nextest.
//!
//! There is one test for each kept plan, which come first, one for each static check, and one for each scenario, with
//! `DRILL_SEEDS` seeds. Each run has a worker process here too, so that a target that spins or aborts fails only its
//! own test.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chaosdrill_core::{Outcome, Record, Verdict};
use chaosdrill_reports::{Palette, Replay, terminal};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::{
    campaign::{
        kept::{self, Kept},
        roots::Seeds,
    },
    cli::{self, Steering},
    nemesis::{Nemesis, Settings},
    ours::{self, Found, Place},
    registry::Registry,
    run_bundle, scratch, simulation,
    static_check::StaticCheck,
    status::Status,
    worker,
    workers::{Child, JobEnd, Workers},
};

/// The folder for the findings of tests: `DRILL_OUT`, otherwise `drill-tests` in the folder of their build.
fn out() -> PathBuf {
    if let Some(out) = cli::out_of_environment() {
        return out;
    }
    let program = std::env::current_exe().unwrap_or_default();
    let deps = program.ancestors().find(|path| path.ends_with("deps"));
    let target = deps.and_then(|deps| deps.parent()?.parent()).unwrap_or(Path::new("target"));
    target.join("drill-tests")
}

/// The tests of a crate; for a `[[test]]` with `harness = false`.
#[expect(clippy::needless_pass_by_value, reason = "a registry is made for this call")]
pub fn test_main(registry: Registry) -> ExitCode {
    if let Some(number) = worker::number() {
        return cli::worker_main(&registry, number);
    }
    scratch::clear_away();
    let steering = match cli::steering_of_environment() {
        Ok(steering) => steering,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(Status::Usage.code());
        }
    };
    let kept = match kept::kept_plans(&registry, None) {
        Ok(kept) => kept,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(Status::Usage.code());
        }
    };
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = kept
        .into_iter()
        .map(|kept| kept_trial(registry.clone(), kept, steering.defect.clone()))
        .collect();
    let checks = registry.targets.iter().flat_map(|target| target.static_checks.clone());
    trials.extend(checks.map(static_trial));
    for scenario in &registry.scenarios {
        let (registry, steering) = (registry.clone(), steering.clone());
        let name = scenario.name().to_owned();
        trials.push(Trial::test(scenario.name(), move || {
            let Steering { seeds, nemeses, defect } = &steering;
            drill(&registry, &name, *seeds, nemeses, defect.as_deref())
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn static_trial(check: StaticCheck) -> Trial {
    Trial::test(format!("static/{}", check.name), move || match check.judge() {
        Outcome { verdict: Verdict::Valid, .. } => Ok(()),
        outcome => Err(format!("{}: {}", check.claim, outcome.why).into()),
    })
}

fn kept_trial(registry: Registry, kept: Kept, defect: Option<String>) -> Trial {
    Trial::test(format!("kept/{}", kept.stem()), move || {
        simulation::require_engine()?;
        let scenario = registry
            .scenario(&kept.plan.scenario)
            .ok_or("the scenario of the plan no longer exists")?;
        let settings = Settings { defect: defect.clone(), out: Some(out()), ..Settings::default() };
        let job = settings.kept(scenario, &kept.stem(), kept::as_required(kept.plan.clone()));
        judge(
            &registry,
            Child::new(0, Workers::default()).run(&registry, &job),
            Some(&kept.path.display().to_string()),
        )
    })
}

fn bundle(run: &chaosdrill_core::RunId) -> PathBuf {
    out().join(run.folder())
}

/// Runs one scenario with all seeds, and stops at the first run that is not valid.
fn drill(
    registry: &Registry,
    name: &str,
    seeds: Seeds,
    nemeses: &[Nemesis],
    defect: Option<&str>,
) -> Result<(), Failed> {
    simulation::require_engine()?;
    let scenario = registry.scenario(name).ok_or("the scenario no longer exists")?;
    let mut child = Child::new(0, Workers::default());
    let defect = defect.map(str::to_owned);
    let settings = Settings { defect, out: Some(out()), ..Settings::default() };
    for seed in seeds.iter() {
        for nemesis in nemeses {
            let job = match nemesis {
                Nemesis::Script => settings.script(scenario, seed),
                Nemesis::Swarm => settings.swarm(scenario, seed),
                Nemesis::Sweep => continue,
            };
            judge(registry, child.run(registry, &job), None)?;
        }
    }
    Ok(())
}

fn judge(registry: &Registry, end: io::Result<JobEnd>, plan: Option<&str>) -> Result<(), Failed> {
    let record = match end {
        Ok(JobEnd::Recorded { record, .. }) => record,
        Ok(JobEnd::Broken { why }) => {
            return Err(format!("the harness itself failed: {why}").into());
        }
        Err(why) => return Err(format!("failed to start a worker process: {why}").into()),
    };
    if record.verdict == Verdict::Valid {
        Ok(())
    } else {
        Err(told(registry, &record, plan).into())
    }
}

fn told(registry: &Registry, record: &Record, plan: Option<&str>) -> String {
    let replay = Replay { plan, ..Replay::by_seed(&registry.program) };
    let block = terminal::failure(record, replay, &Palette::plain());
    let folder = bundle(&record.run);
    let place = if matches!(ours::look(&folder, Place::Run), Ok(Found::Ours)) {
        // A page that cannot be written changes no verdict.
        let page = match run_bundle::write_page(&folder, record, &registry.program) {
            Ok(()) => String::new(),
            Err(why) => format!("  report   could not be written: {why}\n"),
        };
        format!("  bundle   {}\n{page}", folder.display())
    } else {
        String::new()
    };
    let simulator = simulation::SIMULATOR;
    let told = format!(
        "\n{block}{place}  digest   {} ({simulator})\n",
        record.digest.as_deref().unwrap_or("none")
    );
    cli::harmless(&told).into_owned()
}
