//! A kernel whose holes reach beyond the image.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 6, 6> => Chw<2, 2, 2> {
        conv: Conv2d { filters: 2, kernel: 3, dilation: 3 },
    }
}

fn main() {}
