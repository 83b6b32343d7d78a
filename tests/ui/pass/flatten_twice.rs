//! A vector flattened again.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 6, 6> => Flat<36> {
        flatten1: Flatten,
    }
}

fn main() {}
