//! The planted bugs, as plain data: what is wrong, what is right, and which check must say so.

use chaosdrill_rt::defect::{Class, Defect, Shows};

/// All of them, by id.
pub const DEFECTS: &[Defect] = &[
    Defect {
        id: "P1",
        summary: "an unexpected skip is stamped as applied",
        wrong: "a skip without a good reason is no error",
        right: "it is one: the row is tried again, and given up in the end",
        checks: &["applied_means_the_world_agrees"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P2",
        summary: "an empty reason counts as success",
        wrong: "silence is a good reason",
        right: "what was not applied and is not explained has failed",
        checks: &["applied_means_the_world_agrees"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P3",
        summary: "the list of good reasons is too broad",
        wrong: "any reason with `not` in it is a good one",
        right: "fragments are long, and matched as they stand",
        checks: &["applied_means_the_world_agrees"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P4",
        summary: "an unknown kind is tried for ever",
        wrong: "its rows have no ceiling",
        right: "they have the ceiling of all others",
        checks: &["attempts_stay_within_the_ceiling", "a_row_at_the_ceiling_is_at_rest"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P5",
        summary: "an unknown kind is given up at once",
        wrong: "at first sight",
        right: "at the ceiling, so that a roll-out can finish",
        checks: &["rows_fail_at_the_ceiling_only"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P6",
        summary: "an unknown kind is passed over",
        wrong: "nothing is stored, and the row comes back for ever",
        right: "it counts as a failed attempt",
        checks: &["what_is_picked_is_settled"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P7",
        summary: "a dead letter is not counted",
        wrong: "the counter is left out on the path of ordinary failures",
        right: "each transition counts once, in its own transaction",
        checks: &["dead_letters_are_counted_once"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P8",
        summary: "a kind from outside becomes a label",
        wrong: "the label is the row's kind",
        right: "one bucket for all that have no handler",
        checks: &["labels_stay_within_their_set"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P8b",
        summary: "a reason from outside becomes a label",
        wrong: "the label is the provisioner's reason",
        right: "one of a fixed list of buckets",
        checks: &["labels_stay_within_their_set"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P9",
        summary: "a stuck job is rescued late",
        wrong: "after the job's timeout and an hour, as the library has it",
        right: "after 25 min",
        checks: &["stuck_jobs_are_rescued_in_time"],
        class: Class::Hist,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P10",
        summary: "a live job is rescued",
        wrong: "after 15 min, where a job may take 20",
        right: "after 25 min",
        checks: &["one_live_execution_per_job"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P11",
        summary: "two runners dispatch one row",
        wrong: "what was seen before the transaction is leased",
        right: "rows are looked for again in the transaction that leases them",
        checks: &["holders_do_not_overlap"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P12",
        summary: "a row whose holder died comes back at once",
        wrong: "the pick leaves no lease",
        right: "a lease of 5 min, in the transaction of the pick",
        checks: &["picks_are_a_lease_apart"],
        class: Class::Hist,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P15",
        summary: "a success that cannot be saved is tried for ever",
        wrong: "this failure has no ceiling",
        right: "it has the ceiling of all others",
        checks: &["attempts_stay_within_the_ceiling", "a_row_at_the_ceiling_is_at_rest"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P16",
        summary: "a settled row lacks its audit",
        wrong: "the audit is a statement of its own, after the commit",
        right: "one transaction",
        checks: &["audits_agree_with_states"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P17",
        summary: "the schedule is off by one",
        wrong: "the wait is looked up by the number of failures after this one",
        right: "before this one",
        checks: &["retries_keep_the_schedule"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P17b",
        summary: "the schedule does not grow",
        wrong: "every wait is the first one",
        right: "the table",
        checks: &["retries_keep_the_schedule"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P18",
        summary: "the ceiling is off by one",
        wrong: "one attempt more",
        right: "the tenth failure is the last",
        checks: &["attempts_stay_within_the_ceiling", "a_row_at_the_ceiling_is_at_rest"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P19",
        summary: "an unexpected skip is audited as an ordinary retry",
        wrong: "`propagation.retrying`",
        right: "`propagation.unexpected_skip`",
        checks: &["audits_agree_with_states"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P20",
        summary: "a late settle is accepted",
        wrong: "a row is settled by its id alone",
        right: "only by its holder, and only while it is open",
        checks: &["terminal_is_final", "only_the_holder_settles"],
        class: Class::Guard,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P20b",
        summary: "a late settle of an open row is accepted",
        wrong: "a row that is not at rest is settled by whoever comes",
        right: "only by its holder",
        checks: &["only_the_holder_settles"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P21",
        summary: "an upgrade loses its propagation",
        wrong: "the row is inserted after the commit, and an error is passed over",
        right: "it is inserted in the upgrade's own transaction",
        checks: &["every_upgrade_is_enqueued"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P24",
        summary: "a type of resources is silently left out",
        wrong: "`vector` counts as one without limits",
        right: "it is regraded",
        checks: &["applied_means_the_world_agrees"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P25",
        summary: "a kind is declared that nobody handles",
        wrong: "a later kind is in one list only",
        right: "both lists are the same",
        checks: &["every_declared_kind_is_handled"],
        class: Class::Guard,
        star: true,
        shows: Shows::Running,
    },
    Defect {
        id: "P26",
        summary: "a dispatch that is broken off is not given back",
        wrong: "the end of the job takes all that is left to store along",
        right: "the dispatch is broken off from within, and its row is given back",
        checks: &["what_is_picked_is_settled"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P27",
        summary: "the documented time to the dead letter is wrong",
        wrong: "the README says a number that nobody computed",
        right: "it says what the schedule adds up to",
        checks: &["the_documented_total_is_computed"],
        class: Class::Guard,
        star: true,
        shows: Shows::InAGuard,
    },
    Defect {
        id: "P29",
        summary: "a row that kills its runner is never given up",
        wrong: "begun dispatches are not counted",
        right: "they are, and bounded",
        checks: &["effects_stay_within_the_bound"],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P31",
        summary: "a lease is written by another clock than it is read by",
        wrong: "the worker's clock",
        right: "the database's, on both sides",
        checks: &[
            "picks_are_a_lease_apart",
            "holders_do_not_overlap",
            "stored_times_are_the_database_s",
        ],
        class: Class::Latent,
        star: false,
        shows: Shows::Running,
    },
    Defect {
        id: "P32",
        summary: "the death of an unknown kind is reported as an ordinary one",
        wrong: "reason and audit are those of ordinary failures",
        right: "both say that the kind is unknown",
        checks: &["audits_agree_with_states"],
        class: Class::Guard,
        star: true,
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
        let in_code = |defect: &&Defect| defect.shows != Shows::InAGuard;
        let mut listed: Vec<&str> =
            DEFECTS.iter().filter(in_code).map(|defect| defect.id).collect();
        listed.sort_unstable();
        assert_eq!(planted, listed);
    }
}
