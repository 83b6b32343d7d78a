//! A network from `shapes.onnx`, with its weights in `shapes.safetensors`.

use convnet::prelude::*;

network! {
    /// 2×8×8 values to 10, in 14 layers.
    ///
    /// `let mut net = Net::new(1);`, then `net.load("shapes.safetensors")?` for its weights.
    pub struct Net: Chw<2, 8, 8> => Probabilities<10> {
        conv0: Conv2d { filters: 3, kernel: 3, bias: false },
        clip1: Relu,
        reshape6: Flatten,
        gemm7: Dense { units: 5 },
        matmul8: Dense(reshape6) { units: 5 },
        reducemean10: GlobalAvgPool(clip1),
        gemm11: Dense { units: 3, bias: false },
        sigmoid13: Sigmoid,
        mul14: Multiply(clip1, sigmoid13),
        flatten15: Flatten,
        gemm16: Dense { units: 5, bias: false },
        add17: Add(gemm7, matmul8),
        concat18: Concat(add17, gemm16),
        softmax19: Softmax,
    }
}
