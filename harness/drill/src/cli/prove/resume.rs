//! Goes on with a search that was broken off: planted bugs that were found are not looked for again.
//!
//! A miss is no result to rely on: the earlier search may have tried less.

use std::path::Path;

use chaosdrill_core::{Plan, record::Proof};

use super::{PLANS, case::Case};
use crate::{campaign_dir::FolderError, cli::error::ExpectedError, run_bundle};

/// Takes the finds of the earlier search.
///
/// # Errors
///
/// If there is no earlier search, or if it looked for defects that this one does not: its results would be lost.
pub(super) fn take_settled(out: &Path, cases: &mut [Case<'_>]) -> Result<(), ExpectedError> {
    let (proofs, unread) = run_bundle::proofs(out);
    if proofs.is_empty() {
        let why = unread.unwrap_or_else(|| format!("{} has no prove.json", out.display()));
        return Err(FolderError::NothingToResume(why).into());
    }
    for proof in proofs {
        let Some(case) = cases.iter_mut().find(|case| case.is_of(&proof)) else {
            return Err(ExpectedError::Usage(format!(
                "{}/prove.json has a result for {}, which the filter excludes; give the same filter as before, or leave \
                 out --resume",
                out.display(),
                proof.defect
            )));
        };
        if case.is_settled() || !case.would_take(&proof) {
            continue;
        }
        // Without its plan, the result would lose it.
        if let Some(plan) = smallest(out, &proof) {
            case.settle(proof, plan);
        }
    }
    Ok(())
}

/// The smallest plan of a result, if its file can be read.
fn smallest(out: &Path, proof: &Proof) -> Option<Plan> {
    let path = out.join(PLANS).join(format!("{}.toml", proof.defect));
    Plan::from_toml(&std::fs::read_to_string(path).ok()?).ok()
}
