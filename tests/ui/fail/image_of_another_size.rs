//! One 32×32 image for a network that takes 28×28.

use convnet::prelude::*;

use convnet::model::LeNet5;

fn main() {
    let net = LeNet5::new(1);
    let image: Tensor<Chw<1, 28, 32>> = Tensor::zeros();
    net.predict(&image);
}
