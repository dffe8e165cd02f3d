//! Executes an operation on a store in memory.

use std::{
    future::Future,
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chaosdrill_core::request::store::{
    Answer, Attribute, Error, GetOptions, GetRange, ObjectMeta, Operation, PutCondition, Version,
};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use object_store::{
    Attributes, CopyMode, CopyOptions, ObjectStore, PutMode, PutOptions, UpdateVersion,
    memory::InMemory, path::Path,
};

use crate::sim::clock;

/// Executes an operation.
pub(crate) fn execute(store: &InMemory, operation: &Operation) -> Result<Answer, Error> {
    let done = match operation {
        Operation::Put { path, bytes, condition, attributes } => {
            let options = PutOptions {
                mode: match condition {
                    PutCondition::None => PutMode::Overwrite,
                    PutCondition::Absent => PutMode::Create,
                    PutCondition::Version(Version { e_tag, version }) => {
                        let (e_tag, version) = (e_tag.clone(), version.clone());
                        PutMode::Update(UpdateVersion { e_tag, version })
                    }
                },
                attributes: to_attributes(attributes),
                ..PutOptions::default()
            };
            let path = at(path);
            at_once(store.put_opts(&path, bytes.clone().into(), options))
                .map(|put| Answer::Stored(Version { e_tag: put.e_tag, version: put.version }))
        }
        Operation::Get { path, options } => get(store, path, options),
        Operation::GetRanges { path, ranges } => {
            let path = at(path);
            let parts = at_once(store.get_ranges(&path, ranges));
            parts.map(|parts| Answer::Ranges(parts.iter().map(|part| part.to_vec()).collect()))
        }
        Operation::Delete { path } => {
            let one = stream::once(std::future::ready(Ok(at(path)))).boxed();
            let deleted = at_once(store.delete_stream(one).next()).expect("one in, one out");
            deleted.map(|_| Answer::Done)
        }
        Operation::List { prefix, is_one_level: false } => {
            let prefix = prefix.as_deref().map(at);
            let found = at_once(store.list(prefix.as_ref()).try_collect::<Vec<_>>());
            found.map(|found| Answer::Listing {
                objects: found.iter().map(meta).collect(),
                prefixes: Vec::new(),
            })
        }
        Operation::List { prefix, is_one_level: true } => {
            let prefix = prefix.as_deref().map(at);
            let found = at_once(store.list_with_delimiter(prefix.as_ref()));
            found.map(|found| Answer::Listing {
                objects: found.objects.iter().map(meta).collect(),
                prefixes: found.common_prefixes.iter().map(ToString::to_string).collect(),
            })
        }
        Operation::Copy { from, to, creates } => {
            let mode = if *creates { CopyMode::Create } else { CopyMode::Overwrite };
            let options = CopyOptions { mode, ..CopyOptions::default() };
            at_once(store.copy_opts(&at(from), &at(to), options)).map(|()| Answer::Done)
        }
    };
    done.map_err(error)
}

fn get(store: &InMemory, path: &str, options: &GetOptions) -> Result<Answer, object_store::Error> {
    let date = |ns: Option<i64>| ns.map(|ns| of_ns(ns) - clock::std_is_behind_by()).map(Into::into);
    let options = object_store::GetOptions {
        if_match: options.if_match.clone(),
        if_none_match: options.if_none_match.clone(),
        if_modified_since: date(options.if_modified_since_ns),
        if_unmodified_since: date(options.if_unmodified_since_ns),
        range: options.range.as_ref().map(|range| match range {
            GetRange::Bounded(Range { start, end }) => (*start..*end).into(),
            GetRange::Offset(first) => object_store::GetRange::Offset(*first),
            GetRange::Suffix(length) => object_store::GetRange::Suffix(*length),
        }),
        version: options.version.clone(),
        head: options.head,
        ..object_store::GetOptions::default()
    };
    let is_head = options.head;
    let found = at_once(store.get_opts(&at(path), options))?;
    let (meta, range) = (meta(&found.meta), found.range.clone());
    let attributes = of_attributes(&found.attributes);
    let bytes = if is_head { Vec::new() } else { at_once(found.bytes())?.to_vec() };
    Ok(Answer::Object { meta, range, bytes, attributes })
}

/// Drives an operation of an in-memory store, which never waits.
///
/// The store has a clock of its own: the time of an object does not depend on the skew of the host that wrote it.
pub(crate) fn at_once<F: Future>(operation: F) -> F::Output {
    clock::without_skew(|| operation.now_or_never()).expect("memory answers at once")
}

/// The path of a text, which is usually one already; else its forbidden characters are encoded.
pub(crate) fn at(path: &str) -> Path {
    Path::parse(path).unwrap_or_else(|_| Path::from(path))
}

/// What is known of an object. The store in memory uses std's clock, which is not the simulation's clock on every
/// simulator.
fn meta(meta: &object_store::ObjectMeta) -> ObjectMeta {
    let modified = SystemTime::from(meta.last_modified) + clock::std_is_behind_by();
    ObjectMeta {
        path: meta.location.to_string(),
        modified_ns: to_ns(modified),
        bytes: meta.size,
        version: Version { e_tag: meta.e_tag.clone(), version: meta.version.clone() },
    }
}

/// An instant as nanoseconds since 1970.
pub(crate) fn to_ns(instant: SystemTime) -> i64 {
    let since = |since: Duration| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => -since(before.duration()),
    }
}

