//! The closing block of a campaign: marks without a hit, the runs by scenario, the speed, the verdict.

use std::time::Duration;

use anstyle::Style;
use chaosdrill_core::{
    Campaign, Verdict, duration,
    record::{Summary, Tally},
};

use super::{
    layout::wrap,
    palette::{Palette, paint},
};
use crate::{
    escape, incomplete,
    limits::{TERMINAL_COLUMNS_MAX, TERMINAL_MARKS_MAX, TERMINAL_UNTRIED_MAX},
    numbers, overview, words,
};

/// The widths of the columns of numbers: runs, valid, unknown, invalid, virtual time.
const NUMBER_COLUMNS: [usize; 5] = [9, 8, 9, 9, 15];

/// The closing block. Each line ends with a line feed; the last line is the verdict.
pub fn closing(campaign: &Campaign, palette: &Palette) -> String {
    let summary = campaign.summary();
    let mut block = never_hit(&summary, palette);
    block.push_str(&untried(&summary));
    block.push_str(&table(campaign, palette));
    let speed = words::speed(&summary);
    let verdict = paint(palette.verdict(summary.verdict), summary.verdict.name());
    block.push_str(&format!("\n{speed}\n{verdict}: {}\n", words::because(&summary)));
    block
}

/// What is missing of a campaign, in lines that each end with a line feed; `None` if it is complete.
///
/// The style is set once and not on every line: a line may begin with untrusted text, and
/// [`escape::without_workflow_commands`] would not find a command after a style.
pub fn incomplete(campaign: &Campaign, palette: &Palette) -> Option<String> {
    let incomplete = campaign.incomplete()?;
    let style = if incomplete.is_as_ordered() { Style::new() } else { palette.unknown };
    let lines = wrap(&incomplete::plain(&incomplete), TERMINAL_COLUMNS_MAX);
    Some(format!("{}\n", paint(style, &lines.join("\n"))))
}

fn never_hit(summary: &Summary, palette: &Palette) -> String {
    if summary.never_hit.is_empty() {
        return String::new();
    }
    let title = format!("{} hit", words::never(summary));
    let mut text = format!("{}\n", paint(palette.unknown, &title));
    for mark in summary.never_hit.iter().take(TERMINAL_MARKS_MAX) {
        text.push_str(&format!("  {}\n", escape::line_within(mark, 2 * TERMINAL_COLUMNS_MAX)));
    }
    let left_out = summary.never_hit.len().saturating_sub(TERMINAL_MARKS_MAX) as u64;
    if left_out > 0 {
        text.push_str(&format!("  and {}\n", numbers::counted(left_out, "more mark")));
    }
    text.push('\n');
    text
}

/// The untried failpoints, acts and sites, by name if they are few; the other reports have all names.
fn untried(summary: &Summary) -> String {
    let line = |(what, names): (&str, &[String])| {
        let few = names.len() <= TERMINAL_UNTRIED_MAX;
        let which = if few { names.join(", ") } else { numbers::grouped(names.len() as u64) };
        format!(
            "  {}\n",
            escape::line_within(&format!("{what}: {which}"), TERMINAL_COLUMNS_MAX - 2)
        )
    };
    let mut text: String = words::untried(&summary.untried).map(line).collect();
    if !text.is_empty() {
        text.insert_str(0, "never tried\n");
        text.push('\n');
    }
    text
}

fn table(campaign: &Campaign, palette: &Palette) -> String {
    let head = ["runs", "valid", "unknown", "invalid", "virtual"];
    let mut text = line("scenario", &head.map(str::to_owned), palette, Tally::default());
    for (name, part) in overview::by_scenario(campaign) {
        let cells = cells(part.tally, part.virtual_time);
        text.push_str(&line(&escape::line(name), &cells, palette, part.tally));
    }
    let total = overview::total(campaign);
    let cells = cells(total.tally, total.virtual_time);
    text.push_str(&line("total", &cells, palette, total.tally));
    text
}

fn cells(tally: Tally, virtual_time: Duration) -> [String; 5] {
    let Tally { runs, valid, unknown, invalid } = tally;
    let [runs, valid, unknown, invalid] = [runs, valid, unknown, invalid].map(numbers::grouped);
    [runs, valid, unknown, invalid, duration::seconds(virtual_time)]
}

/// One row of the table; a name that is too long for its column gets a line of its own.
fn line(name: &str, cells: &[String; 5], palette: &Palette, tally: Tally) -> String {
    let name_columns = TERMINAL_COLUMNS_MAX - NUMBER_COLUMNS.iter().sum::<usize>();
    let mut text = if name.chars().count() > name_columns {
        format!("{name}\n{:name_columns$}", "")
    } else {
        format!("{name:name_columns$}")
    };
    for (index, (cell, columns)) in cells.iter().zip(NUMBER_COLUMNS).enumerate() {
        let verdict = match index {
            2 if tally.unknown > 0 => Some(Verdict::Unknown),
            3 if tally.invalid > 0 => Some(Verdict::Invalid),
            _ => None,
        };
        let gap = " ".repeat(columns.saturating_sub(cell.chars().count()).max(1));
        let style = verdict.map(|verdict| palette.verdict(verdict)).unwrap_or_default();
        text.push_str(&format!("{gap}{}", paint(style, cell)));
    }
    text.push('\n');
    text
}
