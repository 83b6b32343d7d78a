//! The first digits of MNIST.

use convnet::prelude::*;

type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;

pub fn digits(count: usize) -> Digits {
    Mnist::load_from("assets/mnist").unwrap().train.subset(0..count)
}
