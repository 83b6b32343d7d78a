//! One value for each channel.

use convnet::prelude::*;

network! {
    struct Net: Chw<7, 1, 1> => Chw<7, 2, 2> {
        up: Upsample2d { scale: 2 },
    }
}

fn main() {}
