//! Networks of `convnet::model` by name, and files of weights.

use std::error::Error;
use std::path::Path;

use clap::ValueEnum;
use convnet::model::{MobileNetV2, ResNet18, ResNet50, SqueezeNet};
use convnet::prelude::*;
use convnet::store::Weights;

/// The most classes of a folder: a fine-tuned network has an output for each.
pub const CLASSES: usize = 100;

/// A network for images of 224×224, with torchvision's name.
#[derive(Clone, Copy, ValueEnum)]
pub enum Model {
    #[value(name = "resnet18")]
    ResNet18,
    #[value(name = "resnet50")]
    ResNet50,
    #[value(name = "mobilenet_v2")]
    MobileNetV2,
    #[value(name = "squeezenet1_1")]
    SqueezeNet,
}

/// A job for a network of any of these types.
pub trait Work<const OUTPUTS: usize> {
    /// `head` is the name of the last layer that has parameters.
    fn run<N>(self, net: N, head: &str) -> Result<(), Box<dyn Error>>
    where
        N: Network<Input = Chw<3, 224, 224>, Output = Flat<OUTPUTS>, Scalar = f32>;
}

impl Model {
    /// Runs the job with this network, new from a seed.
    pub fn with<const OUTPUTS: usize>(
        self,
        seed: u64,
        work: impl Work<OUTPUTS>,
    ) -> Result<(), Box<dyn Error>> {
        match self {
            Model::ResNet18 => work.run(ResNet18::new(seed), "fc"),
            Model::ResNet50 => work.run(ResNet50::new(seed), "fc"),
            Model::MobileNetV2 => work.run(MobileNetV2::new(seed), "classifier.1"),
            Model::SqueezeNet => work.run(SqueezeNet::new(seed), "classifier.1"),
        }
    }
}

/// Opens a file of weights by its ending: .pth or .pt from `torch.save`, .onnx, else safetensors; in any precision.
pub fn weights(path: &Path) -> Result<Weights, convnet::Error> {
    let weights = match path.extension().and_then(|ending| ending.to_str()) {
        Some("pth" | "pt") => Weights::open_pytorch(path),
        Some("onnx") => Weights::open_onnx(path),
        _ => Weights::open(path),
    };
    weights.map(Weights::convert)
}
