//! Data sets: samples with their targets, splits, and loaders for public data.

mod archive;
mod augment;
#[cfg(feature = "download")]
mod cache;
mod cifar;
mod class;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
#[cfg(feature = "images")]
mod decode;
#[cfg(feature = "images")]
mod digit;
#[cfg(feature = "images")]
mod fit;
mod folds;
mod idx;
#[cfg(feature = "images")]
mod image_folder;
mod images;
mod learnable;
mod mnist;
mod normalization;
mod published;
#[cfg(feature = "images")]
mod resample;
mod samples;
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
pub use class::Class;
pub(crate) use class::class_of;
pub use dataset::Dataset;
#[cfg(feature = "images")]
pub use fit::Fit;
pub use folds::{CrossValidation, cross_validate};
pub use idx::Idx;
#[cfg(feature = "store")]
pub(crate) use idx::open_regular;
#[cfg(feature = "images")]
pub use image_folder::{ImageFolder, ImageFolderOptions};
pub use images::Images;
pub use learnable::{Learnable, Validation};
pub use mnist::{FashionMnist, Mnist};
pub use normalization::Normalization;
pub use samples::{Samples, Target};
pub use split::{Fractions, Parts};
pub use standardizer::{Standardize, Standardizer};
pub use test_set::TestSet;
