//! A 32×32 image for a network that takes 28×28.

use convnet::prelude::*;

use convnet::model::LeNet5;

fn main() {
    let net = LeNet5::new(1);
    let images: Batch<Chw<1, 28, 28>> = Batch::zeros(1);
    net.infer(&images);
}
