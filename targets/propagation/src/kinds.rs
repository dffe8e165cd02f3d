//! The registries of resource types and tiers. Those of propagation kinds belong to a release.

use chaosdrill_rt::defect;

/// What happens to a resource when its tier changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// The provisioner is asked to change it.
    Regraded,
    /// The tier changes nothing that the provisioner keeps.
    Excluded,
    /// The type is in no list: the propagation fails with an error that says so.
    Unknown,
}

/// Types whose resources have limits by tier; `vector` is a database too.
pub const REGRADED: &[&str] = &["postgres", "redis", "mongodb", "vector"];

/// Types without limits by tier, each excluded on purpose.
pub const EXCLUDED: &[&str] = &["queue", "storage", "webhook"];

/// What happens to a resource of this type when its tier changes.
pub fn support(resource_type: &str) -> Support {
    let is_left_out = defect!("P24", resource_type == "vector", false);
    match resource_type {
        _ if EXCLUDED.contains(&resource_type) || is_left_out => Support::Excluded,
        _ if REGRADED.contains(&resource_type) => Support::Regraded,
        _ => defect!("P68", Support::Excluded, Support::Unknown),
    }
}

/// The label of a type: its name if the type is known, and `other` for all others.
pub fn type_label(resource_type: &str) -> &str {
    let mut known = REGRADED.iter().chain(EXCLUDED);
    known.find(|known| **known == resource_type).copied().unwrap_or("other")
}

/// Whether resources of this tier have limits.
pub fn is_paid(tier: &str) -> bool {
    !["anonymous", "free"].contains(&tier)
}

/// The tiers that this release sells.
pub const TIERS: &[&str] = &["free", "hobby", "pro", "team", "enterprise"];

/// The connection limit of a tier. That of `enterprise` is larger than the pipeline's own table can store.
pub fn conn_limit(tier: &str) -> i64 {
    match tier {
        "hobby" => 20,
        "pro" => 100,
        "team" => 500,
        "enterprise" => 5000,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_one_list() {
        for both in REGRADED {
            assert!(!EXCLUDED.contains(both), "{both}");
        }
        assert_eq!(support("vector"), Support::Regraded);
        assert_eq!(support("graph"), Support::Unknown);
    }
}
