//! Every bound of the reports, in one place, with its unit last.
//!
//! No limit is silent: what is left out is counted where it would have stood.

/// Columns of a terminal that everything but names and commands fits into.
pub const TERMINAL_COLUMNS_MAX: usize = 80;

/// Characters of the claim or the witness on the terminal, so that a failure stays on one screen.
pub const TERMINAL_TEXT_CHARS_MAX: usize = 500;

/// Characters of a name or of a further check's witness on the terminal.
pub const TERMINAL_ASIDE_CHARS_MAX: usize = 160;

/// Faults listed in one failure block, those that fired and those that did not each.
pub const TERMINAL_FAULTS_MAX: usize = 8;

/// Further checks listed in one failure block.
pub const TERMINAL_CHECKS_MAX: usize = 6;

/// Events named beside a witness.
pub const WITNESS_EVENTS_MAX: usize = 10;

/// Marks without a hit listed in the closing block.
pub const TERMINAL_MARKS_MAX: usize = 20;

/// Bytes of `summary.md`; hosts of Markdown refuse a comment of 65,536 characters.
pub const MARKDOWN_BYTES_MAX: usize = 60_000;

/// Characters of one name in `summary.md`.
pub const MARKDOWN_NAME_CHARS_MAX: usize = 120;

/// Characters of one explanation in `summary.md`.
pub const MARKDOWN_TEXT_CHARS_MAX: usize = 300;

/// Bytes of one command in `summary.md`; a longer one is left out, because half a command is worse than none.
pub const MARKDOWN_COMMAND_BYTES_MAX: usize = 400;

/// Marks without a hit in `summary.md`, and the bytes they may take.
pub const MARKDOWN_MARKS: (usize, usize) = (40, 6_000);

/// Rows of the findings in `summary.md`, and the bytes they may take.
pub const MARKDOWN_FINDINGS: (usize, usize) = (50, 24_000);

/// Rows of the scenarios in `summary.md`, and the bytes they may take.
pub const MARKDOWN_SCENARIOS: (usize, usize) = (100, 14_000);

/// Rows of the acts in `summary.md`, and the bytes they may take.
pub const MARKDOWN_ACTS: (usize, usize) = (20, 2_000);

/// Rows of the sites in `summary.md`, and the bytes they may take.
pub const MARKDOWN_SITES: (usize, usize) = (20, 4_000);
