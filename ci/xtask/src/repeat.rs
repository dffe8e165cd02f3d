//! Repeats the records of a real campaign with other seeds, to show what a campaign of a million runs costs.
//!
//! Each copy of a record has its seed plus a multiple of the campaign's number of seeds, so the copies are the campaign
//! of a longer range of seeds. They can be split into parts, as `--partition` does, or lack their last runs, so that
//! `run --resume` has some left. Only the lines are written: folders of runs, reports and the lines of sweeps are not
//! repeated.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value, json};

/// The file of a campaign.
const LINES: &str = "campaign.jsonl";

/// What is made of a campaign.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A whole campaign.
    Whole,
    /// This many parts of one, in folders that are numbered from 1.
    Parts(usize),
    /// A campaign that was killed before its last runs, so many.
    Without(u64),
}

/// Repeats the records of the campaign in `from` until there are at least `runs`, below the folder `to`, which must not
/// exist. Returns their number.
pub fn repeat(from: &Path, to: &Path, runs: u64, shape: Shape) -> anyhow::Result<u64> {
    let campaign = Campaign::read(&from.join(LINES))?;
    let copies = runs.div_ceil(campaign.records);
    let all = campaign.records * copies;
    let (parts, left_out) = match shape {
        Shape::Whole => (1, 0),
        Shape::Parts(parts) => (parts.max(1), 0),
        Shape::Without(left_out) => (1, left_out),
    };
    ensure!(!to.exists(), "{} exists", to.display());
    let mut outs = Vec::new();
    for part in 1..=parts {
        let folder = if parts == 1 { to.to_owned() } else { to.join(part.to_string()) };
        fs::create_dir_all(&folder)?;
        let mut out = BufWriter::new(File::create(folder.join(LINES))?);
        let partition = (parts > 1).then(|| format!("slice:{part}/{parts}"));
        writeln!(out, "{}", campaign.header(copies, partition))?;
        // A part says no order: how many runs of a kind it has is seen when they are dealt.
        if parts == 1 {
            writeln!(out, "{}", campaign.extent(copies, left_out == 0))?;
        }
        outs.push(out);
    }
    let mut number = 0;
    for copy in 0..copies {
        for line in BufReader::new(File::open(from.join(LINES))?).lines() {
            let line = line?;
            let Some((before, seed, after)) = seed_of(&line) else { continue };
            let seed = seed.wrapping_add(copy * campaign.seeds);
            if number < all - left_out {
                let out = &mut outs[(number % parts as u64) as usize];
                writeln!(out, "{before}0x{seed:x}{after}")?;
            }
            number += 1;
        }
    }
    for mut out in outs {
        if left_out == 0 {
            writeln!(out, "{}", campaign.measured)?;
        }
        out.flush()?;
    }
    Ok(all - left_out)
}

/// A record's line before its seed, its seed, and the line after it; `None` if the line is not a record.
fn seed_of(line: &str) -> Option<(&str, u64, &str)> {
    if !line.starts_with("{\"record\":") {
        return None;
    }
    let mark = "\"seed\":\"0x";
    let begin = line.find("\"run\":")?;
    let begin = begin + line[begin..].find(mark)?;
    let digits = begin + mark.len();
    let end = digits + line[digits..].find('"')?;
    let seed = u64::from_str_radix(&line[digits..end], 16).ok()?;
    Some((&line[..digits - 2], seed, &line[end..]))
}

/// The lines of a campaign that are not records.
struct Campaign {
    /// As text, because the order of its members shows whose file it is.
    header: String,
    extent: Value,
    measured: String,
    records: u64,
    /// The number of seeds.
    seeds: u64,
    seeds_text: String,
    first_seed: u64,
}

