//! Steps at an object store, and their answers.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Broken;

/// A step at an object store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The URL of the store.
    pub url: String,
    /// The site.
    pub site: String,
    /// The operation.
    pub operation: Operation,
}

/// An operation of an object store. Paths are texts with `/` between their parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Store an object. Answered with [`Answer::Stored`].
    Put {
        /// The path.
        path: String,
        /// The content.
        bytes: Vec<u8>,
        /// The condition.
        condition: PutCondition,
        /// The attributes.
        attributes: Vec<(Attribute, String)>,
    },
    /// Read an object. Answered with [`Answer::Object`].
    Get {
        /// The path.
        path: String,
        /// Which part of it, and under which conditions.
        options: GetOptions,
    },
    /// Read parts of an object. Answered with [`Answer::Ranges`].
    GetRanges {
        /// The path.
        path: String,
        /// The bytes.
        ranges: Vec<Range<u64>>,
    },
    /// Delete an object. Answered with [`Answer::Done`].
    Delete {
        /// The path.
        path: String,
    },
    /// List the objects below a prefix. Answered with [`Answer::Listing`].
    List {
        /// The prefix; `None` for all objects.
        prefix: Option<String>,
        /// Whether to list only one level: the objects in it, and the prefixes of those further down.
        is_one_level: bool,
    },
    /// Copy an object. Answered with [`Answer::Done`].
    Copy {
        /// The path of the object.
        from: String,
        /// The path of the copy.
        to: String,
        /// Whether it is an error if there is an object at `to`.
        creates: bool,
    },
}

/// The condition of a put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PutCondition {
    /// None: replace the object if there is one.
    None,
    /// There is no object.
    Absent,
    /// The object has this version.
    Version(Version),
}

/// The version of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The entity tag.
    pub e_tag: Option<String>,
    /// The version, if the store keeps several.
    pub version: Option<String>,
}

/// Which part of an object to read, and under which conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetOptions {
    /// Only if the entity tag is one of these.
    pub if_match: Option<String>,
    /// Only if the entity tag is none of these.
    pub if_none_match: Option<String>,
    /// Only if it was modified after this instant, in nanoseconds since 1970.
    pub if_modified_since_ns: Option<i64>,
    /// Only if it was not modified after this instant, in nanoseconds since 1970.
    pub if_unmodified_since_ns: Option<i64>,
    /// The bytes; `None` for all.
    pub range: Option<GetRange>,
    /// The version, if the store keeps several.
    pub version: Option<String>,
    /// Whether to read what is known of the object, and not its content.
    pub head: bool,
}

/// Bytes of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GetRange {
    /// These bytes.
    Bounded(Range<u64>),
    /// All bytes from this one on.
    Offset(u64),
    /// The last bytes, this many.
    Suffix(u64),
}

/// The name of an attribute of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// `Content-Disposition`.
    ContentDisposition,
    /// `Content-Encoding`.
    ContentEncoding,
    /// `Content-Language`.
    ContentLanguage,
    /// `Content-Type`.
    ContentType,
    /// `Cache-Control`.
    CacheControl,
    /// The storage class.
    StorageClass,
    /// An attribute of the user's own.
    Metadata(String),
}

/// The answer of an object store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The operation was carried out.
    Done,
    /// An object was stored with this version.
    Stored(Version),
    /// An object.
    Object {
        /// What is known of it.
        meta: ObjectMeta,
        /// The bytes that were read.
        range: Range<u64>,
        /// Their content.
        bytes: Vec<u8>,
        /// The attributes.
        attributes: Vec<(Attribute, String)>,
    },
    /// Parts of an object.
    Ranges(Vec<Vec<u8>>),
    /// Objects, and the prefixes of those further down.
    Listing {
        /// The objects.
        objects: Vec<ObjectMeta>,
        /// The prefixes.
        prefixes: Vec<String>,
    },
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectMeta {
    /// The path.
    pub path: String,
    /// When it was last modified, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// The size, in bytes.
    pub bytes: u64,
    /// The version.
    pub version: Version,
}

/// The error of a step at an object store. Its text is that of the same error of the crate `object_store`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Error {
    /// The connection is lost.
    #[error("Generic simulated error: {0}")]
    Connection(Broken),
    /// There is no space left.
    #[error("Generic simulated error: {NO_SPACE}")]
    Full,
    /// There is no such object.
    #[error("Object at location {path} not found: {message}")]
    NotFound {
        /// The path of the object.
        path: String,
        /// The reason.
        message: String,
    },
    /// There is an object already.
    #[error("Object at location {path} already exists: {message}")]
    AlreadyExists {
        /// The path of the object.
        path: String,
        /// The reason.
        message: String,
    },
    /// A condition does not hold.
    #[error("Request precondition failure for path {path}: {message}")]
    Precondition {
        /// The path of the object.
        path: String,
        /// The reason.
        message: String,
    },
    /// The object is not modified.
    #[error("Object at location {path} not modified: {message}")]
    NotModified {
        /// The path of the object.
        path: String,
        /// The reason.
        message: String,
    },
    /// The store does not support the operation.
    #[error("Operation not supported: {message}")]
    NotSupported {
        /// The reason.
        message: String,
    },
    /// No machine of the run serves the URL.
    #[error("Generic chaosdrill error: {message}")]
    Url {
        /// The reason.
        message: String,
    },
    /// Any other error of the store.
    #[error("Generic InMemory error: {message}")]
    Other {
        /// The reason.
        message: String,
    },
}

/// The text of an error about a full store.
pub const NO_SPACE: &str = "no space left";
