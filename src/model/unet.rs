//! U-Net: a class for each pixel.

use crate::prelude::*;

crate::block! {
    /// Two convolutions of 3×3 that keep the size, each with a batch normalisation and a ReLU.
    struct Double { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        relu2: Relu,
    }
}

crate::network! {
    /// A small U-Net (Ronneberger, Fischer and Brox 2015, "U-Net: convolutional networks for biomedical image
    /// segmentation") for images of 128×128 pixels.
    ///
    /// # Shapes
    /// 3×128×128 → CLASSES×128×128, one logit for each class at each pixel, 2 classes unless said; 1,942,594 parameters.
    ///
    /// Four times the size is halved by a maximum and the number of filters doubled, then the way goes back up by
    /// transposed convolutions of 2×2; on the way up, each stage gets the maps of its size from the way down too. It differs from
    /// the network of the paper: there are 16 filters at the full size in place of 64; convolutions are padded, so that the
    /// output has the size of the input and nothing is cropped; and each has a batch normalisation in place of a bias.
    ///
    /// [`PixelCrossEntropy`] is its loss, [`Mask`] its target, and
    /// [`Trainer::evaluate_segmentation`](crate::train::Trainer::evaluate_segmentation) measures it.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::UNet;
    /// const _: () = assert!(<UNet>::PARAMS == 1_942_594);
    /// const _: () = assert!(UNet::<5>::PARAMS == 1_942_594 + 3 * 17);
    ///
    /// let image = Tensor::<Chw<3, 128, 128>>::from_fn(|i| (i % 7) as f32 / 7.0);
    /// let logits = <UNet>::new(1).infer(&Batch::from_iter([image])).sample(0);
    /// let mask: Mask<2, 128, 128> = Mask::predicted(&logits);
    /// # let _ = mask;
    /// ```
    pub struct UNet<const CLASSES: usize = 2>: Chw<3, 128, 128> => Chw<CLASSES, 128, 128> {
        down1: Double { filters: 16 },
        pool1: MaxPool2d { kernel: 2 },
        down2: Double { filters: 32 },
        pool2: MaxPool2d { kernel: 2 },
        down3: Double { filters: 64 },
        pool3: MaxPool2d { kernel: 2 },
        down4: Double { filters: 128 },
        pool4: MaxPool2d { kernel: 2 },
        bottom: Double { filters: 256 },
        larger4: ConvTranspose2d { filters: 128, kernel: 2, stride: 2 },
        both4: Concat(down4, larger4),
        up4: Double { filters: 128 },
        larger3: ConvTranspose2d { filters: 64, kernel: 2, stride: 2 },
        both3: Concat(down3, larger3),
        up3: Double { filters: 64 },
        larger2: ConvTranspose2d { filters: 32, kernel: 2, stride: 2 },
        both2: Concat(down2, larger2),
        up2: Double { filters: 32 },
        larger1: ConvTranspose2d { filters: 16, kernel: 2, stride: 2 },
        both1: Concat(down1, larger1),
        up1: Double { filters: 16 },
        out: Conv2d { filters: CLASSES, kernel: 1 },
    }
}
const _: () = assert!(<UNet>::PARAMS == 1_942_594);
