//! Redacts passwords in texts as they enter records and traces, which people who did not run the drill read too.
//!
//! A password is found by its surroundings: the user of a URL, or a name such as `password` and a `=`. If its end is
//! ambiguous, more is hidden than the password, so that no part of it is shown.

use std::borrow::Cow;

use serde_json::Value;

mod assigned;
mod url;

/// The replacement for a password.
const HIDDEN: &str = "***";

/// Hides passwords: `postgres://user:secret@host/db` becomes `postgres://user:***@host/db`, and `password=secret`
/// becomes `password=***`.
pub fn redact(text: &str) -> Cow<'_, str> {
    if !may_hold_password(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(assigned::redact(&url::redact(text)))
}

/// Hides passwords in a JSON text, string by string, so that it stays the same JSON.
pub fn redact_json(json: &str) -> Cow<'_, str> {
    if !may_hold_password(json.as_bytes()) {
        return Cow::Borrowed(json);
    }
    let mut redacted = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, string, after)) = next_string(rest) {
        redacted.push_str(before);
        match serde_json::from_str::<String>(string) {
            Ok(text) if may_hold_password(text.as_bytes()) => {
                redacted.push_str(&Value::from(&*redact(&text)).to_string());
            }
            _ => redacted.push_str(string),
        }
        rest = after;
    }
    redacted.push_str(rest);
    Cow::Owned(redacted)
}

/// The next string of a JSON text with its quotes, and the texts before and after it.
fn next_string(json: &str) -> Option<(&str, &str, &str)> {
    let begin = json.find('"')?;
    let mut is_escaped = false;
    let end = json[begin + 1..].find(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })?;
    let end = begin + 1 + end + 1;
    Some((&json[..begin], &json[begin..end], &json[end..]))
}

/// Hides passwords in every text of a value, including names of members.
pub(crate) fn redact_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = redact(text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_value),
        Value::Object(members) => {
            let all = std::mem::take(members).into_iter();
            members.extend(all.map(|(name, mut value)| {
                redact_value(&mut value);
                (redact(&name).into_owned(), value)
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A fast check whether a text may hold a password, which is rare: it runs for the line of every event.
///
/// It looks for a `:` before a slash, which JSON may have escaped, and for the end of a password's name before a `=`.
pub(crate) fn may_hold_password(text: &[u8]) -> bool {
    // No early return, so that the compiler can vectorise the loop.
    let pairs = text.iter().zip(text.iter().skip(1));
    let is_url = pairs.fold(false, |found, (byte, next)| {
        found | ((*byte == b':') & ((*next == b'/') | (*next == b'\\')))
    });
    let is_assigned = text.iter().fold(false, |found, byte| found | (*byte == b'='));
    is_url
        || is_assigned
            && text
                .iter()
                .enumerate()
                .any(|(index, byte)| *byte == b'=' && ends_name(&text[..index]))
}

fn ends_name(before: &[u8]) -> bool {
    let [.., a, b, c] = before.trim_ascii_end() else { return false };
    let end = [a, b, c].map(u8::to_ascii_lowercase);
    matches!(&end, b"ord" | b"swd" | b"pwd" | b"ase" | b"ass")
}

/// Whether a `"` or another delimiter ends the text that it encloses: no word follows it.
fn closes(after: &str) -> bool {
    after.chars().next().is_none_or(|next| next.is_ascii_whitespace() || ",:;.)}]".contains(next))
}

/// Whether a character may enclose a text. It may also be a part of a password.
fn encloses(c: char) -> bool {
    matches!(c, '"' | '`' | '<' | '>')
}

/// Whether a name, in lower case, is always that of a password.
fn names_password(name: &str) -> bool {
    ["password", "passwd", "passphrase", "_pwd"].iter().any(|end| name.ends_with(end))
}

/// Whether a name is that of a password among parameters; elsewhere `pass=3` counts tests, and `PWD=/tmp` is a folder.
fn names_password_parameter(name: &str) -> bool {
    names_password(name) || matches!(name, "pass" | "pwd") || name.ends_with("_pass")
}
