//! A window of padding alone.

use convnet::prelude::*;

network! {
    struct Net: Chw<2, 6, 5> => Chw<2, 4, 2> {
        pool: AvgPool2d { kernel: 2, padding: (0, 0, 3, 0) },
    }
}

fn main() {}
