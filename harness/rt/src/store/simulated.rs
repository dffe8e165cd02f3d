//! A simulated object store: every call travels to the host `store` and back.

use std::{
    fmt,
    future::{Future, pending},
    ops::Range,
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use chaosdrill_core::{
    ErrorKind,
    trace::{EventKind, vocabulary::Answer},
};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    memory::InMemory, path::Path,
};
use serde_json::{Value, json};

use crate::{
    sim::{
        boundary::{self, Decision},
        clock, handle,
        host::Here,
        host::MachineId,
        injected_errors,
        simulation::with_world,
        stores,
        travel::travel,
    },
    store::site,
};

/// A host's handle to a store.
#[derive(Clone, Debug)]
pub(super) struct SimulatedStore {
    machine: MachineId,
    name: String,
    here: Here,
    objects: Arc<InMemory>,
}

/// One call, as the trace and the faults see it.
struct Call {
    site: String,
    asked: Value,
    /// The object that the call changes; `None` if it only reads.
    changes: Option<Path>,
    /// The content that a torn put leaves.
    half: Option<Bytes>,
    /// Whether a condition that fails means that the object already exists.
    creates: bool,
}

impl Call {
    fn new(verb: &str, path: Option<&Path>) -> Self {
        let asked = json!({ "key": path.map_or("", |path| path.as_ref()) });
        let site = site::of_call(verb, path);
        Self { site, asked, changes: None, half: None, creates: false }
    }

    fn changing(verb: &str, path: &Path) -> Self {
        Self { changes: Some(path.clone()), ..Self::new(verb, Some(path)) }
    }

    fn refusal(&self, kind: ErrorKind) -> Error {
        let path = self.asked["key"].as_str().unwrap_or_default();
        injected_errors::store(kind, path, self.creates)
    }

    fn answered<'a>(&self, result: impl FnOnce() -> Result<Value, &'a Error>) {
        handle::record(EventKind::Answer, &self.site, || {
            let result = result().map_err(ToString::to_string);
            Answer { result, asked: self.asked.clone() }.into_data()
        });
    }
}

impl SimulatedStore {
    pub(super) fn open(url: &str, here: Here) -> Result<Self> {
        let (machine, name) = with_world(|world| world.locate_store(url))
            .map_err(|why| super::unusable(why.into()))?;
        let objects = stores::open(&name);
        Ok(Self { machine, name, here, objects })
    }

    /// Runs one operation at the store as a boundary.
    async fn round_trip<T>(
        &self,
        call: Call,
        operation: impl Future<Output = Result<T>>,
        describe: impl Fn(&T) -> Value,
    ) -> Result<T> {
        if !handle::is_alive(self.here) {
            return pending().await;
        }
        let decision = boundary::before(&call.site).await;
        if let Decision::Fail(kind) = decision {
            if let (ErrorKind::Torn, Some(half)) = (kind, call.half.clone()) {
                self.tear(&call, half).await;
            }
            let error = call.refusal(kind);
            call.answered(|| Err(&error));
            return Err(error);
        }
        if travel(self.here, self.machine).await.is_err() {
            let error = call.refusal(ErrorKind::Reset);
            call.answered(|| Err(&error));
            return Err(error);
        }
        let result = stores::at_once(operation);
        call.answered(|| result.as_ref().map(describe));
        if let (Ok(_), Some(path)) = (&result, &call.changes) {
            stores::changed(&self.name, path);
            with_world(|world| world.had_effect(self.here, &call.site));
        }
        boundary::after(decision, &call.site).await;
        if travel(self.here, self.machine).await.is_err() {
            return Err(call.refusal(ErrorKind::Reset));
        }
        match decision {
            Decision::LoseAck(kind) => Err(call.refusal(kind)),
            _ => result,
        }
    }

    /// Writes the first half of the bytes, regardless of the previous content.
    async fn tear(&self, call: &Call, half: Bytes) {
        let Some(path) = &call.changes else { return };
        if travel(self.here, self.machine).await.is_ok() {
            let put = self.objects.put_opts(path, half.into(), PutOptions::default());
            stores::at_once(put).expect("memory takes what it is given");
            stores::changed(&self.name, path);
            with_world(|world| world.had_effect(self.here, &call.site));
        }
    }

    async fn remove(&self, path: Path) -> Result<Path> {
        let call = Call::changing("delete", &path);
        let one = stream::once(async move { Ok(path) }).boxed();
        let delete =
            async { self.objects.delete_stream(one).next().await.expect("one in, one out") };
        self.round_trip(call, delete, |_| Value::Null).await
    }

    async fn list_all(self, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        let call = Call::new("list", prefix.as_ref());
        let list = async {
            let mut found = self.objects.list(prefix.as_ref()).try_collect::<Vec<_>>().await?;
            found.iter_mut().for_each(put_date_right);
            Ok(found)
        };
        self.round_trip(call, list, |found| json!({ "objects": found.len() })).await
    }
}

impl fmt::Display for SimulatedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simulated store {}", self.name)
    }
}

/// Corrects an object's date. The store in memory uses std's clock, which is not the simulation's clock on every
/// simulator.
fn put_date_right(meta: &mut ObjectMeta) {
    meta.last_modified += clock::std_is_behind_by();
}

/// Converts the dates in conditions to std's clock.
fn asked_of_std(mut options: GetOptions) -> GetOptions {
    for date in [&mut options.if_modified_since, &mut options.if_unmodified_since] {
        *date = date.map(|date| date - clock::std_is_behind_by());
    }
    options
}

fn content(bytes: &[u8]) -> Value {
    json!({ "bytes": bytes.len(), "hash": chaosdrill_core::trace::short_hash(bytes) })
}

#[async_trait]
impl ObjectStore for SimulatedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let bytes = Bytes::from(payload.clone());
        let (verb, condition) = match &options.mode {
            PutMode::Overwrite => ("put", Value::Null),
            PutMode::Create => ("put-if", json!("absent")),
            PutMode::Update(version) => ("put-if", json!(version.e_tag)),
        };
        let mut call = Call::changing(verb, location);
        call.asked = content(&bytes);
        call.asked["key"] = json!(location.as_ref());
        if !condition.is_null() {
            call.asked["if"] = condition;
        }
        call.half = Some(bytes.slice(..bytes.len() / 2));
        call.creates = options.mode == PutMode::Create;
        let put = self.objects.put_opts(location, payload, options);
        self.round_trip(call, put, |put| json!({ "e_tag": put.e_tag })).await
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

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let call = Call::new(if options.head { "head" } else { "get" }, Some(location));
        let get = async {
            let mut found = self.objects.get_opts(location, asked_of_std(options)).await?;
            put_date_right(&mut found.meta);
            Ok(found)
        };
        let describe =
            |found: &GetResult| json!({ "bytes": found.meta.size, "e_tag": found.meta.e_tag });
        self.round_trip(call, get, describe).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let call = Call::new("get", Some(location));
        let get = self.objects.get_ranges(location, ranges);
        self.round_trip(call, get, |found| json!({ "ranges": found.len() })).await
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
        let call = Call::new("list", prefix);
        let list = async {
            let mut found = self.objects.list_with_delimiter(prefix).await?;
            found.objects.iter_mut().for_each(put_date_right);
            Ok(found)
        };
        self.round_trip(call, list, |found| json!({ "objects": found.objects.len() })).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let mut call = Call::changing("copy", to);
        call.asked["from"] = json!(from.as_ref());
        call.creates = options.mode == CopyMode::Create;
        let copy = self.objects.copy_opts(from, to, options);
        self.round_trip(call, copy, |()| Value::Null).await
    }
}
