//! The styles of terminal output, by role, and the width that its prose is wrapped at.

use anstyle::{AnsiColor, Style};
use chaosdrill_core::Verdict;

use crate::limits::{TERMINAL_COLUMNS_MAX, TERMINAL_COLUMNS_MIN};

/// A style for each role of a text, and the width of the terminal. Without colour, all styles are plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Palette {
    /// A violation.
    pub invalid: Style,
    /// An unknown.
    pub unknown: Style,
    /// A check that held.
    pub valid: Style,
    /// The name of a run.
    pub name: Style,
    /// A label before a text.
    pub label: Style,
    /// A command to paste.
    pub command: Style,
    columns: usize,
}

impl Default for Palette {
    fn default() -> Self {
        Self::plain()
    }
}

impl Palette {
    /// No colour: for pipes, files, `NO_COLOR` and JUnit.
    pub const fn plain() -> Self {
        let plain = Style::new();
        Self {
            invalid: plain,
            unknown: plain,
            valid: plain,
            name: plain,
            label: plain,
            command: plain,
            columns: TERMINAL_COLUMNS_MAX,
        }
    }

    /// The sixteen standard colours, which follow the theme of the user's terminal.
    pub const fn coloured() -> Self {
        Self {
            invalid: AnsiColor::Red.on_default().bold(),
            unknown: AnsiColor::Yellow.on_default().bold(),
            valid: AnsiColor::Green.on_default().bold(),
            name: Style::new().bold(),
            label: Style::new().dimmed(),
            command: AnsiColor::Cyan.on_default(),
            columns: TERMINAL_COLUMNS_MAX,
        }
    }

    /// Wraps prose at the width of a terminal, within the bounds of [`crate::limits`]. Pipes and files keep the
    /// default, which is the upper bound.
    #[must_use]
    pub fn within(self, columns: usize) -> Self {
        Self { columns: columns.clamp(TERMINAL_COLUMNS_MIN, TERMINAL_COLUMNS_MAX), ..self }
    }

    /// The columns of a line of prose.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// The style of a verdict.
    pub const fn verdict(&self, verdict: Verdict) -> Style {
        match verdict {
            Verdict::Valid => self.valid,
            Verdict::Unknown => self.unknown,
            Verdict::Invalid => self.invalid,
        }
    }
}

/// A text in a style; unchanged if the style is plain.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
