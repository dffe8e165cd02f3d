//! Finds the receivers of messages.
//!
//! A trace has the site at which a host wrote to a stream, but not the host that read it. However, a server writes its
//! answers at a site from which no host connects, and its first step on a message is the same each time. So the
//! receiver of a site's messages is the server that takes a step of the same name after at least half of them, and
//! takes it soonest on average. A message ends at that step. If there is no such step, the message is drawn as lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chaosdrill_core::{
    EventKind, TraceEvent,
    trace::vocabulary::{HostChange, site},
};

use crate::limits;

/// Maps the event that sent each message to the first step on it; `None` if no step was found.
pub(super) type Messages = BTreeMap<usize, Option<usize>>;

/// The sites at which servers answer: those from which no host connects.
pub(super) fn answer_sites<'a>(events: &[&'a TraceEvent]) -> BTreeSet<&'a str> {
    let writes: BTreeSet<&str> = events
        .iter()
        .filter(|event| event.kind == EventKind::Boundary && event.name.starts_with(site::NET))
        .map(|event| event.name.as_str())
        .collect();
    let is_answer = |at: &&&str| {
        site::is_write_to_a_stream(at) && !writes.contains(site::connect_of(at).as_str())
    };
    writes.iter().filter(is_answer).copied().collect()
}

/// Finds the messages of a trace.
pub(super) fn messages(events: &[&TraceEvent]) -> Messages {
    let answer_sites = answer_sites(events);
    let mut sent: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut answers: Vec<usize> = Vec::new();
    let mut servers: BTreeSet<&str> = BTreeSet::new();
    let mut steps: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        if matches!(event.kind, EventKind::Boundary | EventKind::Observe | EventKind::Host) {
            steps.entry(&event.host).or_default().push(index);
        }
        let is_write = event.kind == EventKind::Boundary && site::is_write_to_a_stream(&event.name);
        if !is_write {
            continue;
        }
        if answer_sites.contains(event.name.as_str()) {
            answers.push(index);
            servers.insert(&event.host);
        } else {
            sent.entry(&event.name).or_default().push(index);
        }
    }
    let mut messages = Messages::new();
    for passages in sent.values() {
        let receiver = receiver(events, passages, &servers, &steps);
        let reactions = receiver
            .map(|(host, step)| reactions(events, passages, &steps[host], step))
            .unwrap_or_default();
        for passage in passages {
            messages.insert(*passage, reactions.get(passage).copied());
        }
    }
    let replies = replies(events, &messages, &answers);
    messages.extend(replies);
    messages
}

/// The receiver of the messages of one site, and the name of its first step on them.
fn receiver<'a>(
    events: &[&'a TraceEvent],
    passages: &[usize],
    servers: &BTreeSet<&'a str>,
    steps: &BTreeMap<&'a str, Vec<usize>>,
) -> Option<(&'a str, &'a str)> {
    let mut best: Option<(u64, &str, &str)> = None;
    for server in servers {
        let Some(own) = steps.get(server) else { continue };
        let mut first: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for passage in passages.iter().filter(|passage| events[**passage].host != **server) {
            let place = own.partition_point(|step| step <= passage);
            let Some(step) = own.get(place).map(|step| events[*step]) else { continue };
            let delay = step.at_ns.saturating_sub(events[*passage].at_ns);
            if delay <= limits::TIMELINE_LEARNED_NS_MAX && step.kind != EventKind::Host {
                let (count, sum) = first.entry(&step.name).or_default();
                *count += 1;
                *sum += delay;
            }
        }
        let Some((name, (count, sum))) = first.into_iter().max_by_key(|(_, (count, _))| *count)
        else {
            continue;
        };
        let mean = sum / count;
        let often = count * 2 >= passages.len() as u64;
        if often && best.is_none_or(|(known, _, _)| mean < known) {
            best = Some((mean, server, name));
        }
    }
    best.map(|(_, host, step)| (host, step))
}

/// The step on each message: the first step of that name that does not belong to an earlier message.
fn reactions(
    events: &[&TraceEvent],
    passages: &[usize],
    own: &[usize],
    step: &str,
) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    let mut next = 0;
    for passage in passages {
        let mut place = own.partition_point(|other| other <= passage).max(next);
        while let Some(index) = own.get(place) {
            let event = events[*index];
            let delay = event.at_ns.saturating_sub(events[*passage].at_ns);
            let stopped = !matches!(event.host_change(), None | Some(HostChange::Resumed));
            if delay > limits::TIMELINE_REACTION_NS_MAX || stopped {
                break;
            }
            if event.name == step {
                found.insert(*passage, *index);
                next = place + 1;
                break;
            }
            place += 1;
        }
    }
    found
}

/// Maps answers to their receivers, if they are certain: exactly one message waits for an answer.
fn replies(events: &[&TraceEvent], messages: &Messages, answers: &[usize]) -> Messages {
    let mut waiting: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    let mut arrivals: BTreeMap<usize, usize> = BTreeMap::new();
    for (sent, step) in messages {
        if let Some(step) = step {
            arrivals.insert(*step, *sent);
        }
    }
    let answers: BTreeSet<usize> = answers.iter().copied().collect();
    let mut replies = Messages::new();
    for (index, event) in events.iter().enumerate() {
        if let Some(sent) = arrivals.get(&index) {
            waiting.entry(&event.host).or_default().push_back(*sent);
        }
        if !answers.contains(&index) {
            continue;
        }
        let Some(queue) = waiting.get_mut(event.host.as_str()) else { continue };
        if let (Some(sent), 0) = (queue.pop_front(), queue.len()) {
            let heard = (index + 1..events.len()).find(|later| {
                let late = events[*later].at_ns.saturating_sub(event.at_ns)
                    > limits::TIMELINE_LEARNED_NS_MAX;
                late || events[*later].host == events[sent].host
            });
            let heard = heard.filter(|later| events[*later].host == events[sent].host);
            replies.extend(heard.map(|heard| (index, Some(heard))));
        }
    }
    replies
}
