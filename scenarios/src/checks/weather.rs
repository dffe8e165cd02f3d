//! What holds in calm weather only.
//!
//! A claim such as "delivered once" or "within a minute" is about runs to which nothing was done. The other nemeses hurt
//! every scenario, and there such a claim says nothing.

use chaosdrill::{Check, EventKind, Outcome};

/// The same check, where no fault has struck.
pub(crate) fn in_calm_weather(check: Check) -> Check {
    let (name, priority) = (check.name.clone(), check.priority);
    let judged = Check::new(name, move |history| {
        let is_hurt = history.events().iter().any(|event| event.kind == EventKind::Fault);
        if is_hurt { Outcome::valid() } else { check.judge_now(history) }
    });
    judged.priority(priority)
}
