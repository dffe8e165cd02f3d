//! Object storage of a graph: JSON objects below a root, with conditional writes.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::files::{self, Files, chain};

/// The store failed, or an object in it is invalid.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store returned an error, or did not answer.
    #[error("{}", chain(.0))]
    Call(files::StoreError),
    /// An object cannot be parsed.
    #[error("{path} is broken: {why}")]
    Broken {
        /// Its path.
        path: String,
        /// The reason.
        why: String,
    },
}

impl From<files::StoreError> for StoreError {
    fn from(error: files::StoreError) -> Self {
        Self::Call(error)
    }
}

/// Why a write is not known to have succeeded.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The condition does not hold: another object is there, or none.
    #[error("somebody else was first at {0}")]
    Taken(String),
    /// The store failed; the object may have been written all the same.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PutError {
    fn of(path: &str, error: files::PutError) -> Self {
        match error {
            files::PutError::Taken => Self::Taken(path.to_owned()),
            files::PutError::Failed(error) | files::PutError::Unknown(error) => {
                Self::Store(error.into())
            }
        }
    }
}

/// An object as it was read.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The parsed content.
    pub value: T,
    file: files::Found,
}

impl<T> Found<T> {
    /// When it was written, by the store's clock, in milliseconds since 1970.
    pub fn written_at(&self) -> i64 {
        self.file.written_at
    }

    /// The same object, with its content converted.
    pub fn with<U>(self, value: U) -> Found<U> {
        Found { value, file: self.file }
    }
}

/// The objects of one graph. Their paths are relative to its root.
#[derive(Clone)]
pub struct Objects {
    files: Files,
    /// A path with a slash at its end; empty if the graph has the store for itself.
    root: String,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({:?}, {:?})", self.files, self.root)
    }
}

impl Objects {
    /// Wraps a store that holds nothing but this graph.
    pub fn new(files: Files) -> Self {
        Self { files, root: String::new() }
    }

    /// The objects below a path of a store.
    pub fn below(files: Files, path: &str) -> Self {
        Self { files, root: format!("{path}/") }
    }

    /// The path of an object in the store.
    fn path(&self, of: &str) -> String {
        format!("{}{of}", self.root)
    }

    /// Reads an object; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails with the store's error, or if the object is invalid.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<Found<T>>, StoreError> {
        let Some(found) = self.get_bytes(path).await? else { return Ok(None) };
        let value = serde_json::from_slice(&found.value).map_err(|why| broken(path, &why))?;
        Ok(Some(found.with(value)))
    }

    /// Reads the bytes of an object; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails with the store's error.
    pub async fn get_bytes(&self, path: &str) -> Result<Option<Found<Vec<u8>>>, StoreError> {
        let found = self.files.get(&self.path(path)).await?;
        Ok(found.map(|file| Found { value: file.bytes.clone(), file }))
    }

    /// Writes an object if none exists.
    ///
    /// # Errors
    ///
    /// Fails if one exists, or with the store's error.
    pub async fn create<T: Serialize>(&self, path: &str, value: &T) -> Result<(), PutError> {
        let put = self.files.put_new(&self.path(path), &bytes_of(path, value)?).await;
        put.map_err(|error| PutError::of(path, error))
    }

    /// Replaces exactly the object that was read.
    ///
    /// # Errors
    ///
    /// Fails if the object has changed since, or with the store's error.
    pub async fn replace<T: Serialize, U>(
        &self,
        path: &str,
        value: &T,
        over: &Found<U>,
    ) -> Result<(), PutError> {
        let put = self.files.put_over(&self.path(path), &bytes_of(path, value)?, &over.file).await;
        put.map_err(|error| PutError::of(path, error))
    }

    /// Writes over whatever is there, which a store may do by halves: only a planted bug does.
    #[cfg(feature = "defects")]
    pub(crate) async fn put_wrongly<T: Serialize>(
        &self,
        path: &str,
        value: &T,
    ) -> Result<(), PutError> {
        let put = self.files.put_wrongly(&self.path(path), &bytes_of(path, value)?).await;
        put.map_err(|error| PutError::of(path, error))
    }

    /// Deletes an object; succeeds if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails with the store's error.
    pub async fn delete(&self, path: &str) -> Result<(), StoreError> {
        Ok(self.files.delete(&self.path(path)).await?)
    }

    /// Lists the paths of all objects below a path, in order.
    ///
    /// # Errors
    ///
    /// Fails with the store's error.
    pub async fn list(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let paths = self.files.list(&self.path(below)).await?;
        let inside = |path: &String| path.strip_prefix(&self.root).map(str::to_owned);
        Ok(paths.iter().filter_map(inside).collect())
    }
}

fn bytes_of<T: Serialize>(path: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|why| broken(path, &why))
}

fn broken(path: &str, why: &serde_json::Error) -> StoreError {
    StoreError::Broken { path: path.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_graphs_of_one_store_are_apart() {
        let files = Files::open("memory:roots").expect("a store");
        let [one, other] =
            ["a", "b"].map(|id| Objects::below(files.clone(), &format!("graphs/{id}.omni")));
        one.create("x/y", &1).await.expect("written");
        other.create("x/y", &2).await.expect("written");
        assert_eq!(one.list("x").await.expect("an answer"), ["x/y"]);
        one.delete("x/y").await.expect("deleted");
        assert_eq!(files.list("graphs").await.expect("an answer"), ["graphs/b.omni/x/y"]);
    }

    #[tokio::test]
    async fn an_object_is_written_under_its_condition_only() {
        let objects = Objects::new(Files::open("memory:objects").expect("a store"));
        assert!(objects.get::<u32>("a/b").await.expect("an answer").is_none());
        objects.create("a/b", &1).await.expect("written");
        assert!(matches!(objects.create("a/b", &2).await, Err(PutError::Taken(_))));
        // A repeated write of the same bytes succeeds.
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
