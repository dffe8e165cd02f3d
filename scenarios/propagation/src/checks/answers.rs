//! Checks the answers that clients get: what is acknowledged is stored in all its parts, and what is refused is not.

use chaosdrill::{Check, History, Operation, Outcome};
use chaosdrill_scenarios_common::checks::rows::text;
use serde_json::Value;

use crate::checks::rows::{
    PROPAGATIONS, REQUEUES, RESOURCES, TEAMS, UPGRADES, int, is_requeue, rows_at, steps,
};

/// At the instant of an answer 200, everything that was asked for is stored.
pub(crate) fn acknowledged_means_stored() -> Check {
    Check::new("acknowledged_means_stored", |history| {
        let parts: [(&str, Missing); 3] = [
            ("team", missing_of_team),
            ("upgrade", missing_of_upgrade),
            ("requeue", missing_of_requeue),
        ];
        let wrong = parts.into_iter().find_map(|(name, missing)| {
            let mut done = history.operations(name).filter(Operation::is_ok);
            done.find_map(|entry| {
                let end = entry.end?;
                let what = missing(history, entry.input(), end.seq)?;
                Some((name, entry.invoke.seq, end.seq, what))
            })
        });
        Outcome::unless(wrong.map(|(name, asked, answered, what)| {
            let why = format!("#{answered} the {name} of #{asked} is acknowledged, but {what}");
            Outcome::invalid(why, [asked, answered])
        }))
    })
}

/// What is missing of a wish after an event, as text.
type Missing = fn(&History, &Value, u64) -> Option<String>;

fn missing_of_team(history: &History, wish: &Value, seq: u64) -> Option<String> {
    let name = text(wish, "team");
    let teams = rows_at(history, TEAMS, seq);
    if !teams.values().any(|team| text(team, "team_id") == name) {
        return Some(format!("there is no team {name}"));
    }
    let stored = rows_at(history, RESOURCES, seq);
    let asked = wish["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_stored = |resource: &&Value| {
        stored.values().any(|row| {
            text(row, "token") == text(resource, "token")
                && text(row, "resource_type") == text(resource, "type")
                && text(row, "team_id") == name
        })
    };
    let lost = asked.iter().find(|resource| !is_stored(resource))?;
    Some(format!("its resource {} is not stored", text(lost, "token")))
}

fn missing_of_upgrade(history: &History, wish: &Value, seq: u64) -> Option<String> {
    let (id, team, tier) = (text(wish, "id"), text(wish, "team"), text(wish, "tier"));
    let is_same = |row: &&Value, tier_column: &str| {
        text(row, "team_id") == team
            && text(row, tier_column) == tier
            && row["kind"] == wish["kind"]
    };
    let upgrades = rows_at(history, UPGRADES, seq);
    let rows = rows_at(history, PROPAGATIONS, seq);
    let key = Value::from(id).to_string();
    if !upgrades.get(&key).is_some_and(|row| is_same(row, "tier")) {
        return Some(format!("upgrade {id} is not stored"));
    }
    if !rows.get(&key).is_some_and(|row| is_same(row, "target_tier")) {
        return Some(format!("its propagation {id} is not stored"));
    }
    // A later upgrade of the team may have set another tier meanwhile; each counts as one generation.
    let of_team: Vec<&&Value> =
        upgrades.values().filter(|row| text(row, "team_id") == team).collect();
    let is_sold = |row: &&Value| of_team.iter().any(|upgrade| upgrade["tier"] == row["tier"]);
    if !rows_at(history, TEAMS, seq)
        .values()
        .any(|row| text(row, "team_id") == team && is_sold(row))
    {
        return Some(format!("team {team} is not at a tier that it bought"));
    }
    let generation = 1 + of_team.len() as i64;
    let resources = rows_at(history, RESOURCES, seq);
    let left = resources.values().find(|row| {
        let is_its = text(row, "team_id") == team && text(row, "status") == "active";
        is_its && (!is_sold(row) || int(row, "generation") != generation)
    })?;
    Some(format!(
        "{} is {} at generation {}, after {} upgrades",
        text(left, "token"),
        text(left, "tier"),
        int(left, "generation"),
        of_team.len()
    ))
}

