//! The size of concatenated maps.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        conv: Conv2d { filters: 4, kernel: 3, stride: 2, padding: 1 },
        both: Concat(stem, conv),
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
