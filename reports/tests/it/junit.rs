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
