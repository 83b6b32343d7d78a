//! ResNet for ImageNet, as in torchvision.

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
    /// The same with a stride: the input goes through a convolution of 1×1, so that the shapes agree.
    struct BasicDown { filters: usize, stride: usize = 2 } => {
        conv1: Conv2d { filters: filters, kernel: 3, stride: stride, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        downsample: (input) {
            0: Conv2d { filters: filters, kernel: 1, stride: stride, bias: false },
            1: BatchNorm,
        },
        sum: Add(bn2, downsample),
        relu: Relu,
    }
}

crate::block! {
    /// Convolutions of 1×1, 3×3 and 1×1, the last with four times as many filters, whose output is added to the input.
    struct Bottleneck { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        relu2: Relu,
        conv3: Conv2d { filters: 4 * filters, kernel: 1, bias: false },
        bn3: BatchNorm,
        sum: Add(bn3, input),
        relu: Relu,
    }
}

crate::block! {
    /// The same for an input of another shape. The stride is that of the 3×3 convolution, as in torchvision; the paper has
    /// it at the first of 1×1.
    struct BottleneckDown { filters: usize, stride: usize = 2 } => {
        conv1: Conv2d { filters: filters, kernel: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, stride: stride, padding: 1, bias: false },
        bn2: BatchNorm,
        relu2: Relu,
        conv3: Conv2d { filters: 4 * filters, kernel: 1, bias: false },
        bn3: BatchNorm,
        downsample: (input) {
            0: Conv2d { filters: 4 * filters, kernel: 1, stride: stride, bias: false },
            1: BatchNorm,
        },
        sum: Add(bn3, downsample),
        relu: Relu,
    }
}

crate::network! {
    /// ResNet-18 (He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition"), with the names and shapes of
    /// torchvision's `resnet18`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 11,689,512 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::ResNet18;
    /// const _: () = assert!(<ResNet18>::PARAMS == 11_689_512);
    /// const _: () = assert!(ResNet18::<10>::PARAMS == 11_689_512 - 990 * 513);
    /// ```
    pub struct ResNet18<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        conv1: Conv2d { filters: 64, kernel: 7, stride: 2, padding: 3, bias: false },
        bn1: BatchNorm,
        relu: Relu,
        maxpool: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
        layer1: { 0: Basic { filters: 64 }, 1: Basic { filters: 64 } },
        layer2: { 0: BasicDown { filters: 128 }, 1: Basic { filters: 128 } },
        layer3: { 0: BasicDown { filters: 256 }, 1: Basic { filters: 256 } },
        layer4: { 0: BasicDown { filters: 512 }, 1: Basic { filters: 512 } },
        avgpool: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<ResNet18>::PARAMS == 11_689_512);

crate::network! {
    /// ResNet-34 (He, Zhang, Ren and Sun 2016), with the names and shapes of torchvision's `resnet34`.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 21,797,672 parameters.
    ///
    /// ```
    /// use convnet::model::ResNet34;
    /// const _: () = assert!(<ResNet34>::PARAMS == 21_797_672);
    /// ```
    pub struct ResNet34<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        conv1: Conv2d { filters: 64, kernel: 7, stride: 2, padding: 3, bias: false },
        bn1: BatchNorm,
        relu: Relu,
        maxpool: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
        layer1: { 0: Basic { filters: 64 }, 1: Basic { filters: 64 }, 2: Basic { filters: 64 } },
        layer2: {
            0: BasicDown { filters: 128 },
            1: Basic { filters: 128 },
            2: Basic { filters: 128 },
            3: Basic { filters: 128 },
        },
        layer3: {
            0: BasicDown { filters: 256 },
            1: Basic { filters: 256 },
            2: Basic { filters: 256 },
            3: Basic { filters: 256 },
            4: Basic { filters: 256 },
            5: Basic { filters: 256 },
        },
        layer4: { 0: BasicDown { filters: 512 }, 1: Basic { filters: 512 }, 2: Basic { filters: 512 } },
        avgpool: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<ResNet34>::PARAMS == 21_797_672);

crate::network! {
    /// ResNet-50 (He, Zhang, Ren and Sun 2016), with the names and shapes of torchvision's `resnet50`, which has the strides at
    /// the 3×3 convolutions.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 25,557,032 parameters.
    ///
    /// ```
    /// use convnet::model::ResNet50;
    /// const _: () = assert!(<ResNet50>::PARAMS == 25_557_032);
    /// ```
    pub struct ResNet50<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        conv1: Conv2d { filters: 64, kernel: 7, stride: 2, padding: 3, bias: false },
        bn1: BatchNorm,
        relu: Relu,
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
        avgpool: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<ResNet50>::PARAMS == 25_557_032);
