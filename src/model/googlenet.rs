//! GoogLeNet: as in torchvision.

use crate::prelude::*;

crate::block! {
    /// A convolution, batch normalisation and ReLU.
    struct BasicConv2d { filters: usize, kernel: usize, stride: usize = 1 } => {
        conv: Conv2d { filters: filters, kernel: kernel, stride: stride, padding: kernel / 2, bias: false },
        bn: BatchNorm { epsilon: 1e-3 },
        relu: Relu,
    }
}

crate::block! {
    /// Four branches from the same input, whose channels are put one after the other. The settings are the columns of the
    /// paper's table 1, by torchvision's names.
    struct Inception {
        ch1x1: usize, ch3x3red: usize, ch3x3: usize, ch5x5red: usize, ch5x5: usize, pool_proj: usize,
    } => {
        branch1: BasicConv2d(input) { filters: ch1x1, kernel: 1 },
        branch2: (input) {
            0: BasicConv2d { filters: ch3x3red, kernel: 1 },
            1: BasicConv2d { filters: ch3x3, kernel: 3 },
        },
        // 5×5 in the paper, 3×3 in torchvision.
        branch3: (input) {
            0: BasicConv2d { filters: ch5x5red, kernel: 1 },
            1: BasicConv2d { filters: ch5x5, kernel: 3 },
        },
        branch4: (input) {
            0: MaxPool2d { kernel: 3, stride: 1, padding: 1 },
            1: BasicConv2d { filters: pool_proj, kernel: 1 },
        },
        all: Concat(branch1, branch2, branch3, branch4),
    }
}

crate::network! {
    /// GoogLeNet (Szegedy et al. 2015, "Going deeper with convolutions"), with the names and shapes of torchvision's
    /// `googlenet(aux_logits=False)`.
    ///
    /// torchvision departs from the paper, and this network with it: each convolution is followed by batch normalisation (with
    /// ε = 10⁻³) in place of a bias, and there is no local response normalisation; the third branch of an inception module has a
    /// kernel of 3×3 where the paper has 5×5; the pooling before `inception5a` is 2×2. The paper's two auxiliary
    /// classifiers, which serve in training only, are left out.
    ///
    /// torchvision's published weights take images scaled to (x − 0.5) / 0.5 in each channel; its `transform_input` makes them
    /// from images with the usual means and deviations of ImageNet.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 6,624,904 parameters.
    ///
    /// ```
    /// use convnet::model::GoogLeNet;
    /// const _: () = assert!(<GoogLeNet>::PARAMS == 6_624_904);
    /// const _: () = assert!(GoogLeNet::<10>::PARAMS == 6_624_904 - 990 * 1025);
    /// ```
    pub struct GoogLeNet<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        conv1: BasicConv2d { filters: 64, kernel: 7, stride: 2 },
        maxpool1: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
        conv2: BasicConv2d { filters: 64, kernel: 1 },
        conv3: BasicConv2d { filters: 192, kernel: 3 },
        maxpool2: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
        inception3a: Inception { ch1x1: 64, ch3x3red: 96, ch3x3: 128, ch5x5red: 16, ch5x5: 32, pool_proj: 32 },
        inception3b: Inception { ch1x1: 128, ch3x3red: 128, ch3x3: 192, ch5x5red: 32, ch5x5: 96, pool_proj: 64 },
        maxpool3: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
        inception4a: Inception { ch1x1: 192, ch3x3red: 96, ch3x3: 208, ch5x5red: 16, ch5x5: 48, pool_proj: 64 },
        inception4b: Inception { ch1x1: 160, ch3x3red: 112, ch3x3: 224, ch5x5red: 24, ch5x5: 64, pool_proj: 64 },
        inception4c: Inception { ch1x1: 128, ch3x3red: 128, ch3x3: 256, ch5x5red: 24, ch5x5: 64, pool_proj: 64 },
        inception4d: Inception { ch1x1: 112, ch3x3red: 144, ch3x3: 288, ch5x5red: 32, ch5x5: 64, pool_proj: 64 },
        inception4e: Inception { ch1x1: 256, ch3x3red: 160, ch3x3: 320, ch5x5red: 32, ch5x5: 128, pool_proj: 128 },
        maxpool4: MaxPool2d { kernel: 2, stride: 2, ceil_mode: true },
        inception5a: Inception { ch1x1: 256, ch3x3red: 160, ch3x3: 320, ch5x5red: 32, ch5x5: 128, pool_proj: 128 },
        inception5b: Inception { ch1x1: 384, ch3x3red: 192, ch3x3: 384, ch5x5red: 48, ch5x5: 128, pool_proj: 128 },
        avgpool: GlobalAvgPool,
        dropout: Dropout { rate: 0.2 },
        fc: Dense { units: CLASSES },
    }
}
const _: () = assert!(<GoogLeNet>::PARAMS == 6_624_904);
