//! The work of whole networks that is measured: training steps, an epoch, inference.

#[path = "step.rs"]
mod step;

use std::hint::black_box;
use std::path::Path;

use convnet::model::{
    AlexNetSmall, DenseNet121, EfficientNetB0, GoogLeNet, LeNet5, MobileNetV2, MobileNetV3Large,
    MobileNetV3Small, ResNet18, ResNet34, ResNet50, SeResNet50, SqueezeNet, Vgg11, Vgg16, Vgg16Bn,
};
use convnet::prelude::*;
use convnet::train::Progress;

/// Something that a network does again and again.
pub struct Work {
    pub network: &'static str,
    pub what: &'static str,
    /// Samples in a call.
    pub samples: usize,
    /// Floating-point operations of a call, two for each multiply-accumulate. A training step is forward, backward
    /// by the weights, and backward by the data except for the first layer, whose input needs no gradient.
    #[allow(dead_code, reason = "a module of several programs")]
    pub flop: usize,
    /// Bytes that a call moves if nothing stays in a cache: of an inference, the outputs of all layers written and read, and the parameters read; of a
    /// training step also the gradients of the outputs written and read, the outputs read again, and seven values for each parameter.
    #[allow(dead_code, reason = "a module of several programs")]
    pub bytes: usize,
    set_up: fn(usize) -> Box<dyn FnMut()>,
}

impl Work {
    /// "training-step-64".
    pub fn name(&self) -> String {
        format!("{}-{}", self.what, self.samples)
    }

    /// Makes the network and its data; each call of the result is the work once.
    pub fn set_up(&self) -> Box<dyn FnMut()> {
        (self.set_up)(self.samples)
    }

    /// Whether a user waits for the answer, in a thread of their own. All else is done as a training does it, inside the
    /// thread pool from beginning to end.
    #[allow(dead_code, reason = "a module of several programs")]
    pub fn is_latency(&self) -> bool {
        self.samples == 1
    }
}

/// All of it.
pub fn works() -> Vec<Work> {
    vec![
        training_step::<10, LeNet5>("lenet", 32),
        training_step::<10, LeNet5>("lenet", 64),
        training_step::<10, LeNet5>("lenet", 256),
        epoch(),
        inference::<LeNet5>("lenet", 1),
        inference::<LeNet5>("lenet", 64),
        inference::<LeNet5>("lenet", 1024),
        training_step::<10, AlexNetSmall>("alexnet-small", 64),
        training_step::<10, AlexNetSmall>("alexnet-small", 128),
        inference::<AlexNetSmall>("alexnet-small", 1),
        inference::<AlexNetSmall>("alexnet-small", 128),
    ]
}

/// The networks that won at ImageNet and their successors, by torchvision's and timm's names: one image, 16 images, and a training step of 8.
/// Each takes seconds, and some a gigabyte.
#[allow(dead_code, reason = "a module of several programs")]
pub fn models() -> Vec<Work> {
    fn model<N>(network: &'static str) -> [Work; 3]
    where
        N: Network<Output = Flat<1000>, Scalar = f32> + 'static,
    {
        [inference::<N>(network, 1), inference::<N>(network, 16), training_step::<1000, N>(network, 8)]
    }
    let models = [
        model::<Vgg11>("vgg11"),
        model::<Vgg16>("vgg16"),
        model::<Vgg16Bn>("vgg16_bn"),
        model::<GoogLeNet>("googlenet"),
        model::<ResNet18>("resnet18"),
        model::<ResNet34>("resnet34"),
        model::<ResNet50>("resnet50"),
        model::<SeResNet50>("seresnet50"),
        model::<SqueezeNet>("squeezenet1_1"),
        model::<DenseNet121>("densenet121"),
        model::<MobileNetV2>("mobilenet_v2"),
        model::<MobileNetV3Small>("mobilenet_v3_small"),
        model::<MobileNetV3Large>("mobilenet_v3_large"),
        model::<EfficientNetB0>("efficientnet_b0"),
    ];
    models.into_iter().flatten().collect()
}

/// Floating-point operations of a training step.
fn training_flop<N: Network>(samples: usize) -> usize {
    let first_layer = N::new(1).model().plan().steps()[0].macs;
    2 * samples * (3 * N::MACS - first_layer)
}

fn training_step<const CLASSES: usize, N>(network: &'static str, samples: usize) -> Work
where
    N: Network<Output = Flat<CLASSES>, Scalar = f32> + 'static,
{
    let set_up = step::training_step::<CLASSES, N>;
    let (flop, bytes) = (training_flop::<N>(samples), training_bytes::<N>(samples));
    Work { network, what: "training-step", samples, flop, bytes, set_up }
}

fn training_bytes<N: Network>(samples: usize) -> usize {
    5 * samples * N::ACTIVATION_BYTES + 7 * size_of::<f32>() * N::PARAMS
}

/// Once through 60,000 digits in batches of 64: the 12,000 embedded ones, five times.
fn epoch() -> Work {
    let set_up = |samples| -> Box<dyn FnMut()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/mnist");
        let digits = Mnist::load_from(folder).expect("the embedded digits").train;
        let digits = digits.subset((0..samples).map(|i| i % digits.len()));
        let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
            .epochs(1)
            .batch_size(64)
            .progress(Progress::Silent);
        Box::new(move || {
            black_box(trainer.fit(&digits, None).expect("an epoch that stays finite"));
        })
    };
    let samples = 60_000;
    let (flop, bytes) = (training_flop::<LeNet5>(samples), training_bytes::<LeNet5>(samples));
    Work { network: "lenet", what: "epoch", samples, flop, bytes, set_up }
}

fn inference<N>(network: &'static str, samples: usize) -> Work
where
    N: Network<Scalar = f32> + 'static,
{
    let set_up = |samples| -> Box<dyn FnMut()> {
        let (net, images) = (N::new(1), step::batch::<N::Input>(samples));
        Box::new(move || {
            black_box(net.infer(black_box(&images)));
        })
    };
    let bytes = 2 * samples * N::ACTIVATION_BYTES + size_of::<f32>() * N::PARAMS;
    Work { network, what: "inference", samples, flop: 2 * samples * N::MACS, bytes, set_up }
}
