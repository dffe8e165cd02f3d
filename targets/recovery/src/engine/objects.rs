//! Object storage as the engine uses it: JSON objects, each written under a condition.
//!
//! There is no unconditional write: each is "only if there is none" or "only over what was read". A store carries both
//! out at once or not at all, so nobody reads half of one, and nobody overwrites what they have not seen.

use std::{fmt, sync::Arc};

use futures_util::TryStreamExt;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, UpdateVersion, path::Path};
use serde::{Serialize, de::DeserializeOwned};

/// The store did not answer, or what it has is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It refused, or did not answer.
    #[error("the store did not {verb} {path}: {source}")]
    Call {
        /// What it was asked for.
        verb: &'static str,
        /// Of which object.
        path: String,
        /// What it said.
        source: Error,
    },
    /// There is an object that cannot be read as what it should be.
    #[error("{path} is broken: {why}")]
    Broken {
        /// Which object.
        path: String,
        /// Why.
        why: String,
    },
}

/// Why an object is not known to be written.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The condition does not hold: another's is there, or none.
    #[error("somebody else was first at {0}")]
    Taken(String),
    /// The store's; the object may be written all the same.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An object as it was read.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// What it says.
    pub value: T,
    /// When it was written, by the store's clock, in milliseconds since 1970.
    pub written_at: i64,
    token: UpdateVersion,
}

impl<T> Found<T> {
    /// The same object, understood as something else.
    pub fn with<U>(self, value: U) -> Found<U> {
        Found { value, written_at: self.written_at, token: self.token }
    }
}

/// A store of objects.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({})", self.store)
    }
}

impl Objects {
    /// The objects of this store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// An object; nothing where there is none.
    ///
    /// # Errors
    ///
    /// The store's, or that of an object that is broken.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<Found<T>>, StoreError> {
        let Some(found) = self.get_bytes(path).await? else { return Ok(None) };
        let value = serde_json::from_slice(&found.value)
            .map_err(|why| StoreError::Broken { path: path.to_owned(), why: why.to_string() })?;
        Ok(Some(found.with(value)))
    }

    /// The bytes of an object; nothing where there is none.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn get_bytes(&self, path: &str) -> Result<Option<Found<Vec<u8>>>, StoreError> {
        let read = async {
            let got = self.store.get(&Path::from(path)).await?;
            let token =
                UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            let written_at = got.meta.last_modified.timestamp_millis();
            Ok(Found { value: got.bytes().await?.to_vec(), written_at, token })
        };
        match read.await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(failed("read", path, source)),
        }
    }

    /// Writes an object where there is none.
    ///
    /// # Errors
    ///
    /// Where there is another, or the store's.
    pub async fn create<T: Serialize>(&self, path: &str, value: &T) -> Result<(), PutError> {
        self.put(path, value, PutMode::Create).await
    }

    /// Writes over the very object that was read.
    ///
    /// # Errors
    ///
    /// Where it is another by now, or the store's.
    pub async fn replace<T: Serialize, U>(
        &self,
        path: &str,
        value: &T,
        over: &Found<U>,
    ) -> Result<(), PutError> {
        self.put(path, value, PutMode::Update(over.token.clone())).await
    }

    /// Writes over whatever is there; a store may do that by halves.
    pub(crate) async fn overwrite<T: Serialize>(
        &self,
        path: &str,
        value: &T,
    ) -> Result<(), PutError> {
        self.put(path, value, PutMode::Overwrite).await
    }

    async fn put<T: Serialize>(
        &self,
        path: &str,
        value: &T,
        mode: PutMode,
    ) -> Result<(), PutError> {
        let bytes = serde_json::to_vec(value)
            .map_err(|why| StoreError::Broken { path: path.to_owned(), why: why.to_string() })?;
        let put = self.store.put_opts(&Path::from(path), bytes.clone().into(), mode.into()).await;
        let Err(error) = put else { return Ok(()) };
        // The answer may be lost, or a conflict with a first attempt of one's own: what is there now decides. Whatever
        // is written carries the id of its operation, so equal bytes are one's own.
        let is_taken = matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. });
        match self.get_bytes(path).await {
            Ok(Some(found)) if found.value == bytes => Ok(()),
            Ok(_) if is_taken => Err(PutError::Taken(path.to_owned())),
            _ => Err(failed("write", path, error).into()),
        }
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn delete(&self, path: &str) -> Result<(), StoreError> {
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(failed("delete", path, source)),
        }
    }

    /// The paths of all objects below a path, in order.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn list(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let listed =
            self.store.list(Some(&Path::from(below))).map_ok(|meta| meta.location.to_string());
        let mut paths: Vec<String> =
            listed.try_collect().await.map_err(|source| failed("list", below, source))?;
        paths.sort();
        Ok(paths)
    }
}

fn failed(verb: &'static str, path: &str, source: Error) -> StoreError {
    StoreError::Call { verb, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_object_is_written_under_its_condition_only() {
        let objects = Objects::new(chaosdrill_rt::store::open("memory:objects").expect("a store"));
        assert!(objects.get::<u32>("a/b").await.expect("an answer").is_none());
        objects.create("a/b", &1).await.expect("written");
        assert!(matches!(objects.create("a/b", &2).await, Err(PutError::Taken(_))));
        // The same bytes again are the same writer's.
        objects.create("a/b", &1).await.expect("written already");
        let read = objects.get::<u32>("a/b").await.expect("an answer").expect("an object");
        objects.replace("a/b", &3, &read).await.expect("written");
        assert!(matches!(objects.replace("a/b", &4, &read).await, Err(PutError::Taken(_))));
        assert_eq!(objects.list("a").await.expect("an answer"), ["a/b"]);
        assert!(matches!(objects.get::<String>("a/b").await, Err(StoreError::Broken { .. })));
        objects.delete("a/b").await.expect("deleted");
        objects.delete("a/b").await.expect("deleted already");
    }
}
