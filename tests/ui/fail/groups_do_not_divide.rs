//! Four channels in three groups.

use convnet::prelude::*;

network! {
    struct Net: Chw<4, 6, 6> => Chw<6, 4, 4> {
        conv: Conv2d { filters: 6, kernel: 3, groups: 3 },
    }
}

fn main() {}
