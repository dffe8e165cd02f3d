//! Tests that the write-ups of drills match a replay; `reports/drills/README.md` says how far.
//!
//! Each finding is replayed by its seed, and by its smallest plan if the write-up has one. The test compares the
//! violated check, its text including event numbers, and each quoted event. If only numbers, instants and the words of
//! checks differ, `UPDATE_WRITE_UPS=1` in the environment updates them in the file. The author's own text, and quoted
//! events whose data differ, must be updated by hand.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The result of a replay.
struct Shown {
    events: BTreeMap<u64, Value>,
    /// Each violated check, and why.
    violated: BTreeMap<String, String>,
}

impl Shown {
    fn by(args: &[&str], folder: &Path) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_drill"))
            .args(["replay", "--run-timeout", "300s", "--message-format", "json"])
            .args(args)
            .current_dir(folder)
            .output()
            .expect("the program can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        let mut shown = Self { events: BTreeMap::new(), violated: BTreeMap::new() };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let value: Value = serde_json::from_str(line).expect("a line of JSON");
            if let Some(number) = value["seq"].as_u64() {
                shown.events.insert(number, value);
            } else if let Some(checks) = value["checks"].as_array() {
                let bad = checks.iter().filter(|check| check["verdict"] == "invalid");
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                shown.violated.extend(bad.map(|check| (text(&check["name"]), text(&check["why"]))));
            }
        }
        shown
    }

    /// Whether the run has the event that a line quotes, with its number and its instant.
    fn has(&self, line: &str) -> bool {
        let Quote { number, at, .. } = Quote::of(line);
        let is_it = |event: &&Value| instant(event) == at && Quote::of(line).is_of(event);
        self.events.get(&number).is_some_and(|event| is_it(&event))
    }

    /// The line with the number and the instant of the next event that it could quote; `None` if there is none.
    fn again(&self, line: &str, after: u64) -> Option<(u64, String)> {
        let quote = Quote::of(line);
        let (number, event) =
            self.events.range(after + 1..).find(|(_, event)| quote.is_of(event))?;
        let (head, rest) = line.split_once(" s ")?;
        let width = head.len().saturating_sub(format!("#{number}").len());
        Some((*number, format!("#{number}{:>width$} s {rest}", instant(event))))
    }
}

/// An event as a line quotes it.
struct Quote<'a> {
    number: u64,
    at: &'a str,
    host: &'a str,
    kind: &'a str,
    name: &'a str,
    /// The beginning of its data.
    data: &'a str,
}

impl<'a> Quote<'a> {
    fn of(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        let number = next().trim_start_matches('#').parse().unwrap_or_default();
        let (at, _, host, kind, name) = (next(), next(), next(), next(), next());
        let data = line.split_once("  {").map_or("", |(_, data)| data).trim_end_matches('…');
        Self { number, at, host, kind, name, data }
    }

    /// Whether it quotes this event, whatever its number and its instant.
    fn is_of(&self, event: &Value) -> bool {
        let of_harness = self.host == "-" && event["host"].is_null();
        (of_harness || event["host"] == self.host)
            && (&event["kind"], &event["name"]) == (&self.kind.into(), &self.name.into())
            && (self.data.is_empty() || event["data"].to_string()[1..].starts_with(self.data))
    }
}

/// When an event happened, in seconds.
fn instant(event: &Value) -> String {
    let ms = event["at_ns"].as_u64().unwrap_or_default() / 1_000_000;
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// The text between two delimiters.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The text without line breaks, which the author may have put anywhere.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The mistakes in the section of one finding, and its check texts as they are and as they should be.
fn complaints(section: &str, folder: &Path) -> (Vec<String>, Vec<(String, String)>) {
    let (mut wrong, mut words) = (Vec::new(), Vec::new());
    let check = between(section, ": `", "`").expect("a heading with a check");
    let mut compare = |shown: &Shown, claimed: &str| match shown.violated.get(check) {
        None => wrong.push(format!("{check} is not violated, but {:?}", shown.violated)),
        Some(why) if on_one_line(claimed) == on_one_line(why) => {}
        Some(why) => words.push((claimed.to_owned(), why.clone())),
    };
    let command = between(section, "- replay `cargo drill replay ", "`").map(on_one_line);
    let by_seed = command.map(|command| {
        let shown = Shown::by(&command.split(' ').collect::<Vec<_>>(), folder);
        compare(&shown, between(section, "| Symptom | `", "` |").expect("a symptom"));
        shown
    });
    let by_plan = between(section, "```toml\n", "```").map(|plan| {
        let file = folder.join("plan.toml");
        fs::write(&file, plan).expect("the plan can be written");
        let shown = Shown::by(&["--plan", "plan.toml"], folder);
        compare(&shown, between(section, "which shows `", "`").expect("what the plan shows"));
        shown
    });
    let shown = by_plan.or(by_seed).expect("a finding can be replayed");
    let mut last = 0;
    for line in between(section, "```text\n", "```").unwrap_or_default().lines() {
        if shown.has(line) {
            last = Quote::of(line).number;
            continue;
        }
        match shown.again(line, last) {
            Some((number, again)) => {
                last = number;
                words.push((line.to_owned(), again));
            }
            None => wrong.push(format!("no such event: {line}")),
        }
    }
    (wrong, words)
}

fn write_up(target: &str) -> PathBuf {
    let drills = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/drills");
    drills.join(format!("{target}.md"))
}

/// Compares every finding of a write-up with its replay.
fn check(target: &str) {
    let path = write_up(target);
    let mut text = fs::read_to_string(&path).expect("the write-up is there");
    let whole = text.clone();
    let findings: Vec<&str> = whole.split("\n### ").skip(1).collect();
    assert!(!findings.is_empty(), "{target} has a finding");
    let mut wrong = Vec::new();
    for section in findings {
        let folder = tempfile::tempdir().expect("a folder");
        let (bad, words) = complaints(section, folder.path());
        let id = section.split(':').next().unwrap_or_default();
        wrong.extend(bad.into_iter().map(|why| format!("{id}: {why}")));
        let mut mended = section.to_owned();
        for (claimed, why) in words {
            wrong.push(format!("{id}: it says `{claimed}`, and a replay says `{why}`"));
            mended = mended.replace(&claimed, &why);
        }
        text = text.replacen(section, &mended, 1);
    }
    if std::env::var_os("UPDATE_WRITE_UPS").is_some() {
        fs::write(&path, text).expect("the write-up can be written");
    }
    assert!(wrong.is_empty(), "{}:\n{}", path.display(), wrong.join("\n"));
}

#[test]
fn outbox_is_as_it_was_written_up() {
    check("outbox");
}

#[test]
fn propagation_is_as_it_was_written_up() {
    check("propagation");
}

#[test]
fn notification_is_as_it_was_written_up() {
    check("notification");
}

#[test]
fn provisioning_is_as_it_was_written_up() {
    check("provisioning");
}

#[test]
fn recovery_is_as_it_was_written_up() {
    check("recovery");
}
