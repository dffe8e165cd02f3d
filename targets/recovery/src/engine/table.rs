//! Tables: each is a sequence of versions, and the newest version is its head.
//!
//! A version is created only if its number is free, and never changes: of two writers that move the table from the same
//! version, one succeeds. A version names its parent, so that lineage shows whether the published version contains an
//! operation, or only has a higher number.

use super::{
    model::TableVersion,
    objects::{Objects, PutError, StoreError},
};

/// Digits of a version number in its path, so that paths sort numerically.
const VERSION_DIGITS: usize = 6;

/// The path of a table's version.
pub fn path_of(table: &str, version: u64) -> String {
    format!("{table}/{version:0VERSION_DIGITS$}.json")
}

/// The newest version of a table; `None` if it has none.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn head(objects: &Objects, table: &str) -> Result<Option<u64>, StoreError> {
    let number = |path: &String| {
        let name = path.strip_prefix(table)?.strip_prefix('/')?.strip_suffix(".json")?;
        name.parse().ok()
    };
    Ok(objects.list(table).await?.iter().filter_map(number).max())
}

/// Reads a version of a table.
///
/// # Errors
///
/// Fails with the store's error, or if there is no such version.
pub async fn read(
    objects: &Objects,
    table: &str,
    version: u64,
) -> Result<TableVersion, StoreError> {
    let path = path_of(table, version);
    match objects.get(&path).await? {
        Some(found) => Ok(found.value),
        None => Err(StoreError::Broken { path, why: "it is not there".into() }),
    }
}

/// Moves a table's head by one version.
///
/// # Errors
///
/// Fails if another writer moved it, or with the store's error.
pub async fn commit(
    objects: &Objects,
    table: &str,
    content: &TableVersion,
) -> Result<(), PutError> {
    objects.create(&path_of(table, content.version), content).await
}

/// What a table version contains of an operation, according to its lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// None of it.
    Without,
    /// The rows that it wrote.
    With,
    /// Its rollback.
    TakenBack,
}

/// Searches for an operation in the lineage of `version`, down to `after`.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn lineage(
    objects: &Objects,
    table: &str,
    version: u64,
    after: u64,
    operation: &str,
) -> Result<Lineage, StoreError> {
    let mut at = Some(version);
    while let Some(number) = at.filter(|number| *number > after) {
        let content = read(objects, table, number).await?;
        if content.operation == operation {
            let taken_back = content.restores.is_some();
            return Ok(if taken_back { Lineage::TakenBack } else { Lineage::With });
        }
        at = content.parent;
    }
    Ok(Lineage::Without)
}
