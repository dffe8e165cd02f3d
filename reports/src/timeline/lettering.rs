//! Estimates the width of text in a picture, and truncates text to a width.
//!
//! The browser picks the font after the picture is drawn, so every width is an estimate.

/// The width of a character in tenths of a unit: of a label, of a bold one, and of the names of hosts and the
/// sentence of a violation.
pub(super) const LABEL_TENTHS: i32 = 60;
const BOLD_TENTHS: i32 = 68;
pub(super) const TITLE_TENTHS: i32 = 78;

/// The width of a character of a label.
pub(super) fn tenths(is_bold: bool) -> i32 {
    if is_bold { BOLD_TENTHS } else { LABEL_TENTHS }
}

/// The width of so many characters.
pub(super) fn width_of(chars: usize, tenths: i32) -> i32 {
    i32::try_from(chars).unwrap_or(i32::MAX / tenths).min(i32::MAX / tenths) * tenths / 10
}

/// Truncates a text to a width; `tenths` is the width of a character.
pub(super) fn fitting(text: &str, width: i32, tenths: i32) -> String {
    let room = usize::try_from(width * 10 / tenths).unwrap_or(0).max(4);
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}
