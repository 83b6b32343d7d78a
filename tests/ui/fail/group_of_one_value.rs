//! Channels of one value.

use convnet::prelude::*;

network! {
    struct Net: Chw<4, 1, 1> => Chw<4, 1, 1> {
        norm: InstanceNorm { affine: true },
    }
}

fn main() {}
