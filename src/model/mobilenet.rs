//! MobileNetV2, as in torchvision, for ImageNet.

use crate::prelude::*;

crate::block! {
    /// A convolution with batch normalisation and [`Relu6`]; `padding` is that which keeps the size at a stride of 1.
    struct ConvNorm { filters: usize, kernel: usize = 1, stride: usize = 1, groups: usize = 1 } => {
        0: Conv2d {
            filters: filters,
            kernel: kernel,
            stride: stride,
            padding: kernel / 2,
            groups: groups,
            bias: false,
        },
        1: BatchNorm,
        2: Relu6,
    }
}

crate::block! {
    /// A depthwise convolution of 3×3, and one of 1×1 without an activation: the first block, which does not expand
    /// its input.
    struct Separable { channels: usize, filters: usize } => {
        conv: {
            0: ConvNorm { filters: channels, kernel: 3, groups: channels },
            1: Conv2d { filters: filters, kernel: 1, bias: false },
            2: BatchNorm,
        },
    }
}

crate::block! {
    /// The layers of an inverted residual block: a convolution of 1×1 to more channels, a depthwise one of 3×3, and
    /// one of 1×1 to fewer, without an activation.
    struct Inverted { expanded: usize, filters: usize, stride: usize = 1 } => {
        conv: {
            0: ConvNorm { filters: expanded },
            1: ConvNorm { filters: expanded, kernel: 3, stride: stride, groups: expanded },
            2: Conv2d { filters: filters, kernel: 1, bias: false },
            3: BatchNorm,
        },
    }
}

crate::block! {
    /// The same, whose output is added to the input.
    struct Residual { expanded: usize, filters: usize } => {
        conv: {
            0: ConvNorm { filters: expanded },
            1: ConvNorm { filters: expanded, kernel: 3, groups: expanded },
            2: Conv2d { filters: filters, kernel: 1, bias: false },
            3: BatchNorm,
        },
        sum: Add(conv, input),
    }
}

crate::network! {
    /// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov and Chen 2018, "MobileNetV2: Inverted residuals and linear
    /// bottlenecks"), with the names and shapes of torchvision's `mobilenet_v2`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 3,504,872 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::MobileNetV2;
    /// const _: () = assert!(<MobileNetV2>::PARAMS == 3_504_872);
    /// const _: () = assert!(MobileNetV2::<10>::PARAMS == 3_504_872 - 990 * 1281);
    /// ```
    pub struct MobileNetV2<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: ConvNorm { filters: 32, kernel: 3, stride: 2 },
            1: Separable { channels: 32, filters: 16 },
            2: Inverted { expanded: 96, filters: 24, stride: 2 },
            3: Residual { expanded: 144, filters: 24 },
            4: Inverted { expanded: 144, filters: 32, stride: 2 },
            5: Residual { expanded: 192, filters: 32 },
            6: Residual { expanded: 192, filters: 32 },
            7: Inverted { expanded: 192, filters: 64, stride: 2 },
            8: Residual { expanded: 384, filters: 64 },
            9: Residual { expanded: 384, filters: 64 },
            10: Residual { expanded: 384, filters: 64 },
            11: Inverted { expanded: 384, filters: 96, stride: 1 },
            12: Residual { expanded: 576, filters: 96 },
            13: Residual { expanded: 576, filters: 96 },
            14: Inverted { expanded: 576, filters: 160, stride: 2 },
            15: Residual { expanded: 960, filters: 160 },
            16: Residual { expanded: 960, filters: 160 },
            17: Inverted { expanded: 960, filters: 320, stride: 1 },
            18: ConvNorm { filters: 1280 },
        },
        avgpool: GlobalAvgPool,
        classifier: { 0: Dropout { rate: 0.2 }, 1: Dense { units: CLASSES } },
    }
}
const _: () = assert!(<MobileNetV2>::PARAMS == 3_504_872);
