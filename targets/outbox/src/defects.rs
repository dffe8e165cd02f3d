//! The planted bugs, as plain data: what is wrong, what is right, and which check must say so.

use chaosdrill_rt::defect::{Class, Defect, Shows};

/// All of them, by id.
pub const DEFECTS: &[Defect] = &[
    Defect {
        id: "O1",
        summary: "the version check can be passed by two writers",
        wrong: "the version read before the transaction is trusted, and a taken sequence is skipped",
        right: "the version is read again under the write lock, with the unique key behind it",
        checks: &["exactly_one_of_the_racers_commits"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O2",
        summary: "an expired lease is never taken over",
        wrong: "the end of a lease, in milliseconds, is compared with a clock in seconds",
        right: "both are milliseconds",
        checks: &["every_committed_message_is_published"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O3",
        summary: "a live lease is stolen",
        wrong: "a message in flight may be claimed whenever its lease ends",
        right: "it may be claimed once its lease has ended",
        checks: &["one_live_holder_per_message"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O4",
        summary: "a late settle is accepted",
        wrong: "a message is settled by its id alone",
        right: "only by the worker and the attempt that hold it, while the lease lasts",
        checks: &["settle_only_by_the_current_claim"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O5",
        summary: "a takeover does not count as an attempt",
        wrong: "only the claim of a pending message counts",
        right: "every claim counts",
        checks: &["attempts_grow_by_one_per_claim"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O6",
        summary: "a message that could not be published is lost",
        wrong: "the broker's answer is not looked at",
        right: "only what the broker accepted is settled as published",
        checks: &["published_means_the_broker_accepted"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O7",
        summary: "a message that is delivered twice has two effects",
        wrong: "the consumer does not ask whether the receipt is new",
        right: "a message whose receipt is there already is acknowledged, and nothing else",
        checks: &["effects_happen_exactly_once"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O7b",
        summary: "a message whose settling failed is given up",
        wrong: "after an error of the settling, the message is marked as failed",
        right: "it stays leased, and is published again when the lease ends",
        checks: &["every_committed_message_is_published"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O8",
        summary: "the read model is written outside of the transaction",
        wrong: "events and messages are committed before the read model is written",
        right: "all of it is one transaction",
        checks: &["commits_are_all_or_nothing"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O10",
        summary: "an unknown event is skipped in replay",
        wrong: "an event that nobody knows is passed over",
        right: "it ends the replay, and is named",
        checks: &["hydration_folds_every_event_or_fails"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O11",
        summary: "the queue of an account loses its order",
        wrong: "the turn is given back before the commit",
        right: "it is held until the commit is over",
        checks: &["commits_follow_lock_grants"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O12",
        summary: "a snapshot drifts: the last event in it is applied again",
        wrong: "replay begins at the version of the snapshot",
        right: "it begins after it",
        checks: &["snapshots_are_transparent"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O12b",
        summary: "a snapshot drifts: it is labelled with the version before its events",
        wrong: "the version at load",
        right: "the version of the last event in it",
        checks: &["snapshots_are_transparent"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O13",
        summary: "an account differs from itself once reloaded",
        wrong: "applying an event asks the clock",
        right: "an event carries its time",
        checks: &["reload_equals_memory"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O14",
        summary: "an error that will not pass is retried for ever",
        wrong: "every error of the repository counts as passing",
        right: "its kind decides",
        checks: &["permanent_errors_are_tried_once"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O15",
        summary: "an error that will pass counts as final",
        wrong: "serialization failures and deadlocks are permanent",
        right: "they are retried",
        checks: &["transient_errors_are_retried"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O16",
        summary: "the ingress answers a final refusal with a code that asks for more",
        wrong: "503",
        right: "422",
        checks: &["status_code_follows_the_error_kind"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "O17",
        summary: "the ceiling of attempts is off by one",
        wrong: "a message is given up after one attempt more than the ceiling",
        right: "at the ceiling",
        checks: &["attempts_stay_within_the_ceiling"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O17b",
        summary: "the ceiling does not hold for holders that die",
        wrong: "an expired claim is taken over however often that happened",
        right: "at the ceiling the message is given up",
        checks: &["attempts_stay_within_the_ceiling"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O18",
        summary: "the receipt is in another transaction than the effect",
        wrong: "the receipt is committed before the effect begins",
        right: "both are committed at once",
        checks: &["effects_happen_exactly_once"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O18b",
        summary: "a message that was applied before counts as an error",
        wrong: "503: it is delivered again, for ever",
        right: "it is acknowledged",
        checks: &["every_accepted_message_is_acknowledged"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O19",
        summary: "a corrupt message is settled as published",
        wrong: "what cannot be read is nobody's, and acknowledged",
        right: "it goes the way of failures, with the reason",
        checks: &["every_row_is_delivered_or_dead_lettered"],
        class: Class::Hist,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O22",
        summary: "a command whose answer got lost is carried out again",
        wrong: "a command is remembered under a name made anew for each request",
        right: "under the id its sender gave it",
        checks: &["one_command_one_effect"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O23",
        summary: "an insert in several statements loses a row at each boundary",
        wrong: "a full statement leaves its last row to the next, which begins after it",
        right: "each row is in one statement",
        checks: &["commits_are_all_or_nothing", "one_command_one_effect"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "O24",
        summary: "an error of the database loses its cause",
        wrong: "it becomes a text: what passes and what does not look the same",
        right: "it is kept as the source, and its code decides",
        checks: &["errors_keep_their_cause"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_planted_and_each_planted_one_is_listed() {
        let mut planted: Vec<String> = Vec::new();
        let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for entry in std::fs::read_dir(sources).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.ends_with("defects.rs") {
                continue;
            }
            let text = std::fs::read_to_string(path).expect("text");
            for part in text.split("defect!(").skip(1) {
                let quoted = part.trim_start().strip_prefix('"');
                planted.extend(quoted.and_then(|rest| rest.split('"').next()).map(str::to_owned));
            }
        }
        planted.sort();
        planted.dedup();
        let mut listed: Vec<&str> = DEFECTS.iter().map(|defect| defect.id).collect();
        listed.sort_unstable();
        assert_eq!(planted, listed);
    }
}
