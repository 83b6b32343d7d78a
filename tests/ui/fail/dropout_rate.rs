//! A dropout that drops everything.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Flat<4> {
        dropout: Dropout { rate: 1.0 },
    }
}

fn main() {}
