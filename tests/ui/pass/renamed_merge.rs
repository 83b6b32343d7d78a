//! A merge under the name that it has in Keras: it is called Concat.
use convnet::prelude::*;

network! {
    struct Net: Chw<3, 8, 8> => Chw<6, 8, 8> {
        conv: Conv2d { filters: 3, kernel: 3, padding: 1 },
        both: Concat(conv, input),
    }
}

fn main() {}
