//! A file of SQL: named statements of one dialect.

use crate::sql::site;

/// The named statements of one file.
///
/// A statement begins at a line `-- name: outbox.claim` and ends before the next such line.
#[derive(Clone, Copy, Debug)]
pub struct Statements(&'static str);

impl Statements {
    /// The statements of a file's text, usually `include_str!("sql/sqlite.sql")`.
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The statement of that name, with its name line.
    ///
    /// # Panics
    ///
    /// Where the file has no statement of that name: the program and its SQL do not fit.
    pub fn get(self, name: &str) -> &'static str {
        let found = self.iter().find(|(known, _)| *known == name);
        found.map_or_else(|| panic!("no statement `{name}` in the SQL file"), |(_, sql)| sql)
    }

    /// All statements with their names, in the order of the file.
    pub fn iter(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            loop {
                let start = start_of_statement(rest)?;
                let body = &rest[start..];
                let line_end = body.find('\n').map_or(body.len(), |at| at + 1);
                let end =
                    start_of_statement(&body[line_end..]).map_or(body.len(), |at| line_end + at);
                let sql = body[..end].trim_end();
                rest = &body[end..];
                if let Some(name) = site::name_of(sql) {
                    return Some((name, sql));
                }
            }
        })
    }
}

/// Where the next name line begins.
fn start_of_statement(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if site::name_of(line).is_some() {
            return Some(at);
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Statements = Statements::new(
        "-- Statements of the outbox.\n\n-- name: a.one\nSELECT 1\n  -- a remark\n;\n\n-- name: a.two\nSELECT 2;\n",
    );

    #[test]
    fn statements_are_found_by_name() {
        assert_eq!(FILE.get("a.one"), "-- name: a.one\nSELECT 1\n  -- a remark\n;");
        assert_eq!(FILE.get("a.two"), "-- name: a.two\nSELECT 2;");
        assert_eq!(FILE.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a.one", "a.two"]);
    }

    #[test]
    #[should_panic(expected = "no statement `a.three`")]
    fn a_missing_statement_is_a_mistake_of_the_program() {
        FILE.get("a.three");
    }
}
