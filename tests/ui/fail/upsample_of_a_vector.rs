//! A vector has no rows.

use convnet::prelude::*;

network! {
    struct Net: Flat<7> => Flat<7> {
        up: Upsample2d { scale: 2 },
    }
}

fn main() {}
