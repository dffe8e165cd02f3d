//! GitHub Actions output: annotations at the change, and a summary on the page of the job.

use std::{fs::OpenOptions, io::Write};

use chaosdrill_core::Campaign;
use chaosdrill_reports::{annotations, markdown};

/// Reports to GitHub if the process runs in a GitHub job; a page that cannot be written is no finding.
pub(crate) fn tell(campaign: &Campaign) {
    let summary = campaign.summary();
    if is_runner() {
        // Workflow commands are read from both outputs of a step; standard output carries the results for people and
        // programs.
        eprint!("{}", annotations::github(&summary));
    }
    let Some(page) = read("GITHUB_STEP_SUMMARY") else { return };
    let append = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&page)?;
        file.write_all(markdown::job_summary(&summary).as_bytes())
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
