//! Data sets: samples with their targets, splits, and loaders for public data.

mod archive;
mod augment;
#[cfg(feature = "download")]
mod cache;
mod cifar;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
#[cfg(feature = "images")]
mod digit;
mod folds;
mod idx;
#[cfg(feature = "images")]
mod image_folder;
mod images;
#[cfg(feature = "images")]
mod listing;
mod mnist;
mod normalization;
#[cfg(feature = "images")]
mod pixels;
mod published;
mod split;
mod standardizer;
#[cfg(all(feature = "csv", feature = "sample"))]
pub mod tabular;
mod test_set;

#[cfg(feature = "csv")]
pub use self::csv::{Csv, Table};
pub(crate) use augment::VIEWS;
pub use augment::{Augment, Augmented, ColorComponents, ColorJitter, TenCrop};
#[cfg(feature = "download")]
pub use cache::{Cache, Remote};
pub use cifar::{Cifar10, Cifar100};
pub use dataset::{Class, Dataset, Samples, Target};
pub use folds::{CrossValidation, cross_validate};
pub use idx::Idx;
#[cfg(feature = "store")]
pub(crate) use idx::open_regular;
#[cfg(feature = "images")]
pub use image_folder::{ImageFolder, ImageFolderOptions};
pub use images::Images;
pub use mnist::{FashionMnist, Mnist};
pub use normalization::Normalization;
#[cfg(feature = "images")]
pub use pixels::Fit;
pub use split::{Fractions, Parts};
pub use standardizer::{Standardize, Standardizer};
pub use test_set::{Learnable, TestSet, Validation};
