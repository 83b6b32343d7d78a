//! Both are CLASSES.
use convnet::prelude::*;

network! {
    struct Net<const CLASSES: usize>: Chw<1, 8, 8> => Flat<CLASSES> {
        conv: Conv2d { filters: 4, kernel: 3 },
        flatten: Flatten,
        fc: Dense { units: CLASSES },
    }
}

fn main() {
    Net::<2>::new(1);
}
