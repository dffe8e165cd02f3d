//! The runs of a campaign by scenario: a table, or a list on a terminal that is too narrow for one.

use chaosdrill_core::{
    Campaign, Verdict,
    record::{self, Tally},
};

use super::{
    layout::hang,
    palette::{Palette, paint},
};
use crate::{
    escape,
    limits::TERMINAL_NAME_COLUMNS_MIN,
    numbers::{counted, grouped, span},
    overview::{self, Part},
};

/// The titles of the columns of numbers.
const TITLES: [&str; 5] = ["runs", "valid", "unknown", "invalid", "virtual time"];

/// The columns of numbers whose cells have the colour of a verdict.
const UNKNOWN: usize = 2;
const INVALID: usize = 3;

/// The space before a column of numbers.
const GAP_COLUMNS: usize = 2;

/// One row of the table.
struct Row {
    name: String,
    tally: Tally,
    virtual_ns: u64,
}

impl Row {
    fn new(name: &str, part: &Part) -> Self {
        let virtual_ns = record::nanos(part.virtual_time);
        Self { name: escape::line(name), tally: part.tally, virtual_ns }
    }

    fn cells(&self) -> [String; 5] {
        let Tally { runs, valid, unknown, invalid } = self.tally;
        let [runs, valid, unknown, invalid] = [runs, valid, unknown, invalid].map(grouped);
        [runs, valid, unknown, invalid, span(self.virtual_ns)]
    }
}

/// All scenarios and their total. Columns are as wide as their contents, and a name that is too long for its column
/// gets a line of its own.
pub(super) fn table(campaign: &Campaign, palette: &Palette) -> String {
    let parts = overview::by_scenario(campaign);
    let mut rows: Vec<Row> = parts.iter().map(|(name, part)| Row::new(name, part)).collect();
    rows.push(Row::new("total", &overview::total(campaign)));
    let mut widths = TITLES.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row.cells()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let numbers = widths.iter().map(|width| width + GAP_COLUMNS).sum::<usize>();
    let room = palette.columns().saturating_sub(numbers);
    if room < TERMINAL_NAME_COLUMNS_MIN {
        return rows.iter().map(|row| item(row, palette)).collect();
    }
    let longest = rows.iter().map(|row| row.name.chars().count()).filter(|it| *it <= room).max();
    let name_columns = longest.unwrap_or_default().max(TERMINAL_NAME_COLUMNS_MIN);
    let line = |name: &str, cells: &[String; 5], tally: Tally| {
        let mut text = if name.chars().count() > name_columns {
            format!("{name}\n{:name_columns$}", "")
        } else {
            format!("{name:name_columns$}")
        };
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let verdict = match index {
                UNKNOWN if tally.unknown > 0 => Some(Verdict::Unknown),
                INVALID if tally.invalid > 0 => Some(Verdict::Invalid),
                _ => None,
            };
            let gap = " ".repeat(width + GAP_COLUMNS - cell.chars().count());
            let style = verdict.map(|verdict| palette.verdict(verdict)).unwrap_or_default();
            text.push_str(&format!("{gap}{}", paint(style, cell)));
        }
        text.push('\n');
        text
    };
    let head = line("scenario", &TITLES.map(str::to_owned), Tally::default());
    rows.iter().fold(head, |text, row| text + &line(&row.name, &row.cells(), row.tally))
}

/// A scenario as an item of a list: its name, then its numbers in words.
fn item(row: &Row, palette: &Palette) -> String {
    let Tally { runs, valid, unknown, invalid } = row.tally;
    if runs == 0 {
        return format!("{}\n  no runs\n", row.name);
    }
    let mut words = vec![format!("{}: {} valid", counted(runs, "run"), grouped(valid))];
    for (number, verdict) in [(unknown, Verdict::Unknown), (invalid, Verdict::Invalid)] {
        if number > 0 {
            words.push(format!("{} {}", grouped(number), verdict.name()));
        }
    }
    words.push(format!("{} virtual", span(row.virtual_ns)));
    let lines = hang(&words.join(", "), palette.columns() - GAP_COLUMNS);
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("{}\n{lines}", row.name)
}
