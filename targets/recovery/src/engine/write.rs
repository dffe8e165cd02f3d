//! The phases of one write: sidecar, tables, confirmation, publication, and deletion of the sidecar.
//!
//! | phase | what | if it fails |
//! |---|---|---|
//! | A | the sidecar is written | nothing has moved; the sidecar is emptied and deleted |
//! | B | each table moves to its new head | the writer rolls everything back, or leaves that to an open |
//! | confirm | a merge records the versions that it reached | as in B |
//! | C | the manifest is published, over the expected versions | succeeds if another program has published the same |
//! | D | the sidecar is deleted | ignored: the next heal finds the operation settled |

use chaosdrill_rt::{
    defect,
    fail::Injected,
    fail_point, observe,
    time::{self, Duration},
};

use super::{
    config::EngineConfig,
    error::EngineError,
    manifest::{self, End, Move, Publication, PublishError},
    model::{CONFIRMED_SINCE, Kind, Outcome, Sidecar},
    objects::{Objects, PutError},
    plan::{Plan, Point},
    recover::{Mode, Recovery, Resolved},
    schema, sidecars, table,
};
use crate::failpoints;

/// Attempts of a writer to settle an unfinished operation before it leaves it to an open.
const SETTLE_TRIES_MAX: u32 = 20;

/// The pause between two attempts.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_millis(150);

/// A write in progress.
pub(crate) struct Write<'a> {
    pub(crate) objects: &'a Objects,
    pub(crate) config: &'a EngineConfig,
    pub(crate) plan: &'a Plan,
    pub(crate) sidecar: Sidecar,
    /// Whether any table may have moved.
    moved: bool,
    /// Whether all tables have moved completely.
    is_complete: bool,
}

impl<'a> Write<'a> {
    pub(crate) fn new(
        objects: &'a Objects,
        config: &'a EngineConfig,
        plan: &'a Plan,
        sidecar: Sidecar,
    ) -> Self {
        Self { objects, config, plan, sidecar, moved: false, is_complete: false }
    }

    /// Runs the write; if it fails, settles the tables that have moved as far as possible.
    pub(crate) async fn run(mut self) -> Result<(), EngineError> {
        let published = match self.publish().await {
            Ok(()) => Ok(()),
            Err(error) => self.settle(error).await,
        };
        published?;
        observe!(
            "engine.published",
            operation = self.plan.operation,
            request = self.sidecar.actor_id
        );
        let in_force = self.put_schema_in_force().await;
        if in_force.is_err() {
            // The sidecar stays: the next heal puts the schema in force.
            return Ok(());
        }
        if let Err(error) = sidecars::retire(self.objects, &self.plan.operation).await {
            observe!(
                "engine.sidecar_left",
                operation = self.plan.operation,
                error = error.to_string()
            );
            defect!("G28", return Err(error.into()), ());
        }
        Ok(())
    }

    /// Phases A to C.
    async fn publish(&mut self) -> Result<(), EngineError> {
        sidecars::arm(self.objects, &self.sidecar).await?;
        for of_table in &self.plan.tables {
            for step in &of_table.steps {
                pass(step.point).await?;
                let was_moved = std::mem::replace(&mut self.moved, true);
                let committed = table::commit(self.objects, &of_table.path, &step.content).await;
                if matches!(committed, Err(PutError::Taken(_))) {
                    self.moved = was_moved;
                }
                committed?;
            }
        }
        if let Some((new, first)) = &self.plan.added {
            self.moved = true;
            table::commit(self.objects, &new.table_path, first).await?;
        }
        if let Some(schema) = &self.plan.schema {
            fail_point!(failpoints::SCHEMA_BEFORE_STAGING)?;
            schema::stage(self.objects, schema).await?;
            fail_point!(failpoints::SCHEMA_AFTER_STAGING)?;
        }
        self.confirm().await?;
        self.is_complete = true;
        self.pass_before_publication().await?;
        self.compare_and_swap().await
    }

    async fn confirm(&mut self) -> Result<(), EngineError> {
        if self.plan.kind != Kind::BranchMerge || self.sidecar.schema_version < CONFIRMED_SINCE {
            return Ok(());
        }
        let armed = self.sidecar.clone();
        for (pin, of_table) in self.sidecar.pins.iter_mut().zip(&self.plan.tables) {
            pin.confirmed_version = Some(of_table.end());
        }
        Ok(sidecars::rewrite(self.objects, &armed, &self.sidecar).await?)
    }

