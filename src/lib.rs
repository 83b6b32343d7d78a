//! Convolutional networks whose shapes the compiler checks.
//!
//! A network is a type. [`network!`] declares one, from an input shape to an output shape, and infers every
//! size between; a layer that does not fit the one before does not compile.
//!
//! ```
//! use convnet::prelude::*;
//!
//! network! {
//!     /// Tells crosses from circles on 8×8 pixels.
//!     pub struct Tiny: Chw<1, 8, 8> => Flat<2> {
//!         conv: Conv2d { filters: 4, kernel: 3 },
//!         relu: Relu,
//!         pool: MaxPool2d { kernel: 2 },
//!         flatten: Flatten,
//!         fc: Dense { units: 2 },
//!     }
//! }
//! const _: () = assert!(Tiny::PARAMS == 4 * 9 + 4 + 36 * 2 + 2);
//!
//! let net = Tiny::new(1);
//! let prediction = net.predict(&Tensor::<Chw<1, 8, 8>>::from_fn(|i| i as f32));
//! assert!(prediction.class < 2);
//! println!("{net}");
//! ```
//!
//! - [`layer`]: the layers, and how to write one's own
//! - [`train::Trainer`]: training and evaluation
//! - [`data`]: data sets, [`Mnist`](data::Mnist) among them
//! - [`model`]: ready networks, [`LeNet5`](model::LeNet5) and [`AlexNetSmall`](model::AlexNetSmall) among them
//! - `plot`: pictures of trainings, networks and data
//! - `store`: trained networks in files
//! - [`check`]: gradients against central differences
//! - [`migration`]: tables from PyTorch and Keras to this crate
//!
//! Features, on by default: `csv` (tables from CSV files), `datasets` (IDX, MNIST and CIFAR files), `download` (public data
//! sets), `images` (JPEG, PNG and the like in folders and archives), `plot` (pictures as SVG and PNG), `progress` (a progress
//! bar), `sample` (14,000 digits, 2,500 small photographs, four small tables and a trained LeNet-5, embedded), `store`
//! (weights, checkpoints, ONNX). Off by default: `tiff` (TIFF images).
//! Without features this is the typed engine alone.

// VGG-19 has 37 lines in the same braces with numbers as names, each of which takes three macros, one inside the other.
#![recursion_limit = "256"]
// Documentation on docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod check;
pub mod data;
#[doc(hidden)]
pub mod declare;
pub mod error;
#[cfg(any(feature = "download", feature = "plot", feature = "store"))]
mod file;
mod init;
pub mod kernel;
pub mod layer;
pub mod loss;
pub mod migration;
pub mod model;
pub mod network;
mod number;
pub mod optim;
pub mod plan;
#[cfg(feature = "plot")]
pub mod plot;
mod ram;
mod random;
mod run;
mod scalar;
pub mod shape;
#[cfg(feature = "store")]
pub mod store;
mod summary;
pub use summary::{LayerSummary, Summary};
pub mod tensor;
pub mod train;

pub use error::Error;
pub use init::Init;
pub use network::Network;
pub use number::Number;
pub use scalar::Scalar;

/// What most programs use.
pub mod prelude {
    pub use crate::block;
    pub use crate::data::{
        Augment, Class, Dataset, Fractions, Mask, Samples, Standardizer, TestSet, cross_validate,
    };
    #[cfg(feature = "datasets")]
    pub use crate::data::{Cifar10, Cifar100, FashionMnist, Mnist};
    #[cfg(feature = "csv")]
    pub use crate::data::{Csv, CsvOptions};
    #[cfg(feature = "images")]
    pub use crate::data::{Fit, ImageFolder, ImageFolderOptions};
    pub use crate::init::Init;
    pub use crate::layer::{
        Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, BatchNorm, Chain, Concat, Conv2d,
        ConvTranspose2d, Dense, Dropout, Elu, Flatten, Gelu, GeluTanh, GlobalAvgPool, GroupNorm, HardSigmoid,
        HardSwish, Heaviside, Identity, InstanceNorm, Layer, LayerNorm, LeakyRelu, LocalResponseNorm,
        LogSoftmax, MaxPool2d, Mish, PRelu, PadChannels, RadialBasis, Relu, Relu6, Residual, ScaleShift,
        ScaledTanh, Selu, Sigmoid, Silu, Softmax, Softplus, StochasticDepth, TableConv2d, Tanh, Upsample2d,
        UpsampleMode,
    };
    pub use crate::loss::{
        Huber, MeanAbsoluteError, MeanSquaredError, NegativeLogLikelihood, PerceptronLoss, PixelCrossEntropy,
        ProbabilityCrossEntropy, SigmoidCrossEntropy, SoftmaxCrossEntropy,
    };
    pub use crate::network;
    pub use crate::network::{Arithmetic, Network, Sequential, Stack};
    pub use crate::number::Number;
    pub use crate::optim::{Adagrad, Adam, AdamW, RmsProp, Schedule, Sgd};
    pub use crate::scalar::Scalar;
    pub use crate::shape::{
        CeilMode, Chw, CountIncludePad, Dilation, Flat, Groups, Kernel, LogProbabilities, Padding,
        Probabilities, Shape, Stride,
    };
    #[cfg(feature = "store")]
    pub use crate::store::SaveLoad;
    pub use crate::tensor::{Batch, Tensor};
    pub use crate::train::Trainer;
}
