//! Each window has a value of the input.

use convnet::prelude::*;

network! {
    struct Net: Chw<2, 6, 5> => Chw<2, 3, 2> {
        pool: AvgPool2d { kernel: 2, padding: (0, 0, 1, 0) },
    }
}

fn main() {}
