//! A table or a list that is bounded in rows and in bytes, and counts the rows that do not fit.

use crate::numbers;

/// A table whose cells are Markdown already.
pub(super) struct Table {
    head: String,
    body: String,
    rows_max: usize,
    bytes_max: usize,
    rows: usize,
    left_out: u64,
    list: bool,
}

impl Table {
    /// A table with these headings; a colon at the end of a heading aligns its column to the right.
    pub(super) fn new(head: &[&str], (rows_max, bytes_max): (usize, usize)) -> Self {
        let names: Vec<&str> = head.iter().map(|name| name.trim_end_matches(':')).collect();
        let rules: Vec<&str> =
            head.iter().map(|name| if name.ends_with(':') { "---:" } else { "---" }).collect();
        let head = format!("| {} |\n| {} |\n", names.join(" | "), rules.join(" | "));
        Self { head, body: String::new(), rows_max, bytes_max, rows: 0, left_out: 0, list: false }
    }

    /// A list: a table of one column without a heading.
    pub(super) fn list(bounds: (usize, usize)) -> Self {
        Self { head: String::new(), list: true, ..Self::new(&[], bounds) }
    }

    /// Adds a row for each item that fits, and counts the others.
    ///
    /// Items that are left out are not rendered, because they may be many and long.
    pub(super) fn fill<T>(
        mut self,
        items: impl IntoIterator<Item = T>,
        cells: impl Fn(T) -> Vec<String>,
    ) -> Self {
        let mut items = items.into_iter();
        while self.rows < self.rows_max {
            let Some(item) = items.next() else { break };
            let cells = cells(item).join(" | ");
            let row = if self.list { format!("- {cells}\n") } else { format!("| {cells} |\n") };
            if self.body.len() + row.len() > self.bytes_max {
                self.left_out = 1;
                break;
            }
            self.rows += 1;
            self.body.push_str(&row);
        }
        self.left_out += items.count() as u64;
        self
    }

    /// The section with its heading; empty if there are no rows.
    pub(super) fn section(&self, title: &str, noun: &str) -> String {
        if self.rows == 0 && self.left_out == 0 {
            return String::new();
        }
        let mut text = format!("\n## {title}\n\n{}{}", self.head, self.body);
        if self.left_out > 0 {
            let more = numbers::counted(self.left_out, &format!("more {noun}"));
            text.push_str(&format!("\n{more} left out here; `summary.json` has everything.\n"));
        }
        text
    }
}
