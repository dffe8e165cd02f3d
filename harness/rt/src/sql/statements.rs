//! Named SQL statements of a file, looked up by name at compile time.
//!
//! A pipeline with one dialect takes each statement from its file as a constant:
//!
//! ```
//! use chaosdrill_rt::sql::Statements;
//!
//! const SQL: Statements = Statements::new("-- name: jobs.count\nSELECT COUNT(*) FROM jobs");
//! const COUNT: &str = SQL.get("jobs.count");
//! assert_eq!(COUNT, "-- name: jobs.count\nSELECT COUNT(*) FROM jobs");
//! ```
//!
//! A name that the file lacks is a compile error:
//!
//! ```compile_fail
//! # use chaosdrill_rt::sql::Statements;
//! # const SQL: Statements = Statements::new("-- name: jobs.count\nSELECT COUNT(*) FROM jobs");
//! const COUNT: &str = SQL.get("jobs.cuont");
//! ```
//!
//! For several dialects, [`statements!`](crate::statements) makes a struct of statements: each file is one constant.

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

    /// The statement with this name, including its name line. Call it for a `const`, so that the search happens at
    /// compile time.
    ///
    /// # Panics
    ///
    /// If the file has no statement with this name, or several. In a `const` this is a compile error.
    #[track_caller]
    pub const fn get(self, name: &str) -> &'static str {
        let mut found = None;
        let mut statements = self.iter();
        while let Some((known, sql)) = statements.next_statement() {
            if site::is_same(known, name) {
                if found.is_some() {
                    refuse("the SQL file has several statements `", name, "`");
                }
                found = Some(sql);
            }
        }
        match found {
            Some(sql) => sql,
            None => refuse("the SQL file has no statement `", name, "`"),
        }
    }

    /// All statements with their names, in the order of the file.
    pub const fn iter(self) -> Iter {
        Iter { rest: self.0 }
    }
}

impl IntoIterator for Statements {
    type Item = (&'static str, &'static str);
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}

/// An iterator over the statements of a file, each with its name.
#[derive(Clone, Debug)]
pub struct Iter {
    rest: &'static str,
}

impl Iter {
    /// [`Iterator::next`] as a `const fn`, which a trait cannot have.
    pub const fn next_statement(&mut self) -> Option<(&'static str, &'static str)> {
        let body = self.rest.split_at(start_of_statement(self.rest)).1;
        let Some(name) = site::name_of(body) else {
            self.rest = "";
            return None;
        };
        let (first, below) = site::split_line(body);
        let (sql, rest) = body.split_at(first.len() + start_of_statement(below));
        self.rest = rest;
        Some((name, sql.trim_ascii_end()))
    }
}

impl Iterator for Iter {
    type Item = (&'static str, &'static str);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_statement()
    }
}

/// The byte at which the next name line begins, or the length of the text.
const fn start_of_statement(text: &str) -> usize {
    let mut rest = text;
    while !rest.is_empty() {
        let (line, below) = site::split_line(rest);
        if site::name_of(line).is_some() {
            break;
        }
        rest = below;
    }
    text.len() - rest.len()
}

/// Panics with a message around a name. In a `const`, `panic!` can format only a single text.
#[track_caller]
const fn refuse(before: &str, name: &str, after: &str) -> ! {
    let mut message = [0; 256];
    let mut length = 0;
    let parts = [before.as_bytes(), name.as_bytes(), after.as_bytes()];
    let mut part = 0;
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() && length < message.len() {
            message[length] = parts[part][at];
            length += 1;
            at += 1;
        }
        part += 1;
    }
    match str::from_utf8(message.split_at(length).0) {
        Ok(message) => panic!("{}", message),
        // The message was cut in the middle of a character.
        Err(_) => panic!("{}", before),
    }
}

/// Functions for the expansion of [`statements!`](crate::statements); not part of the public API.
#[doc(hidden)]
pub mod expansion {
    /// Whether the field belongs to the statement with this name: the names are equal, with `_` for `.`.
    pub const fn is_field(name: &str, field: &str) -> bool {
        let (name, field) = (name.as_bytes(), field.as_bytes());
        if name.len() != field.len() {
            return false;
        }
        let mut at = 0;
        while at < name.len() {
            if name[at] != field[at] && !(name[at] == b'.' && field[at] == b'_') {
                return false;
            }
            at += 1;
        }
        true
    }

