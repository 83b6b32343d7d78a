//! A convolution after the flattening layer.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 6, 6> => Flat<36> {
        flatten: Flatten,
        conv: Conv2d { filters: 9, kernel: 5 },
    }
}

fn main() {}
