//! A network from `windows.onnx`, with its weights in `windows.safetensors`.

use convnet::prelude::*;

network! {
    /// 2×8×8 values to 3, in 15 layers.
    ///
    /// `let mut net = Net::new(1);`, then `net.load("windows.safetensors")?` for its weights.
    pub struct Net: Chw<2, 8, 8> => Flat<3> {
        conv0: Conv2d { filters: 4, kernel: 3, stride: 2, padding: (0, 0, 1, 1) },
        new_2: LeakyRelu { negative_slope: 0.1 },
        conv3: Conv2d { filters: 4, kernel: (2, 3), padding: (1, 1, 2, 1), dilation: (2, 1), groups: 2, bias: false },
        elu1: Elu { alpha: 0.5 },
        convtranspose5: ConvTranspose2d { filters: 3, kernel: 3, stride: 2, padding: 1, output_padding: 1 },
        fn_2: Tanh,
        layer_2_the_same: Add(fn_2, fn_2),
        resize8: Upsample2d { scale: 2 },
        maxpool9: MaxPool2d { kernel: (3, 2), stride: 2, ceil_mode: true },
        resize10: Upsample2d { scale: 2, mode: UpsampleMode::Bilinear },
        averagepool11: AvgPool2d { kernel: 3, padding: 1, count_include_pad: false },
        lrn12: LocalResponseNorm { size: 3, alpha: 0.01, beta: 0.5, k: 2.0 },
        globalmaxpool13: AdaptiveMaxPool2d { size: 1 },
        squeeze14: Flatten,
        softplus15: Softplus,
    }
}
