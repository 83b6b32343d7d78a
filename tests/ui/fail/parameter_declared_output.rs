//! The network is declared to give CLASSES numbers, its last layer gives 10.
use convnet::prelude::*;

network! {
    struct Net<const CLASSES: usize>: Chw<1, 8, 8> => Flat<CLASSES> {
        conv: Conv2d { filters: 4, kernel: 3 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::<2>::new(1);
}
