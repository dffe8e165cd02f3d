//! A static check of the handlers: none of them creates a resource past the second phase, or swallows its refusal.
//!
//! It reads the handlers' sources function by function, so that a correct function does not excuse an incorrect one. It
//! ignores comments and strings, and follows calls that are split over lines. It rejects what it cannot follow, such as
//! a call under another name.

use std::path::{Path, PathBuf};

use chaosdrill::{Outcome, StaticCheck};

mod lexer;

use lexer::{Function, functions, tokens};

/// Creates the row.
const CREATE: &str = "create_resource";
/// Finalizes the resource.
const FINALIZE: &str = "finalize";
/// Answers a refusal.
const RESPOND: &str = "respond_provision_failed";
/// The same in the file of twins.
const RESPOND_OF_TWINS: &str = "twin_core_error";
/// Only notes a refusal: for a function that has answered before, with [`ACCEPT`].
const NOTE: &str = "note_build_failed";
/// Answers before anything is built.
const ACCEPT: &str = "accept";
/// The file of twins.
const TWINS: &str = "twins.rs";
/// Calls whose refusal must reach the customer.
const REFUSING: [&str; 2] = ["ask_backend", FINALIZE];
/// What those calls wrap, and handlers must not use.
const BEHIND: [&str; 3] = ["store", "backend", "roll_back"];

/// The number of handlers: one for each type of resource that is provided at once, one for those that are built later,
/// and three of twins.
const HANDLERS_MIN: usize = 11;

/// The static check, for the handlers and for the copy with the planted bug.
pub(crate) fn guard() -> StaticCheck {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    StaticCheck::new(
        "handlers_go_through_finalize",
        "every handler that creates a resource finalizes it, and returns the refusals of that step",
        root.join("../../targets/provisioning/src/handlers"),
        examine,
    )
    .planted("R12", root.join("fixtures/R12/handlers"))
    .planted("R51", root.join("fixtures/R51/handlers"))
}

fn examine(root: &Path) -> Outcome {
    let mut files = Vec::new();
    if let Err(error) = sources(root, &mut files) {
        return Outcome::unknown(format!("failed to read {}: {error}", root.display()));
    }
    let mut handlers = 0;
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return Outcome::unknown(format!("failed to read {name}: {error}")),
        };
        match complaint(&text, name.ends_with(TWINS)) {
            Ok(found) => handlers += found,
            Err(why) => return Outcome::invalid(format!("{name}: {why}"), []),
        }
    }
    if handlers < HANDLERS_MIN {
        let why = format!(
            "only {handlers} handlers were found, but there should be at least {HANDLERS_MIN}"
        );
        return Outcome::unknown(why);
    }
    Outcome::valid()
}

/// Collects all Rust files below a folder, in order.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Counts the functions of a file that create resources.
///
/// # Errors
///
/// Returns what is wrong with the first incorrect function.
fn complaint(text: &str, is_of_twins: bool) -> Result<usize, String> {
    let tokens = tokens(text);
    if let Some(name) = renamed(&tokens) {
        return Err(format!("`{name}` is used in another way than a call under its own name"));
    }
    let mut handlers = 0;
    for function in functions(&tokens) {
        handlers += usize::from(wrong(&function, is_of_twins)?);
    }
    Ok(handlers)
}

/// A name that is passed on, or imported under another name, so that its calls cannot be followed.
fn renamed(tokens: &[String]) -> Option<&str> {
    let mut is_import = false;
    for (at, token) in tokens.iter().enumerate() {
        is_import = match token.as_str() {
            "use" => true,
            ";" => false,
            _ => is_import,
        };
        let next = tokens.get(at + 1).map_or("", String::as_str);
        let ours = [CREATE, RESPOND, RESPOND_OF_TWINS, NOTE, ACCEPT];
        let is_ours = ours.iter().chain(&REFUSING).any(|name| name == token);
        let is_fine = if is_import { next != "as" } else { next == "(" };
        if is_ours && !is_fine {
            return Some(token);
        }
    }
    None
}

/// Whether a function creates a resource.
///
/// # Errors
///
/// Returns what is wrong with the function.
fn wrong(function: &Function<'_>, is_of_twins: bool) -> Result<bool, String> {
    let (name, body) = (function.name, function.body);
    let calls =
        |word: &str| body.windows(2).filter(|pair| pair[0] == word && pair[1] == "(").count();
    let reached = body.windows(2).find(|pair| pair[0] == "." && BEHIND.contains(&pair[1].as_str()));
    if let Some(pair) = reached {
        return Err(format!("`{name}` uses `{}`, which bypasses the second phase", pair[1]));
    }
    let creates = calls(CREATE);
    if creates > calls(FINALIZE) {
        return Err(format!("`{name}` makes a resource, and does not finalize it"));
    }
    for word in REFUSING {
        let places = (0..body.len()).filter(|at| body[*at] == word);
        for at in places {
            let responder = match (is_of_twins, calls(ACCEPT) > 0) {
                (true, _) => RESPOND_OF_TWINS,
                (false, true) => NOTE,
                (false, false) => RESPOND,
            };
            if !is_answered(body, at, responder) {
                return Err(format!("`{name}` does not answer what `{word}` refuses"));
            }
        }
    }
    Ok(creates > 0)
}

