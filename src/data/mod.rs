//! Data sets: loading, splitting, normalising and augmenting samples.
//!
//! A network trains on anything that implements [`Samples`] and [`Learnable`]. Two types do most of the work: a
//! [`Dataset`] holds samples in memory, an [`ImageFolder`] decodes image files when they are needed.
//!
//! | source | type | feature |
//! | --- | --- | --- |
//! | MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100 | [`Mnist`], [`FashionMnist`], [`Cifar10`], [`Cifar100`] | `download`, `sample` |
//! | EMNIST, KMNIST, QMNIST | [`EmnistDigits`], [`EmnistLetters`], [`EmnistBalanced`], [`Kmnist`], [`Qmnist`] | |
//! | image files, one folder for each class, also in a `.tar`, `.tar.gz` or `.zip` archive | [`ImageFolder`] | `images` |
//! | tables of numbers in CSV files | [`Csv`] | `csv` |
//! | small public tables: iris, wine, breast cancer, diabetes | [`tabular`] | `csv`, `sample` |
//! | arrays in IDX files | [`Idx`] | |
//! | numbers or bytes in memory | [`Dataset::from_numbers`], [`Dataset::from_bytes`], `collect` | |
//!
//! Images: load, split off a validation set, augment the training set.
//!
//! ```
//! use convnet::prelude::*;
//!
//! let mnist = Mnist::load_from("assets/mnist")?; // or Mnist::load(), which downloads it
//! let (train, validation) = mnist.train.split(0.9, 1)?;
//! let train = Augment::new().random_rotation(10.0).random_translation(2.0).apply(train);
//! assert_eq!((train.data().len(), validation.len(), mnist.test.len()), (10_800, 1_200, 2_000));
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! Image files of any size, cropped and scaled to 32×32 pixels:
//!
//! ```
//! use convnet::prelude::*;
//!
//! # #[cfg(feature = "images")] {
//! let options = ImageFolderOptions::new().part("train");
//! let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
//! assert_eq!((images.len(), &*images.classes()[0]), (2_000, "airplane"));
//! # }
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! Tables: split in three with the same proportions of classes, and standardise by the statistics of the training set.
//!
//! ```
//! use convnet::prelude::*;
//!
//! # #[cfg(feature = "csv")] {
//! let iris = Csv::open("assets/tabular/iris.csv")?.classes::<4, 3>("class")?;
//! let (parts, standardizer) = iris.data.train_val_test_split(Fractions::default(), 1)?.standardize()?;
//! assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (120, 15, 15));
//! let flower = standardizer.apply(&Tensor::from([5.1, 3.5, 1.4, 0.2])); // a new sample, scaled alike
//! # let _ = flower;
//! # }
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! [`CsvOptions`] reads tables with other separators, an index, text or missing cells; an [`Imputer`] fills these by the
//! training set, before values are standardised.
//!
//! Test data are a [`TestSet`]: they can be evaluated on, while training, validation and statistics on them do not
//! compile. For small data sets, [`cross_validate`] averages over folds.

#[cfg(feature = "datasets")]
mod archive;
mod augment;
#[cfg(feature = "download")]
mod cache;
#[cfg(feature = "datasets")]
mod cifar;
mod class;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
#[cfg(feature = "images")]
mod decode;
#[cfg(feature = "images")]
mod digit;
#[cfg(feature = "datasets")]
mod emnist;
#[cfg(feature = "images")]
mod fit;
mod folds;
#[cfg(feature = "datasets")]
mod foreign;
#[cfg(feature = "datasets")]
mod gzip;
#[cfg(feature = "datasets")]
mod idx;
#[cfg(feature = "datasets")]
mod idx_number;
#[cfg(feature = "images")]
mod image_folder;
mod images;
mod imputer;
#[cfg(feature = "datasets")]
mod kmnist;
mod learnable;
mod mask;
mod metadata;
#[cfg(feature = "datasets")]
mod mnist;
mod normalization;
#[cfg(feature = "images")]
mod preprocessing;
#[cfg(feature = "datasets")]
mod published;
#[cfg(any(feature = "csv", feature = "datasets", feature = "store"))]
mod regular;
#[cfg(feature = "images")]
mod resample;
mod samples;
mod split;
mod standardizer;
#[cfg(all(feature = "csv", feature = "sample"))]
pub mod tabular;
mod test_set;
mod transformation;
#[cfg(feature = "datasets")]
mod zipped;

#[cfg(feature = "csv")]
pub use self::csv::{Csv, CsvOptions, Missing, Table};
pub(crate) use augment::VIEWS;
pub use augment::{Augment, Augmented, ColorComponents, ColorJitter, TenCrop};
#[cfg(feature = "download")]
pub use cache::{Cache, Remote};
#[cfg(feature = "datasets")]
pub use cifar::{Cifar10, Cifar100};
pub use class::Class;
pub(crate) use class::class_of;
#[cfg(any(feature = "csv", feature = "images"))]
pub(crate) use class::order_of_names;
pub use dataset::Dataset;
#[cfg(feature = "datasets")]
pub use emnist::{Emnist, EmnistBalanced, EmnistDigits, EmnistLetters};
#[cfg(feature = "images")]
pub use fit::Fit;
pub use folds::{CrossValidation, cross_validate};
#[cfg(feature = "datasets")]
pub use idx::Idx;
#[cfg(feature = "datasets")]
pub use idx_number::{IdxNumber, IdxType};
#[cfg(feature = "images")]
pub use image_folder::{ImageFiles, ImageFolder, ImageFolderOptions, LeftOut, LeftOutReason};
pub use images::Images;
pub use imputer::{Fill, Imputer};
#[cfg(feature = "datasets")]
pub use kmnist::{Kmnist, Qmnist};
pub use learnable::{Learnable, Validation};
pub use mask::Mask;
pub(crate) use metadata::in_few_words;
pub use metadata::{Metadata, Standardization};
#[cfg(feature = "datasets")]
pub use mnist::{FashionMnist, Mnist};
pub use normalization::Normalization;
#[cfg(feature = "images")]
pub use preprocessing::{ImageSource, Preprocessing};
#[cfg(feature = "store")]
pub(crate) use regular::open_regular;
#[cfg(feature = "images")]
pub(crate) use samples::Fingerprint;
pub use samples::{Samples, Target};
pub use split::{Fractions, Parts};
pub use standardizer::Standardizer;
pub use test_set::TestSet;
pub use transformation::{Transformable, Transformation};
