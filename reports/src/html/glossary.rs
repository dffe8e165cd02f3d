//! The glossary of a page: the words that the page uses, folded.

use maud::{Markup, html};

use crate::glossary;

/// The words of the field that these parts of a page use.
pub(super) fn of(page: &[&Markup]) -> Markup {
    let text: Vec<String> = page.iter().map(|part| visible(&part.0)).collect();
    let entries = glossary::used_in(&text.join(" "));
    html! {
        @if !entries.is_empty() {
            section .glossary aria-labelledby="glossary-title" {
                h2 #glossary-title { "Glossary" }
                details {
                    summary { "What the words on this page mean" }
                    dl #words { @for (word, sentence) in entries { div { dt { (word) } dd { (sentence.replace('`', "")) } } } }
                }
            }
        }
    }
}

/// The text of a page without its elements. A `<` of the text itself is escaped.
fn visible(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut parts = html.split('<');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        text.push(' ');
        text.push_str(part.split_once('>').map_or("", |(_, after)| after));
    }
    text
}
