//! Arguments shared by several commands. Each flag has a `DRILL_*` twin in the environment.

use std::{collections::BTreeSet, num::NonZeroUsize, str::FromStr, time::Duration};

use chaosdrill_core::{
    Seed,
    defect::Defect,
    duration,
    limits::{SEEDS_DEFAULT, SHORT_HASH_DIGITS_MIN, TEST_SEEDS_DEFAULT},
};
use clap::{Args, ValueEnum};

use crate::{
    campaign::{CampaignConfig, roots::Seeds, sweep::Depth},
    cli::error::ExpectedError,
    git,
    nemesis::Nemesis,
    registry::Registry,
    workers::Workers,
};

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Text for people.
    Human,
    /// One JSON object per line.
    Json,
}

/// The database that the scenarios run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    /// Embedded SQLite.
    #[default]
    Sqlite,
}

impl Database {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
        }
    }
}

/// Parses seeds: a count, or a range.
impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number =
            |text: &str| Seed::from_str(text).map(|seed| seed.0).map_err(|why| why.to_string());
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (number(from)?, number(to)?),
            None => (0, number(text)?),
        };
        let count = to.checked_sub(from).filter(|count| *count > 0).ok_or_else(|| {
            format!(
                "`{text}` is an empty range; write a number of seeds (`200`) or a half-open range (`100..200`)"
            )
        })?;
        Ok(Self { from, count })
    }
}

/// Parses a duration such as `60s`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    duration::parse(text)
}

/// Parses the base of seeds: a commit hash, or any other seed.
fn parse_base(text: &str) -> Result<Seed, String> {
    // Before it is taken for a number: one short hash in thirty has no letter.
    let is_short = (SHORT_HASH_DIGITS_MIN..40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(whole) = is_short.then(|| git::commit(text)).flatten() {
        return Seed::from_str(&whole).map_err(|why| why.to_string());
    }
    Seed::from_str(text).map_err(|why| match is_short {
        true => format!(
            "git finds no commit `{text}` in this repository; write all 40 digits of the hash"
        ),
        false => why.to_string(),
    })
}

/// Which seeds.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Seeds")]
pub(crate) struct SeedArgs {
    /// Number of seeds, starting at 0, or a half-open range A..B [default: 10].
    #[arg(long, value_name = "N|A..B", env = "DRILL_SEEDS", conflicts_with = "seed")]
    pub(crate) seeds: Option<Seeds>,
    /// A single seed: a decimal number, 0x and hex digits, or a commit hash.
    #[arg(long, value_name = "S", env = "DRILL_SEED")]
    pub(crate) seed: Option<Seed>,
    /// Shift the seeds by a commit hash, so that each commit runs different seeds. A short hash is completed with git.
    #[arg(long, value_name = "COMMIT", env = "DRILL_BASE", value_parser = parse_base)]
    pub(crate) base: Option<Seed>,
}

impl SeedArgs {
    /// The seeds, and the same as text.
    pub(crate) fn seeds(&self) -> (Seeds, String) {
        self.seeds_or(SEEDS_DEFAULT)
    }

    /// The seeds, with this many as the default.
    pub(crate) fn seeds_or(&self, count: u64) -> (Seeds, String) {
        if let Some(seed) = self.seed {
            return (Seeds::one(seed), seed.to_string());
        }
        let seeds = self.seeds.unwrap_or(Seeds { from: 0, count });
        let base = self.base.map_or(0, |base| base.0);
        let from = seeds.from.wrapping_add(base);
        let to = from.wrapping_add(seeds.count);
        (Seeds { from, ..seeds }, format!("{}..{}", Seed(from), Seed(to)))
    }
}

/// What else decides over the runs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Runs")]
pub(crate) struct RunChoice {
    /// Run only the scenario with this name, or else all scenarios whose name contains this text.
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// The database that the scenarios run on.
    #[arg(long, value_enum, default_value = "sqlite", env = "DRILL_DB")]
    pub(crate) db: Database,
    /// How faults are chosen [default: script and swarm, and a short sweep from the first seed].
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', env = "DRILL_NEMESIS")]
    pub(crate) nemesis: Vec<Nemesis>,
    #[command(flatten)]
    pub(crate) workers: WorkerArgs,
}

/// Worker processes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Workers")]
pub(crate) struct WorkerArgs {
    /// Number of worker processes [default: one per core].
    #[arg(short, long, value_name = "N", env = "DRILL_JOBS")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Kill a run after this much wall-clock time; its verdict is then unknown.
    #[arg(long, value_name = "30s", default_value = "30s", env = "DRILL_RUN_TIMEOUT", value_parser = parse_duration)]
    pub(crate) run_timeout: Duration,
}

impl WorkerArgs {
    pub(crate) fn workers(&self) -> Workers {
        let count = self.jobs.map_or(Workers::default().count, NonZeroUsize::get);
        Workers { count, allowance: self.run_timeout, ..Workers::default() }
    }
}

/// The planted defects to enable.
#[derive(Clone, Debug, Args)]
pub(crate) struct DefectArgs {
    /// Enable a planted bug by its id; separate several by commas, as in `O4,O5`.
    #[arg(
        long = "defect",
        value_name = "ID",
        value_delimiter = ',',
        env = "DRILL_DEFECT",
        help_heading = "Runs"
    )]
    ids: Vec<String>,
}

impl DefectArgs {
    /// The ids as a run has them: each once, in a fixed order, joined by commas. `None` if the option was not given.
    ///
    /// # Errors
    ///
    /// If an id is empty, as with a variable of a script that is not set: the run would be green without a planted bug.
    pub(crate) fn defect(&self) -> Result<Option<String>, ExpectedError> {
        let ids: BTreeSet<&str> = self.ids.iter().map(|id| id.trim()).collect();
        if ids.contains("") {
            let why = "an id of --defect is empty; name a planted bug, or leave the option out";
            return Err(ExpectedError::Usage(why.to_owned()));
        }
        Ok((!ids.is_empty()).then(|| ids.into_iter().collect::<Vec<_>>().join(",")))
    }
}

