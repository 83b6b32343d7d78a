//! A data set of 32×32 images for a network that takes 28×28.

use convnet::prelude::*;

use convnet::model::LeNet5;

fn train(data: &Dataset<Chw<1, 32, 28>, Class<10>>) {
    let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {
    let _ = train;
}
