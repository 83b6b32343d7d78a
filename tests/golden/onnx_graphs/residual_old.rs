//! A network from `residual_old.onnx`, with its weights in `residual_old.safetensors`.

use convnet::prelude::*;

network! {
    /// 2×8×8 values to 3, in 16 layers.
    ///
    /// `let mut net = Net::new(1);`, then `net.load("residual_old.safetensors")?` for its weights.
    pub struct Net: Chw<2, 8, 8> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3 },
        relu1: Relu,
        maxpool: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
        layer1_0_conv1: Conv2d { filters: 4, kernel: 3, padding: 1 },
        layer1_0_relu: Relu,
        layer1_0_conv2: Conv2d { filters: 4, kernel: 3, padding: 1 },
        layer1_0_add: Add(layer1_0_conv2, maxpool),
        layer1_0_relu_1: Relu,
        layer1_1_conv1: Conv2d { filters: 6, kernel: 3, stride: 2, padding: 1 },
        layer1_1_relu: Relu,
        layer1_1_conv2: Conv2d { filters: 6, kernel: 3, padding: 1 },
        layer1_1_downsample_0: Conv2d(layer1_0_relu_1) { filters: 6, kernel: 1, stride: 2 },
        layer1_1_add: Add(layer1_1_conv2, layer1_1_downsample_0),
        layer1_1_relu_1: Relu,
        avgpool: GlobalAvgPool,
        fc: Dense { units: 3 },
    }
}
