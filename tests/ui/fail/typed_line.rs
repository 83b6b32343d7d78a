//! A layer written as a type in `network!`, for 5 channels after a layer that gives 6.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Chw<16, 20, 20> {
        conv1: Conv2d<Chw<1, 28, 28>, Chw<6, 24, 24>, Kernel<5>>,
        conv2: Conv2d<Chw<5, 24, 24>, Chw<16, 20, 20>, Kernel<5>>,
    }
}

fn main() {}
