//! Groups hits of boundaries into classes of equivalent hits, from which a sweep picks its faults.
//!
//! A host passes the same site many times for the same reason: an idle worker polls a thousand times. Hits are taken to
//! be equivalent if they are of one site by one host, their task passed the same two sites before, and all or none of
//! them came soon after a restart. A sweep tries the first and the last hit of a class. This is a heuristic, not a
//! theorem; the hits that it skips are counted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::RECOVERY_HITS;

/// A class of equivalent hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HitClass {
    /// The host.
    pub host: String,
    /// The site.
    pub site: String,
    /// The two sites that the task passed before, the most recent first; empty if there was none.
    pub after: [String; 2],
    /// Whether the hits are among the first after the host restarted.
    pub recovery: bool,
    /// The first hit of the class: the number of the host's pass of this site, from 1.
    pub first: u32,
    /// The last hit of the class, by the same count.
    pub last: u32,
    /// The number of hits.
    pub count: u32,
    /// Whether a hit changed something outside the host: a commit, a message, an object.
    pub effect: bool,
}

impl HitClass {
    /// A number that identifies what the hits have in common.
    pub fn class(&self) -> u64 {
        let [last, before] = &self.after;
        let recovery = if self.recovery { "again" } else { "" };
        let text = [&self.host, &self.site, last, before, recovery].join("\n");
        let hash = blake3::hash(text.as_bytes());
        u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash is longer"))
    }
}

/// The two sites that a task passed last, the most recent first; 0 is none.
type Before = [usize; 2];

#[derive(Debug)]
struct Class {
    host: usize,
    site: usize,
    before: Before,
    recovery: bool,
    first: u32,
    last: u32,
    count: u32,
    effect: bool,
}

#[derive(Debug, Default)]
struct Host {
    /// By task number.
    before: BTreeMap<u64, Before>,
    /// By site number: how often the host passed the site, and the class of its last hit.
    sites: Vec<(u32, usize)>,
    restarted: bool,
    passed_since: u32,
}

/// Counts hits as they happen, and sorts them into classes.
#[derive(Debug, Default)]
pub struct HitClasses {
    /// The sites and their hits, by site number, which counts from 1.
    sites: Vec<(String, u64)>,
    numbers: BTreeMap<String, usize>,
    hosts: Vec<Host>,
    classes: Vec<Class>,
    known: BTreeMap<(usize, usize, Before, bool), usize>,
}

impl HitClasses {
    /// Counts a hit by a task of a host, and returns how often the host has passed this site, including this time.
    pub fn pass(&mut self, host: usize, task: u64, site: &str) -> u32 {
        let site = self.number(site);
        self.sites[site - 1].1 += 1;
        if self.hosts.len() <= host {
            self.hosts.resize_with(host + 1, Host::default);
        }
        let at = &mut self.hosts[host];
        if at.sites.len() <= site {
            at.sites.resize(site + 1, (0, 0));
        }
        at.sites[site].0 += 1;
        let hit = at.sites[site].0;
        at.passed_since += 1;
        let recovery = at.restarted && at.passed_since <= RECOVERY_HITS;
        let last = at.before.entry(task).or_default();
        let before = *last;
        *last = [site, before[0]];
        let index = *self.known.entry((host, site, before, recovery)).or_insert_with(|| {
            let (first, last, count, effect) = (hit, hit, 0, false);
            self.classes.push(Class { host, site, before, recovery, first, last, count, effect });
            self.classes.len() - 1
        });
        at.sites[site].1 = index;
        let class = &mut self.classes[index];
        (class.last, class.count) = (hit, class.count + 1);
        hit
    }

    fn number(&mut self, site: &str) -> usize {
        if let Some(number) = self.numbers.get(site) {
            return *number;
        }
        self.sites.push((site.to_owned(), 0));
        self.numbers.insert(site.to_owned(), self.sites.len());
        self.sites.len()
    }

    /// Records that the host's last hit of this site changed something outside the host.
    pub fn had_effect(&mut self, host: usize, site: &str) {
        let passed = self.numbers.get(site).and_then(|site| self.hosts.get(host)?.sites.get(*site));
        if let Some((1.., index)) = passed {
            self.classes[*index].effect = true;
        }
    }

    /// Removes a task that has ended.
    pub fn forget(&mut self, host: usize, task: u64) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.before.remove(&task);
        }
    }

    /// Records that a host has restarted.
    pub fn restarted(&mut self, host: usize) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.before.clear();
            (host.restarted, host.passed_since) = (true, 0);
        }
    }

    /// How often each site was passed, by any host.
    pub fn by_site(&self) -> BTreeMap<String, u64> {
        self.sites.iter().cloned().collect()
    }

    /// All classes, in the order of their first hits.
    pub fn list(&self, hosts: &[String]) -> Vec<HitClass> {
        let name = |number: usize| match number {
            0 => String::new(),
            number => self.sites[number - 1].0.clone(),
        };
        let class = |class: &Class| HitClass {
            host: hosts.get(class.host).cloned().unwrap_or_default(),
            site: name(class.site),
            after: class.before.map(name),
            recovery: class.recovery,
            first: class.first,
            last: class.last,
            count: class.count,
            effect: class.effect,
        };
        self.classes.iter().map(class).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_polls_are_alike_and_a_life_after_a_crash_is_not() {
        let mut hit_classes = HitClasses::default();
        for site in ["sql:connect", "sql:poll", "sql:poll", "sql:poll", "sql:poll", "sql:poll"] {
            hit_classes.pass(0, 0, site);
        }
        assert_eq!(hit_classes.pass(1, 0, "sql:connect"), 1);
        hit_classes.restarted(0);
        assert_eq!(hit_classes.pass(0, 0, "sql:connect"), 2);
        hit_classes.had_effect(0, "sql:poll");
        let list = hit_classes.list(&["w1".to_owned(), "w2".to_owned()]);
        let told: Vec<_> =
            list.iter().map(|p| (&*p.host, &*p.site, p.first, p.last, p.count)).collect();
        assert_eq!(
            told,
            [
                ("w1", "sql:connect", 1, 1, 1),
                ("w1", "sql:poll", 1, 1, 1),
                ("w1", "sql:poll", 2, 2, 1),
                ("w1", "sql:poll", 3, 5, 3),
                ("w2", "sql:connect", 1, 1, 1),
                ("w1", "sql:connect", 2, 2, 1),
            ]
        );
        assert!(list[5].recovery && !list[0].recovery);
        assert!(list[3].effect && !list[2].effect);
        assert_eq!(hit_classes.by_site()["sql:connect"], 3);
    }

    #[test]
    fn what_other_tasks_do_in_between_makes_no_other_hit() {
        let mut hit_classes = HitClasses::default();
        for task in [1, 2, 1, 2] {
            hit_classes.pass(0, task, "sql:find");
        }
        hit_classes.pass(0, 1, "sql:save");
        hit_classes.pass(0, 2, "sql:save");
        hit_classes.forget(0, 1);
        hit_classes.pass(0, 1, "sql:find");
        let told: Vec<_> = hit_classes
            .list(&["w1".to_owned()])
            .iter()
            .map(|p| (p.site.clone(), p.after[0].clone(), p.count))
            .collect();
        let class = |site: &str, after: &str, count| (site.to_owned(), after.to_owned(), count);
        assert_eq!(
            told,
            [
                class("sql:find", "", 3),
                class("sql:find", "sql:find", 2),
                class("sql:save", "sql:find", 2)
            ]
        );
    }
}
