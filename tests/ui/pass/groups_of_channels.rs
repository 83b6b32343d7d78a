//! Groups that divide the channels.

use convnet::prelude::*;

network! {
    struct Net: Chw<4, 6, 5> => Chw<4, 6, 5> {
        norm: GroupNorm { groups: 2 },
    }
}

fn main() {}
