//! The runs of a campaign by scenario, with their virtual time, which a summary does not have.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_core::{
    Campaign,
    record::{ScenarioTotals, Tally},
};

/// One scenario's part of a campaign.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// Its runs by verdict.
    pub(crate) tally: Tally,
    /// The virtual time of its runs.
    pub(crate) virtual_time: Duration,
}

impl Part {
    fn of(totals: &ScenarioTotals) -> Self {
        Self { tally: totals.tally, virtual_time: totals.virtual_time }
    }
}

/// The parts by scenario name: all announced scenarios, and all others with a record.
pub(crate) fn by_scenario(campaign: &Campaign) -> BTreeMap<&str, Part> {
    let announced = campaign.header.scenarios.iter().map(|scenario| scenario.name.as_str());
    let announced = announced.map(|name| (name, Part::default()));
    let ran = campaign.totals.scenarios().map(|(name, totals)| (name, Part::of(totals)));
    announced.chain(ran).collect()
}

/// All runs together.
pub(crate) fn total(campaign: &Campaign) -> Part {
    let parts = campaign.totals.scenarios().map(|(_, totals)| totals.virtual_time);
    let virtual_time = parts.fold(Duration::ZERO, Duration::saturating_add);
    Part { tally: campaign.totals.tally(), virtual_time }
}
