//! Progress on standard error: a few lines that are drawn again on a terminal, and now and then a line otherwise.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use chaosdrill_core::{Record, limits::SEARCH_RUNS_PER_LINE, record::Extent};
use chaosdrill_reports::{Palette, terminal};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{columns, counts::Counts, harmless, redacted};
use crate::{campaign::engine::Progress, measure::Stopwatch};

/// The progress of a command that runs something.
pub(crate) struct Bar {
    bar: ProgressBar,
    is_plain: bool,
    what: &'static str,
    stopwatch: Stopwatch,
    /// Wall-clock time after which no more runs start.
    limit: Option<Duration>,
    counts: Counts,
    /// The state of a search, shown instead of phases.
    state: Option<String>,
}

impl Bar {
    /// The progress of a command with this many runs; 0 if their number is not known.
    pub(crate) fn new(of: u64, what: &'static str) -> Self {
        let mut bar = Self::with(what, Counts::of_runs(of));
        if of > 0 {
            bar.stage_begins();
        }
        bar
    }

    /// The progress of a campaign, which may have to end after this much wall-clock time.
    pub(crate) fn of_campaign(limit: Option<Duration>) -> Self {
        Self { limit, ..Self::with("drill", Counts::default()) }
    }

    /// The progress of a search, which shows a state.
    pub(crate) fn of_search(what: &'static str, state: &str) -> Self {
        let mut bar = Self::with(what, Counts::of_runs(0));
        bar.state = Some(state.to_owned());
        bar.draw();
        bar
    }

    fn with(what: &'static str, counts: Counts) -> Self {
        let is_plain = !io::stderr().is_terminal();
        let target =
            if is_plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::with_template("{msg}").expect("the form is fixed"));
        let stopwatch = Stopwatch::start();
        Self { bar, is_plain, what, stopwatch, limit: None, counts, state: None }
    }

    /// Hides the progress while a result is printed before the end.
    pub(crate) fn hidden_while<T>(&self, tell: impl FnOnce() -> T) -> T {
        self.bar.suspend(tell)
    }

    /// Clears the progress, so that results stand alone.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self) -> String {
        let said = match &self.state {
            Some(state) => self.counts.search(state),
            None => self.counts.campaign(self.stopwatch.elapsed(), self.limit),
        };
        format!("{}: {said}", self.what)
    }

    fn draw(&self) {
        if !self.is_plain {
            self.show(&self.line());
        }
    }

    /// Draws a text in place of the last one.
    fn show(&self, text: &str) {
        let palette = columns(io::stderr())
            .map_or_else(Palette::plain, |columns| Palette::plain().within(columns));
        self.bar.set_message(terminal::paragraph(text, &palette).trim_end().to_owned());
    }

    fn stage_begins(&mut self) {
        if self.is_plain {
            eprintln!("{}", self.line());
        }
        self.draw();
    }

    fn count_is_shown(&mut self) {
        self.draw();
        let is_due = match self.state {
            Some(_) => self.counts.runs().is_multiple_of(SEARCH_RUNS_PER_LINE),
            None => self.counts.is_line_due(),
        };
        if self.is_plain && is_due {
            eprintln!("{}", self.line());
        }
    }

    fn tell(&self, line: &str) {
        if self.is_plain { eprintln!("{line}") } else { self.bar.println(line) }
    }
}

impl Progress for Bar {
    fn ordered(&mut self, extent: &Extent) {
        if self.counts.order(extent) {
            self.stage_begins();
        }
    }

    fn run_is_over(&mut self, record: &Record) {
        self.counts.run_is_over(record);
        self.count_is_shown();
    }

    fn run_is_known(&mut self, record: &Record) {
        self.counts.run_is_known(record);
        self.count_is_shown();
    }

    fn triages(&mut self, step: &str, is_first: bool) {
        let line = format!("{}: {step}", self.what);
        if !self.is_plain {
            self.show(&line);
        } else if is_first {
            eprintln!("{line}");
        }
    }

    fn settled(&mut self, line: &str, state: &str) {
        self.tell(&harmless(line));
        self.state = Some(state.to_owned());
        self.draw();
    }

    fn complain(&mut self, complaint: &str) {
        self.tell(&format!("warning: {}", redacted(complaint)));
    }
}
