//! Tests of the written form of every event, and of reading older and newer traces.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    fault::{Act, ErrorKind, Restart, When},
    trace::Trace,
};

fn acts() -> Vec<Act> {
    let (lasts, between) = (Some(Duration::from_secs(2)), ["a".to_owned(), "b".to_owned()]);
    vec![
        Act::Crash { when: When::Before, restart: Restart::AtHeal },
        Act::Crash { when: When::After, restart: Restart::Never },
        Act::Error(ErrorKind::Reset),
        Act::LostAck(ErrorKind::Reset),
        Act::Stall(Duration::from_secs(90)),
        Act::Delay(Duration::from_secs(1)),
        Act::Partition { between: between.clone(), lasts },
        Act::Clog { between, lasts: None },
        Act::Kill { host: "a".to_owned(), restart: Restart::AtHeal },
        Act::Skew { host: "a".to_owned(), by_ns: -1_000_000, lasts },
        Act::DatabaseDown { machine: None, lasts },
    ]
}

const HOST_CHANGES: [HostChange<'_>; 12] = [
    HostChange::Up { life: Some(2) },
    HostChange::Up { life: None },
    HostChange::Down(Some(Cause::Site("fp:x"))),
    HostChange::Down(Some(Cause::Fault(7))),
    HostChange::Down(Some(Cause::Panic("oh"))),
    HostChange::Down(None),
    HostChange::Ended { error: Some("no") },
    HostChange::Ended { error: None },
    HostChange::Stalled { ns: Some(90) },
    HostChange::Resumed,
    HostChange::Skewed { ns: Some(-5) },
    HostChange::Other("frozen"),
];

fn push(trace: &mut Trace, event: &impl Written) {
    trace.push(Duration::ZERO, "h", event.kind(), event.name(), event.data());
}

fn event(kind: EventKind, name: &str, data: Value) -> TraceEvent {
    TraceEvent { seq: 1, at_ns: 0, host: String::new(), kind, name: name.to_owned(), data }
}

/// One event of each form.
fn one_of_each() -> Trace {
    let mut trace = Trace::default();
    for phase in [Phase::Heal, Phase::Calm, Phase::Deadlock] {
        push(&mut trace, &phase);
    }
    for change in HOST_CHANGES {
        push(&mut trace, &change);
    }
    for act in acts() {
        let strike = if act.strikes_at_a_boundary() {
            Strike::at_a_boundary("sql:x", &act)
        } else {
            Strike::at_an_instant(&act)
        };
        push(&mut trace, &FaultChange::Struck(strike));
    }
    for end in [LinkEnd::Repaired, LinkEnd::Released] {
        push(&mut trace, &FaultChange::Ended { end, between: vec!["a", "b"] });
    }
    push(&mut trace, &BoundaryHit { site: "sql:x", hit: 3 });
    let mut data = |kind, data| trace.push(Duration::ZERO, "h", kind, "x", data);
    let asked = json!(["k"]);
    data(EventKind::Answer, Answer { result: Ok(json!({ "rows": 1 })), asked }.into_data());
    let (result, asked) = (Err("no".to_owned()), Value::Null);
    data(EventKind::Answer, Answer { result, asked }.into_data());
    data(EventKind::Watch, RowSeen { key: json!(1), row: Value::Null }.into_data());
    for text in [Some("{\"a\":1}"), Some("a"), None] {
        let row = ObjectSeen { bytes: 9, hash: "ab".to_owned(), text }.into_row();
        data(EventKind::Watch, RowSeen { key: json!("o"), row }.into_data());
    }
    data(EventKind::Invoke, Invocation { op: "c/0", input: json!(5) }.into_data());
    data(EventKind::Ok, Ending { op: "c/0", output: json!(6) }.into_data());
    trace
}

