//! The manifest: one object that says which version of which table is published. It changes by compare-and-swap.

use chaosdrill_rt::defect;

use super::{
    model::{Commit, Manifest, Registration, Sidecar},
    objects::{Found, Objects, PutError, StoreError},
    table::{self, Lineage},
};

/// Where it is.
pub const MANIFEST: &str = "__manifest.json";

/// How often a publication is tried over those of others that do not concern it.
const PUBLISH_TRIES_MAX: u32 = 5;

/// A table is to be published at a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which table.
    pub table_key: String,
    /// The version that must be published until then.
    pub expected: u64,
    /// The new one.
    pub to: u64,
}

/// One change of the manifest, done as a whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The operation that it publishes, or takes back.
    pub operation: String,
    /// Who asked for it.
    pub actor_id: String,
    /// Tables that move.
    pub moves: Vec<Move>,
    /// Tables that come.
    pub registrations: Vec<Registration>,
    /// Tables that go.
    pub tombstones: Vec<String>,
    /// The schema that goes with it.
    pub schema: Option<u64>,
    /// What becomes of the operation.
    pub end: End,
}

/// What a publication means for its operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It is published.
    #[default]
    Published,
    /// From now on nobody may publish it.
    Aborting,
    /// It is taken back: its tables have versions again that can be built upon.
    TakenBack,
}

/// Why a publication is not known to be made.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A table is published at another version by now.
    #[error("{table_key} is published at {actual}, not at {expected}")]
    Mismatch {
        /// Which table.
        table_key: String,
        /// The version that was expected.
        expected: u64,
        /// The version that there is.
        actual: u64,
    },
    /// The operation is being taken back.
    #[error("the operation is being taken back")]
    Fenced,
    /// Others published too often.
    #[error("others published {PUBLISH_TRIES_MAX} times in between")]
    Contended,
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The manifest as it is.
///
/// # Errors
///
/// The store's, or where there is none.
pub async fn read(objects: &Objects) -> Result<Found<Manifest>, StoreError> {
    let found = objects.get(MANIFEST).await?;
    let missing = || StoreError::Broken { path: MANIFEST.into(), why: "it is not there".into() };
    found.ok_or_else(missing)
}

/// Publishes, if every table is where it is expected to be.
///
/// # Errors
///
/// [`PublishError`]; after the store's nobody knows.
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

/// The manifest after a publication.
fn apply(manifest: &Manifest, publication: &Publication) -> Result<Manifest, PublishError> {
    let operation = &publication.operation;
    let is_aborting = manifest.aborting.contains(operation);
    if publication.end == End::Published && is_aborting {
        return Err(PublishError::Fenced);
    }
    let mut next = manifest.clone();
    for Move { table_key, expected, to } in &publication.moves {
        let entry = next.tables.get_mut(table_key);
        let actual = entry.as_ref().map_or(0, |entry| entry.version);
        match entry {
            Some(entry) if entry.version == *expected => entry.version = *to,
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

/// Whether all that an operation was to publish is published: its versions and not only later ones, its new tables,
/// and no more the tables that it removes.
///
/// # Errors
///
/// The store's.
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

/// Whether the tables that an operation adds are there, and those that it removes are not.
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
