//! A setting under PyTorch's name: it is called kernel.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5 },
        relu1: Relu,
        conv2: Conv2d { filters: 16, kernel_size: 5 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {}
