//! Samples proptest strategies from a seed's stream: the strategy describes the possible workloads, and the seed
//! selects one.

use chaosdrill::{Stream, Workload};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A sampled list, truncated to the steps that the plan allows: a shrunk plan allows fewer.
///
/// # Panics
///
/// Panics if the strategy rejects every sample.
pub fn sample_steps<T, S: Strategy<Value = Vec<T>>>(
    workload: &Workload,
    stream: &mut Stream,
    strategy: &S,
) -> Vec<T> {
    let mut all = sample(stream, strategy);
    all.truncate(workload.steps(all.len()));
    all
}

/// One sampled value.
///
/// # Panics
///
/// Panics if the strategy rejects every sample.
pub fn sample<S: Strategy>(stream: &mut Stream, strategy: &S) -> S::Value {
    let mut seed = [0; 32];
    stream.fill(&mut seed);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    strategy.new_tree(&mut runner).expect("a strategy for a workload rejects nothing").current()
}
