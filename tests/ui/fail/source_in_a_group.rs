//! A source inside a group.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        side: { conv: Conv2d { filters: 8, kernel: 1 }, relu: Relu },
        sum: Add(stem, relu),
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
