//! Checks how often a message is published, and that each further attempt has a reason.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use chaosdrill::{
    Check, Event, EventKind, History, Outcome, Priority, fault::Act, vocabulary::FaultChange,
};
use chaosdrill_scenarios_common::checks::rows::Step;

use crate::checks::{
    rows::{OUTBOX, int, is, is_burial, meaning, steps, text},
    troubles::{is_hurt, was_database_held, was_kept_out},
};

/// The time between a fault at the claim of a message and the change of its row.
const CLAIMED: Duration = Duration::from_secs(1);

/// The broker sees at most one publish of a message under one claim, whether it accepts it or not.
pub(crate) fn a_claim_publishes_once() -> Check {
    Check::new("a_claim_publishes_once", |history| {
        let mut seen: BTreeMap<(&str, i64), u64> = BTreeMap::new();
        for event in history.events() {
            let is_publish = matches!(event.name.as_str(), "broker.accepted" | "broker.refused");
            if event.kind != EventKind::Observe || !is_publish {
                continue;
            }
            let claim = (event.text("message"), event.int("attempt").unwrap_or_default());
            if let Some(first) = seen.insert(claim, event.seq) {
                let (message, attempt) = claim;
                let why = format!(
                    "#{} message {message} reached the broker a second time under attempt {attempt}; the first was #{first}",
                    event.seq
                );
                return Outcome::invalid(why, [first, event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// An attempt that does not publish its message was refused, or a fault hindered it.
///
/// With [`a_claim_publishes_once`], a message reaches the broker once in a run without faults, and otherwise at most as
/// often as there were reasons.
pub(crate) fn every_further_attempt_has_a_reason() -> Check {
    Check::new("every_further_attempt_has_a_reason", |history| {
        let claims: BTreeMap<u64, &Event> =
            history.rows(OUTBOX).into_iter().map(|row| (row.event.seq, row.event)).collect();
        let odd = steps(history).into_iter().find_map(|step| {
            let claim = claims.get(&step.since).filter(|_| is(step.before, "in_flight"))?;
            let attempt = Attempt { history, claim, step: &step };
            if is(step.after, "pending") && !attempt.could_not_publish() {
                return Some((step, "was released, but the broker had not refused it"));
            }
            let is_takeover = is(step.after, "in_flight") && step.before != step.after;
            if (is_takeover || is_burial(step.after)) && !attempt.could_not_settle() {
                return Some((
                    step,
                    "was left to its lease, and nothing kept its holder from settling it",
                ));
            }
            None
        });
        Outcome::unless(odd.map(|(step, what)| {
            let (seq, attempt) = (step.change.event.seq, int(step.before, "attempts"));
            let why = format!(
                "#{seq} message {} {what}; attempt {attempt} began with #{}",
                step.change.key, step.since
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

/// An attempt that did not publish its message.
struct Attempt<'a> {
    history: &'a History<'a>,
    /// The change of the row that began the attempt.
    claim: &'a Event,
    /// The change that ended it.
    step: &'a Step<'a>,
}

impl Attempt<'_> {
    /// Whether the broker refused the message, or a fault kept its answer away.
    fn could_not_publish(&self) -> bool {
        let attempt = Some(int(self.step.before, "attempts"));
        let is_refused = self.said("broker.refused", |event| event.int("attempt") == attempt);
        is_refused || self.is_holder_hurt() || self.is_broker_hurt()
    }

    /// Whether a fault kept the holder from settling the message within its lease.
    fn could_not_settle(&self) -> bool {
        // A pass takes too long if the broker does not answer, or another host holds the database.
        let is_left = self.said("dispatcher.left", |_| true);
        self.is_holder_hurt()
            || (is_left
                && (self.is_broker_hurt() || was_database_held(self.history, self.during())))
            || self.was_kept_out()
    }

    fn is_holder_hurt(&self) -> bool {
        is_hurt(self.history, &self.claim.host, self.during())
    }

    /// Whether a fault hurt the broker. One that was struck may be away until it is heard of again.
    fn is_broker_hurt(&self) -> bool {
        let said = ["broker.accepted", "broker.refused"].into_iter();
        let said = said.flat_map(|name| self.history.observed(name)).map(|event| event.seq);
        let heard = said.filter(|seq| *seq < self.claim.seq).max().unwrap_or(0);
        is_hurt(self.history, "broker", heard.min(self.began())..self.until())
    }

    /// Whether a pass of the holder failed during the attempt because another host held the database.
    fn was_kept_out(&self) -> bool {
        let mut failures = self.history.observed("dispatcher.pass_failed");
        failures.any(|event| {
            self.during().contains(&event.seq)
                && event.host == self.claim.host
                && was_kept_out(self.history, event.text("cause"), self.during())
        })
    }

    fn during(&self) -> Range<u64> {
        self.began()..self.until()
    }

    /// The number from which a fault belongs to the attempt: what struck the claim itself, such as a stall after its
    /// lease was computed, comes before the row changes.
    fn began(&self) -> u64 {
        let same_host = self.history.on_host(&self.claim.host);
        let earlier = same_host.iter().take_while(|event| event.seq < self.claim.seq);
        let struck = earlier.filter(|event| event.struck_site() == "sql:outbox.claim").last();
        let lasts = |event: &Event| match event.fault() {
            Some(FaultChange::Struck(strike)) => match strike.act() {
                Some(Act::Stall(lasts) | Act::Delay(lasts)) => lasts,
                _ => Duration::ZERO,
            },
            _ => Duration::ZERO,
        };
        let is_of_it = |event: &&Event| event.at() + lasts(event) + CLAIMED >= self.claim.at();
        struck.filter(is_of_it).map_or(self.claim.seq, |event| event.seq)
    }

    fn until(&self) -> u64 {
        self.step.change.event.seq
    }

    /// Whether a host said something about the message during the attempt.
    fn said(&self, name: &str, is_it: impl Fn(&Event) -> bool) -> bool {
        let during = self.claim.seq..self.until();
        self.history.observed(name).any(|event| {
            during.contains(&event.seq)
                && event.get("message") == self.step.change.key
                && is_it(event)
        })
    }
}

/// No message is given up while attempts are left, unless it cannot be read.
pub(crate) fn messages_are_given_up_only_at_the_ceiling(attempts_max: i64) -> Check {
    Check::new("messages_are_given_up_only_at_the_ceiling", move |history| {
        let early = history.rows(OUTBOX).into_iter().find(|change| {
            let is_early = |row| is(row, "failed") && int(row, "attempts") < attempts_max;
            change.after.is_some_and(|row| is_early(row) && meaning(row).is_some())
        });
        Outcome::unless(early.map(|change| {
            let (seq, row) = (change.event.seq, change.after.unwrap_or(&serde_json::Value::Null));
            let why = format!(
                "#{seq} message {} was given up after {} of {attempts_max} attempts; its last error is: {}",
                change.key,
                int(row, "attempts"),
                text(row, "last_error")
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}
