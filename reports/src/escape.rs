//! Escapes untrusted text for each output format.
//!
//! Scenario names, witnesses and error messages come from targets and databases. They may contain control sequences
//! that rewrite a terminal, markup that closes a table, or the password of a database. Each function here redacts
//! passwords, then truncates, then escapes. The order matters: in a truncated URL the end of the password may be gone.
//! Unprintable characters are spelt out (`\n`, `\u{1b}`) and never dropped, so that a reader sees them.

use std::borrow::Cow;

use chaosdrill_core::redact::redact;

use crate::numbers;

/// Escapes text for one line of a terminal, or for an XML attribute: no control characters, no line breaks, no
/// invisible characters.
///
/// The result is valid in XML 1.0, except for `<` and the like, which the XML writer escapes.
pub fn line(text: &str) -> String {
    spell(&redact(text))
}

/// Like [`line()`], with at most `chars_max` characters of the original.
pub fn line_within(text: &str, chars_max: usize) -> String {
    spell(&shorten(&redact(text), chars_max))
}

/// How many characters of a text fit into `columns_max` after escaping.
pub(crate) fn fitting(text: &str, columns_max: usize) -> usize {
    let text = redact(text);
    let widths = text.chars().map(|c| if is_hidden(c) { c.escape_default().count() } else { 1 });
    let ends = widths.scan(0, |end: &mut usize, width| {
        *end += width;
        Some(*end)
    });
    ends.take_while(|end| *end <= columns_max).count()
}

/// A Markdown code span for a table cell, or for any other place where a pipe has a meaning.
///
/// A code span disables emphasis, HTML and links. `@name` mentions nobody, and `#7`, which is an event in a witness,
/// does not become a link to issue 7.
pub fn markdown(text: &str, chars_max: usize) -> String {
    // Parsers differ on `\\|` in a table, so a backslash before a pipe is spelt out.
    let shown = line_within(text, chars_max).replace("\\|", "\\u{5c}|");
    code_span(&shown.replace('|', "\\|"))
}

/// A Markdown code span outside tables. Pipes are not escaped, so a command in it can be pasted.
pub fn markdown_line(text: &str, chars_max: usize) -> String {
    code_span(&line_within(text, chars_max))
}

fn code_span(shown: &str) -> String {
    // A tool that looks for our own marks must not take an HTML comment in a name for one.
    let shown = shown.replace("<!", "<\\u{21}");
    if shown.is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run(&shown, '`') + 1);
    let edge = |c| c == '`' || c == ' ';
    let pad = if shown.starts_with(edge) || shown.ends_with(edge) { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// Whether a character is spelt out: it would move the cursor, reorder its neighbours, or be invisible.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
        // Noncharacters: XML 1.0 forbids two of them, and none has a glyph.
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Escapes control and invisible characters in the strings of a JSON text; its value stays the same.
///
/// Outside strings, JSON has only whitespace, which is kept.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_spelt = |c: char| is_hidden(c) && !c.is_ascii_whitespace();
    if !text.contains(is_spelt) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_spelt(c) {
            let mut units = [0; 2];
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Escapes terminal output so that a runner of GitHub Actions finds no command in it.
///
/// A runner obeys `::` at the beginning of a line, also after blanks, and `##[` anywhere.
pub fn without_workflow_commands(text: &str) -> String {
    let lines = text.split_inclusive(['\n', '\r']).map(|line| {
        let command = line.trim_start();
        let blanks = &line[..line.len() - command.len()];
        match command.strip_prefix("::") {
            Some(rest) => format!("{blanks}: :{rest}"),
            None => line.to_owned(),
        }
    });
    lines.collect::<String>().replace("##[", "## [")
}

fn spell(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn shorten(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let left_out = numbers::grouped(text[end..].chars().count() as u64);
            Cow::Owned(format!("{}… ({left_out} more)", &text[..end]))
        }
    }
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or(0) / wanted.len_utf8()
}
