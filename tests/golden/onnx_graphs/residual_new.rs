//! A network from `residual_new.onnx`, with its weights in `residual_new.safetensors`.

use convnet::prelude::*;

network! {
    /// 2×8×8 values to 3, in 16 layers.
    ///
    /// `let mut net = Net::new(1);`, then `net.load("residual_new.safetensors")?` for its weights.
    pub struct Net: Chw<2, 8, 8> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3 },
        relu: Relu,
        max_pool2d: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
        layer1_0_conv1: Conv2d { filters: 4, kernel: 3, padding: 1 },
        relu_1: Relu,
        layer1_0_conv2: Conv2d { filters: 4, kernel: 3, padding: 1 },
        add: Add(layer1_0_conv2, max_pool2d),
        relu_2: Relu,
        layer1_1_conv1: Conv2d { filters: 6, kernel: 3, stride: 2, padding: 1 },
        relu_3: Relu,
        layer1_1_conv2: Conv2d { filters: 6, kernel: 3, padding: 1 },
        layer1_1_downsample_0: Conv2d(relu_2) { filters: 6, kernel: 1, stride: 2 },
        add_1: Add(layer1_1_conv2, layer1_1_downsample_0),
        relu_4: Relu,
        mean: GlobalAvgPool,
        fc: Dense { units: 3 },
    }
}
