//! Checks what others see of an account: its rows in the read model, and the answers to those who ask.

use std::collections::BTreeMap;

use chaosdrill::{Check, History, Outcome};

use crate::checks::{
    races::version_before,
    rows::{ACCOUNTS, ENTRIES, EVENTS, State, fold, int, meaning, text},
};

/// After every commit, the read model has the owner and the balance that the events make, and each movement.
pub(crate) fn the_read_model_is_the_fold_of_its_events() -> Check {
    Check::new("the_read_model_is_the_fold_of_its_events", |history| {
        let odd = odd_account(history).or_else(|| odd_entry(history));
        Outcome::unless(odd.map(|(seq, why)| Outcome::invalid(format!("#{seq} {why}"), [seq])))
    })
}

fn odd_account(history: &History<'_>) -> Option<(u64, String)> {
    history.rows(ACCOUNTS).into_iter().find_map(|change| {
        let row = change.after?;
        let (account, version) = (text(row, "account_id"), int(row, "version"));
        let right = fold(history, account, version)?;
        let found = (text(row, "owner"), int(row, "balance"));
        let owner = right.owner.as_deref().unwrap_or_default();
        let why = || {
            let (balance, found) = (right.balance, format!("{found:?}"));
            format!(
                "the read model has account {account} at version {version} as {found}; its events make {:?}",
                (owner, balance)
            )
        };
        (found != (owner, right.balance)).then(|| (change.event.seq, why()))
    })
}

fn odd_entry(history: &History<'_>) -> Option<(u64, String)> {
    let rows = history.last_rows(EVENTS);
    let movements: BTreeMap<&str, i64> =
        rows.iter().filter_map(|row| Some((text(row, "place"), meaning(row)?.movement))).collect();
    history.rows(ENTRIES).into_iter().find_map(|change| {
        let (place, amount) = (change.key.as_str()?, int(change.after?, "amount"));
        let right = *movements.get(place)?;
        let why = || format!("the read model has {place} as {amount}, and its event moves {right}");
        (amount != right).then(|| (change.event.seq, why()))
    })
}

/// Who asks for an account is told a version that it had meanwhile, and what its events make up to it.
pub(crate) fn accounts_are_shown_as_they_are() -> Check {
    Check::new("accounts_are_shown_as_they_are", |history| {
        for op in history.operations("show").filter(chaosdrill::Operation::is_ok) {
            let Some(end) = op.end else { continue };
            let (account, body) = (text(op.input(), "account"), &op.output()["body"]);
            let version = int(body, "version");
            let versions =
                [op.invoke.seq, end.seq].map(|seq| version_before(history, account, seq));
            let shown = Some(State::told(&body["account"]));
            let right = fold(history, account, version);
            if !(versions[0]..=versions[1]).contains(&version) || shown != right {
                let why = format!(
                    "#{} account {account} was shown as {body}; it was at version {} to {}, and its events make {right:?}",
                    end.seq, versions[0], versions[1]
                );
                return Outcome::invalid(why, [op.invoke.seq, end.seq]);
            }
        }
        Outcome::valid()
    })
}
