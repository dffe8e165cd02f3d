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

/// Characters of one event in words.
pub const EVENT_CHARS_MAX: usize = 400;

/// Rows of a timeline.
pub const TIMELINE_ROWS_MAX: usize = 90;

/// Lanes of a timeline.
pub const TIMELINE_LANES_MAX: usize = 8;

/// Faults of a timeline that stand there whatever else does.
pub const TIMELINE_FAULTS_MAX: usize = 24;

/// Spans of one kind in a timeline.
pub const TIMELINE_SPANS_MAX: usize = 200;

/// Events of a witness that say what a timeline is about.
pub const TIMELINE_WITNESSES_MAX: usize = 3;

/// Characters of a host or a row in a timeline.
pub const TIMELINE_NAME_CHARS_MAX: usize = 60;

/// Characters of a label in a timeline.
pub const TIMELINE_LABEL_CHARS_MAX: usize = 60;

/// Characters of a state of the watched row in a timeline.
pub const TIMELINE_STATE_CHARS_MAX: usize = 120;

/// Bytes of a value that stands beside a label in a timeline.
pub const TIMELINE_ASIDE_BYTES_MAX: usize = 14;

/// Characters of one name in a page.
pub const HTML_NAME_CHARS_MAX: usize = 160;

/// Characters of one explanation in a page.
pub const HTML_TEXT_CHARS_MAX: usize = 800;

/// Bytes of one command in a page; a longer one is left out.
pub const HTML_COMMAND_BYTES_MAX: usize = 1_000;

/// Bytes of a page. The bounds of its sections add up to less.
pub const HTML_BYTES_MAX: usize = 2_000_000;

/// Findings told in full on a page, and the bytes they may take with their pictures.
pub const HTML_FINDINGS: (usize, usize) = (60, 1_200_000);

/// Bytes of pictures on a page; findings after that have none there, but in their own folder.
pub const HTML_TIMELINES_BYTES_MAX: usize = 850_000;

/// Rows of each further list of findings, and the bytes they may take.
pub const HTML_FINDINGS_LISTED: (usize, usize) = (200, 80_000);

/// Marks without a hit on a page, and the bytes they may take.
pub const HTML_MARKS: (usize, usize) = (200, 40_000);

/// Scenarios on a page, and the bytes they may take.
pub const HTML_SCENARIOS: (usize, usize) = (300, 250_000);

/// Checks of one scenario on a page, and the bytes they may take.
pub const HTML_CHECKS: (usize, usize) = (60, 30_000);

/// Defects on a page, and the bytes they may take.
pub const HTML_PROOFS: (usize, usize) = (300, 120_000);

/// Sites on a page, and the bytes they may take.
pub const HTML_SITES: (usize, usize) = (400, 150_000);

/// Acts that have a column of their own.
pub const HTML_ACTS_MAX: usize = 12;

/// Sweeps on a page, and the bytes they may take.
pub const HTML_SWEEPS: (usize, usize) = (100, 30_000);

/// Notes on a page, and the bytes they may take.
pub const HTML_NOTES: (usize, usize) = (40, 20_000);

/// Faults of one finding on a page, and the bytes they may take.
pub const HTML_FAULTS: (usize, usize) = (12, 8_000);

/// Sites named in the coverage block of a finding.
pub const HTML_BLOCK_SITES_MAX: usize = 40;

/// Events that a page of one run lists, and the bytes they may take.
pub const HTML_EVENTS: (usize, usize) = (600, 500_000);