fn missing_of_requeue(history: &History, wish: &Value, seq: u64) -> Option<String> {
    let (id, propagation) = (text(wish, "id"), text(wish, "propagation"));
    let wishes = rows_at(history, REQUEUES, seq);
    let of_row = wishes.values().filter(|row| text(row, "propagation_id") == propagation).count();
    if !wishes.values().any(|row| text(row, "request_id") == id) {
        return Some(format!("the wish {id} is not stored"));
    }
    let is_its = |step: &&chaosdrill_scenarios_common::checks::rows::Step<'_>| {
        let is_before = step.change.event.seq <= seq;
        let is_of_row = step.change.key.as_str() == Some(propagation);
        is_before && is_of_row && is_requeue(step.before, step.after)
    };
    let requeued = steps(history).iter().filter(is_its).count();
    (requeued != of_row)
        .then(|| format!("{propagation} was requeued {requeued} times, for {of_row} wishes"))
}

/// A new team is acknowledged if it is stored at its tier, and reported to be at another tier only if it is.
pub(crate) fn team_answers_fit_what_is_stored() -> Check {
    Check::new("team_answers_fit_what_is_stored", |history| {
        let wrong = history.operations("team").find_map(|entry| {
            let (end, wish) = (entry.end?, entry.input());
            let (team, asked) = (text(wish, "team"), text(wish, "tier"));
            let tiers = tiers(history, team, entry.invoke.seq, end.seq);
            let reported = entry.output()["tier"].as_str();
            let is_right = match reported {
                None => !entry.is_ok() || tiers.contains(&asked),
                Some(tier) => tier != asked && tiers.contains(&tier),
            };
            let said = reported.unwrap_or(asked);
            (!is_right).then(|| {
                let why =
                    format!("#{} {team} is reported at {said}, and stored at {tiers:?}", end.seq);
                Outcome::invalid(why, [entry.invoke.seq, end.seq])
            })
        });
        wrong.unwrap_or_else(Outcome::valid)
    })
}

/// The tiers that a team had at any time between two events.
fn tiers<'a>(history: &'a History<'_>, team: &str, from: u64, to: u64) -> Vec<&'a str> {
    let changes = history.rows(TEAMS).into_iter().filter(|change| change.event.seq < to);
    let (before, during): (Vec<_>, Vec<_>) = changes
        .filter(|change| change.key.as_str() == Some(team))
        .partition(|change| change.event.seq < from);
    let rows = before.into_iter().last().into_iter().chain(during);
    rows.filter_map(|change| change.after).map(|row| text(row, "tier")).collect()
}

/// What was refused for good is not stored, then or later.
pub(crate) fn refused_means_not_stored() -> Check {
    Check::new("refused_means_not_stored", |history| {
        let kinds = [
            ("upgrade", UPGRADES, "id", "request_id"),
            ("requeue", REQUEUES, "id", "request_id"),
            ("team", TEAMS, "team", "team_id"),
        ];
        let wrong = kinds.into_iter().find_map(|(name, watch, member, column)| {
            let stored = history.last_rows(watch);
            let mut refused = history.operations(name).filter(Operation::is_fail);
            refused.find_map(|entry| {
                let id = text(entry.input(), member);
                let is_stored = stored.iter().any(|row| text(row, column) == id);
                // A name that is refused may be that of a team that another request created.
                let is_other =
                    |other: Operation<'_>| !other.is_fail() && text(other.input(), member) == id;
                let is_taken = name == "team" && history.operations(name).any(is_other);
                (is_stored && !is_taken).then_some((name, entry, id))
            })
        });
        Outcome::unless(wrong.map(|(name, entry, id)| {
            let ends = entry.end.map(|end| end.seq);
            let why = format!("#{} the {name} {id} was refused, but is stored", entry.invoke.seq);
            Outcome::invalid(why, [entry.invoke.seq].into_iter().chain(ends))
        }))
    })
}
