//! timm's names of tensors, for networks that have torchvision's names here: functions for
//! [`Weights::rename`](super::Weights::rename). A name that is not in the table is returned as it is.
//!
//! timm's ResNets, SE-ResNet-50 and DenseNet-121 have the names of the networks here, and need no function.
//!
//! ```
//! use convnet::model::MobileNetV2;
//! use convnet::prelude::*;
//! use convnet::store::{Weights, timm};
//!
//! assert_eq!(timm::mobilenetv2_100("conv_stem.weight"), "features.0.0.weight");
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("mobilenetv2_100.safetensors");
//! # let trained = <MobileNetV2>::new(1);
//! # trained.save(&path)?;
//! let mut net = <MobileNetV2>::new(2);
//! Weights::open(&path)?.rename(timm::mobilenetv2_100).load_into(&mut net)?;
//! # assert_eq!(net.model().params(), trained.model().params());
//! # Ok::<(), convnet::Error>(())
//! ```

/// The second name of the line that begins with a name.
fn find(table: &str, name: &str) -> String {
    let ours = table.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    ours.unwrap_or(name).to_owned()
}

macro_rules! tables {
    ($($(#[$doc:meta])* $model:ident: $file:literal;)+) => {
        $(
            $(#[$doc])*
            pub fn $model(name: &str) -> String {
                find(include_str!(concat!("../../assets/timm/", $file)), name)
            }
        )+
    };
}

tables! {
    /// For [`EfficientNetB0`](crate::model::EfficientNetB0).
    efficientnet_b0: "efficientnet_b0.txt";
    /// For [`MobileNetV2`](crate::model::MobileNetV2).
    mobilenetv2_100: "mobilenetv2_100.txt";
    /// For [`MobileNetV3Small`](crate::model::MobileNetV3Small). timm's ε of batch normalisation is 10⁻⁵, torchvision's 10⁻³.
    mobilenetv3_small_100: "mobilenetv3_small_100.txt";
    /// For [`MobileNetV3Large`](crate::model::MobileNetV3Large). timm's ε of batch normalisation is 10⁻⁵, torchvision's 10⁻³.
    mobilenetv3_large_100: "mobilenetv3_large_100.txt";
    /// For [`Vgg11`](crate::model::Vgg11), [`Vgg13`](crate::model::Vgg13), [`Vgg16`](crate::model::Vgg16),
    /// [`Vgg19`](crate::model::Vgg19) and [`Vgg16Bn`](crate::model::Vgg16Bn).
    vgg: "vgg.txt";
}
