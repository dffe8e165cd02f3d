//! Object storage for both layers: whole objects, with conditional writes.
//!
//! There is no unconditional write: a write succeeds only if there is no object, or only over the object that was read.
//! Stores check and write atomically, so no reader sees half an object, and no writer replaces an object that it has
//! not read.

use std::{fmt, sync::Arc};

pub(crate) use chaosdrill_kit::chain_verbatim as chain;
use chaosdrill_rt::store;
use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, UpdateVersion, path::Path};

/// An object as it was read, with the token for a conditional write.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its content.
    pub bytes: Vec<u8>,
    /// When it was written, by the store's clock, in milliseconds since 1970.
    pub written_at: i64,
    token: UpdateVersion,
}

/// The store did not answer, or returned an error.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    what: String,
    #[source]
    source: object_store::Error,
}

/// Why a write is not known to have succeeded.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The condition does not hold: another object is there, or the object to replace is gone.
    #[error("somebody else's is there")]
    Taken,
    /// The object was not written.
    #[error("it is not written")]
    Failed(#[source] StoreError),
    /// It is unknown whether the object was written.
    #[error("it is not known whether it is written")]
    Unknown(#[source] StoreError),
}

/// What a listing reports about the objects below a path.
#[derive(Debug)]
pub enum Existence {
    /// The listing succeeded, and was empty.
    Absent,
    /// There is at least one object.
    Present,
    /// The listing failed: nothing can be concluded.
    Unknown(StoreError),
}

/// An object store.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files({})", self.store)
    }
}

impl Files {
    /// Wraps a store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Opens the store at this URL.
    ///
    /// # Errors
    ///
    /// Fails if the URL names no store.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        store::open(url).map(Self::new).map_err(|error| failed("open", url, error))
    }

    /// Reads an object; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails with the store's error.
    pub async fn get(&self, path: &str) -> Result<Option<Found>, StoreError> {
        let read = async {
            let got = self.store.get(&Path::from(path)).await?;
            let token =
                UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            let written_at = got.meta.last_modified.timestamp_millis();
            Ok(Found { bytes: got.bytes().await?.to_vec(), written_at, token })
        };
        match read.await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read", path, error)),
        }
    }

    /// Writes an object if none exists.
    ///
    /// # Errors
    ///
    /// Fails if one exists, or with the store's error.
    pub async fn put_new(&self, path: &str, bytes: &[u8]) -> Result<(), PutError> {
        self.put(path, bytes, PutMode::Create).await
    }

    /// Replaces exactly the object that was read.
    ///
    /// # Errors
    ///
    /// Fails if the object has changed since, or with the store's error.
    pub async fn put_over(&self, path: &str, bytes: &[u8], over: &Found) -> Result<(), PutError> {
        self.put(path, bytes, PutMode::Update(over.token.clone())).await
    }

    /// Writes over whatever is there: only a planted bug does.
    #[cfg(feature = "defects")]
    pub(crate) async fn put_wrongly(&self, path: &str, bytes: &[u8]) -> Result<(), PutError> {
        self.put(path, bytes, PutMode::Overwrite).await
    }

    /// Replaces any object, for tests only: programs must not do that.
    #[cfg(test)]
    pub(crate) async fn put_for_tests(&self, path: &str, bytes: &[u8]) {
        self.put(path, bytes, PutMode::Overwrite).await.expect("written");
    }

    async fn put(&self, path: &str, bytes: &[u8], mode: PutMode) -> Result<(), PutError> {
        let creates = matches!(mode, PutMode::Create);
        let put = self.store.put_opts(&Path::from(path), bytes.to_vec().into(), mode.into()).await;
        let Err(error) = put else { return Ok(()) };
        let is_conflict = matches!(
            error,
            object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }
        );
        let error = failed("write", path, error);
        // The answer may be lost, or the conflict may be with an own first attempt, so the current object decides.
        // Every object contains a unique id or is named by its content: equal bytes come from this write.
        match self.get(path).await {
            Ok(Some(found)) if found.bytes == bytes => Ok(()),
            // Stores also report a conflict if two requests ran at the same time and neither was carried out.
            Ok(None) if creates => Err(PutError::Failed(error)),
            Ok(_) if is_conflict => Err(PutError::Taken),
            Ok(_) => Err(PutError::Failed(error)),
            Err(_) => Err(PutError::Unknown(error)),
        }
    }

    /// Deletes an object; succeeds if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails with the store's error.
    pub async fn delete(&self, path: &str) -> Result<(), StoreError> {
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("delete", path, error)),
        }
    }

    /// Lists the paths of all objects below a path, in order.
    ///
    /// # Errors
    ///
    /// Fails with the store's error.
    pub async fn list(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let listed =
            self.store.list(Some(&Path::from(below))).map_ok(|meta| meta.location.to_string());
        let mut paths: Vec<String> =
            listed.try_collect().await.map_err(|error| failed("list", below, error))?;
        paths.sort();
        Ok(paths)
    }

    /// Whether any object exists below a path.
    pub async fn existence(&self, below: &str) -> Existence {
        match self.list(below).await {
            Ok(paths) if paths.is_empty() => Existence::Absent,
            Ok(_) => Existence::Present,
            Err(error) => Existence::Unknown(error),
        }
    }
}

fn failed(verb: &str, path: &str, source: object_store::Error) -> StoreError {
    StoreError { what: format!("the store did not {verb} {path}"), source }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn an_object_is_written_under_its_condition_only() {
        let files = Files::new(Arc::new(InMemory::new()));
        assert!(files.get("a/b").await.expect("an answer").is_none());
        assert!(matches!(files.existence("a").await, Existence::Absent));
        files.put_new("a/b", b"1").await.expect("written");
        assert!(matches!(files.put_new("a/b", b"2").await, Err(PutError::Taken)));
        // A repeated write of the same bytes succeeds.
        files.put_new("a/b", b"1").await.expect("written already");
        let read = files.get("a/b").await.expect("an answer").expect("an object");
        files.put_over("a/b", b"3", &read).await.expect("written");
        assert!(matches!(files.put_over("a/b", b"4", &read).await, Err(PutError::Taken)));
        assert_eq!(files.list("a").await.expect("an answer"), ["a/b"]);
        files.put_for_tests("a/b", b"5").await;
        files.delete("a/b").await.expect("deleted");
        files.delete("a/b").await.expect("deleted already");
        assert!(matches!(files.existence("a").await, Existence::Absent));
    }
}
