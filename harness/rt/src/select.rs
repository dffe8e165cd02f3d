//! Waits for the first of several futures, in an order that the seed decides.

/// Waits for the first of up to four futures, like `tokio::select!`, with a comma after every arm.
///
/// If several arms are ready, the winner is drawn from the host's seeded randomness, once per use, on every simulator.
/// tokio's own `select!` draws from a process-wide counter if the runtime is not seeded.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use chaosdrill_rt::select;
/// let answer = select! {
///     n = async { 7 } => n,
///     _ = std::future::pending::<()>() => 0,
/// };
/// assert_eq!(answer, 7);
/// # }
/// ```
#[macro_export]
macro_rules! select {
    ($p1:pat = $f1:expr => $h1:expr, $p2:pat = $f2:expr => $h2:expr $(,)?) => {
        match $crate::rng::below(2) {
            0 => $crate::__private::tokio::select! { biased; $p1 = $f1 => { $h1 }, $p2 = $f2 => { $h2 }, },
            _ => $crate::__private::tokio::select! { biased; $p2 = $f2 => { $h2 }, $p1 = $f1 => { $h1 }, },
        }
    };
    ($p1:pat = $f1:expr => $h1:expr, $p2:pat = $f2:expr => $h2:expr, $p3:pat = $f3:expr => $h3:expr $(,)?) => {
        match $crate::rng::below(3) {
            0 => $crate::__private::tokio::select! { biased; $p1 = $f1 => { $h1 }, $p2 = $f2 => { $h2 }, $p3 = $f3 => { $h3 }, },
            1 => $crate::__private::tokio::select! { biased; $p2 = $f2 => { $h2 }, $p3 = $f3 => { $h3 }, $p1 = $f1 => { $h1 }, },
            _ => $crate::__private::tokio::select! { biased; $p3 = $f3 => { $h3 }, $p1 = $f1 => { $h1 }, $p2 = $f2 => { $h2 }, },
        }
    };
    ($p1:pat = $f1:expr => $h1:expr, $p2:pat = $f2:expr => $h2:expr, $p3:pat = $f3:expr => $h3:expr, $p4:pat = $f4:expr => $h4:expr $(,)?) => {
        match $crate::rng::below(4) {
            0 => $crate::__private::tokio::select! { biased; $p1 = $f1 => { $h1 }, $p2 = $f2 => { $h2 }, $p3 = $f3 => { $h3 }, $p4 = $f4 => { $h4 }, },
            1 => $crate::__private::tokio::select! { biased; $p2 = $f2 => { $h2 }, $p3 = $f3 => { $h3 }, $p4 = $f4 => { $h4 }, $p1 = $f1 => { $h1 }, },
            2 => $crate::__private::tokio::select! { biased; $p3 = $f3 => { $h3 }, $p4 = $f4 => { $h4 }, $p1 = $f1 => { $h1 }, $p2 = $f2 => { $h2 }, },
            _ => $crate::__private::tokio::select! { biased; $p4 = $f4 => { $h4 }, $p1 = $f1 => { $h1 }, $p2 = $f2 => { $h2 }, $p3 = $f3 => { $h3 }, },
        }
    };
}
