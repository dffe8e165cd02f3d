//! The output of `drill cross`: a block for each disagreement, with both stories in a folder, and a closing line.

use std::path::Path;

use chaosdrill_core::{EventKind, Record, TraceEvent, limits::CROSS_STORY_LINES_MAX};
use chaosdrill_reports::command;
use serde_json::json;

use super::{Pair, Tally, WorkersOfBoth, cannot_write, run, seeds::Shown};
use crate::{
    cli::{
        args::MessageFormat,
        console::{self, Bar},
        error::ExpectedError,
    },
    job::Job,
    program,
    registry::Registry,
    run_bundle, simulation,
};

/// Writes both sides of a disagreement to a folder in `out`, and prints how they differ.
pub(super) fn disagreement(
    registry: &Registry,
    pair: &Pair,
    out: &Path,
    workers: WorkersOfBoth,
    format: MessageFormat,
    is_shown: bool,
) -> Result<(), ExpectedError> {
    let folder = out.join(pair.record.run.folder());
    let mine = story(registry, &folder, &pair.here, workers)?;
    let others = story(registry, &folder, &pair.there, workers)?;
    match format {
        MessageFormat::Json => console::print_json(&as_json(pair)),
        MessageFormat::Human if is_shown => {
            console::print(&block(registry, pair, &folder, [mine, others]));
        }
        MessageFormat::Human => {}
    }
    Ok(())
}

/// Writes a run that shows, from another seed, what the plan showed on the other simulator, and prints how to replay
/// it. It goes into the folder of the pair.
pub(super) fn from_another_seed(
    registry: &Registry,
    pair: &Pair,
    shown: &Shown,
    out: &Path,
    workers: WorkersOfBoth,
    format: MessageFormat,
) -> Result<(), ExpectedError> {
    let Shown { job, checks } = shown;
    let run = &pair.record.run;
    let folder = out.join(run.folder());
    story(registry, &folder, job, workers)?;
    if format == MessageFormat::Json {
        let mut told = as_json(pair);
        told["from"] = json!({ "simulator": job.run.simulator, "seed": job.run.seed });
        console::print_json(&told);
        return Ok(());
    }
    let mut text = format!("FROM ANOTHER SEED  {}   {}\n", run.scenario, run.origin);
    for check in checks {
        text.push_str(&format!(
            "  check    {check}: on {} from seed {}\n",
            job.run.simulator, job.run.seed
        ));
    }
    let plan = folder.join(&job.run.simulator).join("plan.toml").display().to_string();
    let program = program::program_on(&registry.program, &job.run.simulator);
    text.push_str(&format!("  replay   {}\n\n", command::replay(&program, &job.run, Some(&plan))));
    console::print(&console::redacted(&text));
    Ok(())
}

/// A run that was repeated for its story.
struct Story {
    record: Record,
    events: Vec<TraceEvent>,
}

/// Repeats one side of a disagreement and writes all its files to a folder; `None` after an interrupt.
fn story(
    registry: &Registry,
    folder: &Path,
    job: &Job,
    workers: WorkersOfBoth,
) -> Result<Option<Story>, ExpectedError> {
    let folder = folder.join(&job.run.simulator);
    let job = Job { bundle: Some(folder.clone()), bundle_always: true, ..job.clone() };
    let bar = &mut Bar::new(0, "stories");
    let record = run(registry, std::slice::from_ref(&job), workers.of(&job), bar)?.pop().flatten();
    let Some(record) = record else { return Ok(None) };
    let story = run_bundle::read(&folder, &record);
    run_bundle::write_page_of(&folder, &story, &registry.program)
        .map_err(|why| cannot_write(&folder, &why))?;
    Ok(Some(Story { record, events: story.events }))
}

