//! Checks of what readers see: the published graph, as it was at one moment.

use std::collections::BTreeSet;

use chaosdrill::{Check, Operation, Outcome};
use serde_json::Value;

use super::{
    graph::{Graph, text},
    requests::{request, writes_rows},
};

/// A read that starts after a write was acknowledged sees the write.
pub(crate) fn reads_see_what_was_acknowledged() -> Check {
    Check::new("reads_see_what_was_acknowledged", |history| {
        let done: Vec<_> = history
            .operations("write")
            .filter(|op| op.is_ok() && writes_rows(request(op)))
            .filter_map(|op| Some((op.end?.seq, text(request(&op), "id"))))
            .collect();
        let wrong = history.operations("read").filter(Operation::is_ok).find_map(|read| {
            let rows = read.end?.output()["person"].as_array()?;
            let seen: BTreeSet<&str> = rows.iter().filter_map(Value::as_str).collect();
            let missed = |(end, id): &&(u64, &str)| {
                *end < read.invoke.seq && !seen.contains(format!("{id}.0").as_str())
            };
            done.iter().find(missed).map(|(end, id)| (read.invoke.seq, *end, *id))
        });
        Outcome::unless(wrong.map(|(read, end, id)| {
            Outcome::invalid(format!("#{read} reads no {id}, acknowledged at #{end}"), [end, read])
        }))
    })
}

/// A read returns the rows of one manifest, which was in force while the read lasted.
pub(crate) fn reads_see_what_is_published() -> Check {
    Check::new("reads_see_what_is_published", |history| {
        let graph = Graph::of(history);
        let wrong = history.operations("read").filter(Operation::is_ok).find(|read| {
            let (from, Some(end)) = (read.invoke.seq, read.end) else { return false };
            let tables = end.output().as_object();
            let is_like = |manifest: &Value| {
                let published = manifest["tables"].as_object().map_or(0, |tables| tables.len());
                let is_table_like = |(key, ids): (&String, &Value)| {
                    let rows = graph.rows(manifest, key).iter().map(|row| &row["id"]);
                    !manifest["tables"][key].is_null()
                        && ids.as_array().is_some_and(|ids| ids.iter().eq(rows))
                };
                tables.is_some_and(|tables| {
                    tables.len() == published && tables.iter().all(is_table_like)
                })
            };
            !graph.manifests_during(from..end.seq).iter().any(|manifest| is_like(manifest.json))
        });
        Outcome::unless(wrong.map(|read| {
            let (from, until) = (read.invoke.seq, read.end.map_or(0, |end| end.seq));
            let why =
                format!("#{until} reads rows that were not published at any moment since #{from}");
            Outcome::invalid(why, [from, until])
        }))
    })
}
