//! A network from `mobile_old.onnx`, with its weights in `mobile_old.safetensors`.

use convnet::prelude::*;

network! {
    /// 2×8×8 values to 3, in 25 layers.
    ///
    /// `let mut net = Net::new(1);`, then `net.load("mobile_old.safetensors")?` for its weights.
    pub struct Net: Chw<2, 8, 8> => Flat<3> {
        features_0: Conv2d { filters: 4, kernel: 3, stride: 2, padding: 1 },
        features_2_hardswish: HardSwish,
        features_3: Conv2d { filters: 4, kernel: 3, padding: 1, groups: 4 },
        features_5_relu6: Relu6,
        features_6_pool: AdaptiveAvgPool2d { size: 1 },
        features_6_fc1: Conv2d { filters: 2, kernel: 1 },
        features_6_relu: Relu,
        features_6_fc2: Conv2d { filters: 4, kernel: 1 },
        features_6_gate_hardsigmoid: HardSigmoid,
        features_6_multiply: Multiply(features_5_relu6, features_6_gate_hardsigmoid),
        features_7: Conv2d { filters: 6, kernel: 1 },
        features_8_silu: Silu,
        features_9_pool: AdaptiveAvgPool2d { size: 1 },
        features_9_fc1: Conv2d { filters: 2, kernel: 1 },
        features_9_relu: Relu,
        features_9_fc2: Conv2d { filters: 6, kernel: 1 },
        features_9_gate_sigmoid: Sigmoid,
        features_9_multiply: Multiply(features_8_silu, features_9_gate_sigmoid),
        norm: BatchNorm { epsilon: 0.001 },
        relu1: Relu,
        wide: Conv2d { filters: 3, kernel: (3, 5), padding: (1, 2) },
        narrow: Conv2d(relu1) { filters: 2, kernel: 1 },
        concat1: Concat(wide, narrow),
        flatten1: Flatten,
        fc: Dense { units: 3 },
    }
}
