//! In a network with a parameter, a 9x9 kernel meets an 8x8 input.
use convnet::prelude::*;

network! {
    struct Net<const CLASSES: usize>: Chw<1, 8, 8> => Flat<CLASSES> {
        conv: Conv2d { filters: 4, kernel: 9 },
        flatten: Flatten,
        fc: Dense { units: CLASSES },
    }
}

fn main() {
    Net::<2>::new(1);
}
