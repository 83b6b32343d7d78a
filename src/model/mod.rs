//! Ready networks.

mod lenet;

pub use lenet::LeNet5;
