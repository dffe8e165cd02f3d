//! The closing block of a campaign: marks without a hit, what was not tried, the runs by scenario, the speed, the
//! verdict.

use anstyle::Style;
use chaosdrill_core::{Campaign, record::Summary};

use super::{
    layout::{hang, wrap},
    palette::{Palette, paint},
    table::table,
};
use crate::{
    escape, incomplete,
    limits::{TERMINAL_ASIDE_CHARS_MAX, TERMINAL_MARKS_MAX, TERMINAL_UNTRIED_MAX},
    numbers, words,
};

/// The closing block. Each line ends with a line feed; the last paragraph is the verdict.
pub fn closing(campaign: &Campaign, palette: &Palette) -> String {
    let summary = campaign.summary();
    let mut block = never_hit(&summary, palette);
    block.push_str(&extent_of_faults(campaign, &summary, palette));
    block.push_str(&table(campaign, palette));
    block.push_str(&format!("\n{}", paragraph(&words::speed(&summary), palette)));
    let name = summary.verdict.name();
    let verdict = paragraph(&format!("{name}: {}", words::because(&summary)), palette);
    let painted = paint(palette.verdict(summary.verdict), name);
    block.push_str(&verdict.replacen(name, &painted, 1));
    block
}

/// A text in lines of the terminal's width, each with its line feed; continuation lines are indented.
pub fn paragraph(text: &str, palette: &Palette) -> String {
    hang(text, palette.columns()).iter().map(|line| format!("{line}\n")).collect()
}

/// What is missing of a campaign, in lines that each end with a line feed; `None` if it is complete.
///
/// The style is set once and not on every line: a line may begin with untrusted text, and
/// [`escape::without_workflow_commands`] would not find a command after a style.
pub fn incomplete(campaign: &Campaign, palette: &Palette) -> Option<String> {
    let incomplete = campaign.incomplete()?;
    let style = if incomplete.is_as_ordered() { Style::new() } else { palette.unknown };
    let lines = wrap(&incomplete::plain(&incomplete), palette.columns());
    Some(format!("{}\n", paint(style, &lines.join("\n"))))
}

fn never_hit(summary: &Summary, palette: &Palette) -> String {
    if summary.never_hit.is_empty() {
        return String::new();
    }
    let title = format!("{} hit", words::never(summary));
    let mut text = format!("{}\n", paint(palette.unknown, &title));
    for mark in summary.never_hit.iter().take(TERMINAL_MARKS_MAX) {
        let mark = escape::line_within(mark, TERMINAL_ASIDE_CHARS_MAX);
        for line in hang(&mark, palette.columns() - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    let left_out = summary.never_hit.len().saturating_sub(TERMINAL_MARKS_MAX) as u64;
    if left_out > 0 {
        text.push_str(&format!("  and {}\n", numbers::counted(left_out, "more mark")));
    }
    text.push('\n');
    text
}

/// What the faults of the campaign reached and what they did not; the other reports have all names.
fn extent_of_faults(campaign: &Campaign, summary: &Summary, palette: &Palette) -> String {
    let never = words::never(summary);
    let untried = &summary.untried;
    let lines = [
        some_of(&format!("{never} struck"), &untried.acts, "kind of fault", "kinds of faults"),
        some_of(&format!("{never} passed"), &untried.failpoints, "failpoint", "failpoints"),
        calm_sites(summary),
        words::swept(campaign),
    ];
    let mut text: String = lines.iter().flatten().map(|line| paragraph(line, palette)).collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The first few names, and the number of the others; `None` if there are no names.
fn some_of(label: &str, names: &[String], one: &str, many: &str) -> Option<String> {
    let mut shown: Vec<String> = names
        .iter()
        .take(TERMINAL_UNTRIED_MAX)
        .map(|name| escape::line_within(name, TERMINAL_ASIDE_CHARS_MAX))
        .collect();
    let more = names.len() - shown.len();
    if more > 0 {
        let noun = if more == 1 { one } else { many };
        shown.push(format!("and {} more {noun}", numbers::grouped(more as u64)));
    }
    (!names.is_empty()).then(|| format!("{label}: {}", shown.join(", ")))
}

/// The sites at which no fault struck: their names if they are few, otherwise their number.
fn calm_sites(summary: &Summary) -> Option<String> {
    let (calm, all) = (&summary.untried.sites, summary.coverage.len() as u64);
    if calm.len() <= TERMINAL_UNTRIED_MAX {
        return some_of("nothing struck at", calm, "site", "sites");
    }
    let (calm, all) = (numbers::grouped(calm.len() as u64), numbers::counted(all, "site"));
    Some(format!("nothing struck at {calm} of {all}"))
}
