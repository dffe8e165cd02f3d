//! Checks what an audit says, and that it says why the provision failed, whoever writes it.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Outcome};
use chaosdrill_scenarios_common::checks::rows::{last_rows_by_key, steps};
use serde_json::Value;

use crate::checks::rows::{AUDITS, OBJECTS, RESOURCES, has_backend, int, kind_of, text};

/// The fields of an audit and the columns of the row that they repeat.
const FIELDS: [(&str, &str); 7] = [
    ("resource_id", "resource_id"),
    ("resource_type", "resource_type"),
    ("log_prefix", "log_prefix"),
    ("provider_resource_id", "provider_resource_id"),
    ("request_id", "request_id"),
    ("tier", "tier"),
    ("env", "env"),
];

/// Each audit names its resource in all seven fields, and the object if its id was known when the resource failed.
pub(crate) fn audits_have_the_fields_of_their_row() -> Check {
    Check::new("audits_have_the_fields_of_their_row", |history| {
        let resources = last_rows_by_key(history, RESOURCES);
        let objects = last_rows_by_key(history, OBJECTS);
        let audits = history.rows(AUDITS).into_iter();
        let wrong = audits.filter_map(|change| Some((change.event.seq, change.after?))).find_map(
            |(seq, audit)| {
                let key = audit["resource_id"].to_string();
                let why = match resources.get(&key) {
                    Some((_, row)) => odd_field(audit, row, objects.get(&key).map(|it| it.1))?,
                    None => "is about a resource that does not exist".to_owned(),
                };
                Some((seq, format!("#{seq} audit {} of {key} {why}", audit["kind"])))
            },
        );
        Outcome::unless(wrong.map(|(seq, why)| Outcome::invalid(why, [seq])))
    })
}

/// Says which field of an audit differs from the row, or from the object; `None` if all agree.
fn odd_field(audit: &Value, row: &Value, object: Option<&Value>) -> Option<String> {
    if text(audit, "actor") != "system" {
        return Some(format!("was written by {}", audit["actor"]));
    }
    let Ok(metadata) = serde_json::from_str::<Value>(text(audit, "metadata")) else {
        return Some("has metadata that is not JSON".to_owned());
    };
    let odd = FIELDS
        .into_iter()
        .find(|(field, column)| metadata.get(*field).is_none_or(|value| *value != row[*column]));
    if let Some((field, column)) = odd {
        let (says, has) = (&metadata[field], &row[column]);
        return Some(format!("says {field} is {says}, but the row has {has}"));
    }
    // If an object was not stored, its id was known.
    let knew = text(audit, "kind") == "provision.persistence_failed" && has_backend(row);
    let field = "provider_resource_id";
    let is_odd = knew && object.is_none_or(|object| object[field] != metadata[field]);
    is_odd.then(|| format!("does not name the object, whose id was known: {}", metadata[field]))
}

/// A resource that its handler has doomed is audited with the reason that the handler had, even if the handler dies
/// before it has rolled the resource back.
pub(crate) fn the_first_failure_is_audited() -> Check {
    Check::new("the_first_failure_is_audited", |history| {
        let audits = last_rows_by_key(history, AUDITS);
        let rows = last_rows_by_key(history, RESOURCES);
        let is_of = |row: &Value, id: &str| text(row, "resource_id") == id;
        let is_failed = |id: &str| {
            rows.values().any(|(_, row)| is_of(row, id) && text(row, "status") == "failed")
        };
        let doomed = doomed_by_their_handlers(history).into_iter();
        let wrong = doomed.filter(|(id, _)| is_failed(id)).find_map(|(id, (seq, stage))| {
            let mut kinds = audits.values().map(|it| it.1).filter(|audit| is_of(audit, &id));
            let odd = kinds.find(|audit| kind_of(&stage) != Some(text(audit, "kind")))?;
            Some((
                seq,
                format!("resource {id} failed in stage {stage:?}; its audit is {}", odd["kind"]),
            ))
        });
        Outcome::unless(wrong.map(|(seq, why)| Outcome::invalid(why, [seq])))
    })
}

/// The resources whose handlers have doomed them, each with the event and the stage in which it failed. A failed step
/// is reported by its handler, too.
fn doomed_by_their_handlers(history: &History<'_>) -> BTreeMap<String, (u64, String)> {
    let mut stages: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for step in steps(history, RESOURCES) {
        let (before, after) = (step.before, step.after);
        let is_own = text(before, "holder") == text(after, "holder");
        if is_own && int(before, "doomed") == 0 && int(after, "doomed") == 1 {
            let id = text(after, "resource_id");
            let has_object = history
                .observed("finalize.failed")
                .any(|event| event.seq < step.change.event.seq && event.text("resource") == id);
            let stage = if has_object { "finalize" } else { "create" };
            stages.insert(id.to_owned(), (step.change.event.seq, stage.to_owned()));
        }
    }
    stages
}
