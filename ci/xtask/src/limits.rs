//! Every bound of the house rules, in one place, with its unit last.

/// Lines of a Rust file without its test modules; a longer file must be split.
pub const FILE_LINES_MAX: usize = 600;

/// Lines of a Rust file without its test modules from which tidy prints a note.
pub const FILE_LINES_NOTED: usize = 400;

/// Columns of prose: Markdown, and comments.
pub const PROSE_COLUMNS_MAX: usize = 120;

/// Digits of an abbreviated commit in a published report.
pub const COMMIT_DIGITS_MIN: usize = 7;

/// Digits of a commit in full.
pub const COMMIT_DIGITS_MAX: usize = 40;

/// `use` lines that are followed from one name to the next.
pub const USE_HOPS_MAX: usize = 4;
