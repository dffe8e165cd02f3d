//! What the checks of answers have in common.

use chaosdrill::{Operation, Outcome};

/// A violation by one operation.
pub(crate) fn invalid(op: &Operation<'_>, why: &str) -> Outcome {
    let seqs = [Some(op.invoke), op.end].into_iter().flatten().map(|event| event.seq);
    Outcome::invalid(format!("#{} {why}", op.invoke.seq), seqs)
}
