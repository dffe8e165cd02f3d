//! Tables: a row of versions each, of which the newest is the head.
//!
//! A version is created where there is none of its number, and never changed: of two writers that would go from the
//! same version to the next, one does. A version says from which other its rows were made, so that it can be told
//! whether what is published contains an operation, or only has a higher number.

use super::{
    model::TableVersion,
    objects::{Objects, PutError, StoreError},
};

/// Digits of a version in its name, so that names sort as numbers do.
const VERSION_DIGITS: usize = 6;

/// Where a version of a table is.
pub fn path_of(table: &str, version: u64) -> String {
    format!("{table}/{version:0VERSION_DIGITS$}.json")
}

/// The newest version of a table; nothing where there is none.
///
/// # Errors
///
/// The store's.
pub async fn head(objects: &Objects, table: &str) -> Result<Option<u64>, StoreError> {
    let number = |path: &String| {
        let name = path.strip_prefix(table)?.strip_prefix('/')?.strip_suffix(".json")?;
        name.parse().ok()
    };
    Ok(objects.list(table).await?.iter().filter_map(number).max())
}

/// A version of a table.
///
/// # Errors
///
/// The store's, or where there is no such version.
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
/// Where somebody else did, or the store's.
pub async fn commit(
    objects: &Objects,
    table: &str,
    content: &TableVersion,
) -> Result<(), PutError> {
    objects.create(&path_of(table, content.version), content).await
}

/// What of an operation is in a version of a table, by the versions from which that one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// Nothing.
    Without,
    /// What it wrote.
    With,
    /// That it was taken back.
    TakenBack,
}

/// Looks for an operation among the versions from which `version` was made, down to `after`.
///
/// # Errors
///
/// The store's.
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
