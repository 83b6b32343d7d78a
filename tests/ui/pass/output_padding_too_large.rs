//! Output padding below the stride.

use convnet::prelude::*;

network! {
    struct Net: Chw<4, 5, 5> => Chw<2, 12, 12> {
        up: ConvTranspose2d { filters: 2, kernel: 3, stride: 2, output_padding: 1 },
    }
}

fn main() {}
