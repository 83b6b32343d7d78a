//! Ready networks: [`LeNet5`] for grey images of 28×28 pixels, and [`LeNet5Original`] as it was published; [`AlexNet`]
//! for colour images of 227×227 as it was published, [`AlexNetTorchvision`] for 224×224, and [`AlexNetSmall`] for
//! 32×32; [`ZfNet`] as it was published; for 224×224 and any number of classes, as in torchvision, [`Vgg11`], [`Vgg13`],
//! [`Vgg16`], [`Vgg19`] and [`Vgg16Bn`], [`GoogLeNet`], [`ResNet18`], [`ResNet34`] and [`ResNet50`], [`DenseNet121`],
//! [`SqueezeNet`], [`MobileNetV2`], [`MobileNetV3Small`] and [`MobileNetV3Large`], and [`EfficientNetB0`], and as in timm
//! [`SeResNet50`]; and [`ResNet20Cifar`] and [`ResNet56Cifar`] for 32×32, as published; [`UNet`] for a class at
//! each pixel of 128×128.
//!
//! [`SqueezeExcite`](crate::model::SqueezeExcite!) is a block for networks of one's own.

mod alexnet;
mod densenet;
#[cfg(all(feature = "sample", feature = "store"))]
mod digit_reader;
mod efficientnet;
mod googlenet;
mod lenet;
mod mobilenet;
mod mobilenet_v3;
mod resnet;
mod resnet_cifar;
mod se_resnet;
mod squeeze_excite;
mod squeezenet;
mod unet;
mod vgg;
mod zfnet;

pub use alexnet::{AlexNet, AlexNetSmall, AlexNetTorchvision};
pub use densenet::DenseNet121;
#[cfg(all(feature = "sample", feature = "store"))]
pub use digit_reader::{DigitPrediction, DigitReader, SingleDigit};
pub use efficientnet::EfficientNetB0;
pub use googlenet::GoogLeNet;
pub use lenet::{Drawings, LeNet5, LeNet5Original, TableOne};
pub use mobilenet::MobileNetV2;
pub use mobilenet_v3::{MobileNetV3Large, MobileNetV3Small};
pub use resnet::{ResNet18, ResNet34, ResNet50};
pub use resnet_cifar::{ResNet20Cifar, ResNet56Cifar};
pub use se_resnet::SeResNet50;
pub use squeeze_excite::SqueezeExcite;
pub use squeezenet::SqueezeNet;
pub use unet::UNet;
pub use vgg::{Vgg11, Vgg13, Vgg16, Vgg16Bn, Vgg19};
pub use zfnet::ZfNet;

/// The names of the 1000 classes of ImageNet (Russakovsky et al. 2015, "ImageNet large scale visual recognition challenge"), in
/// the order of the outputs of networks that torchvision and timm trained.
///
/// In torchvision: `ResNet18_Weights.IMAGENET1K_V1.meta["categories"]`.
///
/// ```
/// use convnet::model::imagenet_classes;
/// assert_eq!((imagenet_classes().count(), imagenet_classes().nth(1)), (1000, Some("goldfish")));
/// ```
pub fn imagenet_classes() -> impl Iterator<Item = &'static str> {
    include_str!("../../assets/imagenet_classes.txt").lines()
}
