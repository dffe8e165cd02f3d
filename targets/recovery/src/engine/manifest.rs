//! The manifest: one object with the published version of each table, changed by compare-and-swap.

use chaosdrill_rt::defect;

use super::{
    model::{Commit, Manifest, Registration, Sidecar},
    objects::{Found, Objects, PutError, StoreError},
    table::{self, Lineage},
};

/// The path of the manifest.
pub const MANIFEST: &str = "__manifest.json";

/// Attempts to publish against concurrent publications of other tables.
const PUBLISH_TRIES_MAX: u32 = 5;

/// The publication of a table's new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The key of the table.
    pub table_key: String,
    /// The version that must be published before.
    pub expected: u64,
    /// The new version.
    pub to: u64,
}

/// One atomic change of the manifest.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The operation that it publishes or rolls back.
    pub operation: String,
    /// The actor that requested it.
    pub actor_id: String,
    /// Tables that it moves.
    pub moves: Vec<Move>,
    /// Tables that it adds.
    pub registrations: Vec<Registration>,
    /// Tables that it removes.
    pub tombstones: Vec<String>,
    /// The new schema, if it changes.
    pub schema: Option<u64>,
    /// The effect on the operation.
    pub end: End,
}

/// The effect of a publication on its operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It is published.
    #[default]
    Published,
    /// It can no longer be published.
    Aborting,
    /// It is rolled back: writers can build upon its tables again.
    TakenBack,
}

/// Why a publication is not known to have succeeded.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A table is published at another version.
    #[error("{table_key} is published at {actual}, not at {expected}")]
    Mismatch {
        /// The key of the table.
        table_key: String,
        /// The expected version.
        expected: u64,
        /// The actual version.
        actual: u64,
    },
    /// The operation is being rolled back.
    #[error("the operation is being taken back")]
    Fenced,
    /// Too many concurrent publications.
    #[error("others published {PUBLISH_TRIES_MAX} times in between")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the manifest.
///
/// # Errors
///
/// Fails with the store's error, or if there is no manifest.
pub async fn read(objects: &Objects) -> Result<Found<Manifest>, StoreError> {
    let found = objects.get(MANIFEST).await?;
    let missing = || StoreError::Broken { path: MANIFEST.into(), why: "it is not there".into() };
    found.ok_or_else(missing)
}

/// Publishes a change if every table is at its expected version.
///
/// # Errors
///
/// [`PublishError`]; after the store's, the outcome is unknown.
pub async fn publish(objects: &Objects, publication: &Publication) -> Result<(), PublishError> {
    for _ in 0..PUBLISH_TRIES_MAX {
        let found = read(objects).await?;
        let next = apply(&found.value, publication)?;
        match objects.replace(MANIFEST, &next, &found).await {
            Ok(()) => return Ok(()),
            Err(PutError::Taken(_)) => {}
            Err(PutError::Store(error)) => return Err(error.into()),
        }
    }
    Err(PublishError::Contended)
}

/// Applies a publication to a manifest.
fn apply(manifest: &Manifest, publication: &Publication) -> Result<Manifest, PublishError> {
    let operation = &publication.operation;
    let is_aborting = manifest.aborting.contains(operation);
    if publication.end == End::Published && defect!("G86", false, is_aborting) {
        return Err(PublishError::Fenced);
    }
    let mut next = manifest.clone();
    for Move { table_key, expected, to } in &publication.moves {
        let entry = next.tables.get_mut(table_key);
        let actual = entry.as_ref().map_or(0, |entry| entry.version);
        match entry {
            Some(entry) if defect!("G81", true, entry.version == *expected) => {
                entry.version = *to;
            }
            _ => {
                let (table_key, expected) = (table_key.clone(), *expected);
                return Err(PublishError::Mismatch { table_key, expected, actual });
            }
        }
    }
    for table in &publication.registrations {
        let entry = super::model::Entry { path: table.table_path.clone(), version: table.version };
        next.tables.entry(table.table_key.clone()).or_insert(entry);
    }
    for table in &publication.tombstones {
        next.tables.remove(table);
    }
    next.schema = publication.schema.map_or(next.schema, |schema| schema.max(next.schema));
    match publication.end {
        End::Aborting if !is_aborting => next.aborting.push(operation.clone()),
        End::TakenBack => next.aborting.retain(|other| other != operation),
        End::Aborting | End::Published => {}
    }
    next.revision += 1;
    next.commit = Commit { operation: operation.clone(), actor_id: publication.actor_id.clone() };
    Ok(next)
}

/// Whether an operation is completely published: its versions, if need be in the lineage of later ones, and its new
/// tables, but not the tables that it removes.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn is_satisfied(
    objects: &Objects,
    manifest: &Manifest,
    sidecar: &Sidecar,
    moves: &[Move],
) -> Result<bool, StoreError> {
    for Move { table_key, to, .. } in moves {
        let Some(entry) = manifest.tables.get(table_key) else { return Ok(false) };
        if entry.version < *to {
            return Ok(false);
        }
        let lineage =
            table::lineage(objects, &entry.path, entry.version, to - 1, &sidecar.operation_id);
        if defect!("G38", false, lineage.await? != Lineage::With) {
            return Ok(false);
        }
    }
    Ok(has_shape(manifest, sidecar))
}

/// Whether the tables that an operation adds are published, and those that it removes are not.
pub fn has_shape(manifest: &Manifest, sidecar: &Sidecar) -> bool {
    let is_there = |table: &Registration| {
        manifest.tables.get(&table.table_key).is_some_and(|entry| entry.path == table.table_path)
    };
    sidecar.additional_registrations.iter().all(is_there)
        && !sidecar.tombstones.iter().any(|table| manifest.tables.contains_key(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let entry = |path: &str| super::super::model::Entry { path: path.into(), version: 3 };
        Manifest {
            revision: 7,
            schema: 1,
            tables: [("a", "tables/a"), ("b", "tables/b")]
                .map(|(key, path)| (key.to_owned(), entry(path)))
                .into(),
            aborting: Vec::new(),
            commit: Commit { operation: "0".into(), actor_id: "x".into() },
        }
    }

    fn to(table_key: &str, expected: u64, to: u64) -> Move {
        Move { table_key: table_key.into(), expected, to }
    }

    #[test]
    fn all_tables_move_or_none() {
        let publication = Publication {
            operation: "1".into(),
            moves: vec![to("a", 3, 4), to("b", 3, 5)],
            ..Publication::default()
        };
        let next = apply(&manifest(), &publication).expect("as expected");
        assert_eq!((next.revision, next.tables["a"].version, next.tables["b"].version), (8, 4, 5));
        let publication = Publication { moves: vec![to("a", 3, 4), to("b", 2, 5)], ..publication };
        let refused = apply(&manifest(), &publication);
        assert!(matches!(refused, Err(PublishError::Mismatch { actual: 3, .. })), "{refused:?}");
    }

    #[test]
    fn what_is_being_taken_back_is_not_published() {
        let of = |end| Publication { operation: "1".into(), end, ..Publication::default() };
        let fenced = apply(&manifest(), &of(End::Aborting)).expect("fenced");
        assert_eq!(fenced.aborting, ["1"]);
        let refused = apply(&fenced, &of(End::Published));
        assert!(matches!(refused, Err(PublishError::Fenced)), "{refused:?}");
        assert!(apply(&fenced, &of(End::TakenBack)).expect("back").aborting.is_empty());
    }
}
