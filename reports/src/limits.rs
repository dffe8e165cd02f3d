//! Every bound of the reports, in one place, with its unit last.
//!
//! No limit is silent: items that are left out are counted in their place.

/// Columns of terminal output, except for names and commands; wider terminals get no longer lines, which read badly.
pub const TERMINAL_COLUMNS_MAX: usize = 80;

/// Columns of terminal output on a terminal that is narrower still.
pub const TERMINAL_COLUMNS_MIN: usize = 40;

/// Columns of the table of scenarios for a name; on a terminal with less, the table becomes a list.
pub const TERMINAL_NAME_COLUMNS_MIN: usize = 16;

/// Characters of the claim or the witness on the terminal, so that a failure fits on one screen.
pub const TERMINAL_TEXT_CHARS_MAX: usize = 500;

/// Characters of a name or of a further check's witness on the terminal.
pub const TERMINAL_ASIDE_CHARS_MAX: usize = 160;

/// Faults listed in one failure block: of those that fired, and of those that did not.
pub const TERMINAL_FAULTS_MAX: usize = 8;

/// Further checks listed in one failure block.
pub const TERMINAL_CHECKS_MAX: usize = 6;

/// Events named beside a witness.
pub const WITNESS_EVENTS_MAX: usize = 10;

/// Marks without a hit listed in the closing block.
pub const TERMINAL_MARKS_MAX: usize = 20;

/// Names of failpoints, kinds of faults and sites that were not tried on the terminal, each; more are only counted.
pub const TERMINAL_UNTRIED_MAX: usize = 4;

/// Findings of one status that the terminal names in a comparison with an earlier campaign.
pub const TERMINAL_COMPARED_MAX: usize = 10;

/// Bytes of `summary.md`; code hosts reject comments of 65,536 characters.
pub const MARKDOWN_BYTES_MAX: usize = 60_000;

/// Characters of one name in `summary.md`.
pub const MARKDOWN_NAME_CHARS_MAX: usize = 120;

/// Characters of one explanation in `summary.md`.
pub const MARKDOWN_TEXT_CHARS_MAX: usize = 300;

/// Bytes of one command in `summary.md`; a longer one is left out, because half a command is worse than none.
pub const MARKDOWN_COMMAND_BYTES_MAX: usize = 400;

/// Notes on files that could not be read, in Markdown and in each suite of JUnit.
pub const MARKDOWN_NOTES_MAX: usize = 5;

/// Characters of one such note in Markdown.
pub const MARKDOWN_NOTE_CHARS_MAX: usize = 100;

/// Names in each list of missing parts of a campaign.
pub const INCOMPLETE_NAMES_MAX: usize = 4;

/// Columns of one such name.
pub const INCOMPLETE_NAME_COLUMNS_MAX: usize = 60;

/// Reasons why a campaign is incomplete.
pub const INCOMPLETE_REASONS_MAX: usize = 6;

/// Errors among the reasons whose text is shown.
pub const INCOMPLETE_ERRORS_MAX: usize = 2;

/// Columns of the text of one such error.
pub const INCOMPLETE_ERROR_COLUMNS_MAX: usize = 120;

/// The bounds of a Markdown form: rows and bytes, for each section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownBounds {
    /// The whole form.
    pub bytes_max: usize,
    /// Marks without a hit.
    pub marks: (usize, usize),
    /// Untried failpoints, acts and sites.
    pub untried: (usize, usize),
    /// Findings, one row each.
    pub findings: (usize, usize),
    /// Findings with their plan and their commands.
    pub commands: (usize, usize),
    /// Scenarios.
    pub scenarios: (usize, usize),
    /// Acts.
    pub acts: (usize, usize),
    /// Sites.
    pub sites: (usize, usize),
    /// Sweeps.
    pub sweeps: (usize, usize),
}

/// `summary.md`, which must fit into a comment. The bounds of its sections add up to less than the whole.
pub const MARKDOWN_SUMMARY: MarkdownBounds = MarkdownBounds {
    bytes_max: MARKDOWN_BYTES_MAX,
    marks: (40, 6_000),
    untried: (20, 3_000),
    findings: (50, 16_000),
    commands: (12, 11_000),
    scenarios: (100, 10_000),
    acts: (20, 2_000),
    sites: (20, 4_000),
    sweeps: (10, 2_000),
};

