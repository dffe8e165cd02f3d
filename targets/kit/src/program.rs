//! What the functions that start the programs of a pipeline return.

use std::{error::Error, pin::Pin};

/// A program of a pipeline, ready to run.
///
/// It is boxed for the compiler's sake: every crate that awaits an `async fn` of another compiles its body again, with
/// all that it awaits in turn. What is in a box is compiled once, in the crate of the pipeline.
pub type Program<'a> =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'a>>;
