//! A window that never moves.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Chw<6, 24, 24> {
        conv1: Conv2d { filters: 6, kernel: 5, stride: 1 },
    }
}

fn main() {}
