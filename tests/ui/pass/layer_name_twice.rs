//! A name for each layer.
use convnet::prelude::*;

network! {
    struct Net: Chw<1, 8, 8> => Flat<10> {
        conv: Conv2d { filters: 4, kernel: 3 },
        relu: Relu,
        conv2: Conv2d { filters: 4, kernel: 3 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::new(1).conv().weight();
}
