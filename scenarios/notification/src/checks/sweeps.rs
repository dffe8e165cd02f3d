//! Checks when a sweep may send.

use chaosdrill::{Check, Event, EventKind, History, Outcome};

/// The attempts that a host began between an event and an end.
fn begun_between<'a>(
    history: &'a History,
    from: &'a Event,
    is_end: impl Fn(&Event) -> bool,
) -> impl Iterator<Item = &'a Event> {
    let later = history.on_host(&from.host).after(from.seq).iter();
    let end = later.clone().find(|event| is_end(event));
    let until = end.map_or(u64::MAX, |event| event.seq);
    later.filter(move |event| {
        event.kind == EventKind::Observe && event.name == "delivery.begun" && event.seq < until
    })
}

/// Whether an event ends the life of its host.
fn is_fall(event: &Event) -> bool {
    event.ends_a_life()
}

/// A sweep whose list failed sends nothing.
pub(crate) fn nothing_is_sent_after_a_failed_list() -> Check {
    Check::new("nothing_is_sent_after_a_failed_list", |history| {
        let wrong = history.observed("list.failed").find_map(|failed| {
            let sweep = failed.text("sweep");
            let is_end = |event: &Event| {
                is_fall(event) || (event.name == "sweep.ended" && event.text("sweep") == sweep)
            };
            let begun =
                begun_between(history, failed, is_end).find(|event| event.text("sweep") == sweep);
            begun.map(|begun| (failed, begun))
        });
        Outcome::unless(wrong.map(|(failed, begun)| {
            let why = format!(
                "#{} {} sends {} in a sweep whose listing failed at #{}",
                begun.seq,
                begun.host,
                begun.get("notification"),
                failed.seq
            );
            Outcome::invalid(why, [failed.seq, begun.seq])
        }))
    })
}

/// Once a server has reported that it is drained, none of its attempts is in progress, and it begins none in this life.
pub(crate) fn no_send_after_the_drain() -> Check {
    Check::new("no_send_after_the_drain", |history| {
        let wrong = history.observed("server.drained").find_map(|drained| {
            let begun = begun_between(history, drained, is_fall).next();
            begun.or_else(|| under_way(history, drained)).map(|begun| (drained, begun))
        });
        Outcome::unless(wrong.map(|(drained, begun)| {
            let when = if begun.seq < drained.seq { "still sends" } else { "begins to send" };
            let why = format!(
                "{} {when} {} (#{}), and was drained at #{}",
                begun.host,
                begun.get("notification"),
                begun.seq,
                drained.seq
            );
            Outcome::invalid(why, [begun.seq, drained.seq])
        }))
    })
}

/// An attempt that the event's host had begun in this life, and had not ended at the event.
fn under_way<'a>(history: &'a History, now: &Event) -> Option<&'a Event> {
    let earlier = history.on_host(&now.host).iter().take_while(|event| event.seq < now.seq);
    let mut open: Vec<&Event> = Vec::new();
    for event in earlier {
        if is_fall(event) {
            open.clear();
        } else if event.name == "delivery.begun" {
            open.push(event);
        } else if event.name == "delivery.ended" {
            open.retain(|begun| begun.get("notification") != event.get("notification"));
        }
    }
    open.first().copied()
}
