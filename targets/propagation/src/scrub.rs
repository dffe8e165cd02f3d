//! Scrubs errors before they are stored: removes secrets, and limits the length.

use chaosdrill_rt::defect;

/// Maximum length of a stored error, in bytes.
const BYTES_MAX: usize = 1000;

/// The end of an error that was cut.
const CUT: &str = "...";

/// The placeholder for removed text.
const GONE: &str = "[scrubbed]";

/// Removes URLs and passwords, then cuts the rest to size. In this order, because half a URL is not recognized.
pub(crate) fn scrub(text: &str) -> String {
    cut(&defect!("P33", text.to_owned(), without_secrets(text)))
}

fn without_secrets(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let lower = word.to_ascii_lowercase();
        let is_secret = word.contains("://")
            || ["password=", "passwd=", "token=", "secret="].iter().any(|key| lower.contains(key));
        words.push(if is_secret { GONE } else { word });
    }
    words.join(" ")
}

fn cut(text: &str) -> String {
    if text.len() <= BYTES_MAX {
        return text.to_owned();
    }
    let mut end = BYTES_MAX - CUT.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_first_and_length_second() {
        let url = "postgres://admin:hunter2@db.internal/x";
        assert_eq!(scrub(&format!("refused by {url} twice")), "refused by [scrubbed] twice");
        assert_eq!(scrub("Password=hunter2"), "[scrubbed]");
        let long = format!("{} {url}", "x".repeat(985));
        let scrubbed = scrub(&long);
        assert!(!scrubbed.contains("admin"), "{scrubbed}");
        assert!(scrubbed.len() <= BYTES_MAX);
        let wide = scrub(&"ä".repeat(900));
        assert!(wide.len() <= BYTES_MAX && wide.ends_with(CUT));
        assert_eq!(scrub(&"x".repeat(1000)).len(), 1000);
        assert_eq!(scrub(&"x".repeat(1001)), format!("{}...", "x".repeat(997)));
    }
}
