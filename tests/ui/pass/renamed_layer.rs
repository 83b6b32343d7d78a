//! A layer under PyTorch's name: it is called BatchNorm.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5 },
        relu1: Relu,
        norm: BatchNorm { momentum: 0.2 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {}
