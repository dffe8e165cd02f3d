//! Redacts passwords in URLs: the user's, and those among the parameters.

use super::{HIDDEN, closes, encloses, names_password_parameter};

/// Hides the passwords of every URL.
///
/// A password that is not percent-encoded may contain `@`, `/` or `?`, so it is assumed to end at the last `@`.
pub(super) fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = authority(rest) {
        let (before, after) = rest.split_at(begin);
        let end = end(before, after);
        redacted.push_str(before);
        push_without_passwords(&mut redacted, &after[..end]);
        rest = &after[end..];
    }
    redacted.push_str(rest);
    redacted
}

/// The position after the next `://`. Its slashes may be escaped, as some JSON writers do.
fn authority(text: &str) -> Option<usize> {
    text.match_indices(':').find_map(|(colon, _)| {
        let slash = |rest: &str| Some(rest.trim_start_matches('\\').strip_prefix('/')?.len());
        let one = slash(&text[colon + 1..])?;
        let two = slash(&text[text.len() - one..])?;
        Some(text.len() - two)
    })
}

/// The end of a URL: a space or the delimiter that encloses it, unless that is a part of its password.
fn end(before: &str, after: &str) -> usize {
    let word = after.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    let opener = before.trim_end_matches(is_of_scheme).chars().next_back();
    let ends = |(index, c): (usize, char)| {
        let behind = &word[index + 1..];
        let is_opened =
            matches!((opener, c), (Some('"'), '"') | (Some('`'), '`') | (Some('<'), '>'));
        !behind.contains('@') || is_opened && closes(behind)
    };
    let mut enclosing = word.char_indices().filter(|(_, c)| encloses(*c));
    enclosing.find(|found| ends(*found)).map_or(word.len(), |(index, _)| index)
}

fn is_of_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':' | '/' | '\\')
}

/// Appends what follows `://`, without the password before `@` and without passwords among the parameters.
fn push_without_passwords(redacted: &mut String, url: &str) {
    let head = &url[..url.find(['?', ';']).unwrap_or(url.len())];
    // Parameters come first: an `@` in one of them does not end the user's password.
    let (rest, has_hidden_at) = without_password_parameters(&url[head.len()..]);
    let kept = format!("{head}{rest}");
    match kept.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((name, host)) => redacted.extend([name, ":", HIDDEN, "@", host]),
        // What looks like a parameter may be a part of the password, the end of which is unknown.
        None if has_hidden_at && !kept.contains('@') && !is_host(head) => {
            let name = head.split_once(':').map_or(head, |(name, _)| name);
            redacted.extend([name, ":", HIDDEN]);
        }
        None => redacted.push_str(&kept),
    }
}

/// The parameters without passwords, and whether a hidden one had an `@`.
fn without_password_parameters(parameters: &str) -> (String, bool) {
    let separators = ['?', '&', '#', ';'];
    let mut kept = String::with_capacity(parameters.len());
    let mut has_hidden_at = false;
    for part in parameters.split_inclusive(separators) {
        let (pair, separator) = part.split_at(part.trim_end_matches(separators).len());
        match pair.split_once('=') {
            Some((key, value)) if names_password_parameter(&key.to_ascii_lowercase()) => {
                has_hidden_at |= value.contains('@');
                kept.extend([key, "=", HIDDEN, separator]);
            }
            _ => kept.push_str(part),
        }
    }
    (kept, has_hidden_at)
}

/// Whether the text is one or several hosts, with a port and a path, and not a name and a password.
fn is_host(head: &str) -> bool {
    let hosts = head.split('/').next().unwrap_or_default();
    hosts.split(',').all(|host| {
        let host = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
        host.split_once(':').is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
    })
}
