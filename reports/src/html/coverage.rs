//! The coverage section: goals and how often each of them ran, a heat map of sites and acts with its counts, and
//! the progress of the sweeps.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{
    fault::site_kind,
    record::{CoverageGoalSummary, SiteCoverage, Summary, SweepRecord, WaySummary},
};
use maud::{Markup, html};

use super::parts::{self, Fill, name};
use crate::{limits, numbers};

/// The acts that strike at a boundary. Each has a column, even if none struck.
const ACTS: [&str; 6] = ["crash-before", "crash-after", "error", "lost-ack", "stall", "delay"];

/// The kinds of site, in the order of their groups.
const KINDS: [(&str, &str); 4] =
    [("fp", "Failpoints"), ("sql", "Statements"), ("net", "Network"), ("store", "Object storage")];

pub(super) fn section(summary: &Summary) -> Markup {
    let struck = summary.coverage.iter().filter(|site| !site.struck.is_empty()).count() as u64;
    let sites = summary.coverage.len() as u64;
    html! {
        section #coverage aria-labelledby="coverage-title" {
            h2 #coverage-title { "Coverage" }
            (goals(&summary.goals))
            h3 { "Sites and kinds of faults" }
            p {
                "The runs passed " (numbers::counted(sites, "site")) ". At " (numbers::grouped(struck))
                " of them a fault struck at least once. A dot means that no fault of this kind struck at this site."
            }
            @if !summary.coverage.is_empty() { (parts::wide("Sites and kinds of faults", &map(summary))) }
            (instants(&summary.faults_fired))
            (sweeps(&summary.sweeps))
        }
    }
}

/// Crash windows and kinds of trouble, with the ways to reach each.
fn goals(goals: &[CoverageGoalSummary]) -> Markup {
    let lists = by_list(goals);
    let (mut rows_left, mut bytes_left) = limits::HTML_GOALS;
    let bodies = lists.iter().take(limits::HTML_GOAL_LISTS_MAX).map(|(list, of_list)| {
        let fill = Fill::new(of_list, rows_left, bytes_left, |goal| self::goal(goal));
        let body = goal_list(list, of_list, &fill);
        rows_left = rows_left.saturating_sub(of_list.len());
        bytes_left = bytes_left.saturating_sub(body.0.len());
        body
    });
    let bodies: Vec<Markup> = bodies.collect();
    let more = lists.len().saturating_sub(bodies.len()) as u64;
    let table = html! {
        table.goals {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Goal" }
                th.number scope="col" { "Hits" }
            } }
            @for body in &bodies { (body) }
        }
    };
    html! {
        @if !goals.is_empty() {
            h3 { "Crash windows and kinds of trouble" }
            p {
                "A campaign of all scenarios must reach each of these goals. The ways to reach a goal are listed below it; "
                "one of them is enough."
            }
            (parts::wide("Crash windows and kinds of trouble", &table))
            @if more > 0 {
                p.note { (numbers::counted(more, "more list")) " left out here; " code { "summary.json" } " has everything." }
            }
        }
    }
}

