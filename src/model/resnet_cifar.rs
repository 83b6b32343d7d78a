//! ResNet for images of 32×32 pixels, as published for CIFAR-10.

use crate::prelude::*;

crate::block! {
    /// Two convolutions of 3×3, whose output is added to the input.
    struct Basic { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        sum: Add(bn2, input),
        relu: Relu,
    }
}

crate::block! {
    /// The same at half the size: of the input every other row and column is added, with channels of zeros behind its own.
    struct Down { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, stride: 2, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        shortcut: (input) {
            subsample: AvgPool2d { kernel: 1, stride: 2 },
            pad: PadChannels { channels: filters },
        },
        sum: Add(bn2, shortcut),
        relu: Relu,
    }
}

crate::network! {
    /// ResNet-20 for images of CIFAR-10 (He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition",
    /// section 4.2, with n = 3 and shortcuts of option A, which have no parameters).
    ///
    /// # Shapes
    /// 3×32×32 → one logit for each class, 10 unless said; 269,722 parameters.
    ///
    /// A convolution of 16 filters, then three stages of three blocks with 16, 32 and 64 filters, for maps of 32×32, 16×16
    /// and 8×8; the mean of each channel, and a dense layer. Convolutions have no bias, because a batch normalisation follows
    /// each. The paper initialises as `Init::HeNormal` does.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::ResNet20Cifar;
    /// let net = <ResNet20Cifar>::with_init(Init::HeNormal, 1);
    /// const _: () = assert!(<ResNet20Cifar>::PARAMS == 269_722);
    /// const _: () = assert!(ResNet20Cifar::<100>::PARAMS == 269_722 + 90 * 65);
    /// # let _ = net;
    /// ```
    pub struct ResNet20Cifar<const CLASSES: usize = 10>: Chw<3, 32, 32> => Flat<CLASSES> {
        conv1: Conv2d { filters: 16, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu: Relu,
        layer1: { 0: Basic { filters: 16 }, 1: Basic { filters: 16 }, 2: Basic { filters: 16 } },
        layer2: { 0: Down { filters: 32 }, 1: Basic { filters: 32 }, 2: Basic { filters: 32 } },
        layer3: { 0: Down { filters: 64 }, 1: Basic { filters: 64 }, 2: Basic { filters: 64 } },
        avgpool: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<ResNet20Cifar>::PARAMS == 269_722);

crate::network! {
    /// ResNet-56 for images of CIFAR-10: as [`ResNet20Cifar`], with nine blocks in each stage (n = 9).
    ///
    /// # Shapes
    /// 3×32×32 → one logit for each class, 10 unless said; 853,018 parameters.
    ///
    /// ```
    /// use convnet::model::ResNet56Cifar;
    /// const _: () = assert!(<ResNet56Cifar>::PARAMS == 853_018);
    /// ```
    pub struct ResNet56Cifar<const CLASSES: usize = 10>: Chw<3, 32, 32> => Flat<CLASSES> {
        conv1: Conv2d { filters: 16, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu: Relu,
        layer1: {
            0: Basic { filters: 16 },
            1: Basic { filters: 16 },
            2: Basic { filters: 16 },
            3: Basic { filters: 16 },
            4: Basic { filters: 16 },
            5: Basic { filters: 16 },
            6: Basic { filters: 16 },
            7: Basic { filters: 16 },
            8: Basic { filters: 16 },
        },
        layer2: {
            0: Down { filters: 32 },
            1: Basic { filters: 32 },
            2: Basic { filters: 32 },
            3: Basic { filters: 32 },
            4: Basic { filters: 32 },
            5: Basic { filters: 32 },
            6: Basic { filters: 32 },
            7: Basic { filters: 32 },
            8: Basic { filters: 32 },
        },
        layer3: {
            0: Down { filters: 64 },
            1: Basic { filters: 64 },
            2: Basic { filters: 64 },
            3: Basic { filters: 64 },
            4: Basic { filters: 64 },
            5: Basic { filters: 64 },
            6: Basic { filters: 64 },
            7: Basic { filters: 64 },
            8: Basic { filters: 64 },
        },
        avgpool: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<ResNet56Cifar>::PARAMS == 853_018);
