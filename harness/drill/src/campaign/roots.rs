//! The units of a campaign, called roots: kept plans, then scripts and swarms seed by seed, then sweeps.
//!
//! Every other run derives from one of them. Their number is known and each is made when it is drawn, so that a
//! campaign of a million seeds starts as fast as one of ten. A partition splits the roots, and derived runs stay with
//! their root: the parts add up to the whole.

use std::collections::BTreeMap;

use chaosdrill_core::Seed;

use crate::{
    campaign::{
        CampaignConfig,
        kept::{self, Kept},
        partition::Partition,
    },
    job::Job,
    nemesis::{Nemesis, Settings},
    registry::Registry,
    scenario::Scenario,
};

/// A range of seeds; it wraps around from the largest number to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    pub(crate) from: u64,
    pub(crate) count: u64,
}

impl Seeds {
    pub(crate) fn one(seed: Seed) -> Self {
        Self { from: seed.0, count: 1 }
    }

    fn get(self, index: u64) -> Seed {
        Seed(self.from.wrapping_add(index))
    }

    /// The first seed; `None` if the range is empty.
    pub(crate) fn first(self) -> Option<Seed> {
        (self.count > 0).then(|| self.get(0))
    }

    /// The same seeds in ranges of at most this size.
    pub(crate) fn chunks(self, size: u64) -> impl Iterator<Item = Self> {
        (0..self.count).step_by(size as usize).map(move |begin| Self {
            from: self.from.wrapping_add(begin),
            count: size.min(self.count - begin),
        })
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Seed> {
        (0..self.count).map(move |index| self.get(index))
    }
}

/// The roots of a campaign, or of one part.
pub(crate) struct Roots<'a> {
    settings: Settings,
    kept: Vec<(&'a Scenario, &'a Kept)>,
    scenarios: Vec<&'a Scenario>,
    seeds: Seeds,
    /// The nemeses that draw faults for each seed.
    nemeses: Vec<Nemesis>,
    sweeps: Vec<&'a Scenario>,
    partition: Partition,
}

impl<'a> Roots<'a> {
    pub(crate) fn new(
        registry: &'a Registry,
        config: &CampaignConfig,
        settings: Settings,
        kept: &'a [Kept],
    ) -> Self {
        let scenarios: Vec<&Scenario> = registry.select(config.filter.as_deref());
        let is_swept = config.nemeses.contains(&Nemesis::Sweep);
        let of_plan = |kept: &'a Kept| Some((registry.scenario(&kept.plan.scenario)?, kept));
        Self {
            settings,
            kept: kept.iter().filter_map(of_plan).collect(),
            sweeps: if is_swept { scenarios.clone() } else { Vec::new() },
            scenarios,
            seeds: config.seeds,
            nemeses: [Nemesis::Script, Nemesis::Swarm]
                .into_iter()
                .filter(|nemesis| config.nemeses.contains(nemesis))
                .collect(),
            partition: config.partition.unwrap_or(Partition::WHOLE),
        }
    }

    /// The kept plans of all parts.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &'a Kept> {
        self.kept.iter().map(|(_, kept)| *kept)
    }

    /// The number of single runs in all parts.
    fn all(&self) -> u64 {
        let each = (self.scenarios.len() * self.nemeses.len()) as u64;
        (self.kept.len() as u64).saturating_add(self.seeds.count.saturating_mul(each))
    }

    /// The number of single runs in this part.
    pub(crate) fn len(&self) -> u64 {
        self.partition.count(self.all())
    }

    /// The single run at a place in this part.
    pub(crate) fn job(&self, place: u64) -> Job {
        let index = self.partition.index(place);
        let settings = &self.settings;
        let kept = self.kept.len() as u64;
        if let Some((scenario, kept)) = self.kept.get(usize::try_from(index).unwrap_or(usize::MAX))
        {
            return settings.kept(scenario, &kept.stem(), kept::as_required(kept.plan.clone()));
        }
        let (nemeses, scenarios) = (self.nemeses.len() as u64, self.scenarios.len() as u64);
        let index = index - kept;
        let nemesis = self.nemeses[(index % nemeses) as usize];
        let scenario = self.scenarios[(index / nemeses % scenarios) as usize];
        let seed = self.seeds.get(index / nemeses / scenarios);
        match nemesis {
            Nemesis::Swarm => settings.swarm(scenario, seed),
            _ => settings.script(scenario, seed),
        }
    }

    /// The single runs of this part.
    pub(crate) fn jobs(&self) -> impl DoubleEndedIterator<Item = Job> {
        (0..self.len()).map(|place| self.job(place))
    }

    /// Whether this part sweeps the scenario at this place among all sweeps.
    fn sweeps_here(&self, place: usize) -> bool {
        self.partition.contains(self.all().saturating_add(place as u64))
    }

    /// The scenarios that this part sweeps.
    pub(crate) fn swept(&self) -> impl Iterator<Item = &'a Scenario> {
        let places = self.sweeps.iter().enumerate();
        places.filter(|(place, _)| self.sweeps_here(*place)).map(|(_, scenario)| *scenario)
    }

    /// The scenarios of other parts whose sweep may stand for one of this part, because they come first.
    pub(crate) fn swept_elsewhere(&self) -> Vec<&'a Scenario> {
        let places = || self.sweeps.iter().enumerate();
        let stands_for_ours = |place: usize, scenario: &Scenario| {
            let ours = places().skip(place + 1).filter(|(later, _)| self.sweeps_here(*later));
            ours.map(|(_, ours)| ours).any(|ours| scenario.is_swept_as(ours))
        };
        let others = places().filter(|(place, _)| !self.sweeps_here(*place));
        let others = others.filter(|(place, scenario)| stands_for_ours(*place, scenario));
        others.map(|(_, scenario)| *scenario).collect()
    }

    /// The number of single runs in this part, by nemesis.
    pub(crate) fn ordered(&self) -> BTreeMap<String, u64> {
        let (all, kept) = (self.all(), self.kept.len() as u64);
        let kind = |name: &str, is: &dyn Fn(u64) -> bool| {
            let period = (self.partition.of * self.nemeses.len().max(1)) as u64;
            let begins = |from: u64, to: u64| {
                // Indices that are whole periods apart are alike.
                let firsts = (from..to).take(usize::try_from(period).unwrap_or(usize::MAX));
                let ours = firsts.filter(|index| self.partition.contains(*index) && is(*index));
                ours.map(|index| (to - index).div_ceil(period)).sum::<u64>()
            };
            let number = if name == KEPT_KIND { begins(0, kept) } else { begins(kept, all) };
            (name.to_owned(), number)
        };
        let nemesis = |index: u64| (index - kept) % self.nemeses.len() as u64;
        let mut ordered = BTreeMap::from([kind(KEPT_KIND, &|_| true)]);
        for (turn, drawn) in self.nemeses.iter().enumerate() {
            ordered.extend([kind(drawn.name(), &|index| nemesis(index) == turn as u64)]);
        }
        ordered.retain(|_, number| *number > 0);
        ordered
    }
}

/// The name under which an extent counts kept plans.
const KEPT_KIND: &str = "kept";
