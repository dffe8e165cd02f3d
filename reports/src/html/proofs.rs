//! The matrix of planted bugs: which check finds each of them, after how many runs and how much time. It is a section
//! of a campaign's page, or a page of its own if there is no campaign.

use chaosdrill_core::record::{Proof, ProofBy};
use maud::{Markup, PreEscaped, html};

use super::{
    MEASURED_BEGIN, MEASURED_END, frame, head, notes,
    parts::{self, Fill, name, text},
};
use crate::{limits, numbers, words::Search};

/// Renders the page of a `prove` without a campaign.
///
/// # Panics
///
/// If the page is longer than its bound, which no input can cause.
pub fn proofs(proofs: &[Proof], unread: &[String], program: &str) -> String {
    let search = Search::of(proofs);
    let fact = |label: &str, number: u64| head::fact(label, &numbers::grouped(number));
    let body = html! {
        header #top .head {
            p.over { "Chaos drill: planted bugs" }
            h1 { (head::badge(search.verdict())) " " (head::capitalised(&search.because())) "." }
            dl.facts {
                (fact("Planted bugs", proofs.len() as u64))
                (fact("Searched for", search.asked))
                (fact("Found", search.found))
                @if search.open > 0 { (fact("Still open", search.open)) }
                (fact("Runs", search.runs))
            }
            @if search.found > 0 { p.note {
                "The folder " code { "plans" } " beside this page has the smallest plan of each bug that was found. To see a "
                "bug again, run " code { (name(program)) " replay --plan plans/ID.toml" } " with its id for " code { "ID" } "."
            } }
        }
        main {
            (notes(unread))
            (section(proofs))
        }
    };
    let title = format!("Planted bugs: {}", search.verdict().name());
    let contents = html! {
        nav.contents aria-label="Sections" {
            a href="#top" { "Chaos drill" }
            @if !unread.is_empty() { a href="#notes" { "Missing parts" } }
            @if !proofs.is_empty() { a href="#proofs" { "Planted bugs" } }
        }
    };
    let html = frame::document(&title, &contents, &body);
    assert!(html.len() < limits::HTML_BYTES_MAX, "the bounds of the sections fit into the whole");
    html
}

pub(super) fn section(proofs: &[Proof]) -> Markup {
    let (rows, bytes) = limits::HTML_PROOFS;
    let fill = Fill::new(proofs, rows, bytes, row);
    let Search { asked, found, .. } = Search::of(proofs);
    let table = html! {
        table.proofs {
            thead { tr {
                th scope="col" { "Bug" } th scope="col" { "What it is" } th scope="col" { "Found by" }
                th.number scope="col" { "Runs" } th.number scope="col" { "Seconds" } th scope="col" { "Smallest plan" } th scope="col" { "Without it" }
            } }
            tbody { (fill) }
        }
        (fill.rest("bug"))
    };
    html! {
        @if !proofs.is_empty() {
            section #proofs aria-labelledby="proofs-title" {
                h2 #proofs-title { "Planted bugs" }
                p {
                    "A check that cannot fail proves nothing. Each of these bugs was enabled in turn: "
                    strong { (numbers::grouped(found)) " of " (numbers::grouped(asked)) " were found" } "."
                }
                (parts::wide("Planted bugs", &table))
            }
        }
    }
}

fn row(proof: &Proof) -> Markup {
    let outcome = match (proof.by, &proof.check) {
        (ProofBy::Postgres, _) => html! { span.quiet { "not on this database" } },
        (ProofBy::Nowhere, _) => html! { span.quiet { "not possible in this pipeline" } },
        (_, Some(check)) if proof.found => html! { code { (name(check)) } },
        _ if proof.open => html! { span.quiet { "still open" } },
        _ => html! { strong.bad { "missed" } },
    };
    let faults: Vec<_> =
        proof.minimal.iter().flatten().take(limits::HTML_PROOF_FAULTS_MAX).collect();
    let more = proof.minimal.iter().flatten().skip(faults.len()).count() as u64;
    let clean = match proof.clean {
        Some(true) => html! { "valid" },
        Some(false) => html! { strong.bad { "not valid" } },
        None => html! { span.quiet { "not run" } },
    };
    html! {
        tr {
            th scope="row" {
                code { (name(&proof.defect)) }
                span.claim { (name(&proof.target)) ", " (name(&proof.class)) }
            }
            td { (text(&proof.summary)) }
            td {
                (outcome)
                @if proof.by == ProofBy::StaticCheck { span.claim { "by a static check of the source" } }
                @if !proof.also.is_empty() {
                    span.claim { "and by " (numbers::counted(proof.also.len() as u64, "other check")) }
                }
                @if let Some(run) = &proof.run {
                    span.claim { (name(&run.scenario)) " seed " (run.seed) }
                }
            }
            td.number { (numbers::grouped(proof.runs)) }
            td.number { (seconds(proof)) }
            td {
                @if proof.minimal.as_ref().is_some_and(Vec::is_empty) { span.claim { "no fault" } }
                @for fault in &faults { span.claim { (name(&fault.to_string())) } }
                @if more > 0 { span.claim { "and " (numbers::grouped(more)) " more" } }
            }
            td { (clean) }
        }
    }
}

/// The wall-clock time of the runs, which depends on the machine; empty if there were no runs.
fn seconds(proof: &Proof) -> Markup {
    let ms = proof.wall_us / 1_000;
    html! {
        @if proof.runs > 0 {
            (PreEscaped(MEASURED_BEGIN)) (numbers::grouped(ms / 1_000)) (format!(".{:03}", ms % 1_000)) (PreEscaped(MEASURED_END))
        }
    }
}