/// The page of a job, which may be longer: GitHub takes up to 1 MiB of one step.
pub const MARKDOWN_JOB: MarkdownBounds = MarkdownBounds {
    bytes_max: 1_000_000,
    marks: (1_000, 80_000),
    untried: (200, 30_000),
    findings: (1_000, 300_000),
    commands: (200, 200_000),
    scenarios: (1_000, 200_000),
    acts: (40, 10_000),
    sites: (1_000, 120_000),
    sweeps: (300, 50_000),
};

/// Planted bugs in a Markdown form of their own: rows and bytes.
pub const MARKDOWN_PROOFS: (usize, usize) = (200, 55_000);

/// Faults of a smallest plan in a Markdown form.
pub const MARKDOWN_PLAN_FAULTS_MAX: usize = 6;

/// Annotations of one kind that GitHub shows for one step.
pub const ANNOTATIONS_MAX: usize = 10;

/// Characters of the message of an annotation.
pub const ANNOTATION_CHARS_MAX: usize = 1_000;

/// Characters of one event in words.
pub const EVENT_CHARS_MAX: usize = 400;

/// Rows of a timeline.
pub const TIMELINE_ROWS_MAX: usize = 90;

/// Lanes of a timeline.
pub const TIMELINE_LANES_MAX: usize = 8;

/// Faults of a timeline that have priority over all other events.
pub const TIMELINE_FAULTS_MAX: usize = 24;

/// Spans of one kind in a timeline.
pub const TIMELINE_SPANS_MAX: usize = 200;

/// Events of a witness that determine the subject of a timeline.
pub const TIMELINE_WITNESSES_MAX: usize = 3;

/// Characters of a host or a row in a timeline.
pub const TIMELINE_NAME_CHARS_MAX: usize = 60;

/// Characters of a label in a timeline.
pub const TIMELINE_LABEL_CHARS_MAX: usize = 60;

/// Characters of a state of the watched row in a timeline.
pub const TIMELINE_STATE_CHARS_MAX: usize = 120;

/// Bytes of a value beside a label in a timeline.
pub const TIMELINE_ASIDE_BYTES_MAX: usize = 14;

/// Values beside a label in a timeline.
pub const TIMELINE_ASIDES_MAX: usize = 2;

/// Steps of the same host before an event that are taken to have led to it.
pub const TIMELINE_STEPS_BEFORE_MAX: usize = 10;

/// Virtual time from such a step to the event.
pub const TIMELINE_BEFORE_NS_MAX: u64 = 100_000_000;

/// Steps of the same host after an event that are taken to follow from it.
pub const TIMELINE_STEPS_AFTER_MAX: usize = 3;

/// Virtual time from the event to such a step.
pub const TIMELINE_AFTER_NS_MAX: u64 = 3_000_000;

/// Virtual time without a row that becomes a row of its own.
pub const TIMELINE_GAP_NS_MIN: u64 = 400_000_000;

/// Virtual time from a message to the first step of its receiver; a later step has another cause.
pub const TIMELINE_REACTION_NS_MAX: u64 = 5_000_000_000;

/// The same if the step is to show which host a site sends its messages to.
pub const TIMELINE_LEARNED_NS_MAX: u64 = 200_000_000;

/// Bytes of a word that can name the subject of a timeline; a shorter word is rarely the name of one thing.
pub const TIMELINE_WORD_BYTES_MIN: usize = 3;

/// Rows of one watch that a word can name; a word that more rows carry is the name of none of them.
pub const TIMELINE_ROWS_NAMED_MAX: usize = 2;

/// Width of a timeline, in units of SVG as all that follow: with few lanes it still has room for texts across them.
pub const TIMELINE_WIDTH_MIN: i32 = 640;

/// Width of a lane.
pub const TIMELINE_LANE_WIDTH_MIN: i32 = 96;

/// Width of a lane. A row has one label, so the label may reach over the lanes to its right.
pub const TIMELINE_LANE_WIDTH_MAX: i32 = 140;

