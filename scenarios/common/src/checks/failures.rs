//! The faults that can make a step of a host fail. A stall or a delay makes it late, and excuses nothing.

use std::{collections::BTreeMap, ops::Range};

use chaosdrill::{
    Event, History,
    vocabulary::{FaultChange, LinkEnd, Strike},
};

/// The site of the step that an event says failed, or whose answer was lost; `None` for every other event.
pub fn failed_site(event: &Event) -> Option<&str> {
    match event.fault()? {
        FaultChange::Struck(strike) => {
            let fails = matches!(strike.family(), Strike::ERROR | Strike::LOST_ACK);
            strike.site().filter(|_| fails)
        }
        FaultChange::Ended { .. } => None,
    }
}

/// Whether a fault could make a step of this host fail, between two events: at one of the sites that matter, or
/// because a link of the host was cut.
pub fn can_fail(
    history: &History,
    host: &str,
    during: Range<u64>,
    matters: impl Fn(&str) -> bool,
) -> bool {
    let of_host = history.on_host(host).after(during.start);
    let mut of_host = of_host.iter().take_while(|event| event.seq < during.end);
    of_host.any(|event| failed_site(event).is_some_and(&matters))
        || was_cut_off(history, host, during)
}

/// Whether a link of the host was cut at any time between two events; the cut may have been made before.
fn was_cut_off(history: &History, host: &str, during: Range<u64>) -> bool {
    let mut cuts: BTreeMap<Vec<&str>, u32> = BTreeMap::new();
    for event in history.events().iter().take_while(|event| event.seq < during.end) {
        match event.fault() {
            Some(FaultChange::Struck(strike)) if strike.family() == Strike::PARTITION => {
                *cuts.entry(strike.in_force_on()).or_default() += 1;
            }
            // A link that was cut twice is whole again when both cuts are repaired.
            Some(FaultChange::Ended { end: LinkEnd::Repaired, mut between })
                if event.seq < during.start =>
            {
                between.sort_unstable();
                cuts.entry(between).and_modify(|count| *count = count.saturating_sub(1));
            }
            _ => {}
        }
    }
    cuts.iter().any(|(link, count)| *count > 0 && link.contains(&host))
}