impl Campaign {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let (mut header, mut extent, mut measured) = (None, None, None);
        let mut records = 0;
        for line in BufReader::new(file).lines() {
            let line = line?;
            records += u64::from(line.starts_with("{\"record\":"));
            if line.starts_with("{\"campaign\":") {
                header = Some(line);
            } else if line.starts_with("{\"extent\":") {
                extent = Some(serde_json::from_str(&line)?);
            } else if line.starts_with("{\"measured\":") {
                measured = Some(line);
            }
        }
        let header = header.context("the campaign has no header")?;
        let parsed: Value = serde_json::from_str(&header)?;
        let text = parsed["campaign"]["seeds"].as_str().unwrap_or_default().to_owned();
        let (from, to) = seeds(&text)?;
        ensure!(records > 0, "the campaign has no records");
        Ok(Self {
            extent: extent.context("the campaign has no extent")?,
            measured: measured.context("the campaign has no end")?,
            header,
            records,
            seeds: to - from,
            seeds_text: text,
            first_seed: from,
        })
    }

    /// The header of the longer campaign.
    fn header(&self, copies: u64, partition: Option<String>) -> String {
        let to = self.first_seed + self.seeds * copies;
        let seeds = format!("\"seeds\":\"0x{:x}..0x{to:x}\"", self.first_seed);
        let known = format!("\"seeds\":\"{}\"", self.seeds_text);
        let header = self.header.replacen(&known, &seeds, 1);
        match partition {
            Some(part) => {
                let program = format!("\"partition\":\"{part}\",\"program\":");
                header.replacen("\"program\":", &program, 1)
            }
            None => header,
        }
    }

    /// The extent of the longer campaign.
    fn extent(&self, copies: u64, is_whole: bool) -> Value {
        let times = |counts: &Value| -> Map<String, Value> {
            let counts = counts.as_object().into_iter().flatten();
            let times = |count: &Value| json!(count.as_u64().unwrap_or_default() * copies);
            counts.map(|(name, count)| (name.clone(), times(count))).collect()
        };
        let extent = &self.extent["extent"];
        let mut longer = json!({ "extent": { "ordered": times(&extent["ordered"]) } });
        if is_whole {
            longer["extent"]["recorded"] = Value::Object(times(&extent["recorded"]));
        }
        longer
    }
}

/// A range of seeds, as a campaign writes it.
fn seeds(text: &str) -> anyhow::Result<(u64, u64)> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let Some((from, to)) = text.split_once("..") else { bail!("`{text}` is no range of seeds") };
    let (from, to) = (number(from)?, number(to)?);
    ensure!(from < to, "`{text}` is an empty range of seeds");
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES_OF_ONE: &str = concat!(
        r#"{"campaign":{"version":2,"seeds":"0x2..0x4","program":"cargo drill"}}"#,
        "\n",
        r#"{"extent":{"ordered":{"script":2},"recorded":{"a/b":2}}}"#,
        "\n",
        r#"{"record":{"version":2,"run":{"scenario":"a/b","seed":"0x2"},"plan":{"seed":"0x9"}}}"#,
        "\n",
        r#"{"record":{"version":2,"run":{"scenario":"a/b","seed":"0x3"}}}"#,
        "\n",
        r#"{"measured":{"wall_ms":1}}"#,
        "\n",
    );

    fn repeated(runs: u64, shape: Shape, part: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).expect("made");
        fs::write(from.join(LINES), LINES_OF_ONE).expect("written");
        repeat(&from, &to, runs, shape).expect("it is a campaign");
        fs::read_to_string(to.join(part).join(LINES)).expect("it is there")
    }

    #[test]
    fn each_copy_has_seeds_of_its_own() {
        let text = repeated(3, Shape::Whole, "");
        assert!(
            text.starts_with(r#"{"campaign":{"version":2,"seeds":"0x2..0x6","program""#),
            "{text}"
        );
        assert!(text.contains(r#""ordered":{"script":4}"#), "{text}");
        for seed in 2..6 {
            assert_eq!(text.matches(&format!(r#""scenario":"a/b","seed":"0x{seed}""#)).count(), 1);
        }
        assert_eq!(text.matches(r#""plan":{"seed":"0x9"}"#).count(), 2);
        assert!(text.ends_with("{\"measured\":{\"wall_ms\":1}}\n"), "{text}");
    }

    #[test]
    fn a_campaign_is_dealt_to_parts_or_lacks_its_last_runs() {
        let part = repeated(4, Shape::Parts(2), "2");
        assert!(part.contains(r#""partition":"slice:2/2","program""#), "{part}");
        assert_eq!(part.matches("record").count(), 2);
        let cut = repeated(4, Shape::Without(1), "");
        assert_eq!(cut.matches("{\"record").count(), 3);
        assert!(!cut.contains("measured") && !cut.contains("recorded"), "{cut}");
    }
}
