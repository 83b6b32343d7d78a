//! A dense layer after feature maps.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 6, 6> => Flat<10> {
        conv: Conv2d { filters: 4, kernel: 5 },
        fc: Dense { units: 10 },
    }
}

fn main() {}
