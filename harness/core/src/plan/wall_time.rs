//! An instant of the wall clock, as a plan writes it.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    duration::WALL_START_MS,
    limits::{PLAN_START_MS_MAX, PLAN_START_MS_MIN},
};

/// The Unix epoch as text, because this crate names no clock.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// An instant of the wall clock in whole milliseconds, written as RFC 3339 in UTC: `2026-02-28T23:59:58Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// The start of a run's wall clock by default.
    pub const START_DEFAULT: Self = Self(WALL_START_MS);

    /// An instant by its milliseconds since 1970; `None` outside the years in which a plan may begin.
    pub fn of_unix_ms(ms: i64) -> Option<Self> {
        (PLAN_START_MS_MIN..=PLAN_START_MS_MAX).contains(&ms).then_some(Self(ms))
    }

    /// Milliseconds since 1970.
    pub fn unix_ms(self) -> i64 {
        self.0
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = humantime::parse_rfc3339(EPOCH).expect("it is a time");
        let at = epoch + Duration::from_millis(self.0.unsigned_abs());
        match self.0 % 1_000 {
            0 => humantime::format_rfc3339_seconds(at).fmt(f),
            _ => humantime::format_rfc3339_millis(at).fmt(f),
        }
    }
}

impl FromStr for WallTime {
    type Err = String;

    /// # Errors
    ///
    /// A sentence that says what is wrong and shows the accepted form.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write for example `2026-02-28T23:59:58Z`";
        let at = humantime::parse_rfc3339(text)
            .map_err(|why| format!("`{text}` is not a wall-clock time ({why}); {form}"))?;
        let epoch = humantime::parse_rfc3339(EPOCH).expect("it is a time");
        let since = at.duration_since(epoch).unwrap_or_default();
        if since.subsec_nanos() % 1_000_000 != 0 {
            return Err(format!("`{text}` is not a whole number of milliseconds; {form}"));
        }
        let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Self::of_unix_ms(ms).ok_or_else(|| {
            let (first, last) = (Self(PLAN_START_MS_MIN), Self(PLAN_START_MS_MAX));
            format!("a run must begin between {first} and {last}; `{text}` is outside")
        })
    }
}

impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for WallTime {
    fn schema_name() -> Cow<'static, str> {
        "WallTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "An instant of the wall clock in UTC, in whole milliseconds.",
        })
    }
}