    async fn pass_before_publication(&self) -> Result<(), Injected> {
        match self.plan.kind {
            Kind::Mutation | Kind::Load => fail_point!(failpoints::MUTATION_POST_FINALIZE),
            Kind::BranchMerge => fail_point!(failpoints::MERGE_POST_PHASE_B),
            Kind::EnsureIndices => fail_point!(failpoints::INDICES_POST_PHASE_B),
            Kind::Optimize => fail_point!(failpoints::OPTIMIZE_POST_PHASE_B),
            Kind::SchemaApply => Ok(()),
        }
    }

    async fn compare_and_swap(&self) -> Result<(), EngineError> {
        let to = |of_table: &super::plan::TablePlan| Move {
            table_key: of_table.key.clone(),
            expected: of_table.expected,
            to: of_table.end(),
        };
        let publication = Publication {
            operation: self.plan.operation.clone(),
            actor_id: self.sidecar.actor_id.clone(),
            moves: self.plan.tables.iter().map(to).collect(),
            registrations: self.sidecar.additional_registrations.clone(),
            tombstones: self.sidecar.tombstones.clone(),
            schema: self.sidecar.schema,
            end: End::Published,
        };
        let error = match manifest::publish(self.objects, &publication).await {
            Ok(()) => return Ok(()),
            Err(error @ (PublishError::Store(_) | PublishError::Contended)) => {
                return Err(error.into());
            }
            Err(error @ (PublishError::Mismatch { .. } | PublishError::Fenced)) => error,
        };
        // Another program may have found this operation complete, and published it.
        let manifest = manifest::read(self.objects).await?.value;
        let moves = &publication.moves;
        match manifest::is_satisfied(self.objects, &manifest, &self.sidecar, moves).await? {
            true => Ok(()),
            false => Err(error.into()),
        }
    }

    async fn put_schema_in_force(&self) -> Result<(), EngineError> {
        if self.plan.schema.is_some() {
            fail_point!(failpoints::SCHEMA_AFTER_MANIFEST)?;
            schema::promote(self.objects, &self.sidecar).await?;
        }
        Ok(())
    }

    /// Rolls back the tables that have moved, unless all have and the operation can still be published.
    async fn settle(&self, error: EngineError) -> Result<(), EngineError> {
        if !self.moved {
            // If this fails, or another program has begun the rollback, an open ends the operation.
            let _ = sidecars::void(self.objects, &self.sidecar).await;
            return Err(error);
        }
        defect!(
            "G82",
            if self.is_complete {
                return Ok(());
            },
            ()
        );
        defect!(
            "G84",
            {
                let _ = sidecars::retire(self.objects, &self.plan.operation).await;
                return Err(error);
            },
            ()
        );
        for _ in 0..SETTLE_TRIES_MAX {
            let (objects, config) = (self.objects, self.config);
            let recovery =
                Recovery::new(objects, config, &self.sidecar, time::unix_ms(), Mode::Owner);
            match recovery.resolve().await {
                Ok(Resolved::Done(Outcome::RolledForward)) if self.is_complete => return Ok(()),
                Ok(Resolved::Done(_)) => return Err(error),
                // Other programs publish in between, or the store is briefly unavailable.
                Ok(Resolved::Deferred(_)) | Err(_) => time::sleep(SETTLE_AGAIN_AFTER).await,
            }
        }
        observe!("engine.left_behind", operation = self.plan.operation);
        Err(error)
    }
}

async fn pass(point: Option<Point>) -> Result<(), Injected> {
    match point {
        None => Ok(()),
        Some(Point::BeforePrimaryDelete) => fail_point!(failpoints::MUTATION_BEFORE_PRIMARY_DELETE),
        Some(Point::AdoptAfterAppend) => fail_point!(failpoints::MERGE_ADOPT_AFTER_APPEND),
        Some(Point::AdoptAfterUpsert) => fail_point!(failpoints::MERGE_ADOPT_AFTER_UPSERT),
        Some(Point::RewriteAfterMerge) => fail_point!(failpoints::MERGE_REWRITE_AFTER_MERGE),
        Some(Point::RewriteAfterDelete) => fail_point!(failpoints::MERGE_REWRITE_AFTER_DELETE),
        Some(Point::PostStage) => fail_point!(failpoints::INDICES_POST_STAGE),
        Some(Point::BeforeCompact) => fail_point!(failpoints::OPTIMIZE_BEFORE_COMPACT),
    }
}
