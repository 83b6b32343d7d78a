//! ZFNet: as published.

use crate::prelude::*;

crate::network! {
    /// ZFNet (Zeiler and Fergus 2013, "Visualizing and understanding convolutional networks", figure 3): AlexNet with a smaller
    /// kernel and stride in the first layer, which keeps more of the image, and without groups.
    ///
    /// # Shapes
    /// 3×224×224 → one logit for each class, 1000 unless said; 62,357,608 parameters. By layers, weights and biases:
    ///
    /// | layer | filters × inputs + biases | parameters |
    /// | --- | --- | --- |
    /// | 1 | 96 × 3·7·7 + 96 | 14,208 |
    /// | 2 | 256 × 96·5·5 + 256 | 614,656 |
    /// | 3 | 384 × 256·3·3 + 384 | 885,120 |
    /// | 4 | 384 × 384·3·3 + 384 | 1,327,488 |
    /// | 5 | 256 × 384·3·3 + 256 | 884,992 |
    /// | 6 | 4096 × 256·6·6 + 4096 | 37,752,832 |
    /// | 7 | 4096 × 4096 + 4096 | 16,781,312 |
    /// | 8 | 1000 × 4096 + 1000 | 4,097,000 |
    ///
    /// Where the paper leaves a choice, or this network departs from it:
    ///
    /// - The paper gives no padding. Its sizes of maps, 110, 55, 26, 13 and 6, follow from a padding of 1 at the first
    ///   convolution, none at the second, and pooling that leaves out no row in the first two (`ceil_mode`).
    /// - "Contrast normalized across feature maps" is local response normalisation here, with AlexNet's numbers.
    /// - The paper limits the norm of filters to 0.1 while it trains, which is no part of a network.
    ///
    /// ```
    /// use convnet::model::ZfNet;
    /// const _: () = assert!(<ZfNet>::PARAMS == 62_357_608);
    /// const _: () = assert!(ZfNet::<10>::PARAMS == 62_357_608 - 990 * 4097);
    /// ```
    pub struct ZfNet<const CLASSES: usize = 1000>: Chw<3, 224, 224> => Flat<CLASSES> {
        conv1: Conv2d { filters: 96, kernel: 7, stride: 2, padding: 1 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
        norm1: LocalResponseNorm { size: 5, alpha: 5e-4, beta: 0.75, k: 2.0 },
        conv2: Conv2d { filters: 256, kernel: 5, stride: 2 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 3, stride: 2, ceil_mode: true },
        norm2: LocalResponseNorm { size: 5, alpha: 5e-4, beta: 0.75, k: 2.0 },
        conv3: Conv2d { filters: 384, kernel: 3, padding: 1 },
        relu3: Relu,
        conv4: Conv2d { filters: 384, kernel: 3, padding: 1 },
        relu4: Relu,
        conv5: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu5: Relu,
        pool5: MaxPool2d { kernel: 3, stride: 2 },
        flatten: Flatten,
        fc6: Dense { units: 4096 },
        relu6: Relu,
        dropout6: Dropout { rate: 0.5 },
        fc7: Dense { units: 4096 },
        relu7: Relu,
        dropout7: Dropout { rate: 0.5 },
        fc8: Dense { units: CLASSES },
    }
}
const _: () = assert!(<ZfNet>::PARAMS == 62_357_608);
