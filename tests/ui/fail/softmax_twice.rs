//! A softmax after a softmax.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Probabilities<10> {
        fc: Dense { units: 10 },
        softmax1: Softmax,
        softmax2: Softmax,
    }
}

fn main() {}
