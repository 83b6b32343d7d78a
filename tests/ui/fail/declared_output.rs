//! A network that says it gives 12 scores and gives 10.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Flat<12> {
        fc1: Dense { units: 8 },
        relu: Relu,
        fc2: Dense { units: 10 },
    }
}

fn main() {}
