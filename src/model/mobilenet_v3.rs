//! MobileNetV3, small and large, as in torchvision, for ImageNet.

use crate::prelude::*;

crate::block! {
    /// A convolution with batch normalisation; its padding is that which keeps the size at a stride of 1.
    struct Norm { filters: usize, kernel: usize = 1, stride: usize = 1, groups: usize = 1 } => {
        0: Conv2d {
            filters: filters,
            kernel: kernel,
            stride: stride,
            padding: kernel / 2,
            groups: groups,
            bias: false,
        },
        1: BatchNorm { momentum: 0.01, epsilon: 0.001 },
    }
}

crate::block! {
    /// The same with [`Relu`].
    struct NormRelu { filters: usize, kernel: usize = 1, stride: usize = 1, groups: usize = 1 } => {
        0: Conv2d {
            filters: filters,
            kernel: kernel,
            stride: stride,
            padding: kernel / 2,
            groups: groups,
            bias: false,
        },
        1: BatchNorm { momentum: 0.01, epsilon: 0.001 },
        2: Relu,
    }
}

crate::block! {
    /// The same with [`HardSwish`].
    struct NormSwish { filters: usize, kernel: usize = 1, stride: usize = 1, groups: usize = 1 } => {
        0: Conv2d {
            filters: filters,
            kernel: kernel,
            stride: stride,
            padding: kernel / 2,
            groups: groups,
            bias: false,
        },
        1: BatchNorm { momentum: 0.01, epsilon: 0.001 },
        2: HardSwish,
    }
}

crate::block! {
    /// Squeeze and excitation with [`HardSigmoid`](struct@HardSigmoid).
    struct Excite { channels: usize, squeeze: usize } => {
        avgpool: AdaptiveAvgPool2d { size: 1 },
        fc1: Conv2d { filters: squeeze, kernel: 1 },
        activation: Relu,
        fc2: Conv2d { filters: channels, kernel: 1 },
        scale_activation: HardSigmoid,
        scale: Multiply(input, scale_activation),
    }
}

