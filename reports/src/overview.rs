//! Groups the runs of a campaign by scenario, with their virtual time, which a summary does not have.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_core::{Campaign, Record, record::Tally};

/// One scenario's part of a campaign.
#[derive(Default)]
pub(crate) struct Part<'a> {
    /// Its runs, in the campaign's order.
    pub(crate) records: Vec<&'a Record>,
    /// Its runs by verdict.
    pub(crate) tally: Tally,
    /// The virtual time of its runs.
    pub(crate) virtual_time: Duration,
}

impl<'a> Part<'a> {
    fn add(&mut self, record: &'a Record) {
        self.records.push(record);
        self.tally.add(record.verdict);
        // Swarms of slow retries add up to centuries, which overflows a `u64` of nanoseconds.
        self.virtual_time = self.virtual_time.saturating_add(record.virtual_time());
    }
}

/// The parts by scenario name: all announced scenarios, and all others with a record.
pub(crate) fn by_scenario(campaign: &Campaign) -> BTreeMap<&str, Part<'_>> {
    let announced = campaign.header.scenarios.iter().map(|scenario| scenario.name.as_str());
    let mut parts: BTreeMap<&str, Part<'_>> =
        announced.map(|name| (name, Part::default())).collect();
    for record in &campaign.records {
        parts.entry(&record.run.scenario).or_default().add(record);
    }
    parts
}

/// All runs together.
pub(crate) fn total(campaign: &Campaign) -> Part<'_> {
    let mut total = Part::default();
    for record in &campaign.records {
        total.add(record);
    }
    total
}
