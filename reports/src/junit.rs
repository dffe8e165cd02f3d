//! `junit.xml`: a suite for each scenario, a case for each run, and a suite `campaign` if the campaign is incomplete.
//!
//! The XML follows `junit-10.xsd`, the schema of Jenkins and Surefire. It allows properties only in suites, so the
//! details of a run are in its `system-out`, one per line.
//!
//! A CI shows the time of a case as its duration, and adds the times up. Every time is zero: virtual time would add up
//! to months, and time on a clock would differ in equal campaigns. The virtual time is in `system-out`, and for a suite
//! in a property. There are no timestamps and no random ids either, so equal campaigns give equal bytes.
//!
//! The file is written case by case, because a campaign may have millions. Characters that XML 1.0 forbids are spelt
//! out by [`escape`].

use std::io::{self, Write};

use chaosdrill_core::{
    Campaign, Origin, Record, Verdict,
    record::{self, CampaignHeader, Incomplete, Tally},
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use crate::{
    command::{self, Commands},
    escape, incomplete, limits, numbers, overview,
    terminal::{self, Palette, Replay},
};

/// Writes a campaign as JUnit XML, with notes on files that could not be read as properties of each suite. The records
/// are all those of the campaign, sorted by their ids.
///
/// # Errors
///
/// If a record cannot be read, or the XML cannot be written.
pub fn junit(
    campaign: &Campaign,
    records: impl Iterator<Item = io::Result<Record>>,
    commands: Commands<'_>,
    notes: &[String],
    out: impl Write,
) -> io::Result<()> {
    let mut xml = Xml(Writer::new_with_indent(out, b' ', 4));
    xml.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let summary = campaign.summary();
    let is_error = |incomplete: &Incomplete| u64::from(!incomplete.is_as_ordered());
    let own = summary.incomplete.as_ref();
    let all = Tally {
        runs: summary.tally.runs + own.map_or(0, |_| 1),
        unknown: summary.tally.unknown + own.map_or(0, is_error),
        ..summary.tally
    };
    let counts = counts(all);
    // No schema allows a count of skipped cases in the root.
    let [tests, _, errors, failures] = attributes(&counts);
    xml.begin("testsuites", &[("name", "chaosdrill"), tests, failures, errors, NO_TIME])?;
    if let Some(incomplete) = own {
        incomplete_suite(&mut xml, incomplete)?;
    }
    let mut records = records.peekable();
    for (name, part) in overview::by_scenario(campaign) {
        let counts = self::counts(part.tally);
        let [tests, skipped, errors, failures] = attributes(&counts);
        let suite = escape::line(name);
        xml.begin("testsuite", &[("name", &suite), tests, skipped, errors, failures, NO_TIME])?;
        xml.begin("properties", &[])?;
        let virtual_time = numbers::span(record::nanos(part.virtual_time));
        xml.property("virtual time", &virtual_time)?;
        for note in notes.iter().take(limits::MARKDOWN_NOTES_MAX) {
            xml.property("not whole", note)?;
        }
        let announced = summary.scenarios.iter().find(|scenario| scenario.name == name);
        if let Some(scenario) = announced {
            xml.property("claim", &scenario.claim)?;
            for (mark, hits) in &scenario.marks {
                xml.property(&format!("mark {mark}"), &hits.to_string())?;
            }
        }
        xml.end("properties")?;
        let is_of_suite = |record: &io::Result<Record>| {
            record.as_ref().map_or(true, |record| record.run.scenario == name)
        };
        while let Some(record) = records.next_if(is_of_suite) {
            case(&mut xml, &record?, &campaign.header, commands)?;
        }
        xml.end("testsuite")?;
    }
    xml.end("testsuites")?;
    xml.0.write_indent()
}

/// The time of everything.
const NO_TIME: (&str, &str) = ("time", "0.000");

fn counts(tally: Tally) -> [String; 4] {
    [tally.runs, 0, tally.unknown, tally.invalid].map(|number| number.to_string())
}

/// The counts as attributes. No case is ever skipped.
fn attributes(counts: &[String; 4]) -> [(&str, &str); 4] {
    let [tests, skipped, errors, failures] = counts;
    [("tests", tests), ("skipped", skipped), ("errors", errors), ("failures", failures)]
}

/// A writer of elements.
struct Xml<W: Write>(Writer<W>);

impl<W: Write> Xml<W> {
    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        let tag = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.0.write_event(Event::Start(tag))
    }

    fn end(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        let tag = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.0.write_event(Event::Empty(tag))
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.begin(name, attributes)?;
        self.0.write_event(Event::Text(BytesText::new(text)))?;
        self.end(name)
    }

    fn property(&mut self, name: &str, value: &str) -> io::Result<()> {
        let (name, value) = (escape::line(name), escape::line(value));
        self.empty("property", &[("name", &name), ("value", &value)])
    }
}

