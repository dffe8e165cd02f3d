//! Redacts passwords after a name and a `=`: connection strings, environment variables, parameters.

use super::{HIDDEN, closes, encloses, names_password, names_password_parameter};

/// Hides the values that are assigned to a password's name.
pub(super) fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut done = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find('=') {
        let equals = from + found;
        from = equals + 1;
        let Some(value) = value(&text[..equals], &text[from..]) else { continue };
        let begin = from + value.start;
        redacted.push_str(&text[done..begin]);
        redacted.push_str(HIDDEN);
        done = from + value.end;
        from = done;
    }
    redacted.push_str(&text[done..]);
    redacted
}

/// The range of the password after a `=`; `None` if there is none.
fn value(before: &str, after: &str) -> Option<std::ops::Range<usize>> {
    let name = before.trim_end_matches(' ');
    let is_spaced = name.len() < before.len();
    let other = name.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let separator = other.trim_end_matches(' ').chars().next_back().filter(|c| "?&;".contains(*c));
    let name = name[other.len()..].to_ascii_lowercase();
    let is_password = match separator {
        Some(_) => names_password_parameter(&name),
        None => names_password(&name),
    };
    let start = if is_spaced { after.len() - after.trim_start_matches(' ').len() } else { 0 };
    // With spaces around it, `==` compares.
    if !is_password || is_spaced && after.starts_with(['=', '>']) {
        return None;
    }
    let length = length(&after[start..], separator);
    (length > 0).then_some(start..start + length)
}

/// The length of the password at the beginning of a text.
fn length(text: &str, separator: Option<char>) -> usize {
    let quoted = quoted(text);
    let ends = |(index, c): (usize, char)| match c {
        '&' | '#' => matches!(separator, Some('?' | '&')),
        ';' => separator == Some(';'),
        c if encloses(c) => closes(&text[quoted + index + 1..]),
        c => c.is_ascii_whitespace(),
    };
    let bare = text[quoted..].char_indices().find(|found| ends(*found));
    bare.map_or(text.len(), |(index, _)| quoted + index)
}

/// The length of the quoted text at the beginning, with quotes that may be escaped; 0 if there is none.
fn quoted(text: &str) -> usize {
    let Some(quote) = ["'", "\"", "\\'", "\\\""].into_iter().find(|quote| text.starts_with(quote))
    else {
        return 0;
    };
    let is_end = |index: usize| quote.len() > 1 || !text[..index].ends_with('\\');
    let ends = text[quote.len()..].match_indices(quote).map(|(index, _)| quote.len() + index);
    ends.into_iter().find(|index| is_end(*index)).map_or(0, |index| index + quote.len())
}
