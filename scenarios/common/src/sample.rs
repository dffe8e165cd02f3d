//! Values from proptest's strategies, drawn from a seed's stream: a strategy says what a workload may look like,
//! and the seed decides.

use chaosdrill::{Stream, Workload};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A list of a strategy, or as much of it as the plan lets the workload do: one that was made smaller asks for less.
///
/// # Panics
///
/// Where the strategy rejects everything it is offered.
pub fn sample_steps<T, S: Strategy<Value = Vec<T>>>(
    workload: &Workload,
    stream: &mut Stream,
    strategy: &S,
) -> Vec<T> {
    let mut all = sample(stream, strategy);
    all.truncate(workload.steps(all.len()));
    all
}

/// One value of a strategy.
///
/// # Panics
///
/// Where the strategy rejects everything it is offered.
pub fn sample<S: Strategy>(stream: &mut Stream, strategy: &S) -> S::Value {
    let mut seed = [0; 32];
    stream.fill(&mut seed);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    strategy.new_tree(&mut runner).expect("a strategy for a workload rejects nothing").current()
}
