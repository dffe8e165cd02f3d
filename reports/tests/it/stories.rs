//! Stories made by hand: a lease that runs out while its holder stalls, told over 31 hours.

use chaosdrill_core::{
    EventKind, Priority, TraceEvent, Verdict,
    record::{Minimal, Proof, ProofBy, Triage},
};
use chaosdrill_reports::Story;
use serde_json::{Value, json};

use crate::sample;

const HOUR_MS: u64 = 3_600_000;

/// Milliseconds since 1970 at which a run begins.
const START_MS: u64 = 1_767_225_600_000;

fn event(seq: u64, at_ms: u64, host: &str, kind: EventKind, name: &str, data: Value) -> TraceEvent {
    TraceEvent { seq, at_ns: at_ms * 1_000_000, host: host.into(), kind, name: name.into(), data }
}

fn row(status: &str, by: Option<&str>, until_ms: Option<u64>, attempts: u64) -> Value {
    let until = until_ms.map(|ms| START_MS + ms);
    json!({ "key": "m7", "row": {
        "message_id": "m7", "status": status, "claimed_by": by, "claimed_until": until,
        "attempts": attempts, "event_type": "account.opened",
    } })
}

/// The events of the finding of the documentation, with 31 hours in the middle.
pub(crate) fn events() -> Vec<TraceEvent> {
    use EventKind::{Answer, Boundary, Fault, Host, Invoke, Observe, Ok, Phase, Watch};
    let late = 31 * HOUR_MS;
    let hit = |n: u64| json!({ "hit": n });
    let ok = || json!({ "ok": { "affected": 1 } });
    let said = |attempt: u64| json!({ "message": "m7", "attempt": attempt });
    let list = [
        (1, 0, "client", Invoke, "command", json!({ "op": "client/0", "input": { "id": "m7" } })),
        (2, 1, "client", Boundary, "net:command.connect", hit(1)),
        (3, 2, "client", Answer, "net:command.connect", json!({ "ok": null })),
        (4, 2, "client", Boundary, "net:command", hit(1)),
        (5, 4, "api", Observe, "queue.granted", json!({ "command": "m7" })),
        (6, 4, "api", Boundary, "sql:commit.begin", hit(1)),
        (7, 5, "api", Answer, "sql:commit.begin", ok()),
        (8, 5, "api", Boundary, "sql:outbox.enqueue", hit(1)),
        (9, 6, "api", Answer, "sql:outbox.enqueue", ok()),
        (10, 6, "api", Boundary, "sql:commit.commit", hit(1)),
        (11, 7, "api", Watch, "outbox", row("pending", None, None, 0)),
        (12, 8, "api", Answer, "sql:commit.commit", ok()),
        (13, 8, "api", Observe, "store.committed", json!({ "command": "m7", "version": 1 })),
        (14, 9, "api", Boundary, "net:api.reply", hit(1)),
        (15, 10, "client", Ok, "command", json!({ "op": "client/0", "output": { "id": "m7" } })),
        (16, 10, "client", Host, "ended", Value::Null),
        (17, 20, "d1", Boundary, "sql:outbox.claim", hit(1)),
        (18, 21, "d1", Watch, "outbox", row("in_flight", Some("d1"), Some(30_021), 1)),
        (19, 22, "d1", Answer, "sql:outbox.claim", ok()),
        (20, 22, "d1", Observe, "outbox.claimed", said(1)),
        (21, 22, "d1", Boundary, "fp:outbox.after_claim", hit(1)),
        (
            397,
            22,
            "d1",
            Fault,
            "stall",
            json!({ "at": "fp:outbox.after_claim", "do": { "stall": "31h" } }),
        ),
        (398, 22, "d1", Host, "stalled", json!({ "for_ns": late * 1_000_000 })),
        (399, 900, "", Fault, "partition", json!({ "partition": ["api", "db"], "for": "20s" })),
        (400, 20_900, "", Fault, "repaired", json!({ "between": ["api", "db"] })),
        (401, 30_500, "d2", Boundary, "sql:outbox.claim", hit(1)),
        (402, 30_501, "d2", Watch, "outbox", row("in_flight", Some("d2"), Some(60_501), 2)),
        (403, 30_502, "d2", Answer, "sql:outbox.claim", ok()),
        (404, 30_502, "d2", Boundary, "net:bus.publish.connect", hit(1)),
        (
            405,
            30_503,
            "d2",
            Answer,
            "net:bus.publish.connect",
            json!({ "error": "connection refused" }),
        ),
        (406, 30_504, "d2", Boundary, "net:bus.publish", hit(2)),
        (407, 30_505, "broker", Observe, "broker.accepted", said(2)),
        (408, 30_506, "broker", Boundary, "net:bus.reply", hit(1)),
        (409, 30_507, "d2", Observe, "outbox.published", said(2)),
        (410, 30_508, "d2", Boundary, "sql:outbox.settle", hit(1)),
        (411, 30_509, "d2", Watch, "outbox", row("published", None, None, 2)),
        (412, 30_510, "d2", Answer, "sql:outbox.settle", ok()),
        (413, 30_511, "d2", Host, "down", json!({ "at": "fp:outbox.after_settle" })),
        (414, late, "d1", Host, "resumed", Value::Null),
        (415, late, "", Phase, "heal", Value::Null),
        (416, late, "d2", Host, "up", json!({ "life": 1 })),
        (417, late + 1, "d1", Boundary, "sql:outbox.settle", hit(1)),
        (418, late + 2, "d1", Watch, "outbox", row("published", None, None, 1)),
        (419, late + 3, "d1", Answer, "sql:outbox.settle", ok()),
        (420, late + 4, "other", Observe, "about.something_else", json!({ "message": "m8" })),
    ];
    list.into_iter()
        .map(|(n, at, host, kind, name, data)| event(n, at, host, kind, name, data))
        .collect()
}

