//! Data sets: samples with their targets, splits, and loaders for public data.

mod augment;
#[cfg(feature = "download")]
mod cache;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
mod folds;
mod idx;
mod images;
mod mnist;
mod normalization;
mod published;
mod split;
mod standardizer;
#[cfg(all(feature = "csv", feature = "sample"))]
pub mod tabular;
mod test;

#[cfg(feature = "csv")]
pub use self::csv::{Csv, Table};
pub(crate) use augment::VIEWS;
pub use augment::{Augment, Augmented, ColourComponents, ColourJitter, TenCrop};
#[cfg(feature = "download")]
pub use cache::{Cache, Remote};
pub use dataset::{Class, Dataset, Samples, Target};
pub use folds::{CrossValidation, cross_validate};
pub use idx::Idx;
pub use images::Images;
pub use mnist::{FashionMnist, Mnist};
pub use normalization::Normalization;
pub use split::{Fractions, Parts};
pub use standardizer::{Standardize, Standardizer};
pub use test::{Learnable, Test, Validation};