/// Digests and stored traces depend on every byte.
#[test]
fn the_written_form_stays() {
    let trace = one_of_each();
    let lines = trace.events().iter().map(|event| {
        let kind = serde_json::to_value(event.kind).expect("a plain name");
        format!("{} {} {}", kind.as_str().expect("a name"), event.name, event.data)
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let trace = one_of_each();
    let mut hosts = HOST_CHANGES.iter();
    for event in trace.events() {
        if let Some(change) = event.host_change() {
            assert_eq!(Some(&change), hosts.next());
        }
        if let Some(fault) = event.fault() {
            assert_eq!((fault.name(), fault.data()), (event.name.as_str(), event.data.clone()));
        }
        if let Some(phase) = event.phase() {
            assert_eq!(phase.name(), event.name);
            assert!(!matches!(phase, Phase::Other(_)), "{phase:?}");
        }
        assert_eq!(unknown_members(event).count(), 0, "{event}");
    }
    assert_eq!(hosts.next(), None);
    assert_eq!(
        trace.events().iter().find(|e| !e.object().is_null()).map(|e| e.key()),
        Some(&json!("o"))
    );
    let ends = trace.events().iter().filter(|event| event.ends_a_life());
    assert_eq!(ends.count(), 6);
}

#[test]
fn acts_are_read_with_their_family_and_their_hosts() {
    let trace = one_of_each();
    let strikes = trace.events().iter().filter_map(|event| match event.fault()? {
        FaultChange::Struck(strike) => Some(strike),
        FaultChange::Ended { .. } => None,
    });
    let strikes: Vec<_> = strikes.collect();
    assert_eq!(strikes.len(), acts().len());
    for (read, act) in strikes.iter().zip(acts()) {
        assert_eq!(read.act().as_ref(), Some(&act));
        assert_eq!(read.family(), act.family());
        assert_eq!(read.site(), act.strikes_at_a_boundary().then_some("sql:x"));
        let known = Strike::at_an_instant(&act);
        assert_eq!((read.host(), read.in_force_on()), (known.host(), known.in_force_on()));
    }
    let named = [
        Strike::PARTITION,
        Strike::CLOG,
        Strike::STALL,
        Strike::DELAY,
        Strike::ERROR,
        Strike::LOST_ACK,
        Strike::DATABASE_DOWN,
        LinkEnd::Repaired.family(),
        LinkEnd::Released.family(),
    ];
    for name in named {
        assert!(acts().iter().any(|act| act.family() == name), "no act is a `{name}`");
    }
    let in_force: Vec<_> = strikes.iter().map(Strike::in_force_on).collect();
    assert_eq!(in_force[6..], [vec!["a", "b"], vec!["a", "b"], vec![], vec!["a"], vec![]]);
}

#[test]
fn what_a_newer_version_writes_is_kept() {
    let odd = event(EventKind::Host, "frozen", json!({ "depth": 3 }));
    assert_eq!(odd.host_change(), Some(HostChange::Other("frozen")));
    assert!(unknown_members(&odd).eq([(&"depth".to_owned(), &json!(3))]));

    let more = event(EventKind::Host, "stalled", json!({ "for_ns": 5, "core": 2 }));
    assert_eq!(more.host_change(), Some(HostChange::Stalled { ns: Some(5) }));
    assert!(unknown_members(&more).eq([(&"core".to_owned(), &json!(2))]));

    let data = json!({ "at": "sql:x", "do": { "partition": ["b", "a"], "loss": "half" } });
    let fault = event(EventKind::Fault, "partition", data);
    let Some(FaultChange::Struck(strike)) = fault.fault() else { panic!("it strikes") };
    assert_eq!((strike.act(), strike.in_force_on()), (None, vec!["a", "b"]));
    assert_eq!(unknown_members(&fault).count(), 1);

    // A member of an unexpected type.
    for data in [json!({ "for_ns": "long" }), json!([1]), json!("x"), Value::Null] {
        let stalled = event(EventKind::Host, "stalled", data);
        assert_eq!(stalled.host_change(), Some(HostChange::Stalled { ns: None }));
    }
    let phase = event(EventKind::Phase, "thaw", Value::Null);
    assert_eq!(phase.phase(), Some(Phase::Other("thaw")));
    assert_eq!(event(EventKind::Observe, "down", Value::Null).host_change(), None);
}

#[test]
fn sites_of_streams_and_transactions_are_told_apart() {
    let stream = site::stream("bus");
    assert!(site::is_write_to_a_stream(&stream) && !site::is_connect(&stream));
    assert!(site::is_write_to_a_stream(&site::stream_reply("bus")));
    let connect = site::stream_connect("bus");
    assert_eq!(connect, site::connect_of(&stream));
    assert!(site::is_connect(&connect) && !site::is_write_to_a_stream(&connect));
    assert!(site::is_connect(site::SQL_CONNECT));
    let step = site::transaction_step("claim", site::COMMIT);
    assert_eq!(step, "sql:claim.commit");
    assert_eq!(site::as_transaction_step(&step), Some(("claim", site::COMMIT)));
    assert_eq!(site::as_transaction_step(&site::statement("poll")), None);
}
