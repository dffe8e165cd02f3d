//! GitHub Actions output: annotations at the change, and a summary on the page of the job.

use std::{fs::OpenOptions, io::Write, path::Path};

use chaosdrill_core::Campaign;
use chaosdrill_reports::{annotations, command::Commands, markdown};

use crate::git;

/// Reports to GitHub if the process runs in a GitHub job; a page that cannot be written is no finding.
pub(crate) fn tell(campaign: &Campaign, folder: &Path) {
    let summary = campaign.summary();
    let named = git::path_from_root(folder).display().to_string();
    let commands = Commands { program: &campaign.header.program, folder: &named };
    if is_runner() {
        // Workflow commands are read from both outputs of a step; standard output carries the results for people and
        // programs.
        eprint!("{}", annotations::github(&summary, commands));
    }
    let Some(page) = read("GITHUB_STEP_SUMMARY") else { return };
    let append = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&page)?;
        file.write_all(markdown::job_summary(&summary, commands).as_bytes())
    };
    if let Err(why) = append() {
        eprintln!("warning: failed to write the summary of the job: {why}");
    }
}

/// Whether a runner of GitHub Actions reads the output.
pub(crate) fn is_runner() -> bool {
    read("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

fn read(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "GitHub speaks to its jobs by the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
