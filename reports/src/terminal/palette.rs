//! The colours of terminal output, as roles.

use anstyle::{AnsiColor, Style};
use chaosdrill_core::Verdict;

/// A style for each role of a piece of text; without colour every style is plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Palette {
    /// What was violated.
    pub invalid: Style,
    /// What cannot be said.
    pub unknown: Style,
    /// What held.
    pub valid: Style,
    /// Which run.
    pub name: Style,
    /// What stands before a text and says what it is.
    pub label: Style,
    /// A command to paste.
    pub command: Style,
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
        }
    }

    /// The sixteen colours that every terminal has, so that the user's own theme decides.
    pub const fn coloured() -> Self {
        Self {
            invalid: AnsiColor::Red.on_default().bold(),
            unknown: AnsiColor::Yellow.on_default().bold(),
            valid: AnsiColor::Green.on_default().bold(),
            name: Style::new().bold(),
            label: Style::new().dimmed(),
            command: AnsiColor::Cyan.on_default(),
        }
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

/// A text in a style; nothing is added where the style is plain.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
