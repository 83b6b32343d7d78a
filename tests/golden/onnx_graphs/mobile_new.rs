//! A network from `mobile_new.onnx`, with its weights in `mobile_new.safetensors`.

use convnet::prelude::*;

network! {
    /// 2×8×8 values to 3, in 25 layers.
    ///
    /// `let mut net = Net::new(1);`, then `net.load("mobile_new.safetensors")?` for its weights.
    pub struct Net: Chw<2, 8, 8> => Flat<3> {
        features_0: Conv2d { filters: 4, kernel: 3, stride: 2, padding: 1 },
        hardswish1: HardSwish,
        features_3: Conv2d { filters: 4, kernel: 3, padding: 1, groups: 4 },
        relu6_1: Relu6,
        mean: AdaptiveAvgPool2d { size: 1 },
        features_6_fc1: Conv2d { filters: 2, kernel: 1 },
        relu: Relu,
        features_6_fc2: Conv2d { filters: 4, kernel: 1 },
        hardsigmoid: HardSigmoid,
        mul_6: Multiply(relu6_1, hardsigmoid),
        features_7: Conv2d { filters: 6, kernel: 1 },
        silu: Silu,
        mean_1: AdaptiveAvgPool2d { size: 1 },
        features_9_fc1: Conv2d { filters: 2, kernel: 1 },
        relu_1: Relu,
        features_9_fc2: Conv2d { filters: 6, kernel: 1 },
        sigmoid: Sigmoid,
        mul_7: Multiply(silu, sigmoid),
        norm: BatchNorm { epsilon: 0.001 },
        relu_2: Relu,
        wide: Conv2d { filters: 3, kernel: (3, 5), padding: (1, 2) },
        narrow: Conv2d(relu_2) { filters: 2, kernel: 1 },
        cat: Concat(wide, narrow),
        reshape_57: Flatten,
        fc: Dense { units: 3 },
    }
}
