//! AlexNet, scaled down.

use crate::prelude::*;

crate::network! {
    /// AlexNet for 32×32 colour images such as CIFAR-10's: its five convolutions, three dense layers, ReLU and dropout,
    /// scaled down (after Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional
    /// neural networks", which takes 3×224×224, has larger kernels and normalises local responses).
    ///
    /// # Shapes
    /// 3×32×32 → 10 logits; 6,976,842 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::AlexNetSmall;
    /// const _: () = assert!(AlexNetSmall::PARAMS == 6_976_842);
    /// const _: () = assert!(AlexNetSmall::MACS == 171_643_904);
    /// println!("{}", AlexNetSmall::new(1));
    /// ```
    pub struct AlexNetSmall: Chw<3, 32, 32> => Flat<10> {
        conv1: Conv2d { filters: 64, kernel: 3, padding: 1 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 192, kernel: 3, padding: 1 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        conv3: Conv2d { filters: 384, kernel: 3, padding: 1 },
        relu3: Relu,
        conv4: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu4: Relu,
        conv5: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu5: Relu,
        pool3: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        dropout1: Dropout { rate: 0.5 },
        fc1: Dense { units: 1024 },
        relu6: Relu,
        dropout2: Dropout { rate: 0.5 },
        fc2: Dense { units: 512 },
        relu7: Relu,
        fc3: Dense { units: 10 },
    }
}
const _: () = assert!(AlexNetSmall::<f32>::PARAMS == 6_976_842);
