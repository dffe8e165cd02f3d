//! Recovery of one operation: inspects its tables, and publishes the operation or rolls it back.
//!
//! Any program may publish a complete operation at any time, even while its writer is still alive: the writer then
//! finds its work done. A rollback is restricted to the operation's own writer, to a restarted program that finds an
//! operation of its earlier process, and to any open once the operation is abandoned. First the manifest marks the
//! operation as aborting, and from then on no program publishes it. Then each table gets one more version with the
//! published rows, so that the commits of a delayed writer are rejected.

use chaosdrill_rt::{defect, fail_point, observe, time};

use super::{
    audit,
    classify::{self, Decision, Owner, Rule, Seen},
    config::EngineConfig,
    error::EngineError,
    manifest::{self, End, Move, Publication, PublishError},
    model::{AuditTable, Manifest, Outcome, Pin, Sidecar, TableVersion},
    objects::{Objects, PutError},
    schema, sidecars,
    table::{self, Lineage},
};

/// Attempts to look at a table that is moving.
const LOOKS_MAX: u32 = 5;

/// The caller of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A writer, before it writes: it never rolls back, because the operation may still be in progress.
    Heal,
    /// An open of the graph.
    Open,
    /// The writer of the operation itself.
    Owner,
}

/// The result of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The operation is settled.
    Done(Outcome),
    /// It is deferred: to its writer, to an open, or to another pass.
    Deferred(&'static str),
}

/// The state of a table during recovery.
struct Look {
    seen: Seen,
    /// Whether the operation has made its last commit on the table.
    is_complete: bool,
}

/// One recovery in progress.
pub struct Recovery<'a> {
    objects: &'a Objects,
    config: &'a EngineConfig,
    sidecar: &'a Sidecar,
    /// When the sidecar was written, in milliseconds since 1970.
    written_at: i64,
    mode: Mode,
}

impl<'a> Recovery<'a> {
    /// Creates the recovery of an operation.
    pub fn new(
        objects: &'a Objects,
        config: &'a EngineConfig,
        sidecar: &'a Sidecar,
        written_at: i64,
        mode: Mode,
    ) -> Self {
        Self { objects, config, sidecar, written_at, mode }
    }

    /// Settles or defers the operation.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be read or the result cannot be written. Concurrent changes are no error.
    pub async fn resolve(&self) -> Result<Resolved, EngineError> {
        let resolved = self.decide_and_act().await?;
        observe!(
            "engine.resolved",
            operation = self.sidecar.operation_id,
            mode = format!("{:?}", self.mode),
            how = format!("{resolved:?}"),
        );
        Ok(resolved)
    }

    async fn decide_and_act(&self) -> Result<Resolved, EngineError> {
        if self.sidecar.is_void() {
            // Its writer moved nothing, but has not deleted it.
            let _ = sidecars::retire(self.objects, &self.sidecar.operation_id).await;
            return Ok(Resolved::Done(Outcome::RolledBack));
        }
        let manifest = manifest::read(self.objects).await?.value;
        let rule = classify::rule_of(self.sidecar);
        let mut looks = Vec::new();
        for pin in &self.sidecar.pins {
            looks.push(self.look(&manifest, pin).await?);
        }
        let pins = || self.sidecar.pins.iter().zip(&looks);
        let classes: Vec<_> =
            pins().map(|(pin, look)| classify::classify(rule, pin, look.seen)).collect();
        let has_advanced = pins().any(|(pin, look)| look.seen.published > pin.expected_version);
        let is_complete = self.has_all_beside_tables().await?;
        match classify::decide(&classes, is_complete, has_advanced) {
            Decision::Abort => self.abort(&looks),
            Decision::Settled => self.settled(&manifest, &looks).await,
            Decision::RollForward => self.roll_forward(&manifest, rule, &looks).await,
            Decision::RollBack => self.roll_back(&manifest).await,
        }
    }

    fn abort(&self, looks: &[Look]) -> Result<Resolved, EngineError> {
        if self.mode == Mode::Heal {
            return Ok(Resolved::Deferred("a table is behind what is published"));
        }
        let mut pins = self.sidecar.pins.iter().zip(looks);
        let pin = pins.find(|(_, look)| defect!("G77", true, look.seen.is_behind()));
        let table_key = pin.map_or(String::new(), |(pin, _)| pin.table_key.clone());
        Err(EngineError::Invariant { table_key })
    }

