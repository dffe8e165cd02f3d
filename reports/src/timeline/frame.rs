//! The layout of a picture: the position of every row, lane and column, in units of SVG.

use super::{
    RowKind, Timeline,
    lettering::{LABEL_TENTHS, width_of},
};
use crate::{limits, numbers};

pub(super) const HEAD_HEIGHT: i32 = 44;
/// The position of a host's line on its lane, and of labels beside the line.
const LINE_X: i32 = 36;
pub(super) const LABEL_X: i32 = 11;
pub(super) const STATE_WIDTH: i32 = 236;

/// The width of a digit in tenths, in the columns of instants and of numbers.
const TIME_TENTHS: i32 = 74;
const NUMBER_TENTHS: i32 = 66;

/// The height of a row.
fn height(kind: RowKind) -> i32 {
    match kind {
        RowKind::Gap => 34,
        RowKind::Violation => 40,
        RowKind::Phase => 26,
        _ => 21,
    }
}

/// The positions of rows, lanes and columns.
pub(super) struct Frame {
    tops: Vec<i32>,
    /// The right ends of the columns of instants and numbers, and the left end of the lanes.
    pub(super) time_x: i32,
    pub(super) number_x: i32,
    pub(super) lanes_x: i32,
    /// The left end and the width of each lane.
    pub(super) lanes: Vec<(i32, i32)>,
    pub(super) states_x: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Frame {
    pub(super) fn of(timeline: &Timeline) -> Self {
        let mut tops = vec![HEAD_HEIGHT];
        for row in &timeline.rows {
            let top = tops[tops.len() - 1];
            tops.push(top + height(row.kind));
        }
        let (time_x, number_x) = columns(timeline);
        let lanes_x = number_x + 12;
        let last = timeline.lanes.len().saturating_sub(1);
        let widths = (0..timeline.lanes.len()).map(|lane| {
            let on_lane = timeline.rows.iter().filter(|row| row.lane == Some(lane));
            let chars = on_lane.map(|row| row.label.chars().count()).max().unwrap_or(0);
            let width_max = if lane == last {
                limits::TIMELINE_LAST_LANE_WIDTH_MAX
            } else {
                limits::TIMELINE_LANE_WIDTH_MAX
            };
            let width = width_of(chars, LABEL_TENTHS) + LINE_X + LABEL_X + 10;
            width.clamp(limits::TIMELINE_LANE_WIDTH_MIN, width_max)
        });
        let mut lanes = Vec::new();
        let mut x = lanes_x;
        for width in widths {
            lanes.push((x, width));
            x += width;
        }
        let states = if timeline.states.is_empty() { 0 } else { STATE_WIDTH };
        let height = tops[tops.len() - 1] + 12;
        // A picture with few lanes still has room for texts across them.
        let width = (x + states + 8).max(limits::TIMELINE_WIDTH_MIN);
        let states_x = width - states - 8;
        Self { tops, time_x, number_x, lanes_x, lanes, states_x, width, height }
    }

    /// Converts a position in rows to units of the picture.
    pub(super) fn y(&self, place: f32) -> i32 {
        let row = (place.max(0.0) as usize).min(self.tops.len() - 1);
        let part = place - row as f32;
        let bottom = self.tops.get(row + 1).copied().unwrap_or(self.tops[row]);
        self.tops[row] + ((bottom - self.tops[row]) as f32 * part) as i32
    }

    pub(super) fn middle(&self, row: usize) -> i32 {
        self.y(row as f32 + 0.5)
    }

    /// The top and bottom of each part, if the picture is too tall for the rest of a page; empty if it is not. Parts
    /// end between two rows, and have about the same height.
    pub(super) fn parts(&self) -> Vec<(i32, i32)> {
        let rows_height = self.height - HEAD_HEIGHT;
        let count = (rows_height - 1) / limits::TIMELINE_PART_HEIGHT_MAX + 1;
        if count <= 2 {
            return Vec::new();
        }
        let mut parts = Vec::new();
        let mut top = HEAD_HEIGHT;
        for nth in 1..=count {
            let wanted = HEAD_HEIGHT + rows_height * nth / count;
            let before = self.tops.iter().rfind(|place| **place <= wanted).copied();
            let bottom = if nth == count { self.height } else { before.unwrap_or(wanted) };
            parts.push((top, bottom));
            top = bottom;
        }
        parts
    }

    /// The position of a host's line.
    pub(super) fn line(&self, lane: usize) -> i32 {
        self.lanes.get(lane).map_or(self.lanes_x, |(x, _)| x + LINE_X)
    }
}

/// The right ends of the columns of instants and of numbers, so that the longest of each fits.
fn columns(timeline: &Timeline) -> (i32, i32) {
    let rows = || timeline.rows.iter().filter(|row| row.kind != RowKind::Gap);
    let times = rows().map(|row| numbers::instant(row.at_ns).len());
    let numbers = rows().filter_map(|row| row.event).map(|event| format!("#{event}").len());
    let time_width = width_of(times.max().unwrap_or(0), TIME_TENTHS) + 3;
    let number_width = width_of(numbers.max().unwrap_or(0), NUMBER_TENTHS) + 10;
    let time_x = time_width.max(limits::TIMELINE_TIME_WIDTH_MIN);
    (time_x, time_x + number_width.max(limits::TIMELINE_NUMBER_WIDTH_MIN))
}
