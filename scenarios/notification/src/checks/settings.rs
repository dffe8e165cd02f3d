//! Checks that settings are applied, or refused.

use chaosdrill::{Check, Operation, Outcome, Priority};

use crate::checks::requests::invalid;

/// A server does not start with a setting that cannot be used, and its error names the setting.
pub(crate) fn unusable_settings_are_refused() -> Check {
    Check::new("unusable_settings_are_refused", |history| {
        let wrong = history.operations("start").find(|op: &Operation<'_>| {
            let name = op.input()["name"].as_str().unwrap_or_default();
            let is_refused = op.is_fail() && op.output().to_string().contains(name);
            op.end.is_some() && !is_refused
        });
        Outcome::unless(
            wrong.map(|op| {
                invalid(&op, &format!("a server started with the setting {}", op.input()))
            }),
        )
    })
    .priority(Priority::Medium)
}

/// A setting that can be used is applied, whatever else is in the environment.
pub(crate) fn usable_settings_are_applied() -> Check {
    Check::new("usable_settings_are_applied", |history| {
        let wrong = history.operations("apply").find(|op| {
            let is_applied = op.is_ok() && op.output()["seconds"] == op.input()["seconds"];
            op.end.is_some() && !is_applied
        });
        Outcome::unless(wrong.map(|op| {
            let why = format!("the setting {} led to {}", op.input(), op.output());
            invalid(&op, &why)
        }))
    })
    .priority(Priority::Medium)
}
