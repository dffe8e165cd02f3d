//! Which audits were mailed to the customers that they concern.

use chaosdrill_rt::{defect, time};
use sqlx::Row;

use crate::{
    error::{ProvisionError, storage},
    store::Store,
};

impl Store {
    /// A batch of audits of a kind that are not mailed yet: resource and team. A resource without a team has nobody who
    /// is mailed.
    pub(crate) async fn unmailed(
        &self,
        kind: &str,
        batch: u32,
    ) -> Result<Vec<(String, String)>, ProvisionError> {
        let failed = storage("read the audits");
        let statement = defect!("R54", crate::sql::WRONG.forwards_open, self.sql.forwards_open);
        let rows = sqlx::query(statement)
            .bind(kind.to_owned())
            .bind(i64::from(batch))
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        let audit = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(audit).collect::<Result<_, _>>().map_err(&failed)
    }

    /// Records that an audit was mailed.
    pub(crate) async fn mailed(&self, kind: &str, resource: &str) -> Result<(), ProvisionError> {
        defect!("R34", return Ok(()), ());
        sqlx::query(self.sql.forwards_record)
            .bind(kind.to_owned())
            .bind(resource.to_owned())
            .bind(time::unix_ms())
            .execute(&self.pool)
            .await
            .map_err(storage("note a mail"))?;
        Ok(())
    }
}
