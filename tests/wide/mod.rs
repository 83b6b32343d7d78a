//! A network that is not small, for several suites.

use convnet::prelude::*;

network! {
    /// More parameters than a small network may have, and every kind of random or windowed layer.
    pub struct Wide: Chw<1, 28, 28> => Flat<10> {
        conv: Conv2d { filters: 5, kernel: 3, stride: 2, padding: 1 },
        relu1: Relu,
        pool: AvgPool2d { kernel: 3, stride: 2, padding: 1 },
        dropout: Dropout { rate: 0.3 },
        flatten: Flatten,
        fc1: Dense { units: 2200 },
        tanh: Tanh,
        fc2: Dense { units: 10 },
    }
}
const _: () = assert!(Wide::<f32>::PARAMS > 1 << 19, "wide enough to be cut layer by layer");
