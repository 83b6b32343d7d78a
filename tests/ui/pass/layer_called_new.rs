//! The same layer with a name of its own.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 8, 8> => Flat<10> {
        relu: Relu,
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1);
}
