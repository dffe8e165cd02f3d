//! Timelines: what they show, where it stands, and that nothing makes them fail.

use chaosdrill_core::{EventKind, TraceEvent};
use chaosdrill_reports::{Story, Timeline, limits::TIMELINE_ROWS_MAX, timeline::RowKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stories;

fn picture(story: &Story) -> Timeline {
    Timeline::of(&story.record, &story.events).expect("there are events")
}

/// The rows as text, and all else by the rows that it reaches over.
fn told(timeline: &Timeline) -> String {
    let lane = |lane: usize| timeline.lanes.get(lane).map_or("-", String::as_str);
    let mut text = format!("about {}\n", timeline.subject.as_deref().unwrap_or("-"));
    for (index, row) in timeline.rows.iter().enumerate() {
        let event = row.event.map(|event| format!("#{event}")).unwrap_or_default();
        let mark = if row.witness { "!" } else { "" };
        let on = row.lane.map_or("", lane);
        text.push_str(&format!(
            "{index:2} {event:>5}{mark:1} {on:8} {:?}: {}\n",
            row.kind, row.label
        ));
    }
    for bar in timeline.bars.iter().filter(|bar| bar.transaction || bar.failed) {
        let kind = if bar.transaction { "transaction" } else { "failed" };
        text.push_str(&format!(
            "{kind} {} {:.2}..{:.2} {}\n",
            lane(bar.lane),
            bar.from,
            bar.to,
            bar.site
        ));
    }
    for span in &timeline.spans {
        let (kind, on) = (span.kind, lane(span.lane));
        text.push_str(&format!("{kind:?} {on} {:.1}..{:.1} {}\n", span.from, span.to, span.label));
    }
    for arrow in &timeline.arrows {
        text.push_str(&format!("message {} {:?} {}\n", arrow.from, arrow.to, arrow.site));
    }
    for state in &timeline.states {
        text.push_str(&format!("row {:.1}..{:.1} {}\n", state.from, state.to, state.label));
    }
    text
}

#[test]
fn a_story_of_31_hours_fits_on_a_page() {
    insta::assert_snapshot!(told(&picture(&stories::lease_expiry())));
}

#[test]
fn what_never_came_is_violated_at_its_bound() {
    let picture = picture(&stories::never_published());
    let last = picture.rows.last().expect("rows");
    assert_eq!(last.kind, RowKind::Violation);
    assert_eq!(last.label, "every_committed_message_is_published: still not true 5m after heal");
    assert_eq!(last.at_ns, (31 * 3_600 + 300) * 1_000_000_000);
}

#[test]
fn the_picture() {
    let svg = picture(&stories::lease_expiry()).svg("f1");
    insta::assert_snapshot!(svg.replace("><", ">\n<"));
}

#[test]
fn a_picture_needs_no_witness_and_no_order() {
    let mut story = stories::lease_expiry();
    story.record.checks.clear();
    story.events.reverse();
    assert!(!picture(&story).rows.is_empty());
    story.events.clear();
    assert_eq!(Timeline::of(&story.record, &story.events), None);
}

#[test]
fn a_long_run_still_fits() {
    let mut story = stories::lease_expiry();
    let template = story.events.clone();
    for turn in 1..200_u64 {
        story.events.extend(template.iter().map(|event| TraceEvent {
            seq: event.seq + turn * 1_000,
            at_ns: event.at_ns + turn * 1_000_000_000,
            ..event.clone()
        }));
    }
    let picture = picture(&story);
    let events = picture.rows.iter().filter(|row| row.event.is_some()).count();
    assert!(events <= TIMELINE_ROWS_MAX, "{events}");
    for witness in [402, 418] {
        assert!(picture.shows(witness), "{witness}");
    }
    assert!(picture.svg("x").len() < 150_000);
}

#[test]
fn rows_in_the_same_state_are_about_other_things() {
    let mut story = stories::lease_expiry();
    let first = story.events.iter().find(|event| event.seq == 11).expect("it is there").clone();
    let other = |number: u64| {
        let key = format!("other-{number}");
        let row = json!({ "message_id": key, "status": "pending", "event_type": "account.opened" });
        TraceEvent { seq: 600 + number, data: json!({ "key": key, "row": row }), ..first.clone() }
    };
    story.events.extend((0..5).map(other));
    let picture = picture(&story);
    assert!(picture.shows(11));
    let others = (600..605).filter(|event| picture.shows(*event));
    assert_eq!(others.count(), 0, "{}", told(&picture));
}

#[test]
fn a_message_on_which_nobody_acts_is_lost() {
    let mut story = stories::lease_expiry();
    let again = |seq: u64, like: u64, name: &str| {
        let event = story.events.iter().find(|event| event.seq == like).expect("it is there");
        TraceEvent { seq, at_ns: event.at_ns + 7_000_000_000, name: name.into(), ..event.clone() }
    };
    // The broker answered no more after the first.
    let more = [again(501, 406, "net:bus.publish"), again(502, 409, "outbox.publish_failed")];
    story.events.retain(|event| event.seq < 413);
    story.events.extend(more);
    story.record.checks[1].witness = vec![402, 411];
    let picture = picture(&story);
    let row = picture.rows.iter().position(|row| row.event == Some(501)).expect("it is shown");
    let arrow = picture.arrows.iter().find(|arrow| arrow.from == row).expect("it was sent");
    assert_eq!(arrow.to, None);
    assert!(picture.svg("x").contains("after which no host was seen to act"));
}

#[test]
fn long_instants_and_numbers_fit_into_their_columns() {
    let cases = [(7, 9), (1_560_078, 120), (115_680_180, 20_982), (999 * 3_600_000, u64::MAX)];
    for (ms, event) in cases {
        let mut story = stories::lease_expiry();
        story.events[17] = TraceEvent { seq: event, ..story.events[17].clone() };
        story.events.iter_mut().for_each(|event| event.at_ns = ms * 1_000_000);
        let svg = picture(&story).svg("x");
        let fragment = scraper::Html::parse_fragment(&svg);
        let texts = |class: &str| -> Vec<(f64, String)> {
            let selector = scraper::Selector::parse(&format!("text.{class}")).expect("a selector");
            let texts = fragment.select(&selector).map(|text| {
                let x = text.value().attr("x").and_then(|x| x.parse().ok()).expect("a place");
                (x, text.text().collect())
            });
            texts.collect()
        };
        // Both stand to the left of their places, in digits of up to 7.4 and 6.4 units.
        let times = texts("tl-time");
        let time_x = times.first().expect("there are times").0;
        for (x, text) in times {
            assert!(x >= 7.4 * text.len() as f64, "{text} at {x}");
        }
        for (x, text) in texts("tl-number") {
            assert!(x - time_x >= 6.4 * text.len() as f64 + 4.0, "{text} at {x}, after {time_x}");
        }
    }
}

/// A trace of one host, `h`, of nothing but steps: site, kind, whether it went wrong.
fn steps_of(steps: &[(&str, EventKind, bool)]) -> Vec<TraceEvent> {
    let event = |(seq, (name, kind, is_error)): (usize, &(&str, EventKind, bool))| TraceEvent {
        seq: seq as u64 + 1,
        at_ns: seq as u64 * 3_600_000_000_000,
        host: "h".into(),
        kind: *kind,
        name: (*name).into(),
        data: if *is_error { json!({ "error": "refused" }) } else { json!({ "ok": null }) },
    };
    steps.iter().enumerate().map(event).collect()
}

#[test]
fn each_transaction_gets_its_own_end() {
    use EventKind::{Answer, Boundary};
    let begin = |error| [("sql:t.begin", Boundary, false), ("sql:t.begin", Answer, error)];
    let commit = [("sql:t.commit", Boundary, false), ("sql:t.commit", Answer, false)];
    let cases = [
        // Dropped without an event, then begun anew.
        ([begin(false), begin(false), commit].concat(), vec![(3, 6)]),
        // Begun within another, and never: its begin was refused.
        ([begin(false), begin(false), begin(true), commit, commit].concat(), vec![(3, 8), (1, 10)]),
        // It waits to begin until the one before it has ended, and hears so before that one does.
        (
            [
                begin(false).as_slice(),
                &begin(false)[..1],
                &commit[..1],
                &begin(false)[1..],
                &commit[1..],
                &commit,
            ]
            .concat(),
            vec![(1, 6), (3, 8)],
        ),
    ];
    for (trace, expected) in cases {
        let mut story = stories::lease_expiry();
        story.events = steps_of(&trace);
        let text = chaosdrill_reports::trace_export::chrome_trace(&story.record, &story.events);
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let of = |phase: &str| -> Vec<f64> {
            let events = document["traceEvents"].as_array().expect("a list").iter();
            let slices = events.filter(|e| e["cat"] == "transaction" && e["ph"] == phase);
            slices.map(|e| e["ts"].as_f64().expect("a time") / 3.6e9 + 1.0).collect()
        };
        let expected: (Vec<f64>, Vec<f64>) =
            expected.iter().map(|(from, to)| (f64::from(*from), f64::from(*to))).unzip();
        assert_eq!((of("b"), of("e")), expected);
    }
}

fn any_event() -> impl Strategy<Value = TraceEvent> {
    use EventKind::{Answer, Boundary, Fault, Host, Invoke, Observe, Ok, Phase, Watch};
    let kinds = vec![Answer, Boundary, Fault, Host, Invoke, Observe, Ok, Phase, Watch];
    let names = vec![
        "sql:a.begin",
        "sql:a.commit",
        "net:b",
        "net:b.connect",
        "net:c.reply",
        "fp:d",
        "down",
        "up",
        "stalled",
        "resumed",
        "ended",
        "heal",
        "outbox",
        "partition",
        "repaired",
        "clog",
        "kill",
    ];
    let data = prop_oneof![
        Just(Value::Null),
        Just(json!({ "key": "k", "row": null })),
        Just(
            json!({ "key": "k", "row": { "status": "x", "locked_by": "h1", "locked_until": i64::MIN } })
        ),
        Just(json!({ "key": 7, "row": { "claimed_by": "h2", "claimed_until": i64::MAX } })),
        Just(
            json!({ "key": "k", "row": { "claimed_by": "h1", "claimed_until": 1_767_225_600_500_i64 } })
        ),
        Just(json!({ "partition": ["h1", "h2"], "for": "1s" })),
        Just(json!({ "between": ["h1", 7, "h2"] })),
        Just(json!({ "at": "fp:d", "do": { "stall": "nonsense" } })),
        Just(json!(["k", { "key": ["k"] }])),
    ];
    let host = prop::sample::select(vec!["", "h1", "h2", "h3"]);
    (0..60_u64, any::<u64>(), host, prop::sample::select(kinds), prop::sample::select(names), data)
        .prop_map(|(seq, at_ns, host, kind, name, data)| TraceEvent {
            seq,
            at_ns,
            host: host.into(),
            kind,
            name: name.into(),
            data,
        })
}

proptest! {
    #[test]
    fn no_trace_makes_it_fail(
        events in prop::collection::vec(any_event(), 0..60),
        witness in prop::collection::vec(0..60_u64, 0..5),
    ) {
        let mut story = stories::lease_expiry();
        story.record.checks[1].witness = witness;
        story.events = events;
        if let Some(picture) = Timeline::of(&story.record, &story.events) {
            let svg = picture.svg("x");
            prop_assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
            for place in picture.spans.iter().flat_map(|span| [span.from, span.to]) {
                prop_assert!((0.0..=picture.rows.len() as f32).contains(&place), "{place}");
            }
        }
        chaosdrill_reports::trace_export::chrome_trace(&story.record, &story.events);
    }
}
