//! A layer that names its source.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        relu: Relu,
        side: Conv2d(stem) { filters: 8, kernel: 1 },
        sum: Add(side, relu),
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
