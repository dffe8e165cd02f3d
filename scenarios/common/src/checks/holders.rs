//! Checks that an item has one holder at a time.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, EventKind, History, Outcome};

/// How a pipeline reports that a host works on an item.
#[derive(Clone, Copy)]
pub struct Holding {
    /// The name of an item in a witness.
    pub noun: &'static str,
    /// The observation that reports the start.
    pub begin: &'static str,
    /// The observation that reports the end.
    pub end: &'static str,
    /// The member of both observations that names the item.
    pub item: &'static str,
    /// How long a holder may rely on its hold; `None` if there is no limit.
    pub lease: Option<Duration>,
}

/// The time for which a host holds an item.
struct Span<'a> {
    begin: &'a Event,
    /// The event at which the host reports the end, or goes down.
    end: Option<&'a Event>,
    lease_is_over: Option<Duration>,
}

impl Span<'_> {
    /// Whether the hold was over when the event happened. Events at the same instant are ordered by their numbers.
    fn was_over_at(&self, event: &Event) -> bool {
        self.end.is_some_and(|end| end.seq < event.seq)
            || self.lease_is_over.is_some_and(|over| over <= event.at())
    }
}

/// No two hosts work on one item at once, unless the first holder's lease is over.
pub fn holders_do_not_overlap(holding: Holding) -> Check {
    holders_do_not_overlap_within(holding, move |_, _| holding.lease)
}

/// Like [`holders_do_not_overlap`], with a lease that is computed for each start: a holder may have been delayed
/// between acquiring the item and reporting the start.
pub fn holders_do_not_overlap_within(
    holding: Holding,
    lease_left: impl Fn(&History, &Event) -> Option<Duration> + Send + Sync + 'static,
) -> Check {
    Check::new("holders_do_not_overlap", move |history| {
        let mut spans: BTreeMap<String, Vec<Span<'_>>> = BTreeMap::new();
        for begin in history.observed(holding.begin) {
            let end = end(history, holding, begin);
            let lease_is_over =
                lease_left(history, begin).map(|lease| begin.at().saturating_add(lease));
            spans.entry(begin.get(holding.item).to_string()).or_default().push(Span {
                begin,
                end,
                lease_is_over,
            });
        }
        let wrong = spans.into_iter().find_map(|(item, spans)| {
            let overlap = spans.windows(2).find_map(|pair| {
                let [first, second] = pair else { return None };
                (!first.was_over_at(second.begin)).then_some((first.begin, second.begin))
            });
            overlap.map(|(first, second)| (item, first, second))
        });
        Outcome::unless(wrong.map(|(item, first, second)| {
            let why = format!(
                "#{} {} started work on {} {item}, which {} has held since #{}",
                second.seq, second.host, holding.noun, first.host, first.seq
            );
            Outcome::invalid(why, [first.seq, second.seq])
        }))
    })
}

/// The event at which a holder reports the end of its work on an item, or its host goes down.
fn end<'a>(history: &'a History, holding: Holding, begin: &Event) -> Option<&'a Event> {
    let ends = |event: &&Event| {
        let says = event.kind == EventKind::Observe
            && event.name == holding.end
            && event.get(holding.item) == begin.get(holding.item);
        says || event.ends_a_life()
    };
    history.on_host(&begin.host).after(begin.seq).iter().find(ends)
}

#[cfg(test)]
mod tests {
    use chaosdrill::Verdict;
    use serde_json::json;

    use super::*;

    const HOLDING: Holding = Holding {
        noun: "job",
        begin: "begun",
        end: "ended",
        item: "job",
        lease: Some(Duration::from_secs(60)),
    };

    /// The verdict for hosts that report starts and ends of one job: second, host, observation.
    fn verdict(said: &[(u64, &str, &str)]) -> Verdict {
        let event = |(seq, (seconds, host, name)): (u64, &(u64, &str, &str))| Event {
            seq,
            at_ns: seconds * 1_000_000_000,
            host: (*host).to_owned(),
            kind: EventKind::Observe,
            name: (*name).to_owned(),
            data: json!({ "job": 1 }),
        };
        let history = History::from_events((1..).zip(said).map(event).collect());
        holders_do_not_overlap(HOLDING).judge(&history).verdict
    }

    #[test]
    fn within_one_instant_the_order_of_events_counts() {
        let hand_over =
            [(1, "a", "begun"), (2, "a", "ended"), (2, "b", "begun"), (3, "b", "ended")];
        assert_eq!(verdict(&hand_over), Verdict::Valid);
        let overlap = [(1, "a", "begun"), (2, "b", "begun"), (2, "a", "ended"), (3, "b", "ended")];
        assert_eq!(verdict(&overlap), Verdict::Invalid);
    }

    #[test]
    fn a_lease_is_over_at_its_very_end() {
        assert_eq!(verdict(&[(1, "a", "begun"), (61, "b", "begun")]), Verdict::Valid);
        assert_eq!(verdict(&[(1, "a", "begun"), (60, "b", "begun")]), Verdict::Invalid);
    }
}
