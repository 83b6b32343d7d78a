//! VGG: as in torchvision.

use crate::prelude::*;

crate::network! {
    /// VGG-11 (Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image recognition",
    /// configuration A), with the names and shapes of torchvision's `vgg11`: eight convolutions of 3×3, pooling of 2×2
    /// after each group of them, and three dense layers, which have nine tenths of the parameters.
    ///
    /// torchvision pools to 7×7 before the dense layers; images of 224×224 have that size there, and the layer does not run.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 132,863,336 parameters.
    ///
    /// ```
    /// use convnet::model::Vgg11;
    /// const _: () = assert!(<Vgg11>::PARAMS == 132_863_336);
    /// const _: () = assert!(Vgg11::<10>::PARAMS == 132_863_336 - 990 * 4097);
    /// ```
    pub struct Vgg11<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: Conv2d { filters: 64, kernel: 3, padding: 1 }, 1: Relu,
            2: MaxPool2d { kernel: 2 },
            3: Conv2d { filters: 128, kernel: 3, padding: 1 }, 4: Relu,
            5: MaxPool2d { kernel: 2 },
            6: Conv2d { filters: 256, kernel: 3, padding: 1 }, 7: Relu,
            8: Conv2d { filters: 256, kernel: 3, padding: 1 }, 9: Relu,
            10: MaxPool2d { kernel: 2 },
            11: Conv2d { filters: 512, kernel: 3, padding: 1 }, 12: Relu,
            13: Conv2d { filters: 512, kernel: 3, padding: 1 }, 14: Relu,
            15: MaxPool2d { kernel: 2 },
            16: Conv2d { filters: 512, kernel: 3, padding: 1 }, 17: Relu,
            18: Conv2d { filters: 512, kernel: 3, padding: 1 }, 19: Relu,
            20: MaxPool2d { kernel: 2 },
        },
        avgpool: AdaptiveAvgPool2d { size: 7 },
        flatten: Flatten,
        classifier: {
            0: Dense { units: 4096 }, 1: Relu, 2: Dropout { rate: 0.5 },
            3: Dense { units: 4096 }, 4: Relu, 5: Dropout { rate: 0.5 },
            6: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<Vgg11>::PARAMS == 132_863_336);

crate::network! {
    /// VGG-13 (Simonyan and Zisserman 2015, configuration B), with the names and shapes of torchvision's `vgg13`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 133,047,848 parameters.
    ///
    /// ```
    /// use convnet::model::Vgg13;
    /// const _: () = assert!(<Vgg13>::PARAMS == 133_047_848);
    /// ```
    pub struct Vgg13<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: Conv2d { filters: 64, kernel: 3, padding: 1 }, 1: Relu,
            2: Conv2d { filters: 64, kernel: 3, padding: 1 }, 3: Relu,
            4: MaxPool2d { kernel: 2 },
            5: Conv2d { filters: 128, kernel: 3, padding: 1 }, 6: Relu,
            7: Conv2d { filters: 128, kernel: 3, padding: 1 }, 8: Relu,
            9: MaxPool2d { kernel: 2 },
            10: Conv2d { filters: 256, kernel: 3, padding: 1 }, 11: Relu,
            12: Conv2d { filters: 256, kernel: 3, padding: 1 }, 13: Relu,
            14: MaxPool2d { kernel: 2 },
            15: Conv2d { filters: 512, kernel: 3, padding: 1 }, 16: Relu,
            17: Conv2d { filters: 512, kernel: 3, padding: 1 }, 18: Relu,
            19: MaxPool2d { kernel: 2 },
            20: Conv2d { filters: 512, kernel: 3, padding: 1 }, 21: Relu,
            22: Conv2d { filters: 512, kernel: 3, padding: 1 }, 23: Relu,
            24: MaxPool2d { kernel: 2 },
        },
        avgpool: AdaptiveAvgPool2d { size: 7 },
        flatten: Flatten,
        classifier: {
            0: Dense { units: 4096 }, 1: Relu, 2: Dropout { rate: 0.5 },
            3: Dense { units: 4096 }, 4: Relu, 5: Dropout { rate: 0.5 },
            6: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<Vgg13>::PARAMS == 133_047_848);

