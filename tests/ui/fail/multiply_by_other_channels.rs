//! The channels of a gate.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        squeeze: AdaptiveAvgPool2d { size: 1 },
        gate: Conv2d { filters: 4, kernel: 1 },
        scaled: Multiply(stem, gate),
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
