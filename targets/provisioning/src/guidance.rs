//! Instructions for agents that read an error response: a text for each error code, under a contract.
//!
//! A text begins with "Tell the user", names the reason and the action, contains a full https address of the product's
//! site, and has fewer than 280 characters. A code of 500 and above without a text of its own gets the fallback; one
//! below 500 gets no text.

use chaosdrill_rt::{defect, observe};

/// The resource could not be created, and was rolled back completely.
pub(crate) const PROVISION_FAILED: &str = "provision_failed";
/// The backend failed too often and is spared for a while.
pub(crate) const PROVISIONER_UNAVAILABLE: &str = "provisioner_unavailable";
/// The twin could not be created, and was rolled back completely.
pub(crate) const TWIN_FAILED: &str = "twin_failed";
/// The resource is being created, or its outcome is not known yet.
pub(crate) const IN_PROGRESS: &str = "provision_in_progress";
/// The database did not answer.
pub(crate) const STORE_UNAVAILABLE: &str = "store_unavailable";
/// The team has reached its quota.
pub(crate) const QUOTA_EXCEEDED: &str = "quota_exceeded";
/// The resource no longer exists.
pub(crate) const GONE: &str = "resource_gone";
/// The original of a twin is not active, is of another type, or has no team.
pub(crate) const UNFIT_ORIGINAL: &str = "unfit_original";
/// There is no such resource.
pub(crate) const NOT_FOUND: &str = "not_found";
/// The request is invalid.
pub(crate) const INVALID: &str = "invalid_request";

/// The first wait before a request with such a code is repeated.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 5;

/// The codes of responses with 500 and above.
const CODES: [&str; 5] =
    [PROVISION_FAILED, PROVISIONER_UNAVAILABLE, TWIN_FAILED, IN_PROGRESS, STORE_UNAVAILABLE];

/// An example of a code without a text. It is never added to a list: a real code would be a poor example, because it
/// may get a text later.
pub(crate) const NEVER_REGISTERED: &str = "code_that_is_never_registered";

/// The texts.
const TEXTS: [(&str, &str); 6] = [
    (
        PROVISION_FAILED,
        "Tell the user the resource could not be set up, that everything was undone and no charge was made. Retry \
         with exponential backoff, from 5 s up to 60 s. Status: https://status.provisioning.example/",
    ),
    (
        PROVISIONER_UNAVAILABLE,
        "Tell the user the provisioner is down at the moment and no charge was made. Retry with exponential \
         backoff, from 5 s up to 60 s. Status: https://status.provisioning.example/",
    ),
    (
        TWIN_FAILED,
        "Tell the user the twin could not be set up, that everything was undone, and the original is as it was. Retry \
         with exponential backoff, from 5 s up to 60 s. Status: https://status.provisioning.example/",
    ),
    (
        IN_PROGRESS,
        "Tell the user the resource is still being set up. Retry the same request with exponential backoff, from \
         5 s up to 60 s, until it is done. Status: https://status.provisioning.example/",
    ),
    (
        STORE_UNAVAILABLE,
        "Tell the user the request could not be taken just now. Retry the same request with exponential backoff, \
         from 5 s up to 60 s. Status: https://status.provisioning.example/",
    ),
    (
        QUOTA_EXCEEDED,
        "Tell the user the team has no room for another resource. Delete one, or raise the limit at \
         https://provisioning.example/limits",
    ),
];

/// The text for unforeseen errors.
const FALLBACK: &str = "Tell the user something went wrong on our side, and to contact support at \
                        https://provisioning.example/support";

/// The text for a code.
pub(crate) fn agent_action(status: u16, code: &str) -> Option<&'static str> {
    own(code).or_else(|| (status >= 500).then_some(FALLBACK))
}

fn own(code: &str) -> Option<&'static str> {
    let has_text = defect!("R11", code != PROVISION_FAILED, true);
    let has_text = defect!("R23", code != unregistered_example(), has_text);
    if !has_text {
        return None;
    }
    TEXTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// The code that demonstrates the fallback.
fn unregistered_example() -> &'static str {
    defect!("R23", IN_PROGRESS, NEVER_REGISTERED)
}

/// Reports which codes exist, which have a text of their own, and what a code without one gets.
pub(crate) fn observe_registry() {
    let handled: Vec<&str> = CODES.into_iter().filter(|code| own(code).is_some()).collect();
    let example = unregistered_example();
    observe!(
        "guidance.registry",
        declared = CODES,
        handled = handled,
        example = example,
        fallback = agent_action(500, example),
        nothing = agent_action(400, example)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_keeps_the_contract() {
        assert!(!TEXTS.is_empty());
        for text in TEXTS.iter().map(|(_, text)| *text).chain([FALLBACK]) {
            assert!(text.starts_with("Tell the user"), "{text}");
            assert!(text.contains("https://"), "{text}");
            assert!(text.len() < 280, "{} characters: {text}", text.len());
        }
    }

    #[test]
    fn codes_from_500_have_a_text_of_their_own() {
        for code in CODES {
            assert!(agent_action(503, code).is_some_and(|text| text != FALLBACK), "{code}");
        }
        assert_eq!(agent_action(503, NEVER_REGISTERED), Some(FALLBACK));
        assert_eq!(agent_action(422, NEVER_REGISTERED), None);
    }
}
