//! `junit.xml`: its shape, that it is well-formed, and that it knows no machine.

use chaosdrill_reports::junit::junit;
use quick_xml::{Reader, XmlVersion, events::Event};

use crate::sample;

/// Reads the whole document, resolves every entity, and gives the number of its elements.
pub(crate) fn read(xml: &str) -> Result<usize, quick_xml::Error> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut elements = 0;
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(elements),
            Event::Start(element) | Event::Empty(element) => {
                elements += 1;
                for attribute in element.attributes() {
                    attribute?.normalized_value(XmlVersion::Implicit1_0)?;
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_sample() {
    let xml = junit(&sample::campaign()).expect("in memory");
    insta::assert_snapshot!(xml);
    let elements = read(&xml).expect("well-formed");
    assert!(elements > 40, "{elements}");
}

#[test]
fn nothing_in_it_is_measured() {
    let here = junit(&sample::campaign()).expect("in memory");
    assert_eq!(here, junit(&sample::elsewhere()).expect("in memory"));
    assert!(!here.contains("timestamp") && !here.contains("uuid"), "{here}");
}

#[test]
fn verdicts_become_failures_and_errors() {
    let xml = junit(&sample::campaign()).expect("in memory");
    let head = xml.lines().nth(1).unwrap_or_default();
    insta::assert_snapshot!(head, @r#"<testsuites name="chaosdrill" tests="6" skipped="0" failures="3" errors="1" time="114708.436">"#);
}

/// The schema that CI systems read by, Jenkins' `junit-10.xsd`, as far as it goes: for each element the attributes that
/// it may and must have, and the elements that may stand in it.
type Rule =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const SCHEMA: &[Rule] = &[
    (
        "testsuites",
        &["name", "time", "tests", "failures", "errors", "skipped", "disabled"],
        &[],
        &["testsuite"],
    ),
    (
        "testsuite",
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "skipped",
            "disabled",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
            "version",
            "group",
        ],
        &["name"],
        &["properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &["name", "value"], &[]),
    (
        "testcase",
        &["name", "time", "classname", "group", "file", "line", "assertions", "status"],
        &["name"],
        &[
            "properties",
            "skipped",
            "error",
            "failure",
            "rerunFailure",
            "flakyFailure",
            "system-out",
            "system-err",
        ],
    ),
    ("failure", &["type", "message"], &[], &[]),
    ("error", &["type", "message"], &[], &[]),
];

fn fits_the_schema(xml: &str) {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<String> = Vec::new();
    loop {
        let event = reader.read_event().expect("well-formed");
        let (element, opens) = match &event {
            Event::Eof => return,
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            _ => continue,
        };
        let name = String::from_utf8_lossy(element.name().as_ref()).into_owned();
        let rule = |wanted: &str| SCHEMA.iter().find(|(name, ..)| *name == wanted);
        let (_, may, must, _) = rule(&name).unwrap_or_else(|| panic!("no element {name}"));
        match open.last().and_then(|parent| rule(parent)) {
            Some((parent, _, _, children)) => {
                assert!(children.contains(&name.as_str()), "{name} in {parent}");
            }
            None => assert_eq!(name, "testsuites"),
        }
        let has: Vec<String> = element
            .attributes()
            .map(|attribute| attribute.expect("well-formed"))
            .map(|attribute| String::from_utf8_lossy(attribute.key.as_ref()).into_owned())
            .collect();
        assert!(has.iter().all(|name| may.contains(&name.as_str())), "{name}: {has:?}");
        assert!(must.iter().all(|name| has.iter().any(|has| has == name)), "{name}: {has:?}");
        if opens {
            open.push(name);
        }
    }
}

#[test]
fn the_usual_schema_allows_it() {
    fits_the_schema(&junit(&sample::campaign()).expect("in memory"));
}
