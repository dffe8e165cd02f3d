//! Planted bugs, as plain data: what is wrong, what is right, and which check must say so.
//!
//! `chaosdrill-rt` compiles this file a second time for production, where a target may list its planted bugs without
//! depending on this crate. So it names nothing of this crate.

/// Where a bug comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A regression that a guard exists to catch.
    Guard,
    /// It was shipped once, and mended.
    Hist,
    /// It is still in real code.
    Latent,
    /// It was mended elsewhere in the same system.
    Neighbour,
}

impl Class {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Hist => "hist",
            Self::Latent => "latent",
            Self::Neighbour => "neigh",
        }
    }
}

/// Where a bug can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// In a run, on any database.
    Running,
    /// In a run on PostgreSQL only: SQLite has neither row locks nor its catalogues.
    OnPostgres,
    /// In no run: a static check reads what is written down, and the bug is a copy of that with the mistake in it.
    InStaticCheck,
    /// Nowhere here: the pipeline has no such part.
    Nowhere,
}

/// One planted bug, as plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Its name in the bug base, and in the macro `defect!`.
    pub id: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What the code does with the defect switched on.
    pub wrong: &'static str,
    /// What it does otherwise.
    pub right: &'static str,
    /// The checks of which one must catch it.
    pub checks: &'static [&'static str],
    /// Where it comes from.
    pub class: Class,
    /// Whether it belongs to the core set.
    pub star: bool,
    /// Where it can show.
    pub shows: Shows,
}

impl Defect {
    /// A bug that shows in runs on any database, and that one of these checks must catch.
    pub const fn new(
        id: &'static str,
        class: Class,
        summary: &'static str,
        checks: &'static [&'static str],
    ) -> Self {
        let (wrong, right) = ("", "");
        Self { id, summary, wrong, right, checks, class, star: false, shows: Shows::Running }
    }
}
