//! A kernel larger than what it is given.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Chw<16, 1, 1> {
        conv1: Conv2d { filters: 6, kernel: 24 },
        conv2: Conv2d { filters: 16, kernel: 5 },
    }
}

fn main() {}
