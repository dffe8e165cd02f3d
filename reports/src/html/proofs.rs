//! The matrix of planted bugs: which check finds which, after how many runs and how long.

use chaosdrill_core::record::{Proof, ProofBy};
use maud::{Markup, PreEscaped, html};

use super::{
    MEASURED_BEGIN, MEASURED_END,
    parts::{self, Fill, name, text},
};
use crate::{limits, words};

pub(super) fn section(proofs: &[Proof]) -> Markup {
    let (rows, bytes) = limits::HTML_PROOFS;
    let fill = Fill::new(proofs, rows, bytes, row);
    let asked = proofs.iter().filter(|proof| proof.is_asked_for()).count() as u64;
    let found = proofs.iter().filter(|proof| proof.is_asked_for() && proof.found).count() as u64;
    let table = html! {
        table.proofs {
            thead { tr {
                th scope="col" { "Bug" } th scope="col" { "What it is" } th scope="col" { "Found by" }
                th.number scope="col" { "Runs" } th.number scope="col" { "Seconds" } th scope="col" { "Smallest plan" } th scope="col" { "Without it" }
            } }
            tbody { (fill) }
        }
        (fill.rest("defect"))
    };
    html! {
        @if !proofs.is_empty() {
            section #proofs aria-labelledby="proofs-title" {
                h2 #proofs-title { "Planted bugs" }
                p {
                    "A check that cannot fail shows nothing. Each of these bugs was switched on in turn: "
                    strong { (words::grouped(found)) " of " (words::grouped(asked)) " were found" } "."
                }
                (parts::wide("Planted bugs", &table))
            }
        }
    }
}

fn row(proof: &Proof) -> Markup {
    let outcome = match (proof.by, &proof.check) {
        (ProofBy::Postgres, _) => html! { span.quiet { "not on this database" } },
        (ProofBy::Nowhere, _) => html! { span.quiet { "the pipeline has no such part" } },
        (_, Some(check)) if proof.found => html! { code { (name(check)) } },
        _ if proof.open => html! { span.quiet { "still open" } },
        _ => html! { strong.bad { "missed" } },
    };
    let faults: Vec<_> = proof.minimal.iter().flatten().take(4).collect();
    let clean = match proof.clean {
        Some(true) => html! { "valid" },
        Some(false) => html! { strong.bad { "not valid" } },
        None => html! { span.quiet { "not asked" } },
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
                @if proof.by == ProofBy::Guard { span.claim { "by a guard of the source" } }
                @if !proof.also.is_empty() {
                    span.claim { "and by " (words::counted(proof.also.len() as u64, "other check")) }
                }
                @if let Some(run) = &proof.run {
                    span.claim { (name(&run.scenario)) " seed " (run.seed) }
                }
            }
            td.number { (words::grouped(proof.runs)) }
            td.number { (seconds(proof)) }
            td { @for fault in &faults { span.claim { (name(&fault.to_string())) } } }
            td { (clean) }
        }
    }
}

/// How long the runs took, which depends on the machine; nothing where there were none.
fn seconds(proof: &Proof) -> Markup {
    let ms = proof.wall_us / 1_000;
    html! {
        @if proof.runs > 0 {
            (PreEscaped(MEASURED_BEGIN)) (words::grouped(ms / 1_000)) (format!(".{:03}", ms % 1_000)) (PreEscaped(MEASURED_END))
        }
    }
}
