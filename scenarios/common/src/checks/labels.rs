//! Checks that metric labels come from a fixed set, whatever the input.

use chaosdrill::{Check, Outcome, Priority};

/// Every label reported in `member` of `observation` is in the set.
pub fn labels_stay_within_their_set(
    observation: &'static str,
    member: &'static str,
    known: &'static [&'static str],
) -> Check {
    Check::new("labels_stay_within_their_set", move |history| {
        let wrong =
            history.observed(observation).find(|event| !known.contains(&event.text(member)));
        Outcome::unless(wrong.map(|event| {
            let why = format!(
                "#{} {observation} has the label {member} = {}, which is not in the list",
                event.seq,
                event.get(member)
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Low)
}
