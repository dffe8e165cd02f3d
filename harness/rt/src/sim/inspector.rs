//! Inspects the databases of the current simulation after every committed write, on behalf of the harness.

use std::collections::BTreeSet;

use chaosdrill_core::trace::{EventKind, vocabulary::RowSeen};

pub(crate) use crate::sim::sqlite::row_watches::words;
use crate::sim::{
    handle,
    simulation::{self, with_world},
    sqlite::row_watches::{Change, RowWatches},
    stop::Stop,
};

/// Runs `f` on the watches of the current simulation.
fn with<R>(f: impl FnOnce(&mut RowWatches) -> R) -> R {
    simulation::with(|simulation| f(&mut simulation.row_watches.borrow_mut()))
}

/// Discards the schema of a database, which may have changed.
pub(crate) fn forget_schema(database: &str) {
    with(|watches| watches.forget_schema(database));
}

/// Records the changes that the watches of a database see after a commit.
pub(crate) fn inspect(database: &str, written: &BTreeSet<String>) {
    look(database, written, false);
}

/// Records the changes that the watches of a database see after a step of a migration. A watch that the schema does not
/// fit at the moment is left out.
pub(crate) fn inspect_migrated(database: &str, written: &BTreeSet<String>) {
    look(database, written, true);
}

fn look(database: &str, written: &BTreeSet<String>, is_migrating: bool) {
    let mut changes = Vec::new();
    let why = with(|watches| watches.look(database, written, is_migrating, &mut changes).err());
    for Change { watch, key, row } in changes {
        handle::record(EventKind::Watch, &watch, || RowSeen { key, row }.into_data());
    }
    // An unreadable watch is the scenario's mistake: the run is unknown, not wrong.
    if let Some(which) = why {
        with_world(|world| world.stop = Some(Stop::Bound { which }));
    }
}

/// Closes the watches' connections.
pub(crate) fn close() {
    with(RowWatches::close);
}
