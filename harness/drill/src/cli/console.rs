//! Terminal output: progress on standard error, results on standard output.

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
    path::Path,
    sync::OnceLock,
};

use chaosdrill_core::{Record, Verdict, limits::SEARCH_RUNS_PER_LINE, redact::redact_json};
use chaosdrill_reports::{Palette, Replay, escape, terminal};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::{campaign::engine::Progress, cli::github};

/// Writes to standard output.
pub(crate) fn print(text: &str) {
    print_as_it_is(&harmless(text));
}

/// Makes a text safe to print: a runner of GitHub Actions executes lines that look like its commands.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if github::is_runner() {
        Cow::Owned(escape::without_workflow_commands(text))
    } else {
        Cow::Borrowed(text)
    }
}

fn print_as_it_is(text: &str) {
    let mut out = anstream::stdout().lock();
    note_output(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Why a result could not be written to standard output.
static OUTPUT_FAILURE: OnceLock<String> = OnceLock::new();

/// Remembers a failure of standard output until the end, so that missing output is not mistaken for success.
pub(crate) fn note_output(written: io::Result<()>) {
    if let Err(why) = written {
        let _ = OUTPUT_FAILURE.set(why.to_string());
    }
}

/// Why a result could not be written to standard output; `None` if all were written.
pub(crate) fn output_failure() -> Option<&'static str> {
    OUTPUT_FAILURE.get().map(String::as_str)
}

/// Writes one JSON object as a line of standard output.
pub(crate) fn print_json(value: &impl Serialize) {
    let text = serde_json::to_string(value).expect("plain data");
    let text = redact_json(&text);
    // `##[` is the only runner command that can occur in a line of JSON, and only in its strings.
    print_as_it_is(&format!("{}\n", escape::json(&text).replace("##[", "##\\u005b")));
}

/// Removes passwords and terminal control sequences from a message, and keeps its line breaks.
pub(crate) fn redacted(message: &str) -> String {
    let lines: Vec<String> = message.lines().map(escape::line).collect();
    harmless(&lines.join("\n")).into_owned()
}

/// Prints where the former content of a folder was moved.
pub(crate) fn say_moved(folder: &Path, to: &Path) {
    let line = format!("note: moved what was in {} to {}", folder.display(), to.display());
    eprintln!("{}", redacted(&line));
}

/// Prints where a folder's page is, as the last line of a command that writes one.
pub(crate) fn print_page(folder: &Path) {
    let page = folder.join("report.html");
    if page.is_file() {
        print(&format!("report  {}\n", redacted(&page.display().to_string())));
    }
}

/// The colours, which anstream strips if the output does not want any, and the width of the terminal. Pipes and files
/// have no width.
pub(crate) fn palette() -> Palette {
    let palette = Palette::coloured();
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => palette.within(usize::from(size.ws_col)),
        _ => palette,
    }
}

/// The failure block of a run that was not valid.
pub(crate) fn block(record: &Record, program: &str, plan: Option<&str>) -> String {
    terminal::failure(record, Replay { plan, ..Replay::by_seed(program) }, &palette())
}

/// Progress of a campaign: a bar on a terminal, plain lines otherwise.
pub(crate) struct Bar {
    bar: ProgressBar,
    plain: bool,
    runs: u64,
    of: u64,
    findings: u64,
    /// The state of a search, shown instead of the number of findings.
    state: Option<String>,
}

impl Bar {
    pub(crate) fn new(of: u64, what: &str) -> Self {
        let plain = !io::stderr().is_terminal();
        let target =
            if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(of), target);
        let form = "{prefix} {bar:24} {pos}/{len} runs  {per_sec}  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(form).expect("the form is fixed"));
        bar.set_prefix(what.to_owned());
        bar.set_message("0 findings");
        if plain && of > 0 {
            eprintln!("{what} {of} runs");
        }
        Self { bar, plain, runs: 0, of, findings: 0, state: None }
    }

    /// The bar of a search, which shows a state.
    pub(crate) fn of_search(what: &str, state: &str) -> Self {
        let mut bar = Self::new(0, what);
        bar.bar.set_message(state.to_owned());
        bar.state = Some(state.to_owned());
        bar
    }

    /// Hides the bar while a result is printed before the end.
    pub(crate) fn hidden_while<T>(&self, tell: impl FnOnce() -> T) -> T {
        self.bar.suspend(tell)
    }

    /// Clears the bar, so that results stand alone.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn expect(&mut self, runs: u64) {
        self.of = self.of.max(self.runs.saturating_add(runs));
        self.bar.set_length(self.of);
    }

    fn run_is_over(&mut self, record: &Record) {
        self.runs += 1;
        self.bar.inc(1);
        if let Some(state) = &self.state {
            if self.plain && self.runs.is_multiple_of(SEARCH_RUNS_PER_LINE) {
                eprintln!("{} runs, {state}", self.runs);
            }
            return;
        }
        if record.verdict != Verdict::Valid {
            self.findings += 1;
            let word = if self.findings == 1 { "finding" } else { "findings" };
            self.bar.set_message(format!("{} {word}", self.findings));
        }
        // Ten lines, whatever the length: enough to show progress. No lines if the length is unknown.
        let step = (self.of / 10).max(1);
        if self.plain && self.of > 0 && self.runs.is_multiple_of(step) {
            eprintln!("{}/{} runs, {} findings", self.runs, self.of, self.findings);
        }
    }

    fn settled(&mut self, line: &str, state: &str) {
        let line = harmless(line);
        if self.plain {
            eprintln!("{line}");
        } else {
            self.bar.println(&*line);
        }
        self.bar.set_message(state.to_owned());
        self.state = Some(state.to_owned());
    }

    fn complain(&mut self, complaint: &str) {
        let line = format!("warning: {}", redacted(complaint));
        if self.plain { eprintln!("{line}") } else { self.bar.println(line) }
    }
}
