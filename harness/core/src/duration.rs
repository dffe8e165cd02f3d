//! Parses and formats durations as people write them in plans and flags: `90s`, `5m`, `31h 51m`.
//!
//! The parser is `humantime`'s. The formatter uses the largest unit that divides the value, so that a plan keeps what
//! its author wrote (`90s`, not `1m 30s`).

use std::time::Duration;

/// The wall clock at the beginning of every simulation: 2026-01-01T00:00:00Z, in milliseconds since 1970.
pub const WALL_START_MS: i64 = 1_767_225_600_000;

/// Units from large to small, with their length in nanoseconds.
const UNITS: [(&str, u128); 7] = [
    ("days", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Parses a duration such as `90s` or `31h 51m`.
///
/// # Errors
///
/// A sentence that says what is wrong and shows the accepted form.
pub fn parse(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|why| {
        format!("`{text}` is not a duration ({why}); write for example `90s`, `5m` or `31h 51m`")
    })
}

/// Formats an instant, counted from the beginning of 1970, as a date of RFC 3339 in UTC: `2026-01-01T00:00:00Z`.
pub fn date(since_1970: Duration) -> String {
    humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since_1970).to_string()
}

/// Formats a duration so that [`parse`] returns it exactly.
pub fn format(value: Duration) -> String {
    let nanos = value.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| nanos.is_multiple_of(*length))
        .expect("one nanosecond divides everything");
    format!("{}{unit}", nanos / length)
}

/// Serializes a duration as text; for `#[serde(with = "chaosdrill_core::duration")]`.
pub fn serialize<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*value))
}

/// Deserializes a duration from text; see [`serialize`].
///
/// # Errors
///
/// If the text is not a duration.
pub fn deserialize<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}

/// Formats virtual time for people: seconds with milliseconds, as in `12.418 s`.
pub fn seconds(value: Duration) -> String {
    format!("{}.{:03} s", value.as_secs(), value.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_an_author_would() {
        for text in ["0s", "90s", "5m", "1911m", "250ms", "1500us", "2days", "7ns"] {
            assert_eq!(format(parse(text).expect(text)), text);
        }
        assert_eq!(format(parse("31h 51m").expect("valid")), "1911m");
        assert_eq!(seconds(Duration::from_millis(12_418)), "12.418 s");
    }

    #[test]
    fn an_instant_is_a_date() {
        let start = Duration::from_millis(WALL_START_MS.unsigned_abs());
        assert_eq!(date(start + Duration::from_secs(3_661)), "2026-01-01T01:01:01Z");
    }

    #[test]
    fn refuses_with_the_accepted_form() {
        let why = parse("ninety").expect_err("no number");
        assert!(why.contains("`ninety` is not a duration"), "{why}");
        assert!(why.contains("`90s`"), "{why}");
    }

    proptest::proptest! {
        #[test]
        fn every_duration_survives_the_round_trip(nanos in 0_u64..u64::MAX / 2) {
            let value = Duration::from_nanos(nanos);
            proptest::prop_assert_eq!(parse(&format(value)), Ok(value));
        }
    }
}
