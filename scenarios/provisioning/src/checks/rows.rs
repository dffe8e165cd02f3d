//! Reads the rows of provisioning for its checks, and the state of the world at each event of a history.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Event, EventKind};
pub(crate) use chaosdrill_scenarios_common::checks::rows::{int, text};
use chaosdrill_scenarios_common::checks::{audit::Audit, rows::Items};
use serde_json::Value;

/// Rows of `resources`.
pub(crate) const RESOURCES: &str = "resources";
/// Rows of `quotas`.
pub(crate) const QUOTAS: &str = "quotas";
/// Rows of `leaks`.
pub(crate) const LEAKS: &str = "leaks";
/// Rows of `audit_log`.
pub(crate) const AUDITS: &str = "audits";
/// The mails that customers got, from the mailer's own database.
pub(crate) const MAILS: &str = "mails";
/// The schema of `resources`, as the database reports it.
pub(crate) const SCHEMA: &str = "schema";
/// The objects of the backend, from its own database.
pub(crate) const OBJECTS: &str = "objects";

/// The longest life of a resource without a team: a day.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How the rows of `resources` represent items.
pub(crate) const ITEMS: Items = Items {
    noun: "resource",
    watch: RESOURCES,
    state: |row| text(row, "status"),
    terminal: &["failed", "deleted", "reaped"],
};

/// The same rows, with the resources in use counted as terminal too.
pub(crate) const ITEMS_AT_REST: Items =
    Items { terminal: &["active", "paused", "suspended", "failed", "deleted", "reaped"], ..ITEMS };

/// The audit that changes of the rows require.
pub(crate) const AUDIT: Audit = Audit {
    watch: AUDITS,
    item: "resource_id",
    kind: "kind",
    asked_by: |before, after| {
        if text(before, "status") != "pending" {
            return None;
        }
        match (text(after, "status"), text(after, "settled_by")) {
            ("failed", _) => kind_of(text(after, "failed_stage")),
            ("active", "reconciler") => Some("provision.reconcile_recovered"),
            _ => None,
        }
    },
    kinds: &[
        "provision.backend_failed",
        "provision.persistence_failed",
        "provision.reconcile_abandoned",
        "provision.reconcile_recovered",
    ],
};

/// The kind of audit that a failure in this stage requires.
pub(crate) fn kind_of(stage: &str) -> Option<&'static str> {
    match stage {
        "create" => Some("provision.backend_failed"),
        "finalize" => Some("provision.persistence_failed"),
        "reconcile" => Some("provision.reconcile_abandoned"),
        _ => None,
    }
}

/// Whether a row of `resources` has one of these statuses.
pub(crate) fn is(row: &Value, statuses: &[&str]) -> bool {
    statuses.contains(&text(row, "status"))
}

/// Whether the backend keeps an object for the row.
pub(crate) fn has_backend(row: &Value) -> bool {
    text(row, "resource_type") != "webhook"
}

/// Whether a column has a URL that is encrypted: hex digits, of which a tag takes 32.
pub(crate) fn is_hidden(url: &Value) -> bool {
    let is_hex = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    url.as_str().is_some_and(|digits| digits.len() > 32 && is_hex(digits))
}

/// All watched rows as of some event.
#[derive(Default)]
pub(crate) struct World<'a> {
    pub(crate) resources: BTreeMap<&'a str, &'a Value>,
    pub(crate) objects: BTreeMap<&'a str, &'a Value>,
    /// When each existing object appeared.
    pub(crate) there_since: BTreeMap<&'a str, u64>,
    /// When each resource was given up.
    pub(crate) doomed_since: BTreeMap<&'a str, u64>,
    /// Resources that were active at some time.
    pub(crate) once_active: BTreeSet<&'a str>,
    /// Objects that are recorded as possible leaks.
    pub(crate) leaks: BTreeSet<&'a str>,
    pub(crate) quotas: BTreeMap<&'a str, i64>,
}

impl<'a> World<'a> {
    /// Applies an event, and returns whether it was a row.
    pub(crate) fn take(&mut self, event: &'a Event) -> bool {
        if event.kind != EventKind::Watch {
            return false;
        }
        let (key, row) = (event.key().as_str().unwrap_or_default(), event.row());
        match event.name.as_str() {
            RESOURCES if row.is_null() => {
                self.resources.remove(key);
            }
            RESOURCES => {
                self.resources.insert(key, row);
                if int(row, "doomed") != 0 {
                    self.doomed_since.entry(key).or_insert(event.seq);
                }
                if is(row, &["active"]) {
                    self.once_active.insert(key);
                }
            }
            OBJECTS => {
                self.objects.insert(key, row);
                if int(row, "is_there") == 0 {
                    self.there_since.remove(key);
                } else {
                    self.there_since.entry(key).or_insert(event.seq);
                }
            }
            LEAKS if row["cleared_at"].is_null() => {
                self.leaks.insert(key);
            }
            LEAKS => {
                self.leaks.remove(key);
            }
            QUOTAS => {
                self.quotas.insert(key, int(row, "used"));
            }
            _ => {}
        }
        true
    }

    /// Whether the backend has an object under this token.
    pub(crate) fn is_there(&self, token: &str) -> bool {
        self.there_since.contains_key(token)
    }
}
