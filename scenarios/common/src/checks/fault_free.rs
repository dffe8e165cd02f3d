//! What holds without faults only.
//!
//! A claim such as "delivered once" or "within a minute" is about runs to which nothing was done. The other nemeses
//! hurt every scenario, and there such a claim says nothing.

use chaosdrill::{Check, EventKind, History, Outcome};

/// Whether no fault has struck.
pub fn is_calm(history: &History) -> bool {
    !history.events().iter().any(|event| event.kind == EventKind::Fault)
}

/// The same check, where no fault has struck.
pub fn where_fault_free(check: Check) -> Check {
    where_only_hurt_at(check, &[])
}

/// The same check, where no fault has struck but at these sites: those that the claim is about.
pub fn where_only_hurt_at(check: Check, sites: &'static [&'static str]) -> Check {
    let (name, priority) = (check.name.clone(), check.priority);
    let judged = Check::new(name, move |history| {
        let mut faults = history.events().iter().filter(|event| event.kind == EventKind::Fault);
        let is_meant = faults.all(|event| sites.contains(&event.struck_site()));
        if is_meant { check.judge_now(history) } else { Outcome::valid() }
    });
    judged.priority(priority)
}
