//! Names the sites of object storage: paths without the ids that differ from run to run.

use chaosdrill_core::limits::HEX_ID_CHARS_MIN;
use object_store::path::Path;

/// Characters of a ULID.
const ULID_CHARS: usize = 26;

/// Characters of a UUID with its hyphens, and the positions of the hyphens.
const UUID_CHARS: usize = 36;
const UUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The site of a call on a path, `store:put orders/*.json`; the root is `/`.
pub(super) fn of_call(verb: &str, path: Option<&Path>) -> String {
    let name: Vec<String> = path.map_or(Vec::new(), |path| {
        path.as_ref().split('/').filter(|part| !part.is_empty()).map(plain).collect()
    });
    match name.is_empty() {
        true => format!("store:{verb} /"),
        false => format!("store:{verb} {}", name.join("/")),
    }
}

/// One segment of a path, with `*` in place of its ids.
fn plain(segment: &str) -> String {
    let mut name = String::new();
    for (index, part) in segment.split('.').enumerate() {
        if index > 0 {
            name.push('.');
        }
        if is_uuid(part) {
            name.push('*');
            continue;
        }
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(['-', '_', '=', '@']).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            name.push_str(if is_id(word) { "*" } else { word });
            let joint = tail.chars().next().map_or(0, char::len_utf8);
            name.push_str(&tail[..joint]);
            rest = &tail[joint..];
        }
    }
    name
}

fn is_uuid(text: &str) -> bool {
    text.len() == UUID_CHARS
        && text.bytes().enumerate().all(|(index, byte)| {
            if UUID_HYPHENS.contains(&index) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

/// Whether a word is a number, a version such as `v12`, a ULID, or a long sequence of hexadecimal digits.
fn is_id(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = word.len() >= HEX_ID_CHARS_MIN && word.bytes().all(|b| b.is_ascii_hexdigit());
    let crockford =
        |byte: u8| byte.is_ascii_alphanumeric() && !b"ILOU".contains(&byte.to_ascii_uppercase());
    let is_ulid = word.len() == ULID_CHARS && word.bytes().all(crockford);
    has_digit && (is_number || is_hex || is_ulid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_not_in_the_name() {
        let cases = [
            ("orders/17.json", "store:put orders/*.json"),
            ("__recovery/01K9ZC3V7Q8W5N2M4T6R0XYABC.json", "store:put __recovery/*.json"),
            ("a/0f8fad5b-d9cb-469f-a165-70867728950e/b", "store:put a/*/b"),
            ("sha256-9f86d081884c7d659a2feaa0c55ad015", "store:put sha256-*"),
            ("t1/v12/part-00003.parquet", "store:put t1/*/part-*.parquet"),
            ("day=2026-11-21/x", "store:put day=*-*-*/x"),
            ("facade/deadbeef/table_a", "store:put facade/deadbeef/table_a"),
            ("", "store:put /"),
        ];
        for (path, site) in cases {
            assert_eq!(of_call("put", Some(&Path::from(path))), site, "{path}");
        }
        assert_eq!(of_call("list", None), "store:list /");
    }
}
