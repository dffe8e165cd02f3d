//! Classifies the provisioner's reasons for a skip: which are allowed, and under which label they are counted.

use chaosdrill_rt::defect;

/// Parts of reasons that leave no work to do. They are matched literally, case included.
pub const ALLOWED: &[&str] =
    &["already correct", "unsupported resource type", "backend does not support"];

/// Whether no work is left after a skip for this reason. An empty reason is not allowed.
pub fn is_allowed(reason: &str) -> bool {
    let is_broad = defect!("P3", reason.contains("not"), false);
    let is_silent = defect!("P2", reason.is_empty(), false);
    ALLOWED.iter().any(|fragment| reason.contains(fragment)) || is_broad || is_silent
}

/// The labels of reasons, each with the lower-case words that identify it; the first match is used.
const BUCKETS: &[(&str, &[&str])] = &[
    ("postgres_admin_secret_missing", &["postgres-admin secret", "postgres_admin"]),
    ("redis_auth_secret_missing", &["redis-auth secret"]),
    ("namespace_not_found", &["namespace not found"]),
    ("resource_not_reachable", &["not reachable", "unreachable"]),
    ("pod_not_found", &["pod not found", "no pod"]),
    ("legacy_resource", &["legacy resource", "legacy pod"]),
];

/// The label of all other reasons.
pub const OTHER: &str = "other";

/// The label of a reason, from a fixed list, whatever the provisioner answers.
pub fn bucket(reason: &str) -> &str {
    let lower = reason.to_lowercase();
    let fits = |(_, words): &&(&str, &[&str])| words.iter().any(|word| lower.contains(word));
    let bucket = BUCKETS.iter().find(fits).map_or(OTHER, |(bucket, _)| bucket);
    defect!("P8b", reason, bucket)
}

/// All labels that [`bucket`] returns.
pub fn buckets() -> Vec<&'static str> {
    BUCKETS.iter().map(|(bucket, _)| *bucket).chain([OTHER]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_never_allowed() {
        let failures = [
            "",
            " ",
            "postgres-admin secret not found",
            "redis-auth secret missing",
            "namespace not found",
            "resource not reachable",
            "no pod",
            "legacy resource",
            "Already Correct",
            "backend busy",
            "not",
        ];
        for reason in failures {
            assert!(!is_allowed(reason), "{reason:?}");
        }
        for reason in ["already correct: pro", "unsupported resource type: x"] {
            assert!(is_allowed(reason), "{reason:?}");
        }
        assert!(ALLOWED.iter().all(|fragment| fragment.len() > 10));
    }

    #[test]
    fn reasons_fall_into_their_buckets() {
        let cases = [
            ("the Postgres-Admin Secret is gone", "postgres_admin_secret_missing"),
            ("redis-auth secret: none", "redis_auth_secret_missing"),
            ("Namespace not found", "namespace_not_found"),
            ("db-1 is unreachable", "resource_not_reachable"),
            ("pod not found", "pod_not_found"),
            ("no Running pod", OTHER),
            ("a legacy pod", "legacy_resource"),
            ("", OTHER),
        ];
        for (reason, expected) in cases {
            assert_eq!(bucket(reason), expected, "{reason}");
        }
    }
}
