//! A leaky ReLU that does not leak less than it lets through.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Flat<4> {
        leaky: LeakyRelu { negative_slope: 1.0 },
    }
}

fn main() {}
