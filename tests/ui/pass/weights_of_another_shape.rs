//! Embedded weights with kernels of 5×5 in a network with kernels of 5×5.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5, padding: 2 },
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 16, kernel: 5 },
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 120 },
        fc2: Dense { units: 84 },
        fc3: Dense { units: 10 },
    }
}

fn main() {
    let _: Net = convnet::weights!(Net, "../../../assets/lenet5.safetensors");
}