/// Goals by list, in the order of the lists.
fn by_list(goals: &[CoverageGoalSummary]) -> Vec<(&str, Vec<&CoverageGoalSummary>)> {
    let mut lists: Vec<(&str, Vec<&CoverageGoalSummary>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for goal in goals {
        let place = *places.entry(&goal.list).or_insert(lists.len());
        if place == lists.len() {
            lists.push((&goal.list, Vec::new()));
        }
        lists[place].1.push(goal);
    }
    lists
}

fn goal_list(list: &str, goals: &[&CoverageGoalSummary], fill: &Fill) -> Markup {
    let done = goals.iter().filter(|goal| goal.hits() > 0).count() as u64;
    html! {
        tbody {
            tr.group {
                th colspan="3" scope="colgroup" {
                    (name(list)) span.quiet {
                        " " (numbers::grouped(done)) " of " (numbers::grouped(goals.len() as u64)) " reached"
                    }
                }
            }
            (fill)
            @if fill.has_rest() { tr { td colspan="3" { (fill.rest("line")) } } }
        }
    }
}

fn goal(goal: &CoverageGoalSummary) -> Markup {
    let hits = goal.hits();
    let ways = goal.ways.iter().take(limits::HTML_WAYS_MAX);
    html! {
        tr {
            th scope="row" { (name(&goal.name)) }
            td { (name(&goal.what)) ul.ways { @for way in ways { (self::way(way)) } } }
            td class=(if hits == 0 { "number bad" } else { "number" }) { (numbers::grouped(hits)) }
        }
    }
}

fn way(way: &WaySummary) -> Markup {
    html! {
        li class=[(way.hits == 0).then_some("quiet")] {
            (name(&way.way.to_string())) " " span.times { "× " (numbers::grouped(way.hits)) }
        }
    }
}

fn map(summary: &Summary) -> Markup {
    let known: BTreeSet<&str> = summary
        .coverage
        .iter()
        .flat_map(|site| site.struck.keys().map(String::as_str))
        .filter(|act| !ACTS.contains(act))
        .collect();
    let acts: Vec<&str> = ACTS.into_iter().chain(known).take(limits::HTML_ACTS_MAX).collect();
    let most = summary.coverage.iter().flat_map(|site| site.struck.values()).max().copied();
    let groups = groups(&summary.coverage);
    let mut bytes_left = limits::HTML_SITES.1;
    let mut rows_left = limits::HTML_SITES.0;
    let bodies: Vec<Markup> = groups
        .iter()
        .map(|(title, sites)| {
            let fill =
                Fill::new(sites, rows_left, bytes_left, |site| row(site, &acts, most.unwrap_or(1)));
            let body = group(title, sites, &fill, &acts);
            bytes_left = bytes_left.saturating_sub(body.0.len());
            rows_left = rows_left.saturating_sub(sites.len());
            body
        })
        .collect();
    html! { table.map { @for body in &bodies { (body) } } }
}

fn groups(coverage: &[SiteCoverage]) -> Vec<(&'static str, Vec<&SiteCoverage>)> {
    let of = |wanted: &str| -> Vec<&SiteCoverage> {
        coverage.iter().filter(|site| site_kind(&site.site) == wanted).collect()
    };
    let is_other =
        |site: &&SiteCoverage| KINDS.iter().all(|(kind, _)| site_kind(&site.site) != *kind);
    let others: Vec<&SiteCoverage> = coverage.iter().filter(is_other).collect();
    let mut groups: Vec<_> = KINDS.iter().map(|(kind, title)| (*title, of(kind))).collect();
    groups.push(("Other sites", others));
    groups.retain(|(_, sites)| !sites.is_empty());
    groups
}

/// The sites of one kind. Each group repeats the column names, because a page with hundreds of sites is long.
fn group(title: &str, sites: &[&SiteCoverage], fill: &Fill, acts: &[&str]) -> Markup {
    let columns = acts.len() + 2;
    let struck = sites.iter().filter(|site| !site.struck.is_empty()).count() as u64;
    html! {
        tbody {
            tr.group {
                th scope="col" {
                    (title) span.quiet { " " (numbers::grouped(struck)) " of "
                        (numbers::counted(sites.len() as u64, "site")) " struck" }
                }
                th.number.column scope="col" { "passes" }
                @for act in acts { th.number.column scope="col" { (name(act)) } }
            }
            (fill)
            @if fill.has_rest() { tr { td colspan=(columns) { (fill.rest("site")) } } }
        }
    }
}

fn row(site: &SiteCoverage, acts: &[&str], most: u64) -> Markup {
    html! {
        tr {
            th scope="row" { code { (name(&site.site)) } }
            td.number { (numbers::grouped(site.passes)) }
            @for act in acts {
                @match site.struck.get(*act).copied().unwrap_or(0) {
                    0 => td.number.heat-0 { "·" },
                    count => td class=(format!("number heat-{}", heat(count, most))) {
                        (numbers::grouped(count))
                    },
                }
            }
        }
    }
}

/// A level from 1 to 5: how close a count is to the greatest, on a logarithmic scale.
fn heat(count: u64, most: u64) -> u32 {
    let (count, most) = (count.max(1).ilog2(), most.max(1).ilog2());
    1 + (count * 4).checked_div(most).unwrap_or(0).min(4)
}

/// Faults that strike at a time and not at a site.
fn instants(fired: &BTreeMap<String, u64>) -> Markup {
    let rest: Vec<(&String, &u64)> =
        fired.iter().filter(|(act, _)| !ACTS.contains(&act.as_str())).collect();
    let fill = Fill::new(&rest, limits::HTML_ACTS_MAX, limits::HTML_SWEEPS.1, |(act, count)| {
        html! { li { (name(act)) " " span.times { "× " (numbers::grouped(**count)) } } }
    });
    html! {
        @if !rest.is_empty() {
            h3 { "Faults that strike at a time, not at a site" }
            ul.marks { (fill) }
            (fill.rest("kind"))
        }
    }
}

fn sweeps(sweeps: &[SweepRecord]) -> Markup {
    let (rows, bytes) = limits::HTML_SWEEPS;
    let fill = Fill::new(sweeps, rows, bytes, |sweep| {
        html! {
            tr {
                th scope="row" { code { (name(&sweep.scenario)) } span.claim { "seed " (sweep.seed) } }
                @if let Some(twin) = &sweep.same_as {
                    td colspan="7" { "the same as " code { (name(twin)) } }
                } @else {
                td.number { (numbers::grouped(sweep.boundaries)) }
                td.number { (numbers::grouped(sweep.space)) }
                td.number { (numbers::grouped(sweep.equivalent)) }
                td.number { (numbers::grouped(sweep.singles)) }
                td.number { (numbers::grouped(sweep.during_recovery)) }
                td.number { (numbers::grouped(sweep.pairs)) }
                td class=(if sweep.left_out > 0 { "number doubtful" } else { "number" }) {
                    (numbers::grouped(sweep.left_out))
                }
                }
            }
        }
    });
    let table = html! {
        table.sweeps {
            thead { tr {
                th scope="col" { "Sweep" } th.number scope="col" { "Boundaries" }
                th.number scope="col" { "Possible faults" } th.number scope="col" { "Equivalent" }
                th.number scope="col" { "Single faults run" }
                th.number scope="col" { "With one in recovery" } th.number scope="col" { "Pairs" }
                th.number scope="col" { "Left out" }
            } }
            tbody { (fill) }
        }
        (fill.rest("sweep"))
    };
    html! {
        @if !sweeps.is_empty() {
            h3 { "Sweeps" }
            p {
                "A sweep runs a scenario without faults, and then again with each possible fault at each boundary that it "
                "passed. Of equivalent faults it runs one."
            }
            (parts::wide("Sweeps", &table))
        }
    }
}
