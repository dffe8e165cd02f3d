//! The pipeline inside simulations.
