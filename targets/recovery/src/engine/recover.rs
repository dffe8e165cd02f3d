//! Recovery of one operation: look what happened to its tables, and publish it or take it back.
//!
//! An operation that is complete may be published by anybody, at any time, also while its writer is still alive: the
//! writer finds its work done. It is taken back only by its own writer, by a program that starts and finds what an
//! earlier life of it has left, or by whoever opens the graph once it is abandoned. Before that the manifest says so,
//! and from then on nobody publishes it; then each of its tables gets one more version, with the rows that are
//! published, so that a writer that wakes up late finds the way barred.

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

/// How often a table is looked at again because somebody moved it in between.
const LOOKS_MAX: u32 = 5;

/// Who recovers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A writer, before it writes: it never takes back, for others may be at work.
    Heal,
    /// Whoever opens the graph.
    Open,
    /// The writer of the operation itself.
    Owner,
}

/// What came of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The operation is done with.
    Done(Outcome),
    /// It has to wait: for its writer, for an open, or for another pass.
    Deferred(&'static str),
}

/// The state in which a recovery finds a table.
struct Look {
    seen: Seen,
    /// Whether the operation has made the last of its commits.
    is_complete: bool,
}

/// One recovery at work.
pub struct Recovery<'a> {
    objects: &'a Objects,
    config: &'a EngineConfig,
    sidecar: &'a Sidecar,
    /// When the sidecar was written, in milliseconds since 1970.
    written_at: i64,
    mode: Mode,
}

impl<'a> Recovery<'a> {
    /// The recovery of an operation.
    pub fn new(
        objects: &'a Objects,
        config: &'a EngineConfig,
        sidecar: &'a Sidecar,
        written_at: i64,
        mode: Mode,
    ) -> Self {
        Self { objects, config, sidecar, written_at, mode }
    }

    /// Does what is to be done about the operation.
    ///
    /// # Errors
    ///
    /// Where it cannot be known, or could not be written down. Whatever others did is no error.
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
            // Its writer moved nothing, and did not come to take it away.
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
            Decision::Abort => self.abort(),
            Decision::Settled => self.settled(&manifest, &looks).await,
            Decision::RollForward => self.roll_forward(&manifest, rule, &looks).await,
            Decision::RollBack => self.roll_back(&manifest).await,
        }
    }

    fn abort(&self) -> Result<Resolved, EngineError> {
        if self.mode == Mode::Heal {
            return Ok(Resolved::Deferred("a table is behind what is published"));
        }
        let table_key =
            self.sidecar.pins.first().map_or(String::new(), |pin| pin.table_key.clone());
        Err(EngineError::Invariant { table_key })
    }

    /// Looks at a table.
    async fn look(&self, manifest: &Manifest, pin: &Pin) -> Result<Look, EngineError> {
        let published =
            manifest.tables.get(&pin.table_key).map_or(pin.expected_version, |entry| entry.version);
        let head = table::head(self.objects, &pin.table_path).await?.unwrap_or(0);
        let (mut owner, mut is_complete) = (Owner::Other, true);
        if head > published {
            let newest = table::read(self.objects, &pin.table_path, head).await?;
            if newest.operation == self.sidecar.operation_id {
                owner = if newest.restores.is_some() { Owner::OwnBack } else { Owner::Own };
                is_complete = newest.step == newest.of;
            }
        }
        Ok(Look { seen: Seen { published, head, owner }, is_complete })
    }

    /// Whether the tables that the operation adds have been made, and its schema is staged.
    async fn has_all_beside_tables(&self) -> Result<bool, EngineError> {
        for new in &self.sidecar.additional_registrations {
            if table::head(self.objects, &new.table_path).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(schema::is_staged(self.objects, self.sidecar).await?)
    }

    /// Nothing of the operation is unpublished: it was published before, or taken back, or never moved anything.
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
                Lineage::Without => {}
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
        let tables = audit::moved_and_added(&moves, self.sidecar);
        self.over(Outcome::RolledForward, defect!("G16b", audit::moved(&moves), tables)).await
    }

    /// Publishes exactly what was looked at.
    async fn roll_forward(
        &self,
        manifest: &Manifest,
        rule: Rule,
        looks: &[Look],
    ) -> Result<Resolved, EngineError> {
        // What is not complete is published only once its writer can add nothing more to it.
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

    /// Somebody else published in between: either all of this operation, or something else.
    async fn converge(&self, moves: &[Move]) -> Result<Resolved, EngineError> {
        if defect!("G14", true, false) {
            return Err(EngineError::Conflict("a table is published at another version".into()));
        }
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

    /// Whether nobody is done with the operation yet.
    async fn is_pending(&self) -> Result<bool, EngineError> {
        let path = sidecars::path_of(&self.sidecar.operation_id);
        Ok(self.objects.get_bytes(&path).await?.is_some())
    }

    /// Whether whoever recovers may take the operation back, or bar its writer's way.
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

    /// Says in the sidecar who takes the operation back from now on, if it still says what was read of it. A writer
    /// that has moved nothing takes its sidecar away only before that, see [`sidecars::void`]: where tables get a
    /// version in the operation's name, it stays until that is published.
    async fn claim(&self) -> Result<bool, EngineError> {
        let claimed = Sidecar { process: self.config.process.clone(), ..self.sidecar.clone() };
        match sidecars::rewrite(self.objects, self.sidecar, &claimed).await {
            Ok(()) => Ok(true),
            Err(PutError::Taken(_)) => Ok(false),
            Err(PutError::Store(error)) => Err(error.into()),
        }
    }

    /// Takes the operation back.
    async fn roll_back(&self, manifest: &Manifest) -> Result<Resolved, EngineError> {
        if !self.may_take_back(manifest) {
            return Ok(Resolved::Deferred("its writer may still be at work"));
        }
        // While the sidecar is there, nobody builds upon the operation, and what was looked at is its own doing. Once
        // somebody is done with it, later operations may have moved all of that.
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

    /// Says in the manifest that the operation is being taken back, if its tables are published as they were looked at.
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

    /// Gives a table one more version, with the rows that are published; nothing where the operation can move it no
    /// more anyway.
    async fn bar(&self, manifest: &Manifest, pin: &Pin) -> Result<Option<u64>, EngineError> {
        for _ in 0..LOOKS_MAX {
            let Seen { published, head, owner } = self.look(manifest, pin).await?.seen;
            let is_free = head == published && published == pin.expected_version;
            match owner {
                Owner::OwnBack => return Ok(Some(head)),
                Owner::Own => {}
                Owner::Other if is_free => {}
                Owner::Other => return Ok(None),
            }
            let rows = table::read(self.objects, &pin.table_path, published).await?;
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

    /// Gives a table one more version, with the rows that it has, so that nothing more of the operation follows.
    async fn seal(&self, pin: &Pin, head: u64) -> Result<u64, PutError> {
        let newest = table::read(self.objects, &pin.table_path, head).await?;
        let sealed =
            TableVersion { version: head + 1, parent: Some(head), step: newest.of, ..newest };
        table::commit(self.objects, &pin.table_path, &sealed).await?;
        Ok(sealed.version)
    }

    /// Writes down what became of the operation, and takes its sidecar away.
    async fn over(
        &self,
        outcome: Outcome,
        tables: Vec<AuditTable>,
    ) -> Result<Resolved, EngineError> {
        audit::record(self.objects, self.config, self.sidecar, outcome, tables).await?;
        // What is left behind is found settled by the next who looks.
        let _ = sidecars::retire(self.objects, &self.sidecar.operation_id).await;
        Ok(Resolved::Done(outcome))
    }
}
