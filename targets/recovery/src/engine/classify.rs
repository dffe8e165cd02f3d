//! Classifies what happened to an operation's tables, and decides how to settle it. Pure: it reads only numbers.

use chaosdrill_rt::defect;

use super::model::{CONFIRMED_SINCE, Kind, Pin, Sidecar};

/// How strictly an operation must match its intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One commit per table, to the announced version.
    Strict,
    /// Any number of commits.
    Loose,
    /// Any number of commits, and the sidecar confirms the version that they reached.
    Confirmed,
}

/// The rule for an operation.
pub fn rule_of(sidecar: &Sidecar) -> Rule {
    let is_confirmed = sidecar.schema_version >= CONFIRMED_SINCE || defect!("G29b", true, false);
    match sidecar.kind {
        Kind::Mutation | Kind::Load => Rule::Strict,
        Kind::BranchMerge if is_confirmed => defect!("G29", Rule::Loose, Rule::Confirmed),
        Kind::BranchMerge | Kind::SchemaApply | Kind::EnsureIndices | Kind::Optimize => Rule::Loose,
    }
}

/// The observed state of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The published version.
    pub published: u64,
    /// The newest version; 0 if there is none.
    pub head: u64,
    /// Whether a version is published, and none is left.
    pub is_lost: bool,
    /// The owner of the newest version, if it is not published.
    pub owner: Owner,
}

impl Seen {
    /// Whether versions of the table are missing that were published once.
    pub fn is_behind(&self) -> bool {
        self.is_lost || self.head < self.published
    }
}

/// The owner of an unpublished version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The operation.
    Own,
    /// The operation, which is rolled back by it.
    OwnBack,
    /// Another operation.
    Other,
}

/// What happened to a table of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The published version is ahead of the table: nothing can be concluded.
    InvariantViolation,
    /// The operation has not moved it, or has been published.
    NoMovement,
    /// Another operation has moved it, and this one has not.
    Foreign,
    /// It has moved as intended.
    RolledPast,
    /// It has moved by one version, which is not the intended one.
    UnexpectedAtP1,
    /// It has moved by several versions, but one was intended.
    UnexpectedMultistep,
    /// It has moved, but the sidecar does not confirm that this is complete.
    IncompletePhaseB,
    /// The operation is being rolled back in it.
    Restored,
}

/// Classifies one table.
pub fn classify(rule: Rule, pin: &Pin, seen: Seen) -> Class {
    let Seen { published, head, owner, .. } = seen;
    if seen.is_behind() {
        return Class::InvariantViolation;
    }
    if head == published {
        return Class::NoMovement;
    }
    match owner {
        Owner::Other => return Class::Foreign,
        Owner::OwnBack => return Class::Restored,
        Owner::Own => {}
    }
    let is_from_expected = pin.expected_version == published;
    let unexpected =
        if head == published + 1 { Class::UnexpectedAtP1 } else { Class::UnexpectedMultistep };
    match rule {
        Rule::Strict => {
            let is_exact = head == published + 1 && pin.post_commit_pin == head;
            if is_from_expected && is_exact { Class::RolledPast } else { unexpected }
        }
        Rule::Loose if is_from_expected => Class::RolledPast,
        Rule::Loose => unexpected,
        Rule::Confirmed => match pin.confirmed_version {
            None => Class::IncompletePhaseB,
            Some(version) if version == head && is_from_expected => Class::RolledPast,
            Some(_) => Class::UnexpectedMultistep,
        },
    }
}

/// How to settle an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Stop: an operator has to investigate.
    Abort,
    /// Publish it.
    RollForward,
    /// Roll it back.
    RollBack,
    /// Nothing is unpublished: determine the outcome, and record it.
    Settled,
}

/// Decides from the classes of all tables. `is_complete` is whether everything else that belongs to the operation
/// exists; `has_advanced`, whether any table is published beyond the version at which the operation began.
pub fn decide(classes: &[Class], is_complete: bool, has_advanced: bool) -> Decision {
    let all = |class| classes.iter().all(|other| *other == class);
    if defect!("G55", false, classes.contains(&Class::InvariantViolation)) {
        return Decision::Abort;
    }
    let is_still = |class: &Class| matches!(class, Class::NoMovement | Class::Foreign);
    if !classes.is_empty() && classes.iter().all(is_still) && has_advanced {
        return Decision::Settled;
    }
    let has_moved = defect!("G79", classes.contains(&Class::RolledPast), all(Class::RolledPast));
    if has_moved && is_complete { Decision::RollForward } else { Decision::RollBack }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: Rule, pin: [u64; 2], confirmed: Option<u64>, seen: [u64; 2]) -> Class {
        let pin = Pin {
            table_key: "a".into(),
            table_path: "tables/a".into(),
            expected_version: pin[0],
            post_commit_pin: pin[1],
            confirmed_version: confirmed,
            table_branch: None,
        };
        let [published, head] = seen;
        classify(rule, &pin, Seen { published, head, is_lost: false, owner: Owner::Own })
    }

    #[test]
    fn each_rule_has_its_table() {
        use Class::*;
        use Rule::*;
        let cases = [
            (Strict, [3, 4], None, [3, 2], InvariantViolation),
            (Strict, [3, 4], None, [3, 3], NoMovement),
            (Strict, [3, 4], None, [3, 4], RolledPast),
            (Strict, [2, 3], None, [3, 4], UnexpectedAtP1),
            (Strict, [3, 4], None, [3, 5], UnexpectedMultistep),
            (Loose, [3, 4], None, [3, 6], RolledPast),
            (Loose, [2, 3], None, [3, 4], UnexpectedAtP1),
            (Loose, [2, 3], None, [3, 5], UnexpectedMultistep),
            (Confirmed, [3, 4], None, [3, 6], IncompletePhaseB),
            (Confirmed, [3, 4], Some(6), [3, 6], RolledPast),
            (Confirmed, [3, 4], Some(6), [3, 5], UnexpectedMultistep),
            (Confirmed, [2, 3], Some(6), [3, 6], UnexpectedMultistep),
        ];
        for (rule, pin, confirmed, seen, class) in cases {
            assert_eq!(check(rule, pin, confirmed, seen), class, "{rule:?} {pin:?} {seen:?}");
        }
    }

    #[test]
    fn one_odd_table_decides() {
        use Class::*;
        let cases = [
            (&[RolledPast, RolledPast][..], true, false, Decision::RollForward),
            (&[RolledPast, RolledPast], false, false, Decision::RollBack),
            (&[RolledPast, NoMovement], true, false, Decision::RollBack),
            (&[NoMovement, NoMovement], true, true, Decision::Settled),
            (&[NoMovement, NoMovement], true, false, Decision::RollBack),
            (&[NoMovement, RolledPast], true, true, Decision::RollBack),
            (&[InvariantViolation, RolledPast], true, false, Decision::Abort),
            (&[RolledPast, Restored], true, false, Decision::RollBack),
            (&[], true, false, Decision::RollForward),
        ];
        for (classes, is_complete, has_advanced, decision) in cases {
            assert_eq!(decide(classes, is_complete, has_advanced), decision, "{classes:?}");
        }
    }
}
