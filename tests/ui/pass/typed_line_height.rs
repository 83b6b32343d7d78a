//! A layer written as a type in `network!`, whose type says 20 rows where its arithmetic gives 20.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Chw<16, 20, 20> {
        conv1: Conv2d { filters: 6, kernel: 5 },
        conv2: Conv2d<Chw<6, 24, 24>, Chw<16, 20, 20>, Kernel<5>>,
    }
}

fn main() {}
