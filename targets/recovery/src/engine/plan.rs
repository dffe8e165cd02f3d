//! Plans a request: computes the commits of each table before anything is written.

use chaosdrill_rt::defect;

use super::{
    config::EngineConfig,
    error::EngineError,
    model::{Kind, Manifest, Pin, Registration, Row, Schema, Sidecar, TableVersion},
    objects::Objects,
    table,
    wire::{Change, Request},
};
use crate::ulid;

/// The tables that hold rows, in the order in which every writer moves them.
pub(crate) const TABLES: [&str; 2] = ["knows", "person"];

/// The table whose receipts are checked: the last one that a write moves.
const RECEIPTS: &str = "person";

/// The table whose rows the others depend on: a delete removes them last.
const PRIMARY: &str = "person";

/// A failpoint before or between commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    BeforePrimaryDelete,
    AdoptAfterAppend,
    AdoptAfterUpsert,
    RewriteAfterMerge,
    RewriteAfterDelete,
    PostStage,
    BeforeCompact,
}

/// One commit of a table.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The failpoint before it.
    pub(crate) point: Option<Point>,
    /// The version that it writes.
    pub(crate) content: TableVersion,
}

/// The effect of an operation on one table.
#[derive(Clone, Debug)]
pub(crate) struct TablePlan {
    pub(crate) key: String,
    pub(crate) path: String,
    /// The published version.
    pub(crate) expected: u64,
    pub(crate) steps: Vec<Step>,
}

impl TablePlan {
    /// Whether it is the last table of a delete: only a planted bug asks.
    #[cfg(feature = "defects")]
    fn deletes_at_last_wrongly(&self) -> bool {
        self.steps.iter().any(|step| step.point == Some(Point::BeforePrimaryDelete))
    }

    /// The version that its last commit creates.
    pub(crate) fn end(&self) -> u64 {
        self.steps.last().map_or(self.expected, |step| step.content.version)
    }
}

/// The effect of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) operation: String,
    pub(crate) kind: Kind,
    pub(crate) tables: Vec<TablePlan>,
    /// A table that it adds, with its first version.
    pub(crate) added: Option<(Registration, TableVersion)>,
    pub(crate) removed: Vec<String>,
    pub(crate) schema: Option<Schema>,
    source: Option<String>,
}

/// The state of a table before an operation.
struct Base {
    key: String,
    path: String,
    published: u64,
    head: u64,
    content: TableVersion,
}

/// Plans a request on the current state; `None` if it has already been done.
pub(crate) async fn make(
    objects: &Objects,
    config: &EngineConfig,
    manifest: &Manifest,
    request: &Request,
) -> Result<Option<Plan>, EngineError> {
    if let Some(receipt) = defect!("G78", None, request.named_receipt()) {
        return Err(EngineError::Refused(format!("{receipt} is a receipt, which stays as it is")));
    }
    let mut bases = Vec::new();
    for key in TABLES {
        bases.push(base_of(objects, config, manifest, key).await?);
    }
    if is_done(manifest, &bases, request)? {
        return Ok(None);
    }
    let operation = ulid::new();
    let mut plan = Plan {
        kind: request.kind(),
        tables: Vec::new(),
        added: None,
        removed: Vec::new(),
        schema: None,
        source: None,
        operation,
    };
    if let Request::BranchMerge { source, .. } = request {
        plan.source = Some(source.clone());
    }
    if let Request::SchemaApply { version, source, .. } = request {
        plan.change_schema(manifest, *version, source);
    }
    let concerned = bases.iter().filter(|base| request.concerns(&base.key));
    plan.tables = concerned.map(|base| plan.of_table(base, request)).collect();
    plan.tables.retain(|table| !table.steps.is_empty());
    if plan.tables.is_empty() { Ok(None) } else { Ok(Some(plan)) }
}

/// The published state of a table. After a heal, the table has no newer version, unless another operation is in
/// progress.
async fn base_of(
    objects: &Objects,
    config: &EngineConfig,
    manifest: &Manifest,
    key: &str,
) -> Result<Base, EngineError> {
    let entry = manifest.tables.get(key);
    let entry = entry.ok_or_else(|| EngineError::Refused(format!("there is no table {key}")))?;
    let published = entry.version;
    let head = table::head(objects, &entry.path).await?.unwrap_or(0);
    if head != published && config.heals_first {
        return Err(EngineError::Pending { table_key: key.to_owned(), head, published });
    }
    let content = table::read(objects, &entry.path, published).await?;
    Ok(Base { key: key.to_owned(), path: entry.path.clone(), published, head, content })
}

