//! A block without a setting that it needs.
use convnet::prelude::*;

block! {
    struct Basic { filters: usize, stride: usize = 1 } => {
        conv1: Conv2d { filters: filters, kernel: 3, stride: stride, padding: 1 },
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1 },
        sum: Add(conv2, input),
        relu2: Relu,
    }
}

network! {
    struct Net: Chw<3, 16, 16> => Flat<10> {
        stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
        layer1: Basic { stride: 1 },
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
