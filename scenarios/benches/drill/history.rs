//! A history as checks ask it: the ends of all operations, and the part up to an instant.
//!
//! What is asked of ten times as many operations must take ten times as long, and not a hundred times; and the part up
//! to an instant is a view, measured against a copy of its events.

use std::{hint::black_box, time::Duration};

use chaosdrill::{Event, EventKind, History};
use criterion::{Criterion, Throughput};
use serde_json::json;

const FEW: u64 = 2_000;
const MANY: u64 = 10 * FEW;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("history");
    for operations in [FEW, MANY] {
        let trace = trace(operations);
        let history = History::of(&trace);
        group.throughput(Throughput::Elements(operations));
        let name = format!("{operations} operations");
        group.bench_function(&name, |bencher| bencher.iter(|| ended(black_box(&history))));
    }
    let trace = trace(MANY);
    let history = History::of(&trace);
    let at = Duration::from_secs(MANY);
    group.throughput(Throughput::Elements(1));
    group.bench_function("until", |bencher| {
        bencher.iter(|| black_box(&history).until(black_box(at)).events().len());
    });
    group.bench_function("until, by a copy", |bencher| {
        bencher.iter(|| {
            let events = black_box(&history).events();
            let early = events.iter().take_while(|event| event.at() <= black_box(at));
            early.cloned().collect::<Vec<_>>().len()
        });
    });
    group.finish();
}

fn ended(history: &History) -> usize {
    history.operations("put").filter(|operation| operation.is_ok()).count()
}

/// Operations one after the other, a second each.
fn trace(operations: u64) -> Vec<Event> {
    let event = |index: u64| Event {
        seq: index + 1,
        at_ns: index * 500_000_000,
        host: "client".to_owned(),
        kind: if index.is_multiple_of(2) { EventKind::Invoke } else { EventKind::Ok },
        name: "put".to_owned(),
        data: json!({ "op": format!("client/{}", index / 2), "input": index }),
    };
    (0..2 * operations).map(event).collect()
}