crate::network! {
    /// VGG-16 (Simonyan and Zisserman 2015, configuration D), with the names and shapes of torchvision's `vgg16`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 138,357,544 parameters.
    ///
    /// ```
    /// use convnet::model::Vgg16;
    /// const _: () = assert!(<Vgg16>::PARAMS == 138_357_544);
    /// ```
    pub struct Vgg16<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: Conv2d { filters: 64, kernel: 3, padding: 1 }, 1: Relu,
            2: Conv2d { filters: 64, kernel: 3, padding: 1 }, 3: Relu,
            4: MaxPool2d { kernel: 2 },
            5: Conv2d { filters: 128, kernel: 3, padding: 1 }, 6: Relu,
            7: Conv2d { filters: 128, kernel: 3, padding: 1 }, 8: Relu,
            9: MaxPool2d { kernel: 2 },
            10: Conv2d { filters: 256, kernel: 3, padding: 1 }, 11: Relu,
            12: Conv2d { filters: 256, kernel: 3, padding: 1 }, 13: Relu,
            14: Conv2d { filters: 256, kernel: 3, padding: 1 }, 15: Relu,
            16: MaxPool2d { kernel: 2 },
            17: Conv2d { filters: 512, kernel: 3, padding: 1 }, 18: Relu,
            19: Conv2d { filters: 512, kernel: 3, padding: 1 }, 20: Relu,
            21: Conv2d { filters: 512, kernel: 3, padding: 1 }, 22: Relu,
            23: MaxPool2d { kernel: 2 },
            24: Conv2d { filters: 512, kernel: 3, padding: 1 }, 25: Relu,
            26: Conv2d { filters: 512, kernel: 3, padding: 1 }, 27: Relu,
            28: Conv2d { filters: 512, kernel: 3, padding: 1 }, 29: Relu,
            30: MaxPool2d { kernel: 2 },
        },
        avgpool: AdaptiveAvgPool2d { size: 7 },
        flatten: Flatten,
        classifier: {
            0: Dense { units: 4096 }, 1: Relu, 2: Dropout { rate: 0.5 },
            3: Dense { units: 4096 }, 4: Relu, 5: Dropout { rate: 0.5 },
            6: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<Vgg16>::PARAMS == 138_357_544);

crate::network! {
    /// VGG-19 (Simonyan and Zisserman 2015, configuration E), with the names and shapes of torchvision's `vgg19`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 143,667,240 parameters.
    ///
    /// ```
    /// use convnet::model::Vgg19;
    /// const _: () = assert!(<Vgg19>::PARAMS == 143_667_240);
    /// ```
    pub struct Vgg19<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: Conv2d { filters: 64, kernel: 3, padding: 1 }, 1: Relu,
            2: Conv2d { filters: 64, kernel: 3, padding: 1 }, 3: Relu,
            4: MaxPool2d { kernel: 2 },
            5: Conv2d { filters: 128, kernel: 3, padding: 1 }, 6: Relu,
            7: Conv2d { filters: 128, kernel: 3, padding: 1 }, 8: Relu,
            9: MaxPool2d { kernel: 2 },
            10: Conv2d { filters: 256, kernel: 3, padding: 1 }, 11: Relu,
            12: Conv2d { filters: 256, kernel: 3, padding: 1 }, 13: Relu,
            14: Conv2d { filters: 256, kernel: 3, padding: 1 }, 15: Relu,
            16: Conv2d { filters: 256, kernel: 3, padding: 1 }, 17: Relu,
            18: MaxPool2d { kernel: 2 },
            19: Conv2d { filters: 512, kernel: 3, padding: 1 }, 20: Relu,
            21: Conv2d { filters: 512, kernel: 3, padding: 1 }, 22: Relu,
            23: Conv2d { filters: 512, kernel: 3, padding: 1 }, 24: Relu,
            25: Conv2d { filters: 512, kernel: 3, padding: 1 }, 26: Relu,
            27: MaxPool2d { kernel: 2 },
            28: Conv2d { filters: 512, kernel: 3, padding: 1 }, 29: Relu,
            30: Conv2d { filters: 512, kernel: 3, padding: 1 }, 31: Relu,
            32: Conv2d { filters: 512, kernel: 3, padding: 1 }, 33: Relu,
            34: Conv2d { filters: 512, kernel: 3, padding: 1 }, 35: Relu,
            36: MaxPool2d { kernel: 2 },
        },
        avgpool: AdaptiveAvgPool2d { size: 7 },
        flatten: Flatten,
        classifier: {
            0: Dense { units: 4096 }, 1: Relu, 2: Dropout { rate: 0.5 },
            3: Dense { units: 4096 }, 4: Relu, 5: Dropout { rate: 0.5 },
            6: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<Vgg19>::PARAMS == 143_667_240);

