//! EfficientNet-B0, as in torchvision, for ImageNet.

use crate::prelude::*;

crate::block! {
    /// A convolution with batch normalisation and [`Silu`]; its padding is that which keeps the size at a stride of 1.
    struct NormSilu { filters: usize, kernel: usize = 1, stride: usize = 1, groups: usize = 1 } => {
        0: Conv2d {
            filters: filters,
            kernel: kernel,
            stride: stride,
            padding: kernel / 2,
            groups: groups,
            bias: false,
        },
        1: BatchNorm,
        2: Silu,
    }
}

crate::block! {
    /// Squeeze and excitation with [`Silu`].
    struct Excite { channels: usize, squeeze: usize } => {
        avgpool: AdaptiveAvgPool2d { size: 1 },
        fc1: Conv2d { filters: squeeze, kernel: 1 },
        activation: Silu,
        fc2: Conv2d { filters: channels, kernel: 1 },
        scale_activation: Sigmoid,
        scale: Multiply(input, scale_activation),
    }
}

crate::block! {
    /// A depthwise convolution of 3×3, squeeze and excitation, and a convolution of 1×1 without an activation: the
    /// first block, which does not expand its input.
    struct Separable { channels: usize, squeeze: usize, filters: usize } => {
        block: {
            0: NormSilu { filters: channels, kernel: 3, groups: channels },
            1: Excite { channels: channels, squeeze: squeeze },
            2: { 0: Conv2d { filters: filters, kernel: 1, bias: false }, 1: BatchNorm },
        },
    }
}

crate::block! {
    /// A convolution of 1×1 to more channels, a depthwise one, squeeze and excitation, and a convolution of 1×1 to
    /// fewer channels, without an activation.
    struct Inverted { expanded: usize, kernel: usize, stride: usize = 1, squeeze: usize, filters: usize } => {
        block: {
            0: NormSilu { filters: expanded },
            1: NormSilu { filters: expanded, kernel: kernel, stride: stride, groups: expanded },
            2: Excite { channels: expanded, squeeze: squeeze },
            3: { 0: Conv2d { filters: filters, kernel: 1, bias: false }, 1: BatchNorm },
        },
    }
}

crate::block! {
    /// The same, whose output is added to the input; while training, it is left out with probability `rate`.
    struct Residual { expanded: usize, kernel: usize, squeeze: usize, filters: usize, rate: f64 } => {
        block: {
            0: NormSilu { filters: expanded },
            1: NormSilu { filters: expanded, kernel: kernel, groups: expanded },
            2: Excite { channels: expanded, squeeze: squeeze },
            3: { 0: Conv2d { filters: filters, kernel: 1, bias: false }, 1: BatchNorm },
        },
        stochastic_depth: StochasticDepth { rate: rate },
        sum: Add(stochastic_depth, input),
    }
}

crate::network! {
    /// EfficientNet-B0 (Tan and Le 2019, "EfficientNet: Rethinking model scaling for convolutional neural networks"),
    /// with the names and shapes of torchvision's `efficientnet_b0`. While training, each residual branch is left out
    /// with a probability that grows by 0.2 / 16 from block to block.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 5,288,548 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::EfficientNetB0;
    /// const _: () = assert!(<EfficientNetB0>::PARAMS == 5_288_548);
    /// const _: () = assert!(EfficientNetB0::<10>::PARAMS == 5_288_548 - 990 * 1281);
    /// ```
    pub struct EfficientNetB0<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: NormSilu { filters: 32, kernel: 3, stride: 2 },
            1: { 0: Separable { channels: 32, squeeze: 8, filters: 16 } },
            2: {
                0: Inverted { expanded: 96, kernel: 3, stride: 2, squeeze: 4, filters: 24 },
                1: Residual { expanded: 144, kernel: 3, squeeze: 6, filters: 24, rate: 0.2 * 2.0 / 16.0 },
            },
            3: {
                0: Inverted { expanded: 144, kernel: 5, stride: 2, squeeze: 6, filters: 40 },
                1: Residual { expanded: 240, kernel: 5, squeeze: 10, filters: 40, rate: 0.2 * 4.0 / 16.0 },
            },
            4: {
                0: Inverted { expanded: 240, kernel: 3, stride: 2, squeeze: 10, filters: 80 },
                1: Residual { expanded: 480, kernel: 3, squeeze: 20, filters: 80, rate: 0.2 * 6.0 / 16.0 },
                2: Residual { expanded: 480, kernel: 3, squeeze: 20, filters: 80, rate: 0.2 * 7.0 / 16.0 },
            },
            5: {
                0: Inverted { expanded: 480, kernel: 5, squeeze: 20, filters: 112 },
                1: Residual { expanded: 672, kernel: 5, squeeze: 28, filters: 112, rate: 0.2 * 9.0 / 16.0 },
                2: Residual { expanded: 672, kernel: 5, squeeze: 28, filters: 112, rate: 0.2 * 10.0 / 16.0 },
            },
            6: {
                0: Inverted { expanded: 672, kernel: 5, stride: 2, squeeze: 28, filters: 192 },
                1: Residual { expanded: 1152, kernel: 5, squeeze: 48, filters: 192, rate: 0.2 * 12.0 / 16.0 },
                2: Residual { expanded: 1152, kernel: 5, squeeze: 48, filters: 192, rate: 0.2 * 13.0 / 16.0 },
                3: Residual { expanded: 1152, kernel: 5, squeeze: 48, filters: 192, rate: 0.2 * 14.0 / 16.0 },
            },
            7: { 0: Inverted { expanded: 1152, kernel: 3, squeeze: 48, filters: 320 } },
            8: NormSilu { filters: 1280 },
        },
        avgpool: GlobalAvgPool,
        classifier: { 0: Dropout { rate: 0.2 }, 1: Dense { units: CLASSES } },
    }
}
const _: () = assert!(<EfficientNetB0>::PARAMS == 5_288_548);
