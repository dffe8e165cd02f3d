//! Observations: a pipeline reports what it did, and checks read it.

/// `observe!("outbox.settled", message = id, attempt = n)` records an observation in the history of a simulation.
///
/// Outside a simulation it does nothing, and without the feature `sim` it is not compiled.
#[cfg(feature = "sim")]
#[macro_export]
macro_rules! observe {
    ($name:expr $(, $key:ident = $value:expr)* $(,)?) => {
        $crate::__private::observe($name, || {
            $crate::__private::serde_json::json!({ $(stringify!($key): &$value),* })
        })
    };
}

/// `observe!("outbox.settled", message = id, attempt = n)` records an observation in the history of a simulation.
///
/// Without the feature `sim` it does nothing.
#[cfg(not(feature = "sim"))]
#[macro_export]
macro_rules! observe {
    ($name:expr $(, $key:ident = $value:expr)* $(,)?) => {
        if false {
            let _ = (&$name, $(&$value),*);
        }
    };
}

/// Records an observation on the current host.
#[cfg(feature = "sim")]
pub fn observe(name: &str, data: impl FnOnce() -> serde_json::Value) {
    if crate::sim::handle::is_alive_here() {
        crate::sim::client::record(chaosdrill_core::trace::EventKind::Observe, name, data);
    }
}