crate::network! {
    /// VGG-16 with batch normalisation after each convolution (Ioffe and Szegedy 2015, "Batch normalization"), with the names
    /// and shapes of torchvision's `vgg16_bn`. It trains from random weights, which the deep ones without normalisation hardly do.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 138,365,992 parameters.
    ///
    /// ```
    /// use convnet::model::Vgg16Bn;
    /// const _: () = assert!(<Vgg16Bn>::PARAMS == 138_365_992);
    /// ```
    pub struct Vgg16Bn<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        features: {
            0: Conv2d { filters: 64, kernel: 3, padding: 1 }, 1: BatchNorm, 2: Relu,
            3: Conv2d { filters: 64, kernel: 3, padding: 1 }, 4: BatchNorm, 5: Relu,
            6: MaxPool2d { kernel: 2 },
            7: Conv2d { filters: 128, kernel: 3, padding: 1 }, 8: BatchNorm, 9: Relu,
            10: Conv2d { filters: 128, kernel: 3, padding: 1 }, 11: BatchNorm, 12: Relu,
            13: MaxPool2d { kernel: 2 },
            14: Conv2d { filters: 256, kernel: 3, padding: 1 }, 15: BatchNorm, 16: Relu,
            17: Conv2d { filters: 256, kernel: 3, padding: 1 }, 18: BatchNorm, 19: Relu,
            20: Conv2d { filters: 256, kernel: 3, padding: 1 }, 21: BatchNorm, 22: Relu,
            23: MaxPool2d { kernel: 2 },
            24: Conv2d { filters: 512, kernel: 3, padding: 1 }, 25: BatchNorm, 26: Relu,
            27: Conv2d { filters: 512, kernel: 3, padding: 1 }, 28: BatchNorm, 29: Relu,
            30: Conv2d { filters: 512, kernel: 3, padding: 1 }, 31: BatchNorm, 32: Relu,
            33: MaxPool2d { kernel: 2 },
            34: Conv2d { filters: 512, kernel: 3, padding: 1 }, 35: BatchNorm, 36: Relu,
            37: Conv2d { filters: 512, kernel: 3, padding: 1 }, 38: BatchNorm, 39: Relu,
            40: Conv2d { filters: 512, kernel: 3, padding: 1 }, 41: BatchNorm, 42: Relu,
            43: MaxPool2d { kernel: 2 },
        },
        avgpool: AdaptiveAvgPool2d { size: 7 },
        flatten: Flatten,
        classifier: {
            0: Dense { units: 4096 }, 1: Relu, 2: Dropout { rate: 0.5 },
            3: Dense { units: 4096 }, 4: Relu, 5: Dropout { rate: 0.5 },
            6: Dense { units: CLASSES },
        },
    }
}
const _: () = assert!(<Vgg16Bn>::PARAMS == 138_365_992);