fn is_done(manifest: &Manifest, bases: &[Base], request: &Request) -> Result<bool, EngineError> {
    match request {
        Request::SchemaApply { version, .. } if *version > manifest.schema + 1 => {
            Err(EngineError::Conflict(format!("the schema is still at {}", manifest.schema)))
        }
        Request::SchemaApply { version, .. } => Ok(*version <= manifest.schema),
        Request::EnsureIndices { .. } | Request::Optimize { .. } => Ok(false),
        Request::Mutation { id, .. }
        | Request::Delete { id, .. }
        | Request::Load { id, .. }
        | Request::BranchMerge { id, .. } => {
            let receipt = format!("{id}.0");
            let rows = bases.iter().filter(|base| base.key == RECEIPTS);
            Ok(rows.flat_map(|base| &base.content.rows).any(|row| row.id == receipt))
        }
    }
}

impl Plan {
    /// The next schema adds a table of its own, and removes that of the previous schema.
    fn change_schema(&mut self, manifest: &Manifest, version: u64, source: &str) {
        self.schema = Some(Schema::new(version, &self.operation, source));
        let (comes, goes) = (format!("extra{version}"), format!("extra{}", version - 1));
        let table_path = format!("tables/{comes}-{}", self.operation);
        let first = TableVersion {
            version: 0,
            parent: None,
            operation: self.operation.clone(),
            step: 1,
            of: 1,
            restores: None,
            schema: version,
            fragments: 0,
            indexed: 0,
            rows: Vec::new(),
        };
        self.added = Some((Registration { table_key: comes, table_path, version: 0 }, first));
        self.removed = manifest.tables.contains_key(&goes).then_some(goes).into_iter().collect();
    }

    fn of_table(&self, base: &Base, request: &Request) -> TablePlan {
        let contents = match request {
            Request::Mutation { id, value } => {
                vec![(None, inserted(&base.content, id, std::slice::from_ref(value)))]
            }
            Request::Delete { id, rows } => {
                let is_primary = base.key == PRIMARY;
                let point = is_primary.then_some(Point::BeforePrimaryDelete);
                vec![(point, receipted(&without(&base.content, rows), id))]
            }
            Request::Load { id, values } => vec![(None, inserted(&base.content, id, values))],
            Request::BranchMerge { id, diverged, values, changed, deleted, .. } => {
                let merge = Merge { id, values, changed, deleted };
                if *diverged { merge.rewrite(&base.content) } else { merge.adopt(&base.content) }
            }
            Request::SchemaApply { version, .. } => rewritten(&base.content, *version),
            Request::EnsureIndices { .. } => indexed(&base.content),
            Request::Optimize { .. } => compacted(&base.content),
        };
        let of = contents.len() as u32;
        let numbered = contents.into_iter().zip(1_u32..).map(|((point, content), step)| {
            let version = base.head + u64::from(step);
            let parent = if step == 1 { base.published } else { version - 1 };
            let operation = self.operation.clone();
            let content = TableVersion {
                version,
                parent: Some(parent),
                operation,
                step,
                of,
                restores: None,
                ..content
            };
            Step { point, content }
        });
        let (key, path) = (base.key.clone(), base.path.clone());
        TablePlan { key, path, expected: base.published, steps: numbered.collect() }
    }

    /// The intent, as the sidecar stores it.
    pub(crate) fn sidecar(&self, config: &EngineConfig, request: &Request) -> Sidecar {
        let pin = |table: &TablePlan| Pin {
            table_key: table.key.clone(),
            table_path: table.path.clone(),
            expected_version: table.expected,
            post_commit_pin: table.steps.first().map_or(0, |step| step.content.version),
            confirmed_version: None,
            table_branch: None,
        };
        let pinned: Vec<&TablePlan> = defect!(
            "G54",
            self.tables.iter().filter(|table| !table.deletes_at_last_wrongly()).collect(),
            self.tables.iter().collect()
        );
        Sidecar {
            schema_version: config.writes_sidecars_of,
            operation_id: self.operation.clone(),
            kind: self.kind,
            actor_id: request.id().to_owned(),
            process: config.process.clone(),
            branch: "main".into(),
            pins: pinned.into_iter().map(pin).collect(),
            additional_registrations: self.added.iter().map(|(new, _)| new.clone()).collect(),
            tombstones: self.removed.clone(),
            merge_source_commit_id: self.source.clone(),
            schema: self.schema.as_ref().map(|schema| schema.version),
        }
    }
}

/// A table version without its number.
type Content = (Option<Point>, TableVersion);

fn row(id: String, value: i64, request: &str) -> Row {
    Row { id, value, request: request.to_owned() }
}

fn inserted(base: &TableVersion, id: &str, values: &[i64]) -> TableVersion {
    let rows = values.iter().enumerate();
    let rows = rows.map(|(number, value)| row(format!("{id}.{number}"), *value, id));
    appended(base, rows)
}