/// A suite for the campaign itself, because the case of a run that is missing is missing too.
fn incomplete_suite<W: Write>(xml: &mut Xml<W>, incomplete: &Incomplete) -> io::Result<()> {
    let sentence = incomplete::plain(incomplete);
    let errors = if incomplete.is_as_ordered() { "0" } else { "1" };
    let counts = [("tests", "1"), ("skipped", "0"), ("errors", errors), ("failures", "0")];
    xml.begin("testsuite", &[&[("name", "campaign")], &counts[..], &[NO_TIME]].concat())?;
    xml.begin("testcase", &[("name", "complete"), ("classname", "campaign"), NO_TIME])?;
    if incomplete.is_as_ordered() {
        xml.text("system-out", &[], &format!("{sentence}\n"))?;
    } else {
        xml.empty("error", &[("message", &sentence), ("type", "incomplete")])?;
    }
    xml.end("testcase")?;
    xml.end("testsuite")
}

fn case<W: Write>(
    xml: &mut Xml<W>,
    record: &Record,
    header: &CampaignHeader,
    commands: Commands<'_>,
) -> io::Result<()> {
    let run = &record.run;
    let mut name = format!("seed {}", run.seed);
    if run.origin != Origin::Script {
        name.push_str(&format!(", {}", escape::line(&run.origin.to_string())));
    }
    if let Some(defect) = &run.defect {
        name.push_str(&format!(", defect {}", escape::line(defect)));
    }
    if run.db != command::DB_DEFAULT {
        name.push_str(&format!(", {}", escape::line(&run.db)));
    }
    let scenario = escape::line(&run.scenario);
    xml.begin("testcase", &[("name", &name), ("classname", &scenario), NO_TIME])?;
    status(xml, record, header, commands)?;
    xml.text("system-out", &[], &told(record))?;
    xml.end("testcase")
}

fn status<W: Write>(
    xml: &mut Xml<W>,
    record: &Record,
    header: &CampaignHeader,
    commands: Commands<'_>,
) -> io::Result<()> {
    let kind = match record.verdict {
        Verdict::Valid => return Ok(()),
        Verdict::Unknown => "error",
        Verdict::Invalid => "failure",
    };
    let headline = record.headline();
    let headline = headline.map(|check| (escape::line(&check.why), escape::line(&check.name)));
    let attributes = headline.as_ref().map(|(why, name)| [("message", &**why), ("type", &**name)]);
    let run = commands.of(&record.run);
    let (plan, minimal) = (run.file("plan.toml"), run.file("plan.min.toml"));
    let is_shrunk = record.triage.as_ref().is_some_and(|triage| triage.minimal.is_some());
    let replay = Replay {
        program: commands.program,
        plan: (!record.run.origin.is_drawn_from_the_seed()).then_some(&*plan),
        minimal: is_shrunk.then_some(&*minimal),
        bundle: (record.verdict == Verdict::Invalid).then_some(&*run.folder),
        kept: header.kept_of(&record.run),
        finding: None,
    };
    let block = terminal::failure(record, replay, &Palette::plain());
    xml.text(kind, attributes.as_ref().map_or(&[], |attributes| &attributes[..]), &block)
}

/// The details of a run, one per line.
fn told(record: &Record) -> String {
    let run = &record.run;
    let mut lines = vec![
        ("simulator", run.simulator.clone()),
        ("db", run.db.clone()),
        ("origin", run.origin.to_string()),
        ("seed", run.seed.to_string()),
    ];
    lines.extend(run.defect.clone().map(|defect| ("defect", defect)));
    lines.extend(record.digest.clone().map(|digest| ("digest", digest)));
    lines.push(("events", record.events.to_string()));
    lines.push(("virtual time", numbers::span(record.virtual_ns)));
    lines.iter().map(|(name, value)| format!("{name} {}\n", escape::line(value))).collect()
}
