//! The audit: records events of resources for later investigation, and declares which consumer reads each kind.

use chaosdrill_rt::{defect, observe, sql::Connection, time};
use serde_json::json;

use crate::{
    error::{ProvisionError, storage},
    resource::Resource,
    sql::Sql,
};

/// The kind of an audit record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The object could not be stored, and was rolled back.
    PersistenceFailed,
    /// The backend did not create the object.
    BackendFailed,
    /// The resource was left pending, but complete, and became active.
    ReconcileRecovered,
    /// The resource was left pending and was rolled back.
    ReconcileAbandoned,
}

impl Kind {
    /// All kinds.
    pub(crate) const ALL: [Self; 4] = [
        Self::PersistenceFailed,
        Self::BackendFailed,
        Self::ReconcileRecovered,
        Self::ReconcileAbandoned,
    ];

    /// The name in rows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PersistenceFailed => "provision.persistence_failed",
            Self::BackendFailed => "provision.backend_failed",
            Self::ReconcileRecovered => "provision.reconcile_recovered",
            Self::ReconcileAbandoned => "provision.reconcile_abandoned",
        }
    }
}

/// The consumer of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consumer {
    /// No consumer, on purpose: the records are only looked up.
    IntentionallyNone,
    /// The forwarder, which mails them to the customer's team.
    Forwarder,
}

/// The consumer of every kind. Records of a kind that is missing here would be silently lost.
pub(crate) const CONSUMERS: [(&str, Consumer); 4] = [
    ("provision.backend_failed", Consumer::IntentionallyNone),
    ("provision.reconcile_recovered", Consumer::IntentionallyNone),
    ("provision.reconcile_abandoned", Consumer::Forwarder),
    ("provision.persistence_failed", Consumer::IntentionallyNone),
];

/// The kinds that are mailed to customers.
pub(crate) fn mailed() -> impl Iterator<Item = &'static str> {
    let is_mailed = |consumer: Consumer| defect!("R32b", true, consumer == Consumer::Forwarder);
    CONSUMERS.into_iter().filter(move |(_, consumer)| is_mailed(*consumer)).map(|(kind, _)| kind)
}

/// Reports which kinds are declared, and which have a consumer.
pub(crate) fn observe_registry() {
    let declared = Kind::ALL.map(Kind::name);
    let known = defect!("R21", CONSUMERS.len() - 1, CONSUMERS.len());
    let handled: Vec<&str> = CONSUMERS[..known].iter().map(|(kind, _)| *kind).collect();
    observe!("audit.registry", declared = declared, handled = handled);
}

/// Records an event of a resource, once for each kind.
pub(crate) async fn append(
    connection: &mut Connection,
    sql: &'static Sql,
    kind: Kind,
    resource: &Resource,
) -> Result<(), ProvisionError> {
    defect!(
        "R10",
        if kind == Kind::PersistenceFailed {
            return Ok(());
        },
        ()
    );
    let metadata = defect!("R22", wrong_metadata(resource), metadata(resource));
    let metadata = defect!("R24", "{}".to_owned(), metadata);
    sqlx::query(sql.audit_append)
        .bind(kind.name())
        .bind(resource.id.clone())
        .bind(metadata)
        .bind(time::unix_ms())
        .execute(connection)
        .await
        .map_err(storage("write an audit"))?;
    Ok(())
}

/// The fields of a resource that are in the audit, as JSON. Its texts come from the customer or the backend: any bytes.
fn metadata(resource: &Resource) -> String {
    let json = json!({
        "resource_id": resource.id,
        "resource_type": resource.resource_type.name(),
        "log_prefix": resource.log_prefix,
        "provider_resource_id": resource.provider_resource_id,
        "request_id": resource.request_id,
        "attempt": resource.attempt,
        "tier": resource.tier,
        "env": resource.env,
    });
    json.to_string()
}

/// The same by a template, which only a planted bug uses: what a language's own quotes make of control bytes is not
/// JSON.
#[cfg(feature = "defects")]
fn wrong_metadata(resource: &Resource) -> String {
    let (id, of_type) = (&resource.id, resource.resource_type.name());
    let provider = resource.provider_resource_id.as_deref().unwrap_or_default();
    let (prefix, request) = (&resource.log_prefix, &resource.request_id);
    let words = format!("\"resource_id\":{id:?},\"resource_type\":{of_type:?}");
    let more = format!("\"log_prefix\":{prefix:?},\"provider_resource_id\":{provider:?}");
    let rest = format!("\"request_id\":{request:?},\"tier\":{:?}", resource.tier);
    format!("{{{words},{more},{rest},\"env\":{:?}}}", resource.env)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_somebody_or_nobody_on_purpose() {
        assert!(!CONSUMERS.is_empty());
        let mut declared = Kind::ALL.map(Kind::name);
        let mut handled = CONSUMERS.map(|(kind, _)| kind);
        declared.sort_unstable();
        handled.sort_unstable();
        assert_eq!(declared, handled);
    }
}
