//! One holder at a time.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, EventKind, History, Outcome};

/// How a pipeline says that a host works on an item.
#[derive(Clone, Copy)]
pub(crate) struct Holding {
    /// What a witness calls an item.
    pub(crate) noun: &'static str,
    /// The observation that it begins.
    pub(crate) begin: &'static str,
    /// The observation that it ends.
    pub(crate) end: &'static str,
    /// The member of both that names the item.
    pub(crate) item: &'static str,
    /// How long a holder may rely on holding the item; for as long as it works where there is no such bound.
    pub(crate) lease: Option<Duration>,
}

/// A host's time with an item.
struct Span<'a> {
    begin: &'a Event,
    until: Option<Duration>,
}

/// No two hosts work on one item at once, but for a holder whose lease is over.
pub(crate) fn holders_do_not_overlap(holding: Holding) -> Check {
    holders_do_not_overlap_within(holding, move |_, _| holding.lease)
}

/// As [`holders_do_not_overlap`], where how long a holder may rely on an item after it said that it begins is no fixed
/// time: it may have been held up between the two.
pub(crate) fn holders_do_not_overlap_within(
    holding: Holding,
    lease_left: impl Fn(&History, &Event) -> Option<Duration> + Send + Sync + 'static,
) -> Check {
    Check::new("holders_do_not_overlap", move |history| {
        let mut spans: BTreeMap<String, Vec<Span<'_>>> = BTreeMap::new();
        for begin in history.observed(holding.begin) {
            let until = until(history, holding, begin, lease_left(history, begin));
            spans
                .entry(begin.get(holding.item).to_string())
                .or_default()
                .push(Span { begin, until });
        }
        let wrong = spans.into_iter().find_map(|(item, spans)| {
            let overlap = spans.windows(2).find_map(|pair| {
                let [first, second] = pair else { return None };
                let is_over = first.until.is_some_and(|until| until <= second.begin.at());
                (!is_over).then_some((first.begin, second.begin))
            });
            overlap.map(|(first, second)| (item, first, second))
        });
        Outcome::unless(wrong.map(|(item, first, second)| {
            let why = format!(
                "#{} {} began to work on {} {item}, which {} held since #{}",
                second.seq, second.host, holding.noun, first.host, first.seq
            );
            Outcome::invalid(why, [first.seq, second.seq])
        }))
    })
}

/// When a holder's time with an item is over: it says so, its host goes down, or its lease ends.
fn until(
    history: &History,
    holding: Holding,
    begin: &Event,
    lease: Option<Duration>,
) -> Option<Duration> {
    let ends = |event: &&Event| {
        let says = event.kind == EventKind::Observe
            && event.name == holding.end
            && event.get(holding.item) == begin.get(holding.item);
        let falls =
            event.kind == EventKind::Host && matches!(event.name.as_str(), "down" | "ended");
        event.seq > begin.seq && event.host == begin.host && (says || falls)
    };
    let end = history.events().iter().find(ends).map(Event::at);
    let lease = lease.map(|lease| begin.at().saturating_add(lease));
    [end, lease].into_iter().flatten().min()
}
