//! Restricts checks to runs without faults.
//!
//! A claim such as "delivered once" or "within a minute" holds only in runs without faults. The other nemeses inject
//! faults into every scenario; the check is then valid without being judged.

use chaosdrill::{Check, EventKind, History, Outcome};

/// Whether no fault struck.
pub fn is_calm(history: &History) -> bool {
    !history.events().iter().any(|event| event.kind == EventKind::Fault)
}

/// The check, judged only if no fault struck.
pub fn where_fault_free(check: Check) -> Check {
    where_only_hurt_at(check, &[])
}

/// The check, judged only if every fault struck at one of these sites, which the claim is about.
pub fn where_only_hurt_at(check: Check, sites: &'static [&'static str]) -> Check {
    let (name, priority) = (check.name.clone(), check.priority);
    let judged = Check::new(name, move |history| {
        let mut faults = history.events().iter().filter(|event| event.kind == EventKind::Fault);
        let is_meant = faults.all(|event| sites.contains(&event.struck_site()));
        if is_meant { check.judge_now(history) } else { Outcome::valid() }
    });
    judged.priority(priority)
}
