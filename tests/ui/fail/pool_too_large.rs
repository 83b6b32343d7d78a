//! A pooling window larger than what it is given.

use convnet::prelude::*;

network! {
    struct Net: Chw<3, 8, 8> => Chw<3, 1, 1> {
        pool1: MaxPool2d { kernel: 2 },
        pool2: MaxPool2d { kernel: 5 },
    }
}

fn main() {}
