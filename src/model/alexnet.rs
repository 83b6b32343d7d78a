//! AlexNet: as published, as in torchvision, and scaled down.

use crate::prelude::*;

crate::network! {
    /// AlexNet as published (Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional
    /// neural networks"): five convolutions, three of them in two groups (one for each processor), local response
    /// normalisation, overlapping pooling, and dropout before two dense layers of 4,096 units.
    ///
    /// The paper gives images of 224×224, but its other sizes need 227. It draws initial weights from a normal
    /// distribution with deviation 0.01, which [`Init`] does not offer; the default also suits ReLU (He et al. 2015).
    ///
    /// # Shapes
    /// 3×227×227 → 1000 logits; 60,965,224 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::AlexNet;
    /// const _: () = assert!(AlexNet::PARAMS == 60_965_224);
    /// const _: () = assert!(AlexNet::MACS == 724_406_816);
    /// ```
    pub struct AlexNet: Chw<3, 227, 227> => Flat<1000> {
        conv1: Conv2d { filters: 96, kernel: 11, stride: 4 },
        relu1: Relu,
        norm1: LocalResponseNorm { size: 5, alpha: 5e-4, beta: 0.75, k: 2.0 },
        pool1: MaxPool2d { kernel: 3, stride: 2 },
        conv2: Conv2d { filters: 256, kernel: 5, padding: 2, groups: 2 },
        relu2: Relu,
        norm2: LocalResponseNorm { size: 5, alpha: 5e-4, beta: 0.75, k: 2.0 },
        pool2: MaxPool2d { kernel: 3, stride: 2 },
        conv3: Conv2d { filters: 384, kernel: 3, padding: 1 },
        relu3: Relu,
        conv4: Conv2d { filters: 384, kernel: 3, padding: 1, groups: 2 },
        relu4: Relu,
        conv5: Conv2d { filters: 256, kernel: 3, padding: 1, groups: 2 },
        relu5: Relu,
        pool5: MaxPool2d { kernel: 3, stride: 2 },
        flatten: Flatten,
        dropout6: Dropout { rate: 0.5 },
        fc6: Dense { units: 4096 },
        relu6: Relu,
        dropout7: Dropout { rate: 0.5 },
        fc7: Dense { units: 4096 },
        relu7: Relu,
        fc8: Dense { units: 1000 },
    }
}
const _: () = assert!(AlexNet::<f32>::PARAMS == 60_965_224);

crate::network! {
    /// AlexNet as in torchvision, whose published weights fit: one group, no normalisation, other numbers of filters,
    /// and adaptive average pooling to 6×6 (Krizhevsky 2014, "One weird trick for parallelizing
    /// convolutional neural networks").
    ///
    /// # Shapes
    /// 3×224×224 → 1000 logits; 61,100,840 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::AlexNetTorchvision;
    /// const _: () = assert!(AlexNetTorchvision::PARAMS == 61_100_840);
    /// const _: () = assert!(AlexNetTorchvision::MACS == 714_188_480);
    /// ```
    pub struct AlexNetTorchvision: Chw<3, 224, 224> => Flat<1000> {
        conv1: Conv2d { filters: 64, kernel: 11, stride: 4, padding: 2 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 3, stride: 2 },
        conv2: Conv2d { filters: 192, kernel: 5, padding: 2 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 3, stride: 2 },
        conv3: Conv2d { filters: 384, kernel: 3, padding: 1 },
        relu3: Relu,
        conv4: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu4: Relu,
        conv5: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu5: Relu,
        pool5: MaxPool2d { kernel: 3, stride: 2 },
        avgpool: AdaptiveAvgPool2d { size: 6 },
        flatten: Flatten,
        dropout6: Dropout { rate: 0.5 },
        fc6: Dense { units: 4096 },
        relu6: Relu,
        dropout7: Dropout { rate: 0.5 },
        fc7: Dense { units: 4096 },
        relu7: Relu,
        fc8: Dense { units: 1000 },
    }
}
const _: () = assert!(AlexNetTorchvision::<f32>::PARAMS == 61_100_840);

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
