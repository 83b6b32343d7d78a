//! Data sets: samples with their targets, splits, and loaders for public data.

#[cfg(feature = "download")]
mod cache;
mod dataset;
mod idx;
mod mnist;

#[cfg(feature = "download")]
pub use cache::{Cache, Remote};
pub use dataset::{Class, Dataset, Samples, Scaling, Target};
pub use idx::Idx;
pub use mnist::{FashionMnist, Mnist};
