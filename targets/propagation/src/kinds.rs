//! The registries of propagation kinds, resource types and tiers.

use chaosdrill_rt::defect;

/// The kinds that this release declares: those that an upgrade may request, as far as it knows.
pub const DECLARED: &[&str] = &["tier_elevation", "limits_refresh"];

/// The kind of a plain upgrade.
pub const TIER_ELEVATION: &str = "tier_elevation";

/// The label and the reason for a kind without a handler: a name from outside never becomes a label.
pub const UNKNOWN_KIND: &str = "unknown_kind";

/// How a runner handles a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Brings each resource of the team to its tier.
    Regrade,
}

/// The handlers, by kind.
const HANDLERS: &[(&str, Handler)] =
    &[("limits_refresh", Handler::Regrade), ("tier_elevation", Handler::Regrade)];

/// The kinds that this release declares.
pub fn declared() -> Vec<&'static str> {
    let later = defect!("P25", &["storage_migration"][..], &[][..]);
    DECLARED.iter().chain(later).copied().collect()
}

/// The kinds that have a handler.
pub fn handled() -> Vec<&'static str> {
    HANDLERS.iter().map(|(kind, _)| *kind).collect()
}

/// The handler of a kind.
pub fn handler(kind: &str) -> Option<Handler> {
    HANDLERS.iter().find(|(known, _)| *known == kind).map(|(_, handler)| *handler)
}

/// The label of a kind: its name if the kind is known, and one bucket for all others.
pub fn kind_label(kind: &str) -> &str {
    let known = HANDLERS.iter().find(|(known, _)| *known == kind).map(|(known, _)| *known);
    defect!("P8", kind, known.unwrap_or(UNKNOWN_KIND))
}

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
        _ => Support::Unknown,
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
    fn registries_agree() {
        let (mut declared, mut handled) = (declared(), handled());
        declared.sort_unstable();
        handled.sort_unstable();
        assert_eq!(declared, handled);
        assert!(!declared.is_empty());
        for both in REGRADED {
            assert!(!EXCLUDED.contains(both), "{both}");
        }
        assert_eq!(support("vector"), Support::Regraded);
        assert_eq!(support("graph"), Support::Unknown);
        assert_eq!(kind_label("garbage_kind_nobody_handles"), UNKNOWN_KIND);
    }
}
