//! A network that takes little time for an image.

use convnet::prelude::*;

network! {
    /// Sees each image in a few numbers, so that reading them is most of the work.
    pub struct Glance: Chw<3, 32, 32> => Flat<10> {
        conv: Conv2d { filters: 8, kernel: 5, stride: 4 },
        pool: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}
