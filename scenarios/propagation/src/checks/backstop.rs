//! Checks the reconciler, the backstop for what no propagation carries out: when it asks, for how long, and how often.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, History, Outcome, Priority};
use chaosdrill_scenarios_common::checks::{fault_free, rows::last_change};
use serde_json::Value;

pub(crate) use crate::checks::rounds::{PERIOD, TICK};

use crate::checks::{
    rounds,
    rows::{GRADES, ITEMS, PROPAGATIONS, RESOURCES, conn_limit, has_limits, int, rows_at, text},
    world::last_answer,
};

/// The maximum length of one call.
const CALL_MAX: Duration = Duration::from_secs(30);

/// The time for the statements of a round and its calls, if they are quick.
const ROUND: Duration = Duration::from_secs(10);

/// The largest limit that the pipeline's own table can store.
const STORED_MAX: i64 = 1000;

/// A resource that is not known to be up to date, and whose team has no open propagation, is asked for in each round
/// of the reconciler. `within` is the longest time between two rounds, or between two turns of the resource. Only a
/// fault of the round itself makes it longer.
pub(crate) fn drift_is_seen_within_a_period(within: Duration) -> Check {
    Check::new("drift_is_seen_within_a_period", move |history| {
        let wrong = drifts(history).into_iter().find_map(|drift| {
            let asked = history
                .observed("reconciler.asking")
                .filter(|event| event.text("token") == drift.token)
                .map(Event::at)
                .filter(|at| (drift.from.at()..drift.to).contains(at));
            let ends: Vec<Duration> = asked.chain([drift.to]).collect();
            let starts = [drift.from.at()].into_iter().chain(ends.iter().copied());
            let longest = starts.zip(ends.iter().copied()).find(|(from, to)| {
                let late = to.saturating_sub(*from).saturating_sub(within + ROUND);
                !late.is_zero() && late > excused(history, (*from, *to), within)
            });
            longest.map(|(from, to)| (drift, to.saturating_sub(from)))
        });
        Outcome::unless(wrong.map(|(drift, waited)| {
            let (seq, token) = (drift.from.seq, drift.token);
            let why = format!(
                "#{seq} {token} is not up to date since then, and the reconciler did not ask for it for {} s",
                waited.as_secs()
            );
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// How much later a resource may be asked for, because of faults and of calls for other resources.
fn excused(history: &History, (from, to): (Duration, Duration), turn: Duration) -> Duration {
    rounds::held_up(history, (from, to), &rounds::ASKING, turn) + in_calls(history, from, to)
}

/// The time for which a resource is the reconciler's to update.
struct Drift<'a> {
    token: &'a str,
    from: &'a Event,
    to: Duration,
}

/// All drifts, in the order of their ends.
fn drifts<'a>(history: &'a History<'_>) -> Vec<Drift<'a>> {
    let mut resources: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut rows: BTreeMap<String, &Value> = BTreeMap::new();
    let mut open: BTreeMap<&str, &Event> = BTreeMap::new();
    let mut drifts = Vec::new();
    let mut changes = [history.rows(RESOURCES), history.rows(PROPAGATIONS)].concat();
    changes.sort_by_key(|change| change.event.seq);
    for change in &changes {
        let Some(after) = change.after else { continue };
        if change.event.name == RESOURCES {
            resources.insert(text(after, "token"), after);
        } else {
            rows.insert(change.key.to_string(), after);
        }
        let team = text(after, "team_id");
        for (token, resource) in resources.iter().filter(|(_, row)| text(row, "team_id") == team) {
            let is_busy =
                rows.values().any(|row| text(row, "team_id") == team && !ITEMS.is_terminal(row));
            let is_behind = int(resource, "applied_generation") < int(resource, "generation");
            if has_limits(resource) && is_behind && !is_busy {
                open.entry(token).or_insert(change.event);
            } else if let Some(from) = open.remove(token) {
                drifts.push(Drift { token, from, to: change.event.at() });
            }
        }
    }
    let end = history.events().last().map(Event::at).unwrap_or_default();
    drifts.extend(open.into_iter().map(|(token, from)| Drift { token, from, to: end }));
    drifts
}

/// The time that calls of the reconciler took between two instants: a round asks for one resource after the other.
fn in_calls(history: &History, from: Duration, to: Duration) -> Duration {
    let asked =
        history.observed("reconciler.asking").filter(|event| (from..to).contains(&event.at()));
    asked.map(|asking| end_of_call(history, asking).saturating_sub(asking.at()).min(CALL_MAX)).sum()
}

/// When a call of the reconciler ends: with its outcome, or with the run.
fn end_of_call(history: &History, asking: &Event) -> Duration {
    let ends = |event: &&Event| {
        ["reconciler.mended", "reconciler.failed"].contains(&event.name.as_str())
            && event.get("token") == asking.get("token")
    };
    let ended = history.on_host(&asking.host).after(asking.seq).iter().find(ends);
    ended.or_else(|| history.events().last()).map(Event::at).unwrap_or_default()
}

/// Each resource with limits is as it was sold, at the provisioner and in the pipeline's own records: its tier, its
/// generation and its connection limit.
pub(crate) fn every_resource_has_what_was_sold() -> Check {
    sold("every_resource_has_what_was_sold", |_, _| false)
}

/// Like [`every_resource_has_what_was_sold`], except for resources that the provisioner itself refused to change when
/// it was asked last.
pub(crate) fn what_is_not_refused_has_what_was_sold() -> Check {
    sold("what_is_not_refused_has_what_was_sold", |history, token| {
        last_answer(history, token).is_some_and(|event| {
            event.name == "provisioner.failed" || event.get("applied") != &Value::Bool(true)
        })
    })
}

fn sold(name: &str, is_refused: fn(&History, &str) -> bool) -> Check {
    Check::new(name, move |history| {
        let grades: BTreeMap<&str, &Value> =
            history.last_rows(GRADES).into_iter().map(|row| (text(row, "token"), row)).collect();
        let resources = history.last_rows(RESOURCES).into_iter().filter(|row| has_limits(row));
        let wrong = resources.into_iter().find_map(|resource| {
            let token = text(resource, "token");
            let grade = grades.get(token).copied();
            let why = match wrong_at_the_provisioner(resource, grade) {
                // What the provisioner refuses to change, the pipeline cannot record either.
                Some(_) if is_refused(history, token) => return None,
                Some(why) => why,
                None => wrong_in_the_records(resource)?,
            };
            Some((resource, why))
        });
        Outcome::unless(wrong.map(|(resource, why)| {
            let why = format!("{} {why}", text(resource, "token"));
            Outcome::invalid(why, last_change(history, RESOURCES, &resource["token"]))
        }))
    })
}

/// How a resource differs from what the provisioner has, as text that follows its name.
fn wrong_at_the_provisioner(resource: &Value, grade: Option<&Value>) -> Option<String> {
    let tier = text(resource, "tier");
    let Some(grade) = grade else {
        return Some(format!("should be {tier}, but is nothing at the provisioner"));
    };
    let (is, limit) = (text(grade, "tier"), int(grade, "conn_limit"));
    if is != tier || int(grade, "generation") != int(resource, "generation") {
        return Some(format!("should be {tier}, but is {is} at the provisioner"));
    }
    (limit != conn_limit(tier)).then(|| format!("is {tier}, but has {limit} connections"))
}

/// How a resource differs from what the pipeline recorded about it, as text that follows its name.
fn wrong_in_the_records(resource: &Value) -> Option<String> {
    let limit = conn_limit(text(resource, "tier"));
    let recorded = &resource["applied_conn_limit"];
    let is_recorded = int(resource, "applied_generation") == int(resource, "generation")
        && recorded.as_i64() == Some(limit);
    (limit <= STORED_MAX && !is_recorded)
        .then(|| format!("has {limit} connections, but is recorded with {recorded}"))
}

/// The provisioner changes a resource at most once for each of its generations, however often it is asked, and only for
/// a generation that the resource has.
pub(crate) fn one_change_per_generation() -> Check {
    Check::new("one_change_per_generation", |history| {
        let generation = |row: Option<&Value>| row.map_or(0, |row| int(row, "generation"));
        let wrong = history.rows(GRADES).into_iter().find_map(|change| {
            let (seq, now) = (change.event.seq, generation(change.after));
            let resources = rows_at(history, RESOURCES, seq);
            let wanted = generation(resources.get(&change.key.to_string()).copied());
            let why = match change.after {
                Some(_) if now <= generation(change.before) => "for the second time".to_owned(),
                Some(_) if now > wanted => format!("although its own is {wanted}"),
                _ => return None,
            };
            Some((seq, format!("#{seq} {} is changed to generation {now} {why}", change.key)))
        });
        Outcome::unless(wrong.map(|(seq, why)| Outcome::invalid(why, [seq])))
    })
}

/// A call of the reconciler ends within its own time limit, however slow the provisioner is.
pub(crate) fn calls_of_the_reconciler_are_short() -> Check {
    let check = Check::new("calls_of_the_reconciler_are_short", |history| {
        let late = history.observed("reconciler.asking").find_map(|asking| {
            let lasted = end_of_call(history, asking).saturating_sub(asking.at());
            (lasted > CALL_MAX + Duration::from_secs(1)).then_some((asking, lasted))
        });
        Outcome::unless(late.map(|(asking, lasted)| {
            let why = format!(
                "#{} {} asked for {}, and waited for {} s",
                asking.seq,
                asking.host,
                asking.text("token"),
                lasted.as_secs()
            );
            Outcome::invalid(why, [asking.seq])
        }))
    });
    fault_free::where_fault_free(check.priority(Priority::Medium))
}

/// No round of the reconciler asks for more resources than its worker allows.
pub(crate) fn rounds_are_bounded(resources_max: usize) -> Check {
    Check::new("rounds_are_bounded", move |history| {
        // The rounds that are under way, and how often they may still ask, by host.
        let mut hosts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for event in history.events() {
            let (rounds, left) = hosts.entry(&event.host).or_default();
            let is_round = event.text("job").starts_with("entitlement_reconciler/");
            match event.name.as_str() {
                "job.begun" if is_round => {
                    *rounds += 1;
                    *left += resources_max;
                }
                "job.ended" if is_round => *rounds = rounds.saturating_sub(1),
                "reconciler.asking" if *left == 0 => {
                    let why = format!(
                        "#{} a round of {} asks for more than {resources_max} resources",
                        event.seq, event.host
                    );
                    return Outcome::invalid(why, [event.seq]);
                }
                "reconciler.asking" => *left -= 1,
                _ if event.ends_a_life() => *rounds = 0,
                _ => {}
            }
            if *rounds == 0 {
                *left = 0;
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}

/// A period has one round of the reconciler: of three rounds, the last begins at least a period after the first.
pub(crate) fn reconcilers_keep_their_period() -> Check {
    let check = Check::new("reconcilers_keep_their_period", |history| {
        let is_round = |event: &&Event| event.text("job").starts_with("entitlement_reconciler/");
        let rounds: Vec<&Event> = history.observed("job.begun").filter(is_round).collect();
        // A round may begin one tick late.
        let early = rounds.windows(3).find(|three| match three {
            [first, _, last] => last.at().saturating_sub(first.at()) + TICK + ROUND < PERIOD,
            _ => false,
        });
        Outcome::unless(early.map(|three| {
            let why = "three rounds of the reconciler begin within one period".to_owned();
            Outcome::invalid(why, three.iter().map(|event| event.seq))
        }))
    });
    fault_free::where_fault_free(check.priority(Priority::Medium))
}
