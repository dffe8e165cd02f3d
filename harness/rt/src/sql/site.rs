//! The stable name of a statement, as part of its site.

#[cfg(feature = "sim")]
use chaosdrill_core::trace::vocabulary::site as sites;

/// `sql:` and the name in the statement's first line, or a fingerprint of the text if it has no name.
#[cfg(feature = "sim")]
pub(crate) fn of_statement(sql: &str) -> String {
    match name_of(sql) {
        Some(name) => sites::statement(name),
        None => sites::statement(&fingerprint(sql)),
    }
}

/// The name in a first line such as `-- name: outbox.claim`. Only ASCII white space is skipped.
pub(crate) const fn name_of(sql: &str) -> Option<&str> {
    let (first, _) = split_line(sql.trim_ascii_start());
    let Some(remark) = after(first, "--") else { return None };
    let Some(name) = after(remark.trim_ascii_start(), "name:") else { return None };
    let name = name.trim_ascii();
    if name.is_empty() { None } else { Some(name) }
}

/// The first line with its line end, and the text after it.
pub(crate) const fn split_line(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += 1;
        if bytes[at - 1] == b'\n' {
            break;
        }
    }
    text.split_at(at)
}

/// The text after `prefix`; `None` if it does not begin with it.
const fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let Some((head, rest)) = text.split_at_checked(prefix.len()) else { return None };
    if is_same(head, prefix) { Some(rest) } else { None }
}

/// `==` as a `const fn`, which std does not have for texts.
pub(crate) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The first words of a statement and a hash of all of it (FNV-1a), with white space folded.
#[cfg(feature = "sim")]
fn fingerprint(sql: &str) -> String {
    let words: Vec<String> = sql.split_whitespace().map(str::to_ascii_lowercase).collect();
    let mut hash = 0x811c_9dc5_u32;
    for byte in words.iter().flat_map(|word| word.bytes().chain([b' '])) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let plain = |word: &String| {
        word.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
    };
    let head: Vec<String> =
        words.iter().take(3).map(plain).filter(|word| !word.is_empty()).collect();
    format!("{}-{hash:08x}", head.join("_"))
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use super::*;

    #[test]
    fn a_named_statement_has_its_name() {
        assert_eq!(
            of_statement("-- name: outbox.claim\nUPDATE outbox SET x = 1"),
            "sql:outbox.claim"
        );
        assert_eq!(of_statement("\n  --name:a\nSELECT 1"), "sql:a");
        assert_eq!(of_statement("--  name: a b \r\nSELECT 1"), "sql:a b");
    }

    #[test]
    fn a_first_line_may_lack_a_name() {
        for sql in
            ["", "-", "é", "-- name:", "-- name: \nSELECT 1", "-- names: a", "SELECT 1\n-- name: a"]
        {
            assert_eq!(name_of(sql), None, "{sql:?}");
        }
    }

    #[test]
    fn an_unnamed_one_has_a_fingerprint_without_regard_to_white_space() {
        let name = of_statement("SELECT id FROM t WHERE a = $1");
        assert_eq!(name, of_statement("select id\n  from t where a = $1"));
        assert!(name.starts_with("sql:select_id_from-"), "{name}");
        assert_ne!(name, of_statement("SELECT id FROM t WHERE b = $1"));
        assert!(of_statement("").starts_with("sql:-"));
    }
}
