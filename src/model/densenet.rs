//! DenseNet: as in torchvision.

use crate::prelude::*;

crate::block! {
    /// Convolutions of 1×1 and 3×3, each after batch normalisation and ReLU. The output is the input with `growth` channels
    /// more.
    struct DenseLayer { growth: usize } => {
        norm1: BatchNorm,
        relu1: Relu,
        conv1: Conv2d { filters: 4 * growth, kernel: 1, bias: false },
        norm2: BatchNorm,
        relu2: Relu,
        conv2: Conv2d { filters: growth, kernel: 3, padding: 1, bias: false },
        all: Concat(input, conv2),
    }
}

crate::block! {
    /// Between two dense blocks: a convolution of 1×1, which halves the channels, and pooling.
    struct Transition { filters: usize } => {
        norm: BatchNorm,
        relu: Relu,
        conv: Conv2d { filters: filters, kernel: 1, bias: false },
        pool: AvgPool2d { kernel: 2 },
    }
}

crate::network! {
    /// DenseNet-121 (Huang, Liu, van der Maaten and Weinberger 2017, "Densely connected convolutional networks"), with the names
    /// and shapes of torchvision's `densenet121`. Each layer of a dense block reads the outputs of all layers before it.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 7,978,856 parameters.
    ///
    /// ```
    /// use convnet::model::DenseNet121;
    /// const _: () = assert!(<DenseNet121>::PARAMS == 7_978_856);
    /// const _: () = assert!(DenseNet121::<10>::PARAMS == 7_978_856 - 990 * 1025);
    /// ```
    pub struct DenseNet121<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            conv0: Conv2d { filters: 64, kernel: 7, stride: 2, padding: 3, bias: false },
            norm0: BatchNorm,
            relu0: Relu,
            pool0: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
            denseblock1: {
                denselayer1: DenseLayer { growth: 32 },
                denselayer2: DenseLayer { growth: 32 },
                denselayer3: DenseLayer { growth: 32 },
                denselayer4: DenseLayer { growth: 32 },
                denselayer5: DenseLayer { growth: 32 },
                denselayer6: DenseLayer { growth: 32 },
            },
            transition1: Transition { filters: 128 },
            denseblock2: {
                denselayer1: DenseLayer { growth: 32 },
                denselayer2: DenseLayer { growth: 32 },
                denselayer3: DenseLayer { growth: 32 },
                denselayer4: DenseLayer { growth: 32 },
                denselayer5: DenseLayer { growth: 32 },
                denselayer6: DenseLayer { growth: 32 },
                denselayer7: DenseLayer { growth: 32 },
                denselayer8: DenseLayer { growth: 32 },
                denselayer9: DenseLayer { growth: 32 },
                denselayer10: DenseLayer { growth: 32 },
                denselayer11: DenseLayer { growth: 32 },
                denselayer12: DenseLayer { growth: 32 },
            },
            transition2: Transition { filters: 256 },
            denseblock3: {
                denselayer1: DenseLayer { growth: 32 },
                denselayer2: DenseLayer { growth: 32 },
                denselayer3: DenseLayer { growth: 32 },
                denselayer4: DenseLayer { growth: 32 },
                denselayer5: DenseLayer { growth: 32 },
                denselayer6: DenseLayer { growth: 32 },
                denselayer7: DenseLayer { growth: 32 },
                denselayer8: DenseLayer { growth: 32 },
                denselayer9: DenseLayer { growth: 32 },
                denselayer10: DenseLayer { growth: 32 },
                denselayer11: DenseLayer { growth: 32 },
                denselayer12: DenseLayer { growth: 32 },
                denselayer13: DenseLayer { growth: 32 },
                denselayer14: DenseLayer { growth: 32 },
                denselayer15: DenseLayer { growth: 32 },
                denselayer16: DenseLayer { growth: 32 },
                denselayer17: DenseLayer { growth: 32 },
                denselayer18: DenseLayer { growth: 32 },
                denselayer19: DenseLayer { growth: 32 },
                denselayer20: DenseLayer { growth: 32 },
                denselayer21: DenseLayer { growth: 32 },
                denselayer22: DenseLayer { growth: 32 },
                denselayer23: DenseLayer { growth: 32 },
                denselayer24: DenseLayer { growth: 32 },
            },
            transition3: Transition { filters: 512 },
            denseblock4: {
                denselayer1: DenseLayer { growth: 32 },
                denselayer2: DenseLayer { growth: 32 },
                denselayer3: DenseLayer { growth: 32 },
                denselayer4: DenseLayer { growth: 32 },
                denselayer5: DenseLayer { growth: 32 },
                denselayer6: DenseLayer { growth: 32 },
                denselayer7: DenseLayer { growth: 32 },
                denselayer8: DenseLayer { growth: 32 },
                denselayer9: DenseLayer { growth: 32 },
                denselayer10: DenseLayer { growth: 32 },
                denselayer11: DenseLayer { growth: 32 },
                denselayer12: DenseLayer { growth: 32 },
                denselayer13: DenseLayer { growth: 32 },
                denselayer14: DenseLayer { growth: 32 },
                denselayer15: DenseLayer { growth: 32 },
                denselayer16: DenseLayer { growth: 32 },
            },
            norm5: BatchNorm,
        },
        relu: Relu,
        avgpool: GlobalAvgPool,
        classifier: Dense { units: CLASSES },
    }
}
const _: () = assert!(<DenseNet121>::PARAMS == 7_978_856);
