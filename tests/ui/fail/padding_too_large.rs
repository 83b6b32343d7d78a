//! Padding as wide as the kernel.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 6, 6> => Chw<2, 10, 10> {
        conv: Conv2d { filters: 2, kernel: 5, padding: 5 },
    }
}

fn main() {}
