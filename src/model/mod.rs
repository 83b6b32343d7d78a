//! Ready networks: [`LeNet5`] for grey images of 28×28 pixels, [`AlexNetSmall`] for colour images of 32×32.

mod alexnet;
mod lenet;

pub use alexnet::AlexNetSmall;
pub use lenet::LeNet5;
