//! The command that starts this program, for printed commands.

/// The default command, through cargo; a registry may name another.
pub(crate) const CARGO_DRILL: &str = "cargo drill";

/// The command that starts a program on a simulator; a custom command is left as it is.
pub(crate) fn program_on(program: &str, simulator: &str) -> String {
    match (program, simulator) {
        (CARGO_DRILL, "madsim") => "cargo drill-madsim".to_owned(),
        ("cargo drill-madsim", "turmoil") => CARGO_DRILL.to_owned(),
        _ => program.to_owned(),
    }
}
