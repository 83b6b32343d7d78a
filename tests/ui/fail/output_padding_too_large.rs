//! Output padding as large as the stride.

use convnet::prelude::*;

network! {
    struct Net: Chw<4, 5, 5> => Chw<2, 13, 13> {
        up: ConvTranspose2d { filters: 2, kernel: 3, stride: 2, output_padding: 2 },
    }
}

fn main() {}
