//! The HTML document around the contents of a page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::glossary;

/// The style sheet, which is ours and has no untrusted text.
const STYLE: &str = include_str!("style.css");

/// A document with these contents.
pub(super) fn document(title: &str, contents: &Markup, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                // The page fetches and runs nothing, whatever text gets into it.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#top" { "Skip to the report" }
                (contents)
                div.page {
                    (body)
                    (glossary::of(&[contents, body]))
                    footer { p {
                        "Rendered by chaosdrill from the records. " code { "cargo drill report" } " renders it again."
                    } }
                }
            }
        }
    }
    .into_string()
}
