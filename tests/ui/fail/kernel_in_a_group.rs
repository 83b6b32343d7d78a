//! A kernel that does not fit, in a group in a group.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        layer: { 0: { 0: Relu, 1: Conv2d { filters: 8, kernel: 17 } } },
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
