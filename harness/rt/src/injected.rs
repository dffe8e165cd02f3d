//! The error of a failpoint.

/// The error that a failpoint returns if a fault injects one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected(pub &'static str);

impl std::fmt::Display for Injected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "failpoint {} was told to fail", self.0)
    }
}

impl std::error::Error for Injected {}
