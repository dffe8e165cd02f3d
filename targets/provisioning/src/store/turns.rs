//! Whose turn it is: background work that failed goes behind everything else of its queue. Otherwise a batch of work
//! that always fails would keep all other work waiting.

use chaosdrill_rt::{defect, observe, time};

use crate::{error::chain, store::Store};

/// The queue of ended resources. The statements have the names of all queues; mails have one for each kind of audit.
pub(crate) const TEARDOWNS: &str = "teardown";
/// The queue of leaks.
pub(crate) const LEAKS: &str = "leak";
/// The queue of audits that failed to be written.
pub(crate) const AUDITS: &str = "audit";

impl Store {
    /// Puts work that failed behind the rest of its queue. If that fails too, it keeps its place until the next try.
    pub(crate) async fn put_behind(&self, queue: &str, item: &str) {
        defect!("R55", return, ());
        let put = sqlx::query(self.sql.turns_put_behind)
            .bind(queue.to_owned())
            .bind(item.to_owned())
            .bind(time::unix_ms())
            .execute(&self.pool)
            .await;
        if let Err(error) = put {
            observe!("turns.lost", item = item, error = chain(&error));
        }
    }
}