/// Width of the last lane, which has no lane to its right.
pub const TIMELINE_LAST_LANE_WIDTH_MAX: i32 = 230;

/// Width of the column of instants.
pub const TIMELINE_TIME_WIDTH_MIN: i32 = 62;

/// Width of the column of event numbers.
pub const TIMELINE_NUMBER_WIDTH_MIN: i32 = 38;

/// Height of a part of a timeline on paper, which stands on one page. A smaller part leaves less of a page empty, and
/// makes the page slower to open.
pub const TIMELINE_PART_HEIGHT_MAX: i32 = 240;

/// Characters of one name in a page.
pub const HTML_NAME_CHARS_MAX: usize = 160;

/// Characters of one explanation in a page.
pub const HTML_TEXT_CHARS_MAX: usize = 800;

/// Characters of a commit in a page.
pub const HTML_COMMIT_CHARS_MAX: usize = 12;

/// Bytes of one command in a page; a longer one is left out.
pub const HTML_COMMAND_BYTES_MAX: usize = 1_000;

/// Bytes of a page. The bounds of its sections add up to less.
pub const HTML_BYTES_MAX: usize = 2_000_000;

/// Findings shown in full on a page, and their bytes with their pictures.
pub const HTML_FINDINGS: (usize, usize) = (60, 1_000_000);

/// Bytes of pictures on a page; further findings have their picture only on their own page.
pub const HTML_TIMELINES_BYTES_MAX: usize = 750_000;

/// Rows and bytes of each further list of findings.
pub const HTML_FINDINGS_LISTED: (usize, usize) = (200, 60_000);

/// Marks without a hit on a page: rows and bytes.
pub const HTML_MARKS: (usize, usize) = (200, 40_000);

/// Names of untried failpoints, acts and sites, each: rows and bytes.
pub const HTML_UNTRIED: (usize, usize) = (200, 20_000);

/// Names up to which such a list is shown unfolded.
pub const HTML_UNTRIED_OPEN: usize = 6;

/// Scenarios on a page: rows and bytes.
pub const HTML_SCENARIOS: (usize, usize) = (300, 220_000);

/// Checks of one scenario on a page: rows and bytes.
pub const HTML_CHECKS: (usize, usize) = (60, 30_000);

/// Defects on a page: rows and bytes.
pub const HTML_PROOFS: (usize, usize) = (300, 100_000);

/// Faults of a smallest plan in the row of a defect.
pub const HTML_PROOF_FAULTS_MAX: usize = 4;

/// Sites on a page: rows and bytes.
pub const HTML_SITES: (usize, usize) = (400, 130_000);

/// Goals on a page: rows and bytes.
pub const HTML_GOALS: (usize, usize) = (300, 100_000);

/// Lists of goals; the rest is counted.
pub const HTML_GOAL_LISTS_MAX: usize = 60;

/// Ways that are named for one goal.
pub const HTML_WAYS_MAX: usize = 12;

/// Acts with a column of their own.
pub const HTML_ACTS_MAX: usize = 12;

/// Sweeps on a page: rows and bytes.
pub const HTML_SWEEPS: (usize, usize) = (100, 30_000);

/// Notes on a page: rows and bytes.
pub const HTML_NOTES: (usize, usize) = (40, 20_000);

/// Notes on files of one run that could not be read: rows and bytes.
pub const HTML_STORY_NOTES: (usize, usize) = (8, 8_000);

/// Faults of one finding on a page: rows and bytes.
pub const HTML_FAULTS: (usize, usize) = (12, 8_000);

/// Ways to one finding, and its scenarios, each: rows and bytes.
pub const HTML_WAYS: (usize, usize) = (40, 24_000);

/// Sites named in the coverage block of a finding.
pub const HTML_BLOCK_SITES_MAX: usize = 40;

/// Events on the page of one run: rows and bytes.
pub const HTML_EVENTS: (usize, usize) = (600, 500_000);

/// Findings of a write-up.
pub const WRITE_UP_FINDINGS_MAX: usize = 40;

/// Targets named in the head of a write-up.
pub const WRITE_UP_TARGETS_MAX: usize = 8;
