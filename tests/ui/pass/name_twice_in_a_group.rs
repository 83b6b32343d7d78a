//! A name used twice in a group.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        layer: {
            conv: Conv2d { filters: 8, kernel: 1 },
            conv2: Conv2d { filters: 8, kernel: 1 },
        },
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
