//! The stride is a number.
use convnet::prelude::*;

network! {
    struct Net<const N: usize>: Chw<1, 9, 9> => Flat<10> {
        conv: Conv2d { filters: N, kernel: 3, stride: 2 },
        pool: GlobalAvgPool,
        fc: Dense { units: 10 },
    }
}

fn main() {
    Net::<2>::new(1);
}
