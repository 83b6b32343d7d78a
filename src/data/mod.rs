//! Data sets: samples with their targets, splits, and loaders for public data.

mod dataset;

pub use dataset::{Class, Dataset, Samples, Scaling, Target};
