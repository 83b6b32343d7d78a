//! A layer without settings under PyTorch's name: it is called Relu.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5 },
        relu1: ReLU,
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {}
