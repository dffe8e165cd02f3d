//! Terminal output: progress on standard error, results on standard output.

mod bar;
mod counts;

use std::{
    borrow::Cow,
    io::{self, Write},
    os::fd::AsFd,
    path::Path,
    sync::OnceLock,
};

use chaosdrill_core::{Record, redact::redact_json};
use chaosdrill_reports::{Palette, Replay, escape, terminal};
use serde::Serialize;

pub(crate) use self::bar::Bar;
use crate::cli::github;

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
    let line =
        format!("note: moved the previous contents of {} to {}", folder.display(), to.display());
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
    columns(io::stdout()).map_or(palette, |columns| palette.within(columns))
}

/// The columns of a terminal; `None` for anything else.
fn columns(terminal: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The failure block of a run that was not valid.
pub(crate) fn block(record: &Record, program: &str, plan: Option<&str>) -> String {
    terminal::failure(record, Replay { plan, ..Replay::by_seed(program) }, &palette())
}
