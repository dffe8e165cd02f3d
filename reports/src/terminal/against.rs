//! The comparison of a campaign with an earlier one: what is new, ongoing and fixed.

use chaosdrill_core::{Verdict, record::Finding};

use super::{
    layout::Row,
    palette::{Palette, paint},
};
use crate::{
    against::{Against, Status},
    escape,
    limits::{TERMINAL_ASIDE_CHARS_MAX, TERMINAL_COMPARED_MAX},
    numbers,
};

/// The comparison, in lines that each end with a line feed: a count of each status, then the findings by status.
pub fn against(against: &Against, palette: &Palette) -> String {
    let of = |status| {
        let is_it = move |finding: &&Finding| against.status(finding) == status;
        against.now().filter(is_it).collect::<Vec<_>>()
    };
    let rows = [
        ("new", of(Status::New)),
        ("ongoing", of(Status::Ongoing)),
        ("fixed", against.fixed().iter().collect()),
        ("not run", against.not_looked_for().iter().collect()),
    ];
    let style =
        if rows[0].1.is_empty() { palette.valid } else { palette.verdict(Verdict::Invalid) };
    let mut text = format!("{}\n", paint(style, &against.because()));
    for (label, findings) in rows.into_iter().filter(|(_, findings)| !findings.is_empty()) {
        let shown = findings.iter().take(TERMINAL_COMPARED_MAX);
        let mut items: Vec<String> = shown.map(|finding| in_words(finding)).collect();
        let left_out = (findings.len() - items.len()) as u64;
        if left_out > 0 {
            items.push(numbers::counted(left_out, "more finding"));
        }
        text.push_str(&Row::items(label, items).render(palette));
    }
    text
}

fn in_words(finding: &Finding) -> String {
    let text = format!("{} in {}: {}", finding.check, finding.run.scenario, finding.why);
    escape::line_within(&text, TERMINAL_ASIDE_CHARS_MAX)
}
