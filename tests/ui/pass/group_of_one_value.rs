//! Channels of two values.

use convnet::prelude::*;

network! {
    struct Net: Chw<4, 1, 2> => Chw<4, 1, 2> {
        norm: InstanceNorm { affine: true },
    }
}

fn main() {}
