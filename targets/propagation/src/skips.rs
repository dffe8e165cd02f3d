//! What a provisioner says when it did not apply a change: which of it is fine, and in which bucket it is counted.

use chaosdrill_rt::defect;

/// Parts of reasons for which nothing is left to do. They are matched as they stand, letter by letter.
pub const ALLOWED: &[&str] =
    &["already correct", "unsupported resource type", "backend does not support"];

/// Whether nothing is left to do for this reason. Silence is no reason.
pub fn is_allowed(reason: &str) -> bool {
    let is_broad = defect!("P3", reason.contains("not"), false);
    let is_silent = defect!("P2", reason.is_empty(), false);
    ALLOWED.iter().any(|fragment| reason.contains(fragment)) || is_broad || is_silent
}

/// The buckets for reasons, each with the words by which it is known, in lower case; the first that fits counts.
const BUCKETS: &[(&str, &[&str])] = &[
    ("postgres_admin_secret_missing", &["postgres-admin secret", "postgres_admin"]),
    ("redis_auth_secret_missing", &["redis-auth secret"]),
    ("namespace_not_found", &["namespace not found"]),
    ("resource_not_reachable", &["not reachable", "unreachable"]),
    ("pod_not_found", &["pod not found", "no pod"]),
    ("legacy_resource", &["legacy resource", "legacy pod"]),
];

/// The bucket for all other reasons.
pub const OTHER: &str = "other";

/// A reason as a label: one of a fixed list, whatever the provisioner says.
pub fn bucket(reason: &str) -> &str {
    let lower = reason.to_lowercase();
    let fits = |(_, words): &&(&str, &[&str])| words.iter().any(|word| lower.contains(word));
    let bucket = BUCKETS.iter().find(fits).map_or(OTHER, |(bucket, _)| bucket);
    defect!("P8b", reason, bucket)
}

/// All labels that [`bucket`] gives.
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