    /// Returns a field's statement, or panics with the name of the field.
    #[track_caller]
    pub const fn found(statement: Option<&'static str>, field: &str) -> &'static str {
        match statement {
            Some(sql) => sql,
            None => super::refuse("the SQL file has no statement for the field `", field, "`"),
        }
    }

    /// Fills a field, or panics if it already has a statement.
    #[track_caller]
    pub const fn fill(field: &mut Option<&'static str>, name: &str, sql: &'static str) {
        if field.is_some() {
            super::refuse("the SQL file has several statements `", name, "`");
        }
        *field = Some(sql);
    }

    /// Panics because a statement of the file has no field.
    #[track_caller]
    pub const fn unknown(name: &str) -> ! {
        super::refuse("no field takes the statement `", name, "` of the SQL file")
    }
}

/// Makes a struct of the statements of a file; each field is a `&'static str`.
///
/// A field has the name of its statement, with `_` for `.`: `queue_put` is `-- name: queue.put`. The private `of(file)`
/// takes the statements from a file's [`Statements`](crate::sql::Statements). It is a `const fn`, so a dialect can be a
/// constant that is checked at compile time: the file and the fields must have the same names, each once. The compiler
/// warns about a private field that is never read, as usual.
///
/// ```
/// use chaosdrill_rt::sql::Statements;
///
/// chaosdrill_rt::statements! {
///     /// The statements of the queue.
///     struct Sql {
///         queue_put: &'static str,
///         queue_take: &'static str,
///     }
/// }
///
/// const SQLITE: Sql = Sql::of(Statements::new(
///     "-- name: queue.put\nINSERT INTO queue (body) VALUES ($1)\n\n\
///      -- name: queue.take\nDELETE FROM queue WHERE id = $1 RETURNING body",
/// ));
/// assert!(SQLITE.queue_put.ends_with("VALUES ($1)"));
/// assert!(SQLITE.queue_take.ends_with("RETURNING body"));
/// ```
///
/// If a statement is missing in the file, has no field, or has the same name as another, the crate does not compile:
///
/// ```compile_fail
/// # use chaosdrill_rt::sql::Statements;
/// # chaosdrill_rt::statements! { struct Sql { queue_put: &'static str } }
/// const SQLITE: Sql = Sql::of(Statements::new("-- name: queue.take\nDELETE FROM queue"));
/// ```
#[macro_export]
macro_rules! statements {
    // The struct is passed on unchanged, because the compiler warns about unused fields only then.
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident $fields:tt) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug)]
        $visibility struct $name $fields
        $crate::statements!(@of $name $fields);
    };
    (@of $name:ident {
        $($(#[$attribute:meta])* $visibility:vis $field:ident: &'static str),+ $(,)?
    }) => {
        impl $name {
            /// Takes the statements from a file.
            #[track_caller]
            const fn of(file: $crate::sql::Statements) -> Self {
                $(let mut $field = ::core::option::Option::None;)+
                let mut statements = file.iter();
                while let ::core::option::Option::Some((name, sql)) = statements.next_statement() {
                    $(
                        if $crate::sql::expansion::is_field(name, ::core::stringify!($field)) {
                            $crate::sql::expansion::fill(&mut $field, name, sql);
                            continue;
                        }
                    )+
                    $crate::sql::expansion::unknown(name)
                }
                Self {
                    $($field: $crate::sql::expansion::found($field, ::core::stringify!($field))),+
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Statements = Statements::new(
        "-- Statements of the outbox.\n\n-- name: a.one\nSELECT 1\n  -- a remark\n;\n\n-- name: a.two\nSELECT 2;\n",
    );

    const TWICE: Statements = Statements::new(
        "-- name: a.one\nSELECT 1\n-- name: a.two\nSELECT 2\n-- name: a.one\nSELECT 3",
    );

    crate::statements! {
        struct Sql {
            a_one: &'static str,
            a_two: &'static str,
        }
    }

    crate::statements! {
        struct Three {
            a_one: &'static str,
            a_two: &'static str,
            a_three: &'static str,
        }
    }

    crate::statements! {
        struct One {
            a_one: &'static str,
        }
    }

    #[test]
    fn statements_are_found_by_name() {
        const TWO: &str = FILE.get("a.two");
        assert_eq!(FILE.get("a.one"), "-- name: a.one\nSELECT 1\n  -- a remark\n;");
        assert_eq!(TWO, "-- name: a.two\nSELECT 2;");
        assert_eq!(FILE.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a.one", "a.two"]);
    }

    #[test]
    fn a_struct_has_the_statements_of_its_file() {
        const SQL: Sql = Sql::of(FILE);
        assert_eq!([SQL.a_one, SQL.a_two], [FILE.get("a.one"), FILE.get("a.two")]);
    }

    #[test]
    fn lines_may_end_as_on_windows_and_the_text_anywhere() {
        let file =
            Statements::new("\u{feff}\r\n-- name: a.one\r\nSELECT 'é'\r\n\r\n-- name: a.two");
        let all: Vec<_> = file.iter().collect();
        let one = ("a.one", "-- name: a.one\r\nSELECT 'é'");
        assert_eq!(all, [one, ("a.two", "-- name: a.two")]);
        assert_eq!(Statements::new("SELECT 1\n").iter().next(), None);
    }

    #[test]
    #[should_panic(expected = "the SQL file has no statement `a.three`")]
    fn a_missing_statement_is_refused() {
        FILE.get("a.three");
    }

    #[test]
    #[should_panic(expected = "the SQL file has several statements `a.one`")]
    fn two_statements_of_one_name_are_refused() {
        TWICE.get("a.one");
    }

    #[test]
    #[should_panic(expected = "the SQL file has several statements `a.one`")]
    fn a_struct_refuses_two_statements_of_one_name() {
        Sql::of(TWICE);
    }

    #[test]
    #[should_panic(expected = "the SQL file has no statement for the field `a_three`")]
    fn a_struct_refuses_a_file_without_one_of_its_statements() {
        let sql = Three::of(FILE);
        println!("{} {} {}", sql.a_one, sql.a_two, sql.a_three);
    }

    #[test]
    #[should_panic(expected = "no field takes the statement `a.two` of the SQL file")]
    fn a_struct_refuses_a_file_with_a_statement_that_it_lacks() {
        println!("{}", One::of(FILE).a_one);
    }
}
