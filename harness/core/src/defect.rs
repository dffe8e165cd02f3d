//! Planted bugs, as plain data: the wrong behaviour, the right one, and the checks that must catch it.
//!
//! `chaosdrill-rt` compiles this file a second time for production, so that a target can list its planted bugs without
//! a dependency on this crate. The file must therefore not use other items of this crate.

/// The origin of a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A regression that a guard exists to catch.
    Guard,
    /// A bug that was shipped and fixed.
    Hist,
    /// A bug that is still in real code.
    Latent,
    /// A bug that was fixed elsewhere in the same system.
    Neighbour,
}

impl Class {
    /// The name in tables.
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
    /// In no run: a static check catches it, in a copy of its source with the mistake in it.
    InStaticCheck,
    /// Nowhere here: the pipeline has no such part.
    Nowhere,
}

/// One planted bug, as plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The name in the bug base and in the macro `defect!`.
    pub id: &'static str,
    /// A description in one line.
    pub summary: &'static str,
    /// What the code does if the defect is enabled.
    pub wrong: &'static str,
    /// What the code does otherwise.
    pub right: &'static str,
    /// The checks, one of which must catch it.
    pub checks: &'static [&'static str],
    /// The origin of the bug.
    pub class: Class,
    /// Whether the bug belongs to the core set.
    pub star: bool,
    /// Where the bug can show.
    pub shows: Shows,
}

impl Defect {
    /// A bug that shows in runs on any database.
    pub const fn new(id: &'static str, class: Class, summary: &'static str) -> Self {
        let (wrong, right) = ("", "");
        Self { id, summary, wrong, right, checks: &[], class, star: false, shows: Shows::Running }
    }

    /// Sets the checks, one of which must find it.
    #[must_use]
    pub const fn found_by(mut self, checks: &'static [&'static str]) -> Self {
        self.checks = checks;
        self
    }

    /// Adds what the code does if the defect is enabled.
    #[must_use]
    pub const fn wrong(mut self, wrong: &'static str) -> Self {
        self.wrong = wrong;
        self
    }

    /// Adds what the code does otherwise.
    #[must_use]
    pub const fn right(mut self, right: &'static str) -> Self {
        self.right = right;
        self
    }

    /// Adds it to the core set.
    #[must_use]
    pub const fn core(mut self) -> Self {
        self.star = true;
        self
    }

    /// Sets where it can show, if not in a run on any database.
    #[must_use]
    pub const fn shows(mut self, shows: Shows) -> Self {
        self.shows = shows;
        self
    }

    /// The ids in the text of a run, which enables one defect, `O4`, or several at once, `O4,O5`.
    pub fn ids(text: &str) -> impl Iterator<Item = &str> {
        text.split(',')
    }
}
