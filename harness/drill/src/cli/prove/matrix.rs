//! The matrix of planted defects on the terminal.

use std::time::Duration;

use chaosdrill_core::{
    duration,
    limits::PROVE_FAULTS_MAX,
    record::{Proof, ProofBy},
};

use crate::cli::{args::MessageFormat, console};

/// Prints the result of every defect.
pub(in crate::cli) fn show(proofs: &[&Proof], format: MessageFormat) {
    if format == MessageFormat::Json {
        proofs.iter().for_each(console::print_json);
        return;
    }
    let mut text = String::from("bug     class   result  runs      time  faults  check and run\n");
    for proof in proofs {
        text.push_str(&line(proof));
    }
    let asked: Vec<&&Proof> = proofs.iter().filter(|proof| proof.is_asked_for()).collect();
    let found = asked.iter().filter(|proof| proof.found).count();
    let elsewhere = match proofs.iter().filter(|proof| proof.by == ProofBy::Postgres).count() {
        0 => String::new(),
        count => format!(", {count} more need PostgreSQL"),
    };
    let open = match proofs.iter().filter(|proof| proof.open).count() {
        0 => String::new(),
        count => format!(", {count} still open"),
    };
    let runs: u64 = proofs.iter().map(|proof| proof.runs).sum();
    let wall: u64 = proofs.iter().map(|proof| proof.wall_us).sum();
    let time = duration::seconds(Duration::from_micros(wall));
    text.push_str(&format!(
        "prove: {found} of {} planted bugs found{open}{elsewhere}, {runs} runs, {time} of run time\n",
        asked.len()
    ));
    console::print(&text);
}

/// The result of one defect as a line of the matrix. What does not fit, and details, have lines of their own.
pub(super) fn line(proof: &Proof) -> String {
    let result = match (proof.by, proof.found, proof.clean) {
        (ProofBy::Postgres | ProofBy::Nowhere, ..) => "-",
        (_, false, _) if proof.open => "open",
        (_, false, _) => "MISSED",
        (ProofBy::StaticCheck, true, Some(true)) => "static",
        (ProofBy::Running, true, Some(true)) => "found",
        (_, true, _) => "UNSURE",
    };
    let time = duration::seconds(Duration::from_micros(proof.wall_us));
    let faults = proof.minimal.as_ref().map_or("-".to_owned(), |faults| faults.len().to_string());
    let head = format!(
        "{:<7} {:<7} {result:<7} {:>4} {time:>9}  {faults:>6}",
        proof.defect, proof.class, proof.runs
    );
    let what = match (&proof.check, &proof.run) {
        _ if proof.by == ProofBy::Postgres => "needs PostgreSQL".to_owned(),
        _ if proof.by == ProofBy::Nowhere => "not possible in this target".to_owned(),
        (Some(check), None) => check.clone(),
        (Some(check), Some(run)) => {
            format!("{check}  {} {} {}", run.scenario, run.origin, run.seed)
        }
        _ if proof.also.is_empty() => "no check was violated".to_owned(),
        _ => format!(
            "only other checks were violated: {}",
            proof.also.iter().cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    let unsure = match proof.clean {
        Some(false) => "\n        also violated with the bug disabled: a false alarm",
        None if proof.found => {
            "\n        whether the run is valid with the bug disabled is unknown"
        }
        _ => "",
    };
    let large = match proof.minimal.as_ref().map_or(0, Vec::len) {
        count if count > PROVE_FAULTS_MAX => format!(
            "\n        its smallest plan has {count} faults; plans of up to {PROVE_FAULTS_MAX} are easy to follow"
        ),
        _ => String::new(),
    };
    let is_narrow = head.len() + 2 + what.chars().count() > console::palette().columns();
    let gap = if is_narrow { "\n        " } else { "  " };
    format!("{head}{gap}{what}{unsure}{large}\n")
}
