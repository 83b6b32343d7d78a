//! A layer has the name of a function of every network.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 8, 8> => Flat<10> {
        new: Relu,
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
