//! Lays out rows of a label and its text, and wraps prose.

use super::palette::{Palette, paint};

/// The indentation of a row's text and of its continuation lines.
const HANGING_COLUMNS: usize = 11;

/// The additional indentation of the continuation lines of a list item.
const ITEM_COLUMNS: usize = 2;

/// A labelled row of a block.
pub(super) struct Row {
    label: &'static str,
    body: Body,
}

enum Body {
    Prose(String),
    Items(Vec<String>),
    Command(String),
}

impl Row {
    /// A wrapped text.
    pub(super) fn prose(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, body: Body::Prose(text.into()) }
    }

    /// Wrapped texts that each begin a line.
    pub(super) fn items(label: &'static str, items: Vec<String>) -> Self {
        Self { label, body: Body::Items(items) }
    }

    /// A command, which is never wrapped.
    pub(super) fn command(label: &'static str, command: impl Into<String>) -> Self {
        Self { label, body: Body::Command(command.into()) }
    }

    /// The row's lines, each with its line feed.
    pub(super) fn render(&self, palette: &Palette) -> String {
        let columns = palette.columns() - HANGING_COLUMNS;
        let lines = match &self.body {
            Body::Prose(text) => wrap(text, columns),
            Body::Items(items) => items.iter().flat_map(|item| hang(item, columns)).collect(),
            Body::Command(command) => vec![paint(palette.command, command)],
        };
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                // The padding is outside the style, so that it is never underlined or inverted.
                let gap = " ".repeat(HANGING_COLUMNS - 2 - self.label.len());
                text.push_str(&format!("  {}{gap}{line}\n", paint(palette.label, self.label)));
            } else {
                text.push_str(&format!("{:HANGING_COLUMNS$}{line}\n", ""));
            }
        }
        text
    }
}

/// A wrapped text whose continuation lines are indented.
pub(super) fn hang(item: &str, columns: usize) -> Vec<String> {
    let mut lines = wrap(item, columns - ITEM_COLUMNS);
    for line in lines.iter_mut().skip(1) {
        line.insert_str(0, &" ".repeat(ITEM_COLUMNS));
    }
    lines
}

/// Wraps a text into lines of at most `columns` characters. Words that are longer than a line are broken.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while word.len() > columns {
            lines.push(word.drain(..columns).collect());
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        used += word.len();
        line.extend(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prose_breaks_between_words_and_long_words_break_themselves() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_character_is_lost(text in "[a-z ]{0,200}", columns in 1_usize..30) {
            let lines = wrap(&text, columns);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= columns));
            let solid = |text: &str| text.replace(' ', "");
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
        }
    }
}
