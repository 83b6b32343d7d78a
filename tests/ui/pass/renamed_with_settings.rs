//! A layer under PyTorch's spelling, with its setting there: it is called Relu and has none.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5 },
        relu1: Relu,
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {}
