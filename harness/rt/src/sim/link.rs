//! Links between machines, and between a machine and the database: which are cut, and which are clogged.
//!
//! turmoil carries the bytes between machines. This module tracks the faults of links, so that an open stream is reset
//! when its link is cut (turmoil would leave it dead for ever), and so that statements, which do not travel through
//! turmoil, meet the same faults.

use std::{collections::BTreeMap, task::Waker};

/// A pair of hosts in a fixed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair(usize, usize);

impl Pair {
    pub(crate) fn of(a: usize, b: usize) -> Self {
        Self(a.min(b), a.max(b))
    }

    pub(crate) fn ends(self) -> [usize; 2] {
        [self.0, self.1]
    }
}

/// One link.
#[derive(Debug, Default)]
struct Link {
    /// The number of active partitions.
    cut: u32,
    /// The number of active clogs.
    clogged: u32,
    /// The number of times that the link, or an end of it, has been cut so far.
    resets: u64,
    waiting: Vec<Waker>,
}

/// All links that have ever been cut or clogged.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<Pair, Link>);

impl Links {
    pub(crate) fn is_cut(&self, pair: Pair) -> bool {
        self.0.get(&pair).is_some_and(|link| link.cut > 0)
    }

    pub(crate) fn is_clogged(&self, pair: Pair) -> bool {
        self.0.get(&pair).is_some_and(|link| link.clogged > 0)
    }

    /// The links that are clogged.
    #[cfg_attr(madsim, expect(dead_code, reason = "only turmoil is asked what is under way"))]
    pub(crate) fn clogged(&self) -> Vec<Pair> {
        self.0.iter().filter(|(_, link)| link.clogged > 0).map(|(pair, _)| *pair).collect()
    }

    /// How often streams over this link have been reset.
    pub(crate) fn resets(&self, pair: Pair) -> u64 {
        self.0.get(&pair).map_or(0, |link| link.resets)
    }

    /// Cuts a link. Returns whether it was whole, and the tasks to wake.
    pub(crate) fn cut(&mut self, pair: Pair) -> (bool, Vec<Waker>) {
        let link = self.0.entry(pair).or_default();
        link.cut += 1;
        link.resets += 1;
        (link.cut == 1, std::mem::take(&mut link.waiting))
    }

    /// Ends one partition. Returns whether the link is whole again.
    pub(crate) fn repair(&mut self, pair: Pair) -> bool {
        let link = self.0.entry(pair).or_default();
        link.cut = link.cut.saturating_sub(1);
        link.cut == 0
    }

    /// Clogs a link. Returns whether it was free.
    pub(crate) fn clog(&mut self, pair: Pair) -> bool {
        let link = self.0.entry(pair).or_default();
        link.clogged += 1;
        link.clogged == 1
    }

    /// Ends one clog. Returns whether the link is free again, and the tasks to wake.
    pub(crate) fn release(&mut self, pair: Pair) -> (bool, Vec<Waker>) {
        let link = self.0.entry(pair).or_default();
        link.clogged = link.clogged.saturating_sub(1);
        let free = link.clogged == 0;
        (free, if free { std::mem::take(&mut link.waiting) } else { Vec::new() })
    }

    /// Registers a task that waits for the link to change.
    pub(crate) fn wait(&mut self, pair: Pair, waker: &Waker) {
        let link = self.0.entry(pair).or_default();
        if !link.waiting.iter().any(|known| known.will_wake(waker)) {
            link.waiting.push(waker.clone());
        }
    }

    /// The links with active partitions (`true`) or clogs (`false`), each repeated for every fault.
    pub(crate) fn in_force(&self, cuts: bool) -> Vec<Pair> {
        let times = |link: &Link| if cuts { link.cut } else { link.clogged };
        self.0
            .iter()
            .flat_map(|(pair, link)| std::iter::repeat_n(*pair, times(link) as usize))
            .collect()
    }
}
