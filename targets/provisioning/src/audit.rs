//! The audit: what is written down for those who look into it later, and who takes notice of which kind.

use chaosdrill_kit::sql::Sql;
use chaosdrill_rt::{defect, observe, sql::Connection, time};
use serde_json::json;

use crate::{
    error::{ProvisionError, storage},
    resource::Resource,
};

/// What is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the backend had made could not be stored, and was undone.
    PersistenceFailed,
    /// The backend did not make it.
    BackendFailed,
    /// Nobody had finished it, and it was whole.
    ReconcileRecovered,
    /// Nobody had finished it, and it was given up.
    ReconcileAbandoned,
}

impl Kind {
    /// All of them.
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

/// Who takes notice of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consumer {
    /// Nobody, and that is meant so: it is there to be looked up.
    IntentionallyNone,
    /// The stream of events, and mails to the customer where that is said too: what is mailed is streamed, because
    /// there is no other place to say that it is mailed.
    Stream {
        /// Whether the customer gets a mail.
        emails: bool,
    },
}

/// Every kind with who takes notice of it. A kind that is missing here would go nowhere, silently.
pub(crate) const CONSUMERS: [(&str, Consumer); 4] = [
    ("provision.backend_failed", Consumer::IntentionallyNone),
    ("provision.reconcile_recovered", Consumer::IntentionallyNone),
    ("provision.reconcile_abandoned", Consumer::Stream { emails: true }),
    ("provision.persistence_failed", Consumer::IntentionallyNone),
];

/// Says which kinds are declared, and which have somebody to take notice of them.
pub(crate) fn observe_registry() {
    let declared = Kind::ALL.map(Kind::name);
    let known = defect!("R21", CONSUMERS.len() - 1, CONSUMERS.len());
    let handled: Vec<&str> = CONSUMERS[..known].iter().map(|(kind, _)| *kind).collect();
    observe!("audit.registry", declared = declared, handled = handled);
}

/// Writes down what became of a resource, once for each kind.
pub(crate) async fn append(
    connection: &mut Connection,
    sql: Sql,
    kind: Kind,
    resource: &Resource,
) -> Result<(), ProvisionError> {
    if defect!("R10", kind == Kind::PersistenceFailed, false) {
        return Ok(());
    }
    let metadata = defect!("R22", by_hand(resource), metadata(resource));
    sqlx::query(sql.get("audit.append"))
        .bind(kind.name())
        .bind(resource.id.clone())
        .bind(metadata)
        .bind(time::unix_ms())
        .execute(connection)
        .await
        .map_err(storage("write an audit"))?;
    Ok(())
}

/// What of a resource goes into the audit, as JSON. Its texts are the customer's or the backend's: any bytes.
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

/// The same by a template: what a language's own quotes make of control bytes is not JSON.
fn by_hand(resource: &Resource) -> String {
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
