//! Finds known names that are similar to a mistyped one, for error messages.

use crate::limits::NEAREST_NAMES_MAX;

/// Up to [`NEAREST_NAMES_MAX`] names similar to `wrong`, the most similar first.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const ALIKE_MIN: f64 = 0.6;
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let contains = if name.contains(wrong) { 0.9 } else { 0.0 };
            (strsim::jaro_winkler(wrong, name).max(contains), name)
        })
        .filter(|(score, _)| *score >= ALIKE_MIN)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.truncate(NEAREST_NAMES_MAX);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// `; did you mean a, b?`, or an empty string if no name is near.
pub fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let names = nearest(wrong, known);
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_comes_first() {
        let known = ["outbox/lease-expiry", "outbox/racing-commits", "propagation/ceiling"];
        assert_eq!(nearest("outbox/lease-expire", known)[0], "outbox/lease-expiry");
        assert_eq!(nearest("racing", known)[0], "outbox/racing-commits");
        assert_eq!(hint("zzz", known), "");
    }
}
