//! A kernel with holes that fits the image.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 6, 6> => Chw<2, 2, 2> {
        conv: Conv2d { filters: 2, kernel: 3, dilation: 2 },
    }
}

fn main() {}
