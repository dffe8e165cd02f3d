//! The merged parts of a campaign equal the whole campaign, for any partition, filter, nemeses and planted bug.

use std::path::Path;

use chaosdrill_core::{Seed, Stream};
use libtest_mimic::{Failed, Trial};

use crate::{
    campaigns::are_equal,
    lab::{folder, program, stderr},
};

/// Number of random partitions to try.
const ROUNDS: u64 = 6;

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |round| Trial::test(format!("parts/round_{round}"), move || add_up(round));
    (0..ROUNDS).map(trial).collect()
}

/// A random element.
fn one_of<'a, T: ?Sized>(stream: &mut Stream, of: &[&'a T]) -> &'a T {
    of[stream.below(of.len() as u64) as usize]
}

fn drill(folder: &Path, arguments: &[&str]) -> Result<(), Failed> {
    let output = program(folder, "drill", arguments, &[]);
    match output.status.code() {
        Some(0 | 1) => Ok(()),
        code => Err(format!("{arguments:?} ended with {code:?}:\n{}", stderr(&output)).into()),
    }
}

fn add_up(round: u64) -> Result<(), Failed> {
    let stream = &mut Seed(round).stream("parts");
    let folder = folder();
    // Two of these scenarios are swept once, unless something keeps them apart.
    let filter = one_of(stream, &["lab/alike", "lab/alike", "lab/", "lab/posted"]);
    let filter = if filter == "lab/" { "lab/alike-s" } else { filter };
    let nemeses = one_of(stream, &["sweep", "script,sweep", "script,swarm,sweep", "script,swarm"]);
    let seeds = stream.between(1, 4).to_string();
    let mut common = vec!["run", filter, "--nemesis", nemeses, "--seeds", &seeds];
    if filter != "lab/posted" && stream.below(2) == 0 {
        common.extend(["--defect", "L1"]);
    }
    drill(folder.path(), &[&common[..], &["--out", "whole"]].concat())?;
    let parts = stream.between(2, 6);
    let mut merge = vec!["merge".to_owned()];
    for part in 1..=parts {
        let (slice, out) = (format!("slice:{part}/{parts}"), format!("part{part}"));
        drill(folder.path(), &[&common[..], &["--partition", &slice, "--out", &out]].concat())?;
        merge.push(out);
    }
    merge.extend(["--out", "merged"].map(str::to_owned));
    drill(folder.path(), &merge.iter().map(String::as_str).collect::<Vec<_>>())?;
    are_equal(&folder.path().join("whole"), &folder.path().join("merged"))
        .map_err(|why| format!("{common:?} in {parts} parts: {why:?}").into())
}