    /// Looks at a table.
    async fn look(&self, manifest: &Manifest, pin: &Pin) -> Result<Look, EngineError> {
        let published =
            manifest.tables.get(&pin.table_key).map_or(pin.expected_version, |entry| entry.version);
        let newest = table::head(self.objects, &pin.table_path).await?;
        let (head, is_lost) = (newest.unwrap_or(0), newest.is_none());
        let (mut owner, mut is_complete) = (Owner::Other, true);
        if head > published {
            let newest = table::read(self.objects, &pin.table_path, head).await?;
            if newest.operation == self.sidecar.operation_id {
                owner = if newest.restores.is_some() { Owner::OwnBack } else { Owner::Own };
                is_complete = newest.step == newest.of;
            }
        }
        Ok(Look { seen: Seen { published, head, is_lost, owner }, is_complete })
    }

    /// Whether the operation's new tables exist, and its schema is staged.
    async fn has_all_beside_tables(&self) -> Result<bool, EngineError> {
        for new in &self.sidecar.additional_registrations {
            if table::head(self.objects, &new.table_path).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(schema::is_staged(self.objects, self.sidecar).await?)
    }

    /// The operation has nothing unpublished: it was published or rolled back before, or never moved a table.
    async fn settled(&self, manifest: &Manifest, looks: &[Look]) -> Result<Resolved, EngineError> {
        let (mut with, mut taken_back) = (0, false);
        let mut moves = Vec::new();
        for (pin, look) in self.sidecar.pins.iter().zip(looks) {
            let (from, to) = (pin.expected_version, look.seen.published);
            let lineage =
                table::lineage(self.objects, &pin.table_path, to, from, &self.sidecar.operation_id);
            match lineage.await? {
                Lineage::With => with += 1,
                Lineage::TakenBack => taken_back = true,
                // Others may have moved the table meanwhile.
                Lineage::Without => defect!("G85", (), continue),
            }
            moves.push(Move { table_key: pin.table_key.clone(), expected: from, to });
        }
        if taken_back {
            return self.over(Outcome::RolledBack, audit::moved(&moves)).await;
        }
        if with < self.sidecar.pins.len() || !manifest::has_shape(manifest, self.sidecar) {
            return self.roll_back(manifest).await;
        }
        schema::promote(self.objects, self.sidecar).await?;
        defect!(
            "G71",
            {
                let _ = sidecars::retire(self.objects, &self.sidecar.operation_id).await;
                return Ok(Resolved::Done(Outcome::RolledForward));
            },
            ()
        );
        let tables = audit::moved_and_added(&moves, self.sidecar);
        self.over(Outcome::RolledForward, defect!("G16b", audit::moved(&moves), tables)).await
    }

    /// Publishes exactly the versions that were looked at.
    async fn roll_forward(
        &self,
        manifest: &Manifest,
        rule: Rule,
        looks: &[Look],
    ) -> Result<Resolved, EngineError> {
        // An incomplete operation is published only when its writer can add no more commits.
        let is_complete = looks.iter().all(|look| look.is_complete);
        if rule == Rule::Loose && !is_complete && !self.may_take_back(manifest) {
            return Ok(Resolved::Deferred("its writer may still be at work"));
        }
        let mut moves = Vec::new();
        for (pin, look) in self.sidecar.pins.iter().zip(looks) {
            let Seen { published, mut head, .. } = look.seen;
            if rule == Rule::Loose && !look.is_complete {
                match self.seal(pin, head).await {
                    Ok(sealed) => head = sealed,
                    Err(PutError::Taken(_)) => return Ok(Resolved::Deferred("it is moving")),
                    Err(PutError::Store(error)) => return Err(error.into()),
                }
            }
            moves.push(Move { table_key: pin.table_key.clone(), expected: published, to: head });
        }
        fail_point!(crate::failpoints::BEFORE_ROLL_FORWARD)?;
        let publication = Publication {
            operation: self.sidecar.operation_id.clone(),
            actor_id: self.sidecar.actor_id.clone(),
            moves,
            registrations: self.sidecar.additional_registrations.clone(),
            tombstones: self.sidecar.tombstones.clone(),
            schema: self.sidecar.schema,
            end: End::Published,
        };
        match manifest::publish(self.objects, &publication).await {
            Ok(()) => {}
            Err(PublishError::Store(error)) => return Err(error.into()),
            Err(PublishError::Mismatch { .. }) => return self.converge(&publication.moves).await,
            Err(PublishError::Fenced) => return Ok(Resolved::Deferred("it is being taken back")),
            Err(PublishError::Contended) => return Ok(Resolved::Deferred("others publish")),
        }
        schema::promote(self.objects, self.sidecar).await?;
        let tables = audit::moved_and_added(&publication.moves, self.sidecar);
        self.over(Outcome::RolledForward, tables).await
    }

    /// Handles a concurrent publication: either of this whole operation, or of something else.
    async fn converge(&self, moves: &[Move]) -> Result<Resolved, EngineError> {
        defect!(
            "G14",
            return Err(EngineError::Conflict("a table is published at another version".into())),
            ()
        );
        let manifest = manifest::read(self.objects).await?.value;
        let is_satisfied =
            manifest::is_satisfied(self.objects, &manifest, self.sidecar, moves).await?;
        observe!("engine.converging", operation = self.sidecar.operation_id, done = is_satisfied);
        if defect!("G17", false, !is_satisfied) {
            return Ok(Resolved::Deferred("something else is published"));
        }
        if defect!("G15", false, !self.is_pending().await?) {
            return Ok(Resolved::Done(Outcome::RolledForward));
        }
        schema::promote(self.objects, self.sidecar).await?;
        let tables = audit::moved_and_added(moves, self.sidecar);
        self.over(Outcome::RolledForward, defect!("G16", audit::moved(moves), tables)).await
    }

    /// Whether the operation is still unsettled.
    async fn is_pending(&self) -> Result<bool, EngineError> {
        let path = sidecars::path_of(&self.sidecar.operation_id);
        Ok(self.objects.get_bytes(&path).await?.is_some())
    }

    /// Whether this recovery may roll the operation back, or block its writer.
    fn may_take_back(&self, manifest: &Manifest) -> bool {
        let age_ms = time::unix_ms().saturating_sub(self.written_at);
        let is_old = u128::try_from(age_ms).unwrap_or(0) >= self.config.abandoned_after.as_millis();
        let is_begun = manifest.aborting.contains(&self.sidecar.operation_id);
        match self.mode {
            Mode::Owner => true,
            Mode::Open => is_begun || is_old || self.sidecar.process == self.config.process,
            Mode::Heal => defect!("G35", true, false),
        }
    }

    /// Claims the rollback in the sidecar, if that is unchanged since it was read. A writer that has moved nothing can
    /// void its sidecar only before the claim, see [`sidecars::void`]: if tables get a version in the operation's name,
    /// the sidecar stays until that version is published.
    async fn claim(&self) -> Result<bool, EngineError> {
        let claimed = Sidecar { process: self.config.process.clone(), ..self.sidecar.clone() };
        match sidecars::rewrite(self.objects, self.sidecar, &claimed).await {
            Ok(()) => Ok(true),
            Err(PutError::Taken(_)) => Ok(false),
            Err(PutError::Store(error)) => Err(error.into()),
        }
    }

    /// Rolls the operation back.
    async fn roll_back(&self, manifest: &Manifest) -> Result<Resolved, EngineError> {
        if !self.may_take_back(manifest) {
            return Ok(Resolved::Deferred("its writer may still be at work"));
        }
        // While the sidecar exists, no other operation builds upon this one, so what was looked at is its own doing.
        // Once it is settled, later operations may have moved the tables.
        if self.mode != Mode::Owner && !self.claim().await? {
            return Ok(Resolved::Deferred("somebody else ends it, or is done with it"));
        }
        if let Some(deferred) = self.fence(manifest).await? {
            return Ok(deferred);
        }
        let mut moves = Vec::new();
        for pin in &self.sidecar.pins {
            let Some(published) = manifest.tables.get(&pin.table_key) else { continue };
            match self.bar(manifest, pin).await {
                Ok(Some(to)) => moves.push(Move {
                    table_key: pin.table_key.clone(),
                    expected: published.version,
                    to,
                }),
                Ok(None) => {}
                Err(EngineError::Conflict(_)) => return Ok(Resolved::Deferred("it is moving")),
                Err(error) => return Err(error),
            }
        }
        schema::discard(self.objects, self.sidecar).await?;
        let tables = audit::moved(&moves);
        match manifest::publish(self.objects, &self.publication(moves, End::TakenBack)).await {
            Ok(()) => self.over(Outcome::RolledBack, tables).await,
            Err(PublishError::Store(error)) => Err(error.into()),
            Err(_) => Ok(Resolved::Deferred("something else is published")),
        }
    }

    fn publication(&self, moves: Vec<Move>, end: End) -> Publication {
        let operation = self.sidecar.operation_id.clone();
        Publication {
            operation,
            actor_id: "engine:recovery".into(),
            moves,
            end,
            ..Publication::default()
        }
    }

    /// Marks the operation as aborting in the manifest, if the published versions of its tables are unchanged.
    async fn fence(&self, manifest: &Manifest) -> Result<Option<Resolved>, EngineError> {
        if manifest.aborting.contains(&self.sidecar.operation_id) {
            return Ok(None);
        }
        let stays = |pin: &Pin| {
            let version = manifest.tables.get(&pin.table_key)?.version;
            Some(Move { table_key: pin.table_key.clone(), expected: version, to: version })
        };
        let moves = self.sidecar.pins.iter().filter_map(stays).collect();
        match manifest::publish(self.objects, &self.publication(moves, End::Aborting)).await {
            Ok(()) => Ok(None),
            Err(PublishError::Store(error)) => Err(error.into()),
            Err(_) => Ok(Some(Resolved::Deferred("something else is published"))),
        }
    }

    /// Gives a table one more version, with the published rows; `None` if the operation can no longer move it anyway.
    async fn bar(&self, manifest: &Manifest, pin: &Pin) -> Result<Option<u64>, EngineError> {
        for _ in 0..LOOKS_MAX {
            let seen = self.look(manifest, pin).await?.seen;
            let Seen { published, head, owner, .. } = seen;
            if seen.is_behind() {
                return Err(EngineError::Invariant { table_key: pin.table_key.clone() });
            }
            let is_free = head == published && published == pin.expected_version;
            match owner {
                Owner::OwnBack => return Ok(Some(head)),
                Owner::Own => {}
                Owner::Other if is_free => {}
                Owner::Other => return Ok(None),
            }
            let from = defect!("G80", head, published);
            let rows = table::read(self.objects, &pin.table_path, from).await?;
            let restored = TableVersion {
                version: head + 1,
                parent: Some(published),
                operation: self.sidecar.operation_id.clone(),
                step: 0,
                of: 0,
                restores: Some(published),
                ..rows
            };
            match table::commit(self.objects, &pin.table_path, &restored).await {
                Ok(()) => return Ok(Some(restored.version)),
                Err(PutError::Taken(_)) => {}
                Err(PutError::Store(error)) => return Err(error.into()),
            }
        }
        Err(EngineError::Conflict(pin.table_path.clone()))
    }

    /// Gives a table one more version, with its current rows, so that no further commit of the operation succeeds.
    async fn seal(&self, pin: &Pin, head: u64) -> Result<u64, PutError> {
        let newest = table::read(self.objects, &pin.table_path, head).await?;
        let sealed =
            TableVersion { version: head + 1, parent: Some(head), step: newest.of, ..newest };
        table::commit(self.objects, &pin.table_path, &sealed).await?;
        Ok(sealed.version)
    }

    /// Records the outcome of the operation, and deletes its sidecar.
    async fn over(
        &self,
        outcome: Outcome,
        tables: Vec<AuditTable>,
    ) -> Result<Resolved, EngineError> {
        audit::record(self.objects, self.config, self.sidecar, outcome, tables).await?;
        // If the deletion fails, the next recovery finds the operation settled.
        let _ = sidecars::retire(self.objects, &self.sidecar.operation_id).await;
        Ok(Resolved::Done(outcome))
    }
}