fn appended(base: &TableVersion, rows: impl Iterator<Item = Row>) -> TableVersion {
    let mut next = base.clone();
    next.rows.extend(rows);
    next.fragments += 1;
    next
}

fn without(base: &TableVersion, rows: &[String]) -> TableVersion {
    let mut next = base.clone();
    next.rows.retain(|row| !rows.contains(&row.id));
    next
}

fn receipted(base: &TableVersion, id: &str) -> TableVersion {
    let (mut next, receipt) = (base.clone(), row(format!("{id}.0"), 0, id));
    if !next.rows.iter().any(|row| row.id == receipt.id) {
        next.rows.push(receipt);
    }
    next
}

/// The content of a merge.
struct Merge<'a> {
    id: &'a str,
    values: &'a [i64],
    changed: &'a [Change],
    deleted: &'a [String],
}

impl Merge<'_> {
    /// Merges into a table that has not changed since the branch was made: appends, changes and deletes rows.
    fn adopt(&self, base: &TableVersion) -> Vec<Content> {
        let appended = self.append(base);
        let upserted = self.upsert(&appended);
        let deleted = self.delete(&upserted);
        vec![
            (None, appended),
            (Some(Point::AdoptAfterAppend), upserted),
            (Some(Point::AdoptAfterUpsert), self.receipt(&deleted)),
        ]
    }

    /// Merges into a table that has changed: merges all rows in one commit, deletes rows, and rebuilds indices.
    fn rewrite(&self, base: &TableVersion) -> Vec<Content> {
        let merged = self.upsert(&self.append(base));
        let deleted = defect!("G76", merged.clone(), self.delete(&merged));
        let mut indexed = self.receipt(&deleted);
        indexed.indexed = indexed.rows.len() as u64;
        vec![
            (None, merged),
            (Some(Point::RewriteAfterMerge), deleted),
            (Some(Point::RewriteAfterDelete), indexed),
        ]
    }

    /// Skips rows that exist from an earlier, unfinished merge of the same branch.
    fn append(&self, base: &TableVersion) -> TableVersion {
        let rows = self.values.iter().zip(1..);
        let rows =
            rows.map(|(value, number)| row(format!("{}.{number}", self.id), *value, self.id));
        let is_new = |new: &Row| !base.rows.iter().any(|old| old.id == new.id);
        appended(base, rows.filter(is_new))
    }

    fn upsert(&self, base: &TableVersion) -> TableVersion {
        let mut next = base.clone();
        for row in &mut next.rows {
            if let Some(change) = self.changed.iter().find(|change| change.id == row.id) {
                (row.value, row.request) = (change.value, self.id.to_owned());
            }
        }
        next
    }

    fn delete(&self, base: &TableVersion) -> TableVersion {
        without(base, self.deleted)
    }

    /// The receipt is part of the last commit: half a merge has none, but one of its tables may.
    fn receipt(&self, base: &TableVersion) -> TableVersion {
        receipted(base, self.id)
    }
}

/// Changes the schema first, then rewrites the rows.
fn rewritten(base: &TableVersion, schema: u64) -> Vec<Content> {
    let altered = TableVersion { schema, ..base.clone() };
    let mut filled = altered.clone();
    filled.fragments = 1;
    vec![(None, altered), (None, filled)]
}

/// Builds two indices, one commit each; no commit if all rows are indexed.
fn indexed(base: &TableVersion) -> Vec<Content> {
    let rows = base.rows.len() as u64;
    if base.indexed == rows {
        return Vec::new();
    }
    let half = TableVersion { indexed: rows / 2, ..base.clone() };
    let whole = TableVersion { indexed: defect!("G72", half.indexed, rows), ..base.clone() };
    let whole = defect!("G75", shortened_wrongly(whole, half.indexed), whole);
    vec![(Some(Point::PostStage), half), (Some(Point::PostStage), whole)]
}

/// Compacts all fragments into one and rebuilds the indices; no commit if there is only one fragment.
fn compacted(base: &TableVersion) -> Vec<Content> {
    if base.fragments < 2 {
        return Vec::new();
    }
    let fragments = defect!("G73", base.fragments, 1);
    let one = TableVersion { fragments, indexed: 0, ..base.clone() };
    let one = defect!("G74", shortened_wrongly(one, base.indexed), one);
    let reindexed = TableVersion { indexed: one.rows.len() as u64, ..one.clone() };
    vec![(Some(Point::BeforeCompact), one), (None, reindexed)]
}

/// Keeps the first rows only: only planted bugs do.
#[cfg(feature = "defects")]
fn shortened_wrongly(of: TableVersion, count: u64) -> TableVersion {
    let rows = of.rows.iter().take(count as usize).cloned().collect();
    TableVersion { rows, ..of }
}