/// Whether a call is matched on, and the answer to its error is the value of the match, or is returned.
fn is_answered(body: &[String], at: usize, responder: &str) -> bool {
    let begin = body[..at].iter().rposition(|token| [";", "{", "}"].contains(&token.as_str()));
    let statement = &body[begin.map_or(0, |before| before + 1)..at];
    let Some(open) = body[at..].iter().position(|token| token == "{") else { return false };
    let arms = lexer::group(&body[at + open..]);
    let mut errors = (0..arms.len()).filter(|at| arms[*at] == "Err").peekable();
    let answers = |arm: usize| {
        let words: Vec<&str> = arms[arm..].iter().map(String::as_str).collect();
        let ["Err", "(", error, ")", "=", ">", answer @ ..] = &words[..] else { return false };
        let answer = answer.strip_prefix(&["return"]).unwrap_or(answer);
        let rest = answer.strip_prefix(&[responder, "(", "&", error, ")"]);
        rest.is_some_and(|rest| matches!(rest, [] | [",", ..]))
    };
    let is_matched = statement.iter().any(|token| token == "match");
    is_matched && errors.peek().is_some() && errors.all(answers)
}

#[cfg(test)]
mod tests {
    use chaosdrill::Verdict;

    use super::*;

    const GOOD: &str = "async fn db(host: &Host) -> Response {
        let created = match host.create_resource(Db).await { Ok(c) => c, Err(answer) => return answer };
        match host.finalize(&created).await {
            Ok(done) => respond_created(&done), Err(refused) => respond_provision_failed(&refused),
        }
    }\n";

    #[test]
    fn the_handlers_are_as_they_should_be() {
        assert_eq!(guard().judge(), Outcome::valid());
        assert_eq!(complaint(GOOD, false), Ok(1));
        let of_twins = GOOD.replace(RESPOND, RESPOND_OF_TWINS);
        assert_eq!(complaint(&of_twins, true), Ok(1));
        let later =
            GOOD.replace(RESPOND, NOTE).replace("match host.fin", "accept(&c); match host.fin");
        assert_eq!(complaint(&later, false), Ok(1));
    }

    #[test]
    fn the_planted_copies_are_seen() {
        for copy in ["R12", "R51"] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(copy);
            assert_eq!(examine(&root).verdict, Verdict::Invalid, "{copy}");
        }
    }

    #[test]
    fn a_guard_without_handlers_says_so() {
        let nowhere = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regressions");
        assert_eq!(examine(&nowhere).verdict, Verdict::Unknown);
    }

    #[test]
    fn every_way_around_is_seen() {
        let bad = [
            ("past it", "fn f() { let c = host.create_resource(Db).await; respond_created(&c) }"),
            ("split", "fn f() { let c = host\n.create_resource\n(Db); respond_created(&c) }"),
            ("in a comment", "fn f() { let c = h.create_resource(Db); /* h.finalize(&c) */ c }"),
            ("in a string", "fn f() { let c = h.create_resource(Db); log(\"h.finalize(c)\") }"),
            ("swallowed", "fn f() { let _ = h.finalize(&c).await; respond_created(&c) }"),
            (
                "swallowed later",
                "fn f() { h.finalize(&c).await.ok(); respond_provision_failed(&r) }",
            ),
            ("as success", "fn f() { match h.finalize(&c) { Ok(d) => yes(d), Err(_) => yes(c) } }"),
            (
                "only noted",
                "fn f() { match h.finalize(&c) { Err(e) => { note_build_failed(&e); yes(c) } } }",
            ),
            (
                "noted at once",
                "fn f() { match h.finalize(&c) { Err(e) => note_build_failed(&e) } }",
            ),
            (
                "answered and dropped",
                "fn f() { match h.finalize(&c) { Err(e) => { respond_provision_failed(&e); yes(c) } } }",
            ),
            (
                "answered and changed",
                "fn f() { match h.finalize(&c) { Err(e) => respond_provision_failed(&e).but(c) } }",
            ),
            (
                "some refusals only",
                "fn f() { match h.finalize(&c) { Err(e) => respond_provision_failed(&e), Err(_) => yes(c) } }",
            ),
            ("as a twin", "fn f() { match h.finalize(&c) { Err(e) => twin_core_error(&e) } }"),
            ("another name", "use crate::x::create_resource as make; fn f() { make(Db) }"),
            ("handed on", "fn f() { let make = Host::create_resource; make(h, Db) }"),
            ("past the host", "fn f() { h.store.begin(Db, ask, 10).await }"),
        ];
        for (how, text) in bad {
            // A correct handler in the same file excuses nothing.
            assert!(complaint(&format!("{GOOD}{text}"), false).is_err(), "{how}");
        }
    }
}
