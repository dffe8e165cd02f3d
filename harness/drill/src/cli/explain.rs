//! `drill explain`: a plan in plain English.

use std::path::PathBuf;

use chaosdrill_reports::{escape, prose};
use clap::Args;

use crate::{
    campaign::kept,
    cli::{args::MessageFormat, console, error::ExpectedError},
    registry::Registry,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The plan, the record of a run, or the folder of a run.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
}

pub(crate) fn explain(
    registry: &Registry,
    args: &ExplainArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let path = if args.plan.is_dir() { kept::plan_in(&args.plan) } else { args.plan.clone() };
    let plan = kept::parse_plan(&path)?;
    let sentences = prose::plan(&plan);
    let claim = registry.scenario(&plan.scenario).map(|scenario| scenario.claim.clone());
    let why = kept::reason_in(&path);
    if format == MessageFormat::Json {
        console::print_json(&serde_json::json!({
            "plan": plan, "claim": claim, "why": why, "sentences": sentences,
        }));
        return Ok(Status::Valid);
    }
    let claim = claim.map(|claim| format!("It claims: {claim}."));
    let why = Some(why)
        .filter(|why| !why.is_empty())
        .map(|why| format!("The plan is kept because: {why}."));
    let (first, rest) = sentences.split_first().expect("a plan has a scenario");
    let all = [first].into_iter().chain(&claim).chain(&why).chain(rest);
    all.for_each(|sentence| console::print(&format!("{}\n", escape::line(sentence))));
    Ok(Status::Valid)
}
