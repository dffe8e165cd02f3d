//! The runtime facade of chaosdrill: time, tasks, network, randomness, failpoints, SQL and object storage for
//! pipelines.
//!
//! Without the feature `sim`, this crate is plain tokio and sqlx. With it, the same calls are simulated inside a
//! simulation: the clock is virtual, hosts crash at boundaries, and statements travel to the database over a link that
//! may be slow, clogged or cut. A pipeline written against this crate is ordinary production code and does not know
//! which simulator or database runs beneath it.
//!
//! What a pipeline uses for each purpose, and what it replaces:
//!
//! | for | use | instead of |
//! |---|---|---|
//! | sleeping, timeouts, intervals | [`time`] | `tokio::time` |
//! | the wall clock | [`time::unix_ms`] | `SystemTime::now` |
//! | tasks | [`task::spawn`] | `tokio::spawn`, `std::thread::spawn` |
//! | TCP | [`net`] | `tokio::net` |
//! | waiting for one of several | [`select!`] | `tokio::select!` |
//! | randomness | [`rng`] | `rand::rng` |
//! | connections, pools, transactions | [`sql`] | `sqlx::Pool`, `sqlx::Connection` |
//! | object storage | [`store`] | `object_store::memory`, `object_store::local` |
//! | its paths, options and errors | `object_store` | |
//! | queries and their types | `sqlx` | |
//! | channels, mutexes, I/O traits | `tokio::sync`, `tokio::io` | |

#[cfg(all(feature = "sim", not(madsim), not(tokio_unstable)))]
compile_error!(
    "chaosdrill-rt: the feature `sim` needs `--cfg tokio_unstable`. Put `[build] rustflags = [\"--cfg\", \
     \"tokio_unstable\"]` into .cargo/config.toml. If it stands there already, the environment variable RUSTFLAGS \
     replaces it silently: unset RUSTFLAGS, or add `--cfg tokio_unstable` to it."
);

pub mod defect;
pub mod fail;
#[cfg(feature = "http")]
pub mod http;
mod injected;
pub mod net;
mod observe;
pub mod rng;
mod select;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sql;
#[cfg(feature = "store")]
pub mod store;
pub mod task;
pub mod time;

#[doc(hidden)]
pub mod __private {
    //! Implementation details of this crate's macros; not for direct use.
    #[cfg(feature = "sim")]
    pub use ::fail as fail_crate;
    #[cfg(feature = "sim")]
    pub use serde_json;
    pub use tokio;

    #[cfg(feature = "sim")]
    pub use crate::observe::observe;
}
