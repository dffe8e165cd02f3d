//! Reads an interval as operators write it in the environment of a program.

use chaosdrill_rt::time::Duration;

/// Reads a number with its unit, such as `90s`, `2m` or `1h`. `None` for any other text, and for less than a second.
pub fn interval(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        "s" => number,
        "m" => number.checked_mul(60)?,
        "h" => number.checked_mul(60 * 60)?,
        _ => return None,
    };
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_number_with_a_unit() {
        let seconds = |text| interval(text).map(|every| every.as_secs());
        assert_eq!(["1s", "90s", "2m", "1h"].map(seconds), [1, 90, 120, 3600].map(Some));
        let huge = format!("{}h", u64::MAX);
        for wrong in
            ["", "s", "2", "0s", "-1m", "+1m", "1.5m", "2 m", "2d", "2minutes", "soon", &huge]
        {
            assert_eq!(interval(wrong), None, "{wrong}");
        }
    }
}
