//! SqueezeNet: as in torchvision.

use crate::prelude::*;

crate::block! {
    /// A fire module: a convolution of 1×1 with few filters, and on its output convolutions of 1×1 and of 3×3, whose channels
    /// are put one after the other.
    struct Fire { squeezed: usize, expanded: usize } => {
        squeeze: Conv2d { filters: squeezed, kernel: 1 },
        squeeze_activation: Relu,
        expand1x1: Conv2d { filters: expanded, kernel: 1 },
        expand1x1_activation: Relu,
        expand3x3: Conv2d(squeeze_activation) { filters: expanded, kernel: 3, padding: 1 },
        expand3x3_activation: Relu,
        both: Concat(expand1x1_activation, expand3x3_activation),
    }
}

crate::network! {
    /// SqueezeNet 1.1 (Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model
    /// size"), with the names and shapes of torchvision's `squeezenet1_1`: a convolution with a filter for each class takes the
    /// place of dense layers. Version 1.1 has a smaller first convolution than the paper's, and pools earlier, which takes 2.4
    /// times less arithmetic.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 1,235,496 parameters. The logits are means of outputs of a ReLU,
    /// never below 0, as in the paper.
    ///
    /// ```
    /// use convnet::model::SqueezeNet;
    /// const _: () = assert!(<SqueezeNet>::PARAMS == 1_235_496);
    /// const _: () = assert!(SqueezeNet::<10>::PARAMS == 1_235_496 - 990 * 513);
    /// ```
    pub struct SqueezeNet<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: Conv2d { filters: 64, kernel: 3, stride: 2 },
            1: Relu,
            2: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
            3: Fire { squeezed: 16, expanded: 64 },
            4: Fire { squeezed: 16, expanded: 64 },
            5: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
            6: Fire { squeezed: 32, expanded: 128 },
            7: Fire { squeezed: 32, expanded: 128 },
            8: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
            9: Fire { squeezed: 48, expanded: 192 },
            10: Fire { squeezed: 48, expanded: 192 },
            11: Fire { squeezed: 64, expanded: 256 },
            12: Fire { squeezed: 64, expanded: 256 },
        },
        classifier: {
            0: Dropout { rate: 0.5 },
            1: Conv2d { filters: CLASSES, kernel: 1 },
            2: Relu,
            3: GlobalAvgPool,
        },
    }
}
const _: () = assert!(<SqueezeNet>::PARAMS == 1_235_496);