/// Builds the configuration of a campaign, and checks it against the registry.
pub(crate) fn campaign_config(
    registry: &Registry,
    choice: &RunChoice,
    seeds: &SeedArgs,
    defect: &DefectArgs,
) -> Result<CampaignConfig, ExpectedError> {
    let filter = choice.filter.as_deref();
    if registry.select(filter).is_empty() {
        let filter = filter.unwrap_or_default().to_owned();
        let hint = registry.scenario_hint(&filter);
        return Err(ExpectedError::NothingSelected { filter, hint });
    }
    let defect = defect.defect()?;
    if let Some(ids) = &defect {
        known_defects(registry, ids, "--defect")?;
    }
    let (seeds, seeds_text) = seeds.seeds();
    Ok(CampaignConfig {
        filter: choice.filter.clone(),
        enough_seeds: seeds.count >= SEEDS_DEFAULT,
        seeds,
        seeds_text,
        depth: if choice.nemesis.is_empty() { Depth::SHALLOW } else { Depth::FULL },
        nemeses: nemeses(&choice.nemesis),
        partition: None,
        may_shrink: true,
        db: choice.db.name().to_owned(),
        defect,
        workers: choice.workers.workers(),
        fail_max: None,
        time: None,
    })
}

/// The nemeses to use, each once and in a fixed order; all of them if none is named.
pub(crate) fn nemeses(named: &[Nemesis]) -> Vec<Nemesis> {
    let is_in = |nemesis: &Nemesis| named.is_empty() || named.contains(nemesis);
    Nemesis::ALL.into_iter().filter(is_in).collect()
}

/// Returns an error if one of the defects is not planted; `asked_by` is what names them, such as a flag.
pub(crate) fn known_defects(
    registry: &Registry,
    ids: &str,
    asked_by: &str,
) -> Result<(), ExpectedError> {
    match Defect::ids(ids).find(|id| registry.defect(id).is_none()) {
        None => Ok(()),
        Some(id) => {
            let hint = registry.defect_hint(id);
            Err(ExpectedError::Usage(format!(
                "{asked_by} names an unknown planted bug `{id}`{hint}; `{} list defects` lists all of them",
                registry.program
            )))
        }
    }
}

/// The folder from `DRILL_OUT` for the findings of tests; `None` if it is unset or empty.
pub(crate) fn out_of_environment() -> Option<std::path::PathBuf> {
    std::env::var_os("DRILL_OUT").filter(|out| !out.is_empty()).map(Into::into)
}

/// Settings for tests, which have no flags of their own.
#[derive(Clone, Debug)]
pub(crate) struct Steering {
    pub(crate) seeds: Seeds,
    pub(crate) nemeses: Vec<Nemesis>,
    pub(crate) defect: Option<String>,
}

/// Reads the settings from the environment.
pub(crate) fn steering_of_environment() -> Result<Steering, String> {
    #[expect(clippy::disallowed_methods, reason = "the tests are steered by the environment")]
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let wrong = |name: &str, why: String| {
        format!("the environment variable {name} has an invalid value: {why}")
    };
    let parse = |name: &'static str| {
        read(name)
            .map(|text| Seed::from_str(&text).map_err(|why| wrong(name, why.to_string())))
            .transpose()
    };
    let args = SeedArgs {
        seeds: read("DRILL_SEEDS")
            .map(|text| text.parse().map_err(|why| wrong("DRILL_SEEDS", why)))
            .transpose()?,
        seed: parse("DRILL_SEED")?,
        base: read("DRILL_BASE")
            .map(|text| parse_base(&text).map_err(|why| wrong("DRILL_BASE", why)))
            .transpose()?,
    };
    let nemeses = match read("DRILL_NEMESIS") {
        Some(text) => text
            .split(',')
            .map(|name| Nemesis::from_str(name.trim(), false))
            .collect::<Result<_, _>>()
            .map_err(|why| wrong("DRILL_NEMESIS", why))?,
        None => vec![Nemesis::Script, Nemesis::Swarm],
    };
    Ok(Steering {
        seeds: args.seeds_or(TEST_SEEDS_DEFAULT).0,
        nemeses,
        defect: read("DRILL_DEFECT"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(seeds: Option<&str>, seed: Option<&str>, base: Option<&str>) -> (Vec<u64>, String) {
        let args = SeedArgs {
            seeds: seeds.map(|text| text.parse().expect("seeds")),
            seed: seed.map(|text| text.parse().expect("a seed")),
            base: base.map(|text| text.parse().expect("a commit")),
        };
        let (seeds, text) = args.seeds();
        (seeds.iter().map(|seed| seed.0).collect(), text)
    }

    #[test]
    fn the_ways_to_ask_for_seeds() {
        assert_eq!(seeds(None, None, None).0.len(), 10);
        assert_eq!(seeds(Some("3"), None, None), (vec![0, 1, 2], "0x0..0x3".to_owned()));
        assert_eq!(seeds(Some("0x10..18"), None, None), (vec![16, 17], "0x10..0x12".to_owned()));
        assert_eq!(seeds(None, Some("0x2a"), None), (vec![42], "0x2a".to_owned()));
        assert_eq!(seeds(Some("2"), None, Some("255")), (vec![255, 256], "0xff..0x101".to_owned()));
    }

    #[test]
    fn seeds_that_make_no_sense() {
        for wrong in ["0", "5..5", "6..5", "many", "1..", "-1"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
