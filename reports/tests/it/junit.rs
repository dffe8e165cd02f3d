//! `junit.xml`: its shape, that it is well-formed, and that it knows no machine.

use quick_xml::{Reader, XmlVersion, events::Event};

use crate::sample::{self, Campaign, junit};

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
    let xml = junit(&sample::campaign(), sample::COMMANDS, &[]).expect("in memory");
    insta::assert_snapshot!(xml);
    let elements = read(&xml).expect("well-formed");
    assert!(elements > 25, "{elements}");
}

#[test]
fn nothing_in_it_is_measured() {
    let here = junit(&sample::campaign(), sample::COMMANDS, &[]).expect("in memory");
    assert_eq!(here, junit(&sample::elsewhere(), sample::COMMANDS, &[]).expect("in memory"));
    assert!(!here.contains("timestamp") && !here.contains("uuid"), "{here}");
}

/// A CI adds the times up, and shows them as the time that its machine took.
#[test]
fn no_case_takes_virtual_time() {
    let xml = junit(&sample::campaign(), sample::COMMANDS, &[]).expect("in memory");
    let times = xml.matches(" time=\"").count();
    assert!(times > 10 && times == xml.matches(" time=\"0.000\"").count(), "{xml}");
    assert!(xml.contains("\nvirtual time 12.4 s\n"), "{xml}");
}

#[test]
fn verdicts_become_failures_and_errors() {
    let xml = junit(&sample::campaign(), sample::COMMANDS, &[]).expect("in memory");
    let head = xml.lines().nth(1).unwrap_or_default();
    insta::assert_snapshot!(head, @r#"<testsuites name="chaosdrill" tests="6" failures="3" errors="1" time="0.000">"#);
}

/// What an attribute holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    /// Digits.
    Count,
    /// Seconds with up to three decimals: `SUREFIRE_TIME` in the schema.
    Seconds,
}

/// One element of the schema by which CI systems read: `junit-10.xsd` of Jenkins' xUnit plugin, which follows that of
/// Maven Surefire. The same file stands in the source package of pytest, as `testing/example_scripts/junit-10.xsd`;
/// against both, real campaigns were validated by libxml2. Here it is in our own words, as far as we go: an element
/// or attribute that is not here is refused. Counts are strings in the schema; ours must be numbers.
struct Element {
    name: &'static str,
    must: &'static [(&'static str, Holds)],
    may: &'static [(&'static str, Holds)],
    /// Elements in it; where there are none, it may hold text.
    children: &'static [&'static str],
}

use Holds::{Count, Seconds, Text};

const SCHEMA: &[Element] = &[
    Element {
        name: "testsuites",
        must: &[],
        may: &[
            ("name", Text),
            ("time", Seconds),
            ("tests", Count),
            ("failures", Count),
            ("errors", Count),
        ],
        children: &["testsuite"],
    },
    Element {
        name: "testsuite",
        must: &[("name", Text), ("tests", Count), ("failures", Count), ("errors", Count)],
        may: &[("time", Seconds), ("skipped", Count)],
        children: &["properties", "testcase"],
    },
    Element { name: "properties", must: &[], may: &[], children: &["property"] },
    Element { name: "property", must: &[("name", Text), ("value", Text)], may: &[], children: &[] },
    Element {
        name: "testcase",
        must: &[("name", Text)],
        may: &[("time", Seconds), ("classname", Text)],
        children: &["error", "failure", "system-out"],
    },
    Element {
        name: "failure",
        must: &[],
        may: &[("type", Text), ("message", Text)],
        children: &[],
    },
    Element { name: "error", must: &[], may: &[("type", Text), ("message", Text)], children: &[] },
    Element { name: "system-out", must: &[], may: &[], children: &[] },
];

fn holds(holds: Holds, value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match holds {
        Text => true,
        Count => digits(value),
        Seconds => value
            .split_once('.')
            .is_some_and(|(whole, part)| digits(whole) && digits(part) && part.len() <= 3),
    }
}

/// The first place where the XML does not keep to the schema.
pub(crate) fn offence(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<&Element> = Vec::new();
    loop {
        let event = reader.read_event().expect("well-formed");
        let (element, opens) = match &event {
            Event::Eof => return None,
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Text(text) => {
                let blank = String::from_utf8_lossy(text).trim().is_empty();
                match open.last().filter(|inner| !blank && !inner.children.is_empty()) {
                    Some(inner) => return Some(format!("text in {}", inner.name)),
                    None => continue,
                }
            }
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            _ => continue,
        };
        let name = String::from_utf8_lossy(element.name().as_ref()).into_owned();
        let Some(rule) = SCHEMA.iter().find(|rule| rule.name == name) else {
            return Some(format!("no element {name}"));
        };
        let is_welcome = match open.last() {
            Some(parent) => parent.children.contains(&rule.name),
            None => name == "testsuites",
        };
        if !is_welcome {
            return Some(format!("{name} in {}", open.last().map_or("the root", |rule| rule.name)));
        }
        let mut missing: Vec<&str> = rule.must.iter().map(|(name, _)| *name).collect();
        for attribute in element.attributes() {
            let attribute = attribute.expect("well-formed");
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).expect("well-formed");
            missing.retain(|must| *must != key);
            let known = rule.must.iter().chain(rule.may).find(|(name, _)| *name == key);
            if !known.is_some_and(|(_, wanted)| holds(*wanted, &value)) {
                return Some(format!("{name} with {key}={value:?}"));
            }
        }
        if let Some(missing) = missing.first() {
            return Some(format!("{name} without {missing}"));
        }
        if opens {
            open.push(rule);
        }
    }
}

#[test]
fn the_usual_schema_allows_it() {
    assert_eq!(
        offence(&junit(&sample::campaign(), sample::COMMANDS, &[]).expect("in memory")),
        None
    );
    let empty = Campaign { records: Vec::new(), ..sample::campaign() };
    assert_eq!(offence(&junit(&empty, sample::COMMANDS, &[]).expect("in memory")), None);
}

#[test]
fn the_schema_refuses_what_it_should() {
    let cases = [
        (r#"<testsuite name="a"/>"#, "testsuite in the root"),
        (r#"<testsuites skipped="0"/>"#, r#"testsuites with skipped="0""#),
        (r#"<testsuites time="1"/>"#, r#"testsuites with time="1""#),
        (r#"<testsuites><testsuite name="a"/></testsuites>"#, "testsuite without tests"),
        ("<testsuites>words</testsuites>", "text in testsuites"),
        ("<testsuites><property/></testsuites>", "property in testsuites"),
    ];
    for (xml, complaint) in cases {
        assert_eq!(offence(xml).as_deref(), Some(complaint), "{xml}");
    }
}
