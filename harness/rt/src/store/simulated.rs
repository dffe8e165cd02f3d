//! A simulated object store: each call is a step at the store.

use std::{fmt, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use chaosdrill_core::request::store::{
    self as data, Answer, Attribute, Call, Operation, PutCondition, Version,
};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, path::Path,
};

use super::{error, site};
use crate::sim::{
    client,
    host::Here,
    stores::operations::{at, of_attributes, of_ns, to_attributes, to_ns},
};

/// A host's handle to a store.
#[derive(Clone, Debug)]
pub(super) struct SimulatedStore {
    url: String,
    here: Here,
}

impl SimulatedStore {
    pub(super) fn open(url: &str, here: Here) -> Result<Self> {
        client::open_store(url).map_err(error::of)?;
        Ok(Self { url: url.to_owned(), here })
    }

    /// Takes a step at the store.
    async fn take(&self, verb: &str, path: Option<&Path>, operation: Operation) -> Result<Answer> {
        let call = Call { url: self.url.clone(), site: site::of_call(verb, path), operation };
        client::store(self.here, call).await.map_err(error::of)
    }

    async fn remove(&self, path: Path) -> Result<Path> {
        let operation = Operation::Delete { path: path.to_string() };
        self.take("delete", Some(&path), operation).await?;
        Ok(path)
    }

    async fn list_level(
        &self,
        prefix: Option<&Path>,
        is_one_level: bool,
    ) -> Result<(Vec<ObjectMeta>, Vec<Path>)> {
        let operation = Operation::List { prefix: prefix.map(ToString::to_string), is_one_level };
        match self.take("list", prefix, operation).await? {
            Answer::Listing { objects, prefixes } => {
                let prefixes = prefixes.iter().map(|prefix| at(prefix));
                Ok((objects.into_iter().map(meta).collect(), prefixes.collect()))
            }
            other => unexpected(&other),
        }
    }

    async fn list_all(self, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        Ok(self.list_level(prefix.as_ref(), false).await?.0)
    }
}

impl fmt::Display for SimulatedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simulated store {}", self.url)
    }
}

fn meta(meta: data::ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        location: at(&meta.path),
        last_modified: of_ns(meta.modified_ns).into(),
        size: meta.bytes,
        e_tag: meta.version.e_tag,
        version: meta.version.version,
    }
}

fn options(options: &GetOptions) -> data::GetOptions {
    data::GetOptions {
        if_match: options.if_match.clone(),
        if_none_match: options.if_none_match.clone(),
        if_modified_since_ns: options.if_modified_since.map(|date| to_ns(date.into())),
        if_unmodified_since_ns: options.if_unmodified_since.map(|date| to_ns(date.into())),
        range: options.range.as_ref().map(|range| match range {
            GetRange::Bounded(range) => data::GetRange::Bounded(range.clone()),
            GetRange::Offset(first) => data::GetRange::Offset(*first),
            GetRange::Suffix(length) => data::GetRange::Suffix(*length),
        }),
        version: options.version.clone(),
        head: options.head,
    }
}

fn object(
    found: data::ObjectMeta,
    range: Range<u64>,
    bytes: Vec<u8>,
    attributes: &[(Attribute, String)],
) -> GetResult {
    let content = stream::once(std::future::ready(Ok(Bytes::from(bytes)))).boxed();
    GetResult {
        payload: GetResultPayload::Stream(content),
        meta: meta(found),
        range,
        attributes: to_attributes(attributes),
        extensions: Default::default(),
    }
}

fn unexpected(answer: &Answer) -> ! {
    unreachable!("no call of this kind is answered with {answer:?}")
}

#[async_trait]
impl ObjectStore for SimulatedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let (verb, condition) = match options.mode {
            PutMode::Overwrite => ("put", PutCondition::None),
            PutMode::Create => ("put-if", PutCondition::Absent),
            PutMode::Update(known) => {
                let known = Version { e_tag: known.e_tag, version: known.version };
                ("put-if", PutCondition::Version(known))
            }
        };
        let operation = Operation::Put {
            path: location.to_string(),
            bytes: Bytes::from(payload).to_vec(),
            condition,
            attributes: of_attributes(&options.attributes),
        };
        match self.take(verb, Some(location), operation).await? {
            Answer::Stored(Version { e_tag, version }) => {
                Ok(PutResult { e_tag, version, extensions: Default::default() })
            }
            other => unexpected(&other),
        }
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented {
            operation: "an upload in parts".to_owned(),
            implementer: self.to_string(),
        })
    }

    async fn get_opts(&self, location: &Path, wanted: GetOptions) -> Result<GetResult> {
        let verb = if wanted.head { "head" } else { "get" };
        let operation = Operation::Get { path: location.to_string(), options: options(&wanted) };
        match self.take(verb, Some(location), operation).await? {
            Answer::Object { meta, range, bytes, attributes } => {
                Ok(object(meta, range, bytes, &attributes))
            }
            other => unexpected(&other),
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (path, ranges) = (location.to_string(), ranges.to_vec());
        match self.take("get", Some(location), Operation::GetRanges { path, ranges }).await? {
            Answer::Ranges(parts) => Ok(parts.into_iter().map(Bytes::from).collect()),
            other => unexpected(&other),
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .and_then(move |location| {
                let store = store.clone();
                async move { store.remove(location).await }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let all = self.clone().list_all(prefix.cloned());
        stream::once(all)
            .map_ok(|found| stream::iter(found.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let (objects, common_prefixes) = self.list_level(prefix, true).await?;
        Ok(ListResult { objects, common_prefixes, extensions: Default::default() })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let creates = options.mode == CopyMode::Create;
        let operation = Operation::Copy { from: from.to_string(), to: to.to_string(), creates };
        self.take("copy", Some(to), operation).await.map(drop)
    }
}
