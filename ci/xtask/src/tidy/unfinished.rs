//! Lists of crates that still break a rule. A list can only shrink.
//!
//! A new rule is rarely kept by all crates on its first day, so it has a list of unfinished crates. Complaints about a
//! crate on the list are postponed. A crate on the list without complaints must be taken off the list, so that it does
//! not break the rule again. When the list is empty, it is removed.

use crate::tree::Complaint;

/// The crates that still break one rule.
pub(super) struct Unfinished {
    /// The file with the list.
    pub(super) list: &'static str,
    /// The folders of the crates, such as `harness/rt`.
    pub(super) crates: &'static [&'static str],
}

impl Unfinished {
    /// The complaints about other crates, and a complaint for each crate on the list that has none.
    pub(super) fn enforced(&self, complaints: Vec<Complaint>) -> Vec<Complaint> {
        let is_clean =
            |folder: &&&str| !complaints.iter().any(|complaint| is_about(complaint, folder));
        let clean = self.crates.iter().filter(is_clean).map(|folder| {
            Complaint::of(
                folder,
                format!("keeps the rule now; take it off the list in {}", self.list),
            )
        });
        let mut found: Vec<Complaint> = clean.collect();
        found.extend(complaints.into_iter().filter(|complaint| !self.is_listed(complaint)));
        found
    }

    /// The complaints about crates on the list.
    pub(super) fn postponed(&self, mut complaints: Vec<Complaint>) -> Vec<Complaint> {
        complaints.retain(|complaint| self.is_listed(complaint));
        complaints
    }

    fn is_listed(&self, complaint: &Complaint) -> bool {
        self.crates.iter().any(|folder| is_about(complaint, folder))
    }
}

/// Whether a complaint is about that folder or a file in it.
fn is_about(complaint: &Complaint, folder: &str) -> bool {
    let rest = complaint.path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_crate_on_the_list_is_seen() {
        let unfinished = Unfinished { list: "rule.rs", crates: &["harness/rt", "harness/core"] };
        let complaints = vec![
            Complaint::of("harness/rt/src/a.rs", "is wrong"),
            Complaint::of("harness/rtx/src/a.rs", "is wrong"),
        ];
        let lines = |complaints: Vec<Complaint>| {
            let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
            lines.join("\n")
        };
        insta::assert_snapshot!(lines(unfinished.enforced(complaints.clone())), @"
        harness/core: keeps the rule now; take it off the list in rule.rs
        harness/rtx/src/a.rs: is wrong
        ");
        insta::assert_snapshot!(lines(unfinished.postponed(complaints)), @"harness/rt/src/a.rs: is wrong");
    }
}
