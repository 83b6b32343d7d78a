//! Convolutional networks whose shapes the compiler checks.

pub mod check;
pub mod data;
#[doc(hidden)]
pub mod declare;
pub mod error;
mod init;
pub mod kernel;
pub mod layer;
pub mod loss;
pub mod model;
pub mod network;
pub mod optim;
pub mod plan;
mod random;
mod scalar;
pub mod shape;
pub mod tensor;
pub mod train;

pub use error::Error;
pub use init::Init;
pub use network::Network;
pub use scalar::Scalar;

/// What most programs use.
pub mod prelude {
    pub use crate::data::{Class, Dataset, FashionMnist, Mnist, Samples};
    pub use crate::init::Init;
    pub use crate::layer::{
        AvgPool2d, Chain, Conv2d, Dense, Dropout, Flatten, Layer, MaxPool2d, Relu, Sigmoid, Softmax, Tanh,
    };
    pub use crate::loss::{CrossEntropy, MeanSquaredError, SoftmaxCrossEntropy};
    pub use crate::network;
    pub use crate::network::{Network, Sequential};
    pub use crate::optim::{Schedule, Sgd};
    pub use crate::scalar::Scalar;
    pub use crate::shape::{Chw, Flat, Kernel, Padding, Probabilities, Shape, Stride};
    pub use crate::tensor::{Batch, Tensor};
    pub use crate::train::Trainer;
}
