//! SE-ResNet: residual networks with squeeze and excitation, as in timm, for ImageNet.

use super::SqueezeExcite;
use crate::prelude::*;

crate::block! {
    /// Convolutions of 1×1, 3×3 and 1×1, the last with four times as many filters, then squeeze and excitation, whose
    /// output is added to the input.
    struct Bottleneck { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 1, bias: false },
        bn1: BatchNorm,
        act1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        act2: Relu,
        conv3: Conv2d { filters: 4 * filters, kernel: 1, bias: false },
        bn3: BatchNorm,
        se: SqueezeExcite { channels: 4 * filters, squeeze: filters / 4 },
        sum: Add(se, input),
        act3: Relu,
    }
}

crate::block! {
    /// The same for an input of another shape, which goes through a convolution of 1×1.
    struct BottleneckDown { filters: usize, stride: usize = 2 } => {
        conv1: Conv2d { filters: filters, kernel: 1, bias: false },
        bn1: BatchNorm,
        act1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, stride: stride, padding: 1, bias: false },
        bn2: BatchNorm,
        act2: Relu,
        conv3: Conv2d { filters: 4 * filters, kernel: 1, bias: false },
        bn3: BatchNorm,
        se: SqueezeExcite { channels: 4 * filters, squeeze: filters / 4 },
        downsample: (input) {
            0: Conv2d { filters: 4 * filters, kernel: 1, stride: stride, bias: false },
            1: BatchNorm,
        },
        sum: Add(se, downsample),
        act3: Relu,
    }
}

crate::network! {
    /// SE-ResNet-50 (Hu, Shen and Sun 2018, "Squeeze-and-excitation networks"), with the names and shapes of timm's
    /// `seresnet50`, which has the strides at the 3×3 convolutions.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 28,088,024 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::SeResNet50;
    /// const _: () = assert!(<SeResNet50>::PARAMS == 28_088_024);
    /// const _: () = assert!(SeResNet50::<10>::PARAMS == 28_088_024 - 990 * 2049);
    /// ```
    pub struct SeResNet50<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        conv1: Conv2d { filters: 64, kernel: 7, stride: 2, padding: 3, bias: false },
        bn1: BatchNorm,
        act1: Relu,
        maxpool: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
        layer1: {
            0: BottleneckDown { filters: 64, stride: 1 },
            1: Bottleneck { filters: 64 },
            2: Bottleneck { filters: 64 },
        },
        layer2: {
            0: BottleneckDown { filters: 128 },
            1: Bottleneck { filters: 128 },
            2: Bottleneck { filters: 128 },
            3: Bottleneck { filters: 128 },
        },
        layer3: {
            0: BottleneckDown { filters: 256 },
            1: Bottleneck { filters: 256 },
            2: Bottleneck { filters: 256 },
            3: Bottleneck { filters: 256 },
            4: Bottleneck { filters: 256 },
            5: Bottleneck { filters: 256 },
        },
        layer4: {
            0: BottleneckDown { filters: 512 },
            1: Bottleneck { filters: 512 },
            2: Bottleneck { filters: 512 },
        },
        global_pool: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<SeResNet50>::PARAMS == 28_088_024);
