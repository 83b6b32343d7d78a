//! The first digits of MNIST, and a trainer of LeNet-5 for them.

use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::Progress;

pub type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;

pub fn digits(count: usize) -> Digits {
    Mnist::load_from("assets/mnist").unwrap().train.subset(0..count)
}

pub fn trainer(seed: u64) -> Trainer<LeNet5, SoftmaxCrossEntropy, Sgd> {
    Trainer::new(LeNet5::new(seed), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
        .seed(seed)
        .progress(Progress::Silent)
}