fn as_json(pair: &Pair) -> serde_json::Value {
    let differ: Vec<_> = pair
        .differ
        .iter()
        .map(|(check, mine, others)| {
            json!({ "check": check, simulation::SIMULATOR: mine, simulation::OTHER_SIMULATOR: others })
        })
        .collect();
    json!({ "run": pair.record.run, "differ": differ })
}

fn block(registry: &Registry, pair: &Pair, folder: &Path, stories: [Option<Story>; 2]) -> String {
    let run = &pair.record.run;
    let mut text = format!("DISAGREE  {}   {}   seed {}\n", run.scenario, run.origin, run.seed);
    text.push_str(&format!("  claim    {}\n", pair.record.claim));
    for (check, mine, others) in &pair.differ {
        text.push_str(&format!(
            "  check    {check}: {} on {}, {} on {}\n",
            mine.name(),
            simulation::SIMULATOR,
            others.name(),
            simulation::OTHER_SIMULATOR
        ));
    }
    let is_whole = stories.iter().all(Option::is_some);
    for Story { record, events } in stories.into_iter().flatten() {
        text.push_str(&format!("  {}\n", record.run.simulator));
        for line in excerpt(pair, &record, &events) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    // Without both stories the folder may lack the plan. Then the seed draws the faults again.
    let plan = folder.join(simulation::SIMULATOR).join("plan.toml").display().to_string();
    let plan = is_whole.then_some(plan.as_str());
    for simulator in [simulation::SIMULATOR, simulation::OTHER_SIMULATOR] {
        let program = program::program_on(&registry.program, simulator);
        text.push_str(&format!("  replay   {}\n", command::replay(&program, run, plan)));
    }
    text.push_str(&format!("  both     {}\n\n", folder.display()));
    console::redacted(&text) + "\n"
}

/// What the faults did and what the check saw: the part of a story that fits on a screen.
fn excerpt(pair: &Pair, record: &Record, events: &[TraceEvent]) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, ..) in &pair.differ {
        let check = record.checks.iter().find(|check| check.name == *name);
        if let Some(check) = check.filter(|check| !check.why.is_empty()) {
            lines.push(format!("{name}: {}", check.why));
        }
    }
    let witness: Vec<u64> =
        record.checks.iter().flat_map(|check| check.witness.iter().copied()).collect();
    let matters = |event: &&TraceEvent| {
        let kinds = [EventKind::Fault, EventKind::Phase, EventKind::Host];
        kinds.contains(&event.kind) || witness.contains(&event.seq)
    };
    let chosen: Vec<String> = events.iter().filter(matters).map(ToString::to_string).collect();
    let left_out = chosen.len().saturating_sub(CROSS_STORY_LINES_MAX);
    lines.extend(chosen.into_iter().take(CROSS_STORY_LINES_MAX));
    if left_out > 0 {
        lines.push(format!("({left_out} more in trace.jsonl)"));
    }
    lines
}

/// Prints the closing line: how many plans agree, and how many were not crossed.
pub(super) fn summary(tally: &Tally, plans: u64, format: MessageFormat) {
    let Tally { scenarios, crossed, disagreements, violations_on_both, from_other_seeds } = tally;
    let left = plans - *crossed as u64;
    if format == MessageFormat::Json {
        console::print_json(&json!({
            "crossed": crossed,
            "disagreements": disagreements,
            "violations_on_both": violations_on_both,
            "from_other_seeds": from_other_seeds,
            "not_crossed": left,
        }));
        return;
    }
    let elsewhere = match from_other_seeds {
        0 => String::new(),
        some => format!("{some} agree only from another seed, "),
    };
    let left = if left == 0 { String::new() } else { format!("; {left} were not compared") };
    console::print(&format!(
        "cross: {crossed} plans of {} scenarios on {} and {}: {} agree ({violations_on_both} of them violations), \
         {elsewhere}{disagreements} disagree{left}\n",
        scenarios.len(),
        simulation::SIMULATOR,
        simulation::OTHER_SIMULATOR,
        crossed - disagreements - from_other_seeds
    ));
}