/// The instant of nanoseconds since 1970.
pub(crate) fn of_ns(ns: i64) -> SystemTime {
    let distance = Duration::from_nanos(ns.unsigned_abs());
    if ns < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// Attributes, as the crate has them.
pub(crate) fn to_attributes(attributes: &[(Attribute, String)]) -> Attributes {
    let attribute = |(attribute, value): &(Attribute, String)| {
        let attribute = match attribute {
            Attribute::ContentDisposition => object_store::Attribute::ContentDisposition,
            Attribute::ContentEncoding => object_store::Attribute::ContentEncoding,
            Attribute::ContentLanguage => object_store::Attribute::ContentLanguage,
            Attribute::ContentType => object_store::Attribute::ContentType,
            Attribute::CacheControl => object_store::Attribute::CacheControl,
            Attribute::StorageClass => object_store::Attribute::StorageClass,
            Attribute::Metadata(name) => object_store::Attribute::Metadata(name.clone().into()),
        };
        (attribute, value.clone())
    };
    attributes.iter().map(attribute).collect()
}

/// Attributes as plain data. One of a kind that a later version of the crate adds is left out.
pub(crate) fn of_attributes(attributes: &Attributes) -> Vec<(Attribute, String)> {
    let attribute =
        |(attribute, value): (&object_store::Attribute, &object_store::AttributeValue)| {
            let attribute = match attribute {
                object_store::Attribute::ContentDisposition => Attribute::ContentDisposition,
                object_store::Attribute::ContentEncoding => Attribute::ContentEncoding,
                object_store::Attribute::ContentLanguage => Attribute::ContentLanguage,
                object_store::Attribute::ContentType => Attribute::ContentType,
                object_store::Attribute::CacheControl => Attribute::CacheControl,
                object_store::Attribute::StorageClass => Attribute::StorageClass,
                object_store::Attribute::Metadata(name) => Attribute::Metadata(name.to_string()),
                _ => return None,
            };
            Some((attribute, value.to_string()))
        };
    let mut attributes: Vec<_> = attributes.iter().filter_map(attribute).collect();
    attributes.sort();
    attributes
}

fn error(error: object_store::Error) -> Error {
    let text = |source: Box<dyn std::error::Error + Send + Sync>| source.to_string();
    match error {
        object_store::Error::NotFound { path, source } => {
            Error::NotFound { path, message: text(source) }
        }
        object_store::Error::AlreadyExists { path, source } => {
            Error::AlreadyExists { path, message: text(source) }
        }
        object_store::Error::Precondition { path, source } => {
            Error::Precondition { path, message: text(source) }
        }
        object_store::Error::NotModified { path, source } => {
            Error::NotModified { path, message: text(source) }
        }
        object_store::Error::NotSupported { source } => {
            Error::NotSupported { message: text(source) }
        }
        object_store::Error::Generic { source, .. } => Error::Other { message: text(source) },
        other => Error::Other { message: other.to_string() },
    }
}
