//! The newest version of a table is lost while an operation on it is left behind. Nothing can be concluded from such a
//! table: an open fails, a writer waits, a reader gets an error, and the intent stays, until a person puts the version
//! back.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    BoxError, Scenario, Topology, Workload,
    fault::{Restart, at},
};
use chaosdrill_target_recovery::{
    engine::{manifest, model::Manifest, table},
    files::{Files, PutError},
};

use crate::engine::{
    checks::marks,
    clients::{ROWS, Sender, client},
    stage::{EngineStage, STORE, guarded, watched},
};

/// How often a person looks whether an operation is left behind, and how often at most.
const LOOKS_EVERY: Duration = Duration::from_secs(4);
const LOOKS_MAX: u32 = 60;

/// How long the version is lost: longer than until the operation counts as abandoned.
const LOST_FOR: Duration = Duration::from_secs(60);

/// How often a visitor reads.
const READS: usize = 30;

/// The table that every write moves last.
const TABLE: &str = "person";

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/engine-lost-version")
        .claim("while a table is behind what is published, no recovery settles an operation on it; once the lost version is back, one does")
        .topology(|stage| {
            let stage = stage
                .writers(&["w1", "w2"])
                .openers(&["o1", "o2"], Duration::from_secs(5))
                .reader();
            watched(stage)
                .client("c1", |workload| client(workload, "c1", &["w1"], ROWS, 8))
                .client("c2", |workload| client(workload, "c2", &["w2"], ROWS, 4))
                .client("visitor", visit)
                .client("hand", lose_and_find)
        })
        // The first table is moved, and the other is not.
        .faults_drawn(|stream| {
            let hit = stream.between(2, 4) as u32;
            let back = Restart::After(Duration::from_secs(stream.between(100, 140)));
            vec![at("store:put-if tables/person/*.json").on("w1").hit(hit).crash_before(back)]
        })
        .chaos_at_most(Duration::from_secs(5 * 60))
        .sometimes(marks::refused("an open met a table that is behind", "invariant"))
        .sometimes(marks::deferred("a writer waited", "a table is behind what is published"))
        .sometimes(marks::a_read_was_refused())
        .sometimes(marks::an_operation_was_taken_back());
    guarded(scenario.must_find(["G55", "G77"]))
}

/// Reads now and then, for longer than the version is lost.
async fn visit(workload: Workload) -> Result<(), BoxError> {
    let reader = Sender::new(workload.clone(), "visitor", &[]);
    for _ in 0..workload.steps(READS) {
        reader.read().await;
        time::sleep(LOOKS_EVERY).await;
    }
    Ok(())
}

/// Removes the published version of a table by mistake, once an operation is left behind, and puts it back later.
async fn lose_and_find(_: Workload) -> Result<(), BoxError> {
    let files = Files::open(&Topology::store_url(STORE))?;
    let mut left: Option<String> = None;
    for _ in 0..LOOKS_MAX {
        time::sleep(LOOKS_EVERY).await;
        let Ok(sidecars) = files.list("__recovery").await else { continue };
        let first = sidecars.into_iter().next();
        if first.is_some() && first == left {
            break;
        }
        left = first;
    }
    let Some(path) = published(&files).await.filter(|_| left.is_some()) else { return Ok(()) };
    let Ok(Some(lost)) = files.get(&path).await else { return Ok(()) };
    if files.delete(&path).await.is_ok() {
        time::sleep(LOST_FOR).await;
    }
    for _ in 0..LOOKS_MAX {
        match files.put_new(&path, &lost.bytes).await {
            Ok(()) | Err(PutError::Taken) => break,
            Err(_) => time::sleep(LOOKS_EVERY).await,
        }
    }
    Ok(())
}

/// The path of the published version of the table.
async fn published(files: &Files) -> Option<String> {
    let found = files.get(manifest::MANIFEST).await.ok()??;
    let manifest: Manifest = serde_json::from_slice(&found.bytes).ok()?;
    let entry = manifest.tables.get(TABLE)?;
    Some(table::path_of(&entry.path, entry.version))
}
