//! `drill replay --profile`: what a run costs, and where.

use std::{fmt::Write, time::Duration};

use chaosdrill_core::Profile;
use serde_json::json;

use crate::{
    cli::{args::MessageFormat, console, error::ExpectedError},
    job::Job,
    measure::Stopwatch,
    registry::Registry,
    status::Status,
    workers::{Child, JobEnd, WorkerLost, Workers},
};

/// How long the run is repeated.
const MEASURED_FOR: Duration = Duration::from_secs(1);

/// How many of the dearest sites are shown.
const SITES_SHOWN: usize = 3;

/// Repeats a run in one worker and prints its mean cost. The first run is not counted: it reads files and fills caches.
pub(crate) fn show(
    registry: &Registry,
    job: &Job,
    allowance: Duration,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let job = Job { profile: true, ..job.clone() };
    let mut child = Child::new(0, Workers { allowance, ..Workers::default() });
    let mut run = || match child.run(registry, &job) {
        Ok(JobEnd::Recorded { record, profile, .. }) => Ok((record, profile)),
        Ok(JobEnd::Broken { why }) => Err(ExpectedError::Harness(why)),
        Err(why) => Err(WorkerLost(why.to_string()).into()),
    };
    let (record, _) = run()?;
    let (mut all, mut runs) = (Profile::default(), 0);
    let stopwatch = Stopwatch::start();
    while runs == 0 || stopwatch.elapsed() < MEASURED_FOR {
        let (_, Some(profile)) = run()? else {
            let why = "the run has no end that could be measured: its worker process died";
            return Err(ExpectedError::Harness(why.to_owned()));
        };
        all.add(&profile);
        runs += 1;
    }
    match format {
        MessageFormat::Json => console::print_json(&json!({ "runs": runs, "profile": all })),
        MessageFormat::Human => console::print(&table(&record.run.scenario, &all, runs)),
    }
    Ok(Status::from(record.verdict))
}

fn table(scenario: &str, all: &Profile, runs: u32) -> String {
    let ms = |time: Duration| (time / runs).as_secs_f64() * 1e3;
    let share = |time: Duration| 100.0 * time.as_secs_f64() / all.total().as_secs_f64();
    let mut text = String::new();
    let plural = if runs == 1 { "run" } else { "runs" };
    let _ = writeln!(text, "{scenario}: {:.2} ms a run, of {runs} {plural}", ms(all.total()));
    for (name, time) in all.parts() {
        let _ = writeln!(text, "  {name:<22} {:>5.1} %  {:>8.2} ms", share(time), ms(time));
    }
    let dearest = all.dearest(SITES_SHOWN);
    if !dearest.is_empty() {
        text.push_str("the dearest sites, with their watches and events:\n");
    }
    for (site, cost) in dearest {
        let passes = f64::from(u32::try_from(cost.passes).unwrap_or(u32::MAX)) / f64::from(runs);
        let _ = writeln!(
            text,
            "  {:>5.1} %  {:>8.2} ms  {passes:>6.1} passes  {}",
            share(cost.took),
            ms(cost.took),
            console::redacted(site)
        );
    }
    text
}
