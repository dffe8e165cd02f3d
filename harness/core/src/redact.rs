//! Passwords, hidden where a text comes in: what a run writes down is read by others than those who ran it.

use std::borrow::Cow;

use serde_json::Value;

/// Hides the password of every URL: `postgres://user:secret@host/db` becomes `postgres://user:***@host/db`.
///
/// A password that is not percent-encoded may hold `@`, `/` or `?`, so it is taken to reach to the last `@`
/// of the URL. In an unusual URL that hides more than the password; the other choice would show a part of it.
pub fn redact(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find("://") {
        let (before, after) = rest.split_at(found + "://".len());
        let end = after.find(ends_url).unwrap_or(after.len());
        redacted.push_str(before);
        push_without_passwords(&mut redacted, &after[..end]);
        rest = &after[end..];
    }
    redacted.push_str(rest);
    Cow::Owned(redacted)
}

/// The same for every text in a value, names of members included.
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

fn ends_url(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '"' | '`' | '<' | '>')
}

/// Appends what follows `://`, without the password before `@` and without those among the parameters.
fn push_without_passwords(redacted: &mut String, url: &str) {
    // Parameters come first: an `@` in one of them is not the one that ends the user's password.
    let url = without_password_parameters(url);
    match url.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((name, host)) => redacted.extend([name, ":***@", host]),
        None => redacted.push_str(&url),
    }
}

fn without_password_parameters(url: &str) -> String {
    let mut kept = String::with_capacity(url.len());
    for (index, part) in url.split_inclusive(['?', '&', '#']).enumerate() {
        let (pair, separator) = part.split_at(part.trim_end_matches(['?', '&', '#']).len());
        match pair.split_once('=') {
            Some((key, _)) if index > 0 && key.to_ascii_lowercase().ends_with("password") => {
                kept.extend([key, "=***", separator]);
            }
            _ => kept.push_str(part),
        }
    }
    kept
}
