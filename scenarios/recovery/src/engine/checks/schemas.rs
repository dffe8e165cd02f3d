//! Checks that the schema in force follows the published one.

use std::collections::BTreeMap;

use chaosdrill::{Check, EventKind, Outcome, vocabulary::member::JSON};
use serde_json::Value;

use super::graph::{Graph, MANIFEST, SCHEMA, SIDECARS, int, text};

/// The schema in force is published: it is never ahead of the manifest.
pub(crate) fn the_schema_in_force_is_published() -> Check {
    Check::new("the_schema_in_force_is_published", |history| {
        let graph = Graph::of(history);
        let changes = history.rows(SCHEMA);
        let ahead = changes.iter().find(|change| {
            let version = change.after.map_or(0, |row| int(&row[JSON], "version"));
            let manifest = graph.manifest_at(change.event.seq);
            version > manifest.map_or(0, |manifest| int(manifest.json, "schema"))
        });
        Outcome::unless(ahead.map(|change| {
            let after = change.after.map_or(&Value::Null, |row| &row[JSON]);
            let why = format!(
                "#{} puts schema {} of {} in force, which is not published",
                change.event.seq,
                int(after, "version"),
                text(after, "operation")
            );
            Outcome::invalid(why, [change.event.seq])
        }))
    })
}

/// A published schema is put in force before the sidecar of its change is deleted: the schema in force is behind the
/// manifest only while such a sidecar exists.
pub(crate) fn a_published_schema_is_put_in_force() -> Check {
    Check::new("a_published_schema_is_put_in_force", |history| {
        let (mut published, mut in_force) = (0, 0);
        let mut pending: BTreeMap<&str, i64> = BTreeMap::new();
        let behind =
            history.events().iter().filter(|event| event.kind == EventKind::Watch).find(|event| {
                match event.name.as_str() {
                    MANIFEST => published = int(event.object(), "schema"),
                    SCHEMA => in_force = int(event.object(), "version"),
                    SIDECARS => {
                        let path = event.key().as_str().unwrap_or_default();
                        let schema =
                            if event.row().is_null() { -1 } else { int(event.object(), "schema") };
                        pending.insert(path, schema);
                    }
                    _ => return false,
                }
                in_force < published && !pending.values().any(|schema| *schema == published)
            });
        Outcome::unless(behind.map(|event| {
            let why = format!(
                "#{} leaves no sidecar of schema {published}, which is published; {in_force} is in force",
                event.seq
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
}
