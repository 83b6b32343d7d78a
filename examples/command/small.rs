//! The network of the examples image_folder and serve_file.

use convnet::prelude::*;

/// The most classes that a folder may have: the network has an output for each.
pub const CLASSES: usize = 100;

network! {
    /// Four convolutions, each followed by normalisation, and one mean for each of their last feature maps.
    pub struct Small: Chw<3, 64, 64> => Flat<{ CLASSES }> {
        conv1: Conv2d { filters: 16, kernel: 5, stride: 2, padding: 2 },
        norm1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: 32, kernel: 3, padding: 1 },
        norm2: BatchNorm,
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        conv3: Conv2d { filters: 64, kernel: 3, padding: 1 },
        norm3: BatchNorm,
        relu3: Relu,
        pool3: MaxPool2d { kernel: 2 },
        conv4: Conv2d { filters: 64, kernel: 3, padding: 1 },
        norm4: BatchNorm,
        relu4: Relu,
        pool4: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