crate::block! {
    /// An inverted residual block that does not expand its input: a depthwise convolution, squeeze and excitation, and
    /// a convolution of 1×1 without an activation; with [`Relu`].
    struct PlainReluExcite {
        channels: usize, filters: usize, squeeze: usize, kernel: usize = 3, stride: usize = 1,
    } => {
        block: {
            0: NormRelu { filters: channels, kernel: kernel, stride: stride, groups: channels },
            1: Excite { channels: channels, squeeze: squeeze },
            2: Norm { filters: filters },
        },
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, and a convolution of 1×1
    /// without an activation; with [`Relu`].
    struct ExpandRelu { expanded: usize, filters: usize, kernel: usize = 3, stride: usize = 1 } => {
        block: {
            0: NormRelu { filters: expanded },
            1: NormRelu { filters: expanded, kernel: kernel, stride: stride, groups: expanded },
            2: Norm { filters: filters },
        },
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, and a convolution of 1×1
    /// without an activation, whose output is added to the input; with [`Relu`].
    struct ExpandReluSum { expanded: usize, filters: usize, kernel: usize = 3 } => {
        block: {
            0: NormRelu { filters: expanded },
            1: NormRelu { filters: expanded, kernel: kernel, groups: expanded },
            2: Norm { filters: filters },
        },
        sum: Add(block, input),
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, squeeze and excitation, and
    /// a convolution of 1×1 without an activation; with [`HardSwish`].
    struct ExpandSwishExcite {
        expanded: usize, filters: usize, squeeze: usize, kernel: usize = 3, stride: usize = 1,
    } => {
        block: {
            0: NormSwish { filters: expanded },
            1: NormSwish { filters: expanded, kernel: kernel, stride: stride, groups: expanded },
            2: Excite { channels: expanded, squeeze: squeeze },
            3: Norm { filters: filters },
        },
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, squeeze and excitation, and
    /// a convolution of 1×1 without an activation, whose output is added to the input; with [`HardSwish`].
    struct ExpandSwishExciteSum { expanded: usize, filters: usize, squeeze: usize, kernel: usize = 3 } => {
        block: {
            0: NormSwish { filters: expanded },
            1: NormSwish { filters: expanded, kernel: kernel, groups: expanded },
            2: Excite { channels: expanded, squeeze: squeeze },
            3: Norm { filters: filters },
        },
        sum: Add(block, input),
    }
}

crate::block! {
    /// An inverted residual block that does not expand its input: a depthwise convolution, and a convolution of 1×1
    /// without an activation, whose output is added to the input; with [`Relu`].
    struct PlainReluSum { channels: usize, filters: usize, kernel: usize = 3 } => {
        block: {
            0: NormRelu { filters: channels, kernel: kernel, groups: channels },
            1: Norm { filters: filters },
        },
        sum: Add(block, input),
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, squeeze and excitation, and
    /// a convolution of 1×1 without an activation; with [`Relu`].
    struct ExpandReluExcite {
        expanded: usize, filters: usize, squeeze: usize, kernel: usize = 3, stride: usize = 1,
    } => {
        block: {
            0: NormRelu { filters: expanded },
            1: NormRelu { filters: expanded, kernel: kernel, stride: stride, groups: expanded },
            2: Excite { channels: expanded, squeeze: squeeze },
            3: Norm { filters: filters },
        },
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, squeeze and excitation, and
    /// a convolution of 1×1 without an activation, whose output is added to the input; with [`Relu`].
    struct ExpandReluExciteSum { expanded: usize, filters: usize, squeeze: usize, kernel: usize = 3 } => {
        block: {
            0: NormRelu { filters: expanded },
            1: NormRelu { filters: expanded, kernel: kernel, groups: expanded },
            2: Excite { channels: expanded, squeeze: squeeze },
            3: Norm { filters: filters },
        },
        sum: Add(block, input),
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, and a convolution of 1×1
    /// without an activation; with [`HardSwish`].
    struct ExpandSwish { expanded: usize, filters: usize, kernel: usize = 3, stride: usize = 1 } => {
        block: {
            0: NormSwish { filters: expanded },
            1: NormSwish { filters: expanded, kernel: kernel, stride: stride, groups: expanded },
            2: Norm { filters: filters },
        },
    }
}

crate::block! {
    /// An inverted residual block: a convolution of 1×1 to more channels, a depthwise one, and a convolution of 1×1
    /// without an activation, whose output is added to the input; with [`HardSwish`].
    struct ExpandSwishSum { expanded: usize, filters: usize, kernel: usize = 3 } => {
        block: {
            0: NormSwish { filters: expanded },
            1: NormSwish { filters: expanded, kernel: kernel, groups: expanded },
            2: Norm { filters: filters },
        },
        sum: Add(block, input),
    }
}

crate::network! {
    /// MobileNetV3-small (Howard et al. 2019, "Searching for MobileNetV3"), with the names and shapes of torchvision's
    /// `mobilenet_v3_small`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 2,542,856 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::MobileNetV3Small;
    /// const _: () = assert!(<MobileNetV3Small>::PARAMS == 2_542_856);
    /// const _: () = assert!(MobileNetV3Small::<10>::PARAMS == 2_542_856 - 990 * 1025);
    /// ```
    pub struct MobileNetV3Small<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: NormSwish { filters: 16, kernel: 3, stride: 2 },
            1: PlainReluExcite { channels: 16, filters: 16, squeeze: 8, stride: 2 },
            2: ExpandRelu { expanded: 72, filters: 24, stride: 2 },
            3: ExpandReluSum { expanded: 88, filters: 24 },
            4: ExpandSwishExcite { expanded: 96, filters: 40, squeeze: 24, kernel: 5, stride: 2 },
            5: ExpandSwishExciteSum { expanded: 240, filters: 40, squeeze: 64, kernel: 5 },
            6: ExpandSwishExciteSum { expanded: 240, filters: 40, squeeze: 64, kernel: 5 },
            7: ExpandSwishExcite { expanded: 120, filters: 48, squeeze: 32, kernel: 5 },
            8: ExpandSwishExciteSum { expanded: 144, filters: 48, squeeze: 40, kernel: 5 },
            9: ExpandSwishExcite { expanded: 288, filters: 96, squeeze: 72, kernel: 5, stride: 2 },
            10: ExpandSwishExciteSum { expanded: 576, filters: 96, squeeze: 144, kernel: 5 },
            11: ExpandSwishExciteSum { expanded: 576, filters: 96, squeeze: 144, kernel: 5 },
            12: NormSwish { filters: 576 },
        },
        avgpool: GlobalAvgPool,
        classifier: {
            0: Dense { units: 1024 },
            1: HardSwish,
            2: Dropout { rate: 0.2 },
            3: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<MobileNetV3Small>::PARAMS == 2_542_856);

crate::network! {
    /// MobileNetV3-large (Howard et al. 2019, "Searching for MobileNetV3"), with the names and shapes of torchvision's
    /// `mobilenet_v3_large`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 5,483,032 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::MobileNetV3Large;
    /// const _: () = assert!(<MobileNetV3Large>::PARAMS == 5_483_032);
    /// const _: () = assert!(MobileNetV3Large::<10>::PARAMS == 5_483_032 - 990 * 1281);
    /// ```
    pub struct MobileNetV3Large<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: NormSwish { filters: 16, kernel: 3, stride: 2 },
            1: PlainReluSum { channels: 16, filters: 16 },
            2: ExpandRelu { expanded: 64, filters: 24, stride: 2 },
            3: ExpandReluSum { expanded: 72, filters: 24 },
            4: ExpandReluExcite { expanded: 72, filters: 40, squeeze: 24, kernel: 5, stride: 2 },
            5: ExpandReluExciteSum { expanded: 120, filters: 40, squeeze: 32, kernel: 5 },
            6: ExpandReluExciteSum { expanded: 120, filters: 40, squeeze: 32, kernel: 5 },
            7: ExpandSwish { expanded: 240, filters: 80, stride: 2 },
            8: ExpandSwishSum { expanded: 200, filters: 80 },
            9: ExpandSwishSum { expanded: 184, filters: 80 },
            10: ExpandSwishSum { expanded: 184, filters: 80 },
            11: ExpandSwishExcite { expanded: 480, filters: 112, squeeze: 120 },
            12: ExpandSwishExciteSum { expanded: 672, filters: 112, squeeze: 168 },
            13: ExpandSwishExcite { expanded: 672, filters: 160, squeeze: 168, kernel: 5, stride: 2 },
            14: ExpandSwishExciteSum { expanded: 960, filters: 160, squeeze: 240, kernel: 5 },
            15: ExpandSwishExciteSum { expanded: 960, filters: 160, squeeze: 240, kernel: 5 },
            16: NormSwish { filters: 960 },
        },
        avgpool: GlobalAvgPool,
        classifier: {
            0: Dense { units: 1280 },
            1: HardSwish,
            2: Dropout { rate: 0.2 },
            3: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<MobileNetV3Large>::PARAMS == 5_483_032);
