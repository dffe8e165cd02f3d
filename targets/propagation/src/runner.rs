//! One tick of the runner: picks due rows, and carries them out one after the other.

use chaosdrill_kit::chain;
use chaosdrill_rt::{defect, fail_point, observe};

use crate::{
    dispatch::{DispatchError, Dispatcher},
    error::PipelineError,
    release::{Handler, Release},
    schedule::PICKS_MAX,
    settle::Settler,
    stop::Stop,
    store::{Batch, Row, Store},
};

/// The runner of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pub(crate) store: Store,
    pub(crate) release: Release,
    pub(crate) settler: Settler,
    pub(crate) dispatcher: Dispatcher,
}

/// The result of the work on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The row is settled, or another worker holds it.
    Settled,
    /// The work itself had to end. This is not a failure of the row, and uses none of its attempts.
    BrokenOff,
}

impl Runner {
    /// Carries out the due rows. A row whose result cannot be stored is left to its lease and does not delay the
    /// others. If the work itself has to end, the rest of the batch is released.
    pub(crate) async fn tick(
        &self,
        claim: String,
        now_ms: i64,
        stop: &Stop,
    ) -> Result<(), PipelineError> {
        let Some(batch) = self.store.pick(claim, now_ms).await? else { return Ok(()) };
        if let Err(error) = after_pick().await {
            self.settler.give_back(&batch).await?;
            return Err(error);
        }
        let mut first_error = None;
        let mut left = &batch.rows[..];
        while let [row, rest @ ..] = left {
            match self.next(&batch, row, rest, stop).await {
                Ok(End::Settled) => {}
                Ok(End::BrokenOff) => {
                    self.settler.give_back(&batch).await?;
                    break;
                }
                Err(error) => {
                    let (id, said) = (&row.id, chain(&error));
                    observe!("runner.left", propagation = id, claim = batch.claim, error = said);
                    defect!("P26b", return Err(error), ());
                    first_error.get_or_insert(error);
                }
            }
            left = rest;
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Carries out the next row of a batch; `rest` comes after it.
    async fn next(
        &self,
        batch: &Batch,
        row: &Row,
        rest: &[Row],
        stop: &Stop,
    ) -> Result<End, PipelineError> {
        if stop.is_near() {
            return Ok(End::BrokenOff);
        }
        let end = self.carry_out(batch, row, rest, stop).await?;
        if end == End::Settled {
            fail_point!(crate::failpoints::AFTER_SETTLE)?;
        }
        Ok(end)
    }

    async fn carry_out(
        &self,
        batch: &Batch,
        row: &Row,
        rest: &[Row],
        stop: &Stop,
    ) -> Result<End, PipelineError> {
        if row.picks >= PICKS_MAX {
            let error = DispatchError::Poison(row.picks);
            return self.settler.settle(batch, row, Err(error)).await.map(|()| End::Settled);
        }
        let Some(handler) = self.release.handler(&row.kind) else {
            defect!("P6", return Ok(End::Settled), ());
            let error = DispatchError::UnknownKind(row.kind.clone());
            return self.settler.settle(batch, row, Err(error)).await.map(|()| End::Settled);
        };
        let Some(deadline) = self.store.begin(batch, row, rest).await? else {
            observe!("runner.lost", propagation = row.id, claim = batch.claim);
            return Ok(End::Settled);
        };
        observe!("runner.dispatching", propagation = row.id, claim = batch.claim);
        let dispatched = match handler {
            Handler::Regrade => {
                self.dispatcher.regrade_team(&row.id, &row.team, deadline, stop).await
            }
        };
        let error = dispatched.as_ref().err().map(DispatchError::line);
        observe!("runner.dispatched", propagation = row.id, claim = batch.claim, error = error);
        fail_point!(crate::failpoints::AFTER_DISPATCH)?;
        let is_cancelled = matches!(dispatched, Err(DispatchError::Cancelled));
        if defect!("P60", false, is_cancelled) {
            return Ok(End::BrokenOff);
        }
        self.settler.settle(batch, row, dispatched).await.map(|()| End::Settled)
    }
}

async fn after_pick() -> Result<(), PipelineError> {
    Ok(fail_point!(crate::failpoints::AFTER_PICK)?)
}