/// The story of the finding that everything else is shaped after.
pub(crate) fn lease_expiry() -> Story {
    let mut record = sample::lease_expiry();
    let needed = record.faults[0].fault.clone();
    record.triage = Some(Triage {
        check: "settle_only_by_the_current_claim".into(),
        same_again: true,
        divergence: None,
        minimal: Some(Minimal {
            faults: vec![needed],
            runs: 7,
            why: Some("#61 d1 settled message 1 under attempt 1; #58 attempt 2 is d2's".into()),
            digest: Some("3d".repeat(32)),
        }),
    });
    Story { events: events(), ..Story::of(record) }
}

/// Planted bugs: found, missed, guarded, and not to be found here.
pub(crate) fn proofs() -> Vec<Proof> {
    let story = lease_expiry();
    let proof = |defect: &str, by, found: bool| Proof {
        target: "outbox".into(),
        defect: defect.into(),
        class: "hist".into(),
        summary: "a late holder settles under an attempt that is no longer its own".into(),
        by,
        found,
        check: found.then(|| "settle_only_by_the_current_claim".into()),
        run: found.then(|| story.record.run.clone()),
        minimal: found.then(|| vec![story.record.faults[0].fault.clone()]),
        runs: 12,
        clean: found.then_some(true),
        also: ["terminal_is_final".to_owned()].into(),
        wall_us: 1_234_567,
        open: false,
    };
    vec![
        proof("O4", ProofBy::Running, true),
        proof("O5", ProofBy::Running, false),
        proof("O9", ProofBy::StaticCheck, true),
        proof("O11", ProofBy::Postgres, false),
        proof("O12", ProofBy::Nowhere, false),
    ]
}

/// The sample campaign, in which the finding was triaged.
pub(crate) fn campaign() -> sample::Campaign {
    let mut campaign = sample::campaign();
    let story = lease_expiry();
    for record in &mut campaign.records {
        if record.run == story.record.run {
            *record = story.record.clone();
        }
    }
    campaign
}

/// A violation of a check that has a bound after heal.
pub(crate) fn never_published() -> Story {
    let mut story = lease_expiry();
    let check = story.record.checks.iter_mut().find(|check| check.kind == "eventually");
    let check = check.expect("there is one");
    (check.verdict, check.witness, check.priority) = (Verdict::Invalid, vec![402], Priority::High);
    story.record.checks.retain(|check| check.kind == "eventually");
    story
}
