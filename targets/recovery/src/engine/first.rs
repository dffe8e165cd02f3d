//! The first objects of a graph: tables without rows, a schema, and the manifest that publishes them.

use super::{
    error::EngineError,
    manifest::MANIFEST,
    model::{Commit, Entry, Manifest, Schema, TableVersion},
    objects::{Objects, PutError},
    plan::TABLES,
    schema, table,
};

/// What becomes of one of the writes.
type Judge = fn(Result<(), PutError>) -> Result<(), EngineError>;

/// The first objects of a graph, all in the name of the operation that creates it.
pub(crate) struct First {
    table: TableVersion,
    schema: Schema,
    manifest: Manifest,
}

impl First {
    pub(crate) fn new(operation: &str, source: &str) -> Self {
        let table = TableVersion {
            version: 0,
            parent: None,
            operation: operation.to_owned(),
            step: 1,
            of: 1,
            restores: None,
            schema: 0,
            fragments: 0,
            indexed: 0,
            rows: Vec::new(),
        };
        let entry = |key: &str| {
            let path = format!("tables/{key}");
            (key.to_owned(), Entry { path, version: table.version })
        };
        let manifest = Manifest {
            revision: 0,
            schema: 0,
            tables: TABLES.into_iter().map(entry).collect(),
            aborting: Vec::new(),
            commit: Commit { operation: operation.to_owned(), actor_id: operation.to_owned() },
        };
        Self { table, schema: Schema::new(0, operation, source), manifest }
    }

    /// Creates the objects, the manifest last: without it, there is no graph.
    pub(crate) async fn put(&self, objects: &Objects, judge: Judge) -> Result<(), EngineError> {
        for entry in self.manifest.tables.values() {
            judge(table::commit(objects, &entry.path, &self.table).await)?;
        }
        judge(objects.create(schema::CURRENT, &self.schema).await)?;
        judge(objects.create(MANIFEST, &self.manifest).await)
    }
}
