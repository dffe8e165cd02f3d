//! Prints related benchmarks side by side, from criterion's estimates.

use std::path::{Path, PathBuf};

use serde_json::Value;

struct Ratio {
    what: &'static str,
    ours: &'static str,
    against: &'static str,
    /// Whether the two do different amounts of work, so that times are compared per element of throughput.
    by_element: bool,
    at_least: f64,
}

const RATIOS: [Ratio; 6] = [
    Ratio {
        what: "the end of an operation, among ten times as many",
        ours: "history/20000 operations",
        against: "history/2000 operations",
        by_element: true,
        at_least: 0.3,
    },
    Ratio {
        what: "half a history of 40,000 events, against a copy",
        ours: "history/until",
        against: "history/until, by a copy",
        by_element: false,
        at_least: 1_000.0,
    },
    Ratio {
        what: "31 h 51 m of backoff, per virtual second, against raw turmoil",
        ours: "backoff/ours",
        against: "backoff/raw turmoil",
        by_element: true,
        at_least: 10_000.0,
    },
    Ratio {
        what: "standard drill, against turmoil and rusqlite by hand",
        ours: "standard/ours",
        against: "standard/turmoil and rusqlite",
        by_element: false,
        at_least: 20.0,
    },
    Ratio {
        what: "standard drill, against its statements through plain sqlx",
        ours: "standard/ours",
        against: "standard/plain sqlx",
        by_element: false,
        at_least: 0.5,
    },
    Ratio {
        what: "campaign, four workers against one",
        ours: "campaign/4 workers",
        against: "campaign/1 workers",
        by_element: false,
        at_least: 3.2,
    },
];

/// Criterion's folder, which is beside the build of this program.
fn folder() -> Option<PathBuf> {
    let target = std::env::current_exe().ok()?.ancestors().nth(3)?.to_owned();
    Some(target.join("criterion"))
}

/// The median seconds of a benchmark, and its elements of throughput.
fn measured(folder: &Path, name: &str) -> Option<(f64, f64)> {
    let new = folder.join(name).join("new");
    let read = |file: &str| -> Option<Value> {
        serde_json::from_slice(&std::fs::read(new.join(file)).ok()?).ok()
    };
    let seconds = read("estimates.json")?["median"]["point_estimate"].as_f64()? / 1e9;
    let elements = read("benchmark.json")?["throughput"]["Elements"].as_f64().unwrap_or(1.0);
    Some((seconds, elements))
}

pub(crate) fn print() {
    let Some(folder) = folder() else { return };
    println!("\n{:<62} {:>12} {:>12} {:>9} {:>9}", "", "ours", "against", "ratio", "at least");
    for ratio in RATIOS {
        let pair = measured(&folder, ratio.ours).zip(measured(&folder, ratio.against));
        let Some(((ours, ours_elements), (other, other_elements))) = pair else { continue };
        let (ours, other) = if ratio.by_element {
            (ours / ours_elements, other / other_elements)
        } else {
            (ours, other)
        };
        let ms = |seconds: f64| {
            if seconds < 1e-3 {
                format!("{:.2} us", seconds * 1e6)
            } else {
                format!("{:.2} ms", seconds * 1e3)
            }
        };
        println!(
            "{:<62} {:>12} {:>12} {:>9.1} {:>9}",
            ratio.what,
            ms(ours),
            ms(other),
            other / ours,
            ratio.at_least
        );
    }
}
