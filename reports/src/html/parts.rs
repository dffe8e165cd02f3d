//! Small parts of a page. All untrusted text passes through [`name`] or [`text`], and then through the template.

use maud::{Markup, PreEscaped, Render, html};

use crate::{escape, limits, numbers};

/// A name, escaped and truncated.
pub(super) fn name(text: &str) -> String {
    escape::line_within(text, limits::HTML_NAME_CHARS_MAX)
}

/// An explanation, escaped and truncated.
pub(super) fn text(text: &str) -> String {
    escape::line_within(text, limits::HTML_TEXT_CHARS_MAX)
}

/// A label and a value of the head of a page.
pub(super) fn fact(label: &str, value: &str) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

/// A sentence that begins with a capital.
pub(super) fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// A sentence in which `#418` becomes a link if the picture shows that event.
pub(super) fn linked(text: &str, target: impl Fn(u64) -> Option<String>) -> Markup {
    let mut parts: Vec<Markup> = Vec::new();
    let mut rest = text;
    while let Some(found) = rest.find('#') {
        let digits = rest[found + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = found + 1 + digits;
        let link = rest[found + 1..end].parse().ok().and_then(&target);
        parts.push(html! { (rest[..found]) });
        parts.push(match link {
            Some(link) => html! { a href=(format!("#{link}")) { (rest[found..end]) } },
            None => html! { (rest[found..end]) },
        });
        rest = &rest[end..];
    }
    html! { @for part in &parts { (part) } (rest) }
}

/// A command to copy; empty if the command is longer than its bound.
pub(super) fn command(label: &str, command: &str) -> Markup {
    html! {
        @if command.len() <= limits::HTML_COMMAND_BYTES_MAX {
            div.command { span.command-label { (label) } code tabindex="0" { (command) } }
        }
    }
}

/// The folder in which the commands must be run.
pub(super) fn where_to_run() -> Markup {
    html! { p.note { "Run the commands at the root of the repository." } }
}

/// A region that scrolls by itself if the page is too narrow for it.
pub(super) fn wide(label: &str, inner: &Markup) -> Markup {
    html! { div.wide role="region" aria-label=(label) tabindex="0" { (inner) } }
}

/// The items that fit into a number of rows and of bytes, in order, and a count of the rest.
pub(super) struct Fill {
    html: String,
    left_out: u64,
}

impl Fill {
    pub(super) fn new<T>(
        items: impl IntoIterator<Item = T>,
        rows_max: usize,
        bytes_max: usize,
        render: impl Fn(T) -> Markup,
    ) -> Self {
        let mut html = String::new();
        let mut items = items.into_iter();
        let mut left_out = 0;
        for _ in 0..rows_max {
            let Some(item) = items.next() else { break };
            let piece = render(item);
            if html.len() + piece.0.len() > bytes_max {
                left_out = 1;
                break;
            }
            html.push_str(&piece.0);
        }
        Self { left_out: left_out + items.count() as u64, html }
    }

    /// Whether items were left out.
    pub(super) fn has_rest(&self) -> bool {
        self.left_out > 0
    }

    /// A note on how many items were left out; empty if none were.
    pub(super) fn rest(&self, noun: &str) -> Markup {
        html! {
            @if self.left_out > 0 {
                p.note {
                    (numbers::counted(self.left_out, &format!("more {noun}")))
                    " left out here; " code { "summary.json" } " and "
                    code { "campaign.jsonl" } " have everything."
                }
            }
        }
    }
}

impl Render for Fill {
    fn render(&self) -> Markup {
        PreEscaped(self.html.clone())
    }
}
