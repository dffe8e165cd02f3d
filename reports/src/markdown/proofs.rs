//! Renders the results of a `prove` without a campaign: the matrix of planted bugs as Markdown.

use chaosdrill_core::record::{Proof, ProofBy};

use super::{name, notes, table::Table};
use crate::{escape, limits, numbers, words::Search};

/// Renders the matrix of planted bugs, short enough for a comment. Nothing in it depends on the machine.
///
/// # Panics
///
/// If the text is longer than its bound, which no input can cause.
pub fn proofs(proofs: &[Proof], unread: &[String]) -> String {
    let search = Search::of(proofs);
    let mut text = format!("# Planted bugs: {}\n\n", search.verdict().name());
    text.push_str(&notes(unread));
    text.push_str(&format!("**{}.**\n", super::capitalised(&search.because())));
    let head = ["bug", "what it is", "found by", "in", "runs:", "smallest plan", "without it"];
    let table = Table::new(&head, limits::MARKDOWN_PROOFS).fill(proofs, row);
    text.push_str(&table.section("Result for each bug", "bug"));
    assert!(text.len() < limits::MARKDOWN_BYTES_MAX, "the bounds of the parts fit into the whole");
    text
}

fn row(proof: &Proof) -> Vec<String> {
    let run = proof.run.as_ref().map(|run| {
        format!("{} {}, seed {}", name(&run.scenario), name(&run.origin.to_string()), run.seed)
    });
    let plan = proof.minimal.as_ref().map(|faults| match faults.len() {
        0 => "no fault".to_owned(),
        _ => {
            let shown = faults.iter().take(limits::MARKDOWN_PLAN_FAULTS_MAX);
            let shown: Vec<String> = shown.map(|fault| name(&fault.to_string())).collect();
            let more = (faults.len() - shown.len()) as u64;
            let more = if more > 0 {
                format!(" and {} more", numbers::grouped(more))
            } else {
                String::new()
            };
            format!("{}{more}", shown.join(", "))
        }
    });
    let clean = match proof.clean {
        Some(true) => "valid",
        Some(false) => "**not valid**",
        None => "",
    };
    vec![
        name(&proof.defect),
        escape::markdown(&proof.summary, limits::MARKDOWN_TEXT_CHARS_MAX),
        outcome(proof),
        run.unwrap_or_default(),
        numbers::grouped(proof.runs),
        plan.unwrap_or_default(),
        clean.to_owned(),
    ]
}

/// The check that found the bug, or the reason why none did.
pub(crate) fn outcome(proof: &Proof) -> String {
    match (proof.by, &proof.check) {
        (ProofBy::Postgres, _) => "not on this database".to_owned(),
        (ProofBy::Nowhere, _) => "not possible in this pipeline".to_owned(),
        (_, Some(check)) if proof.found => name(check),
        _ if proof.open => "still open".to_owned(),
        _ => "**missed**".to_owned(),
    }
}
