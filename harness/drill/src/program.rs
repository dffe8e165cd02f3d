//! How people start this program, for the commands that are printed.

/// The program as cargo starts it, unless a registry names another.
pub(crate) const CARGO_DRILL: &str = "cargo drill";

/// How people start a program on a simulator; a program of their own they build as they like.
pub(crate) fn program_on(program: &str, simulator: &str) -> String {
    match (program, simulator) {
        (CARGO_DRILL, "madsim") => "cargo drill-madsim".to_owned(),
        ("cargo drill-madsim", "turmoil") => CARGO_DRILL.to_owned(),
        _ => program.to_owned(),
    }
}
