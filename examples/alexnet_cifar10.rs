//! Trains a scaled-down AlexNet on CIFAR-10 and evaluates it on the test images.
//!
//!     cargo run --release --example alexnet_cifar10 -- --augment

mod command;
#[path = "command/dropout.rs"]
mod dropout;
#[path = "command/report.rs"]
mod report;
#[path = "command/training.rs"]
mod training;

use std::process::ExitCode;

use clap::Parser;
use convnet::data::Cifar10;
use convnet::model::AlexNetSmall;
use convnet::prelude::*;
use dropout::Dropped;
use training::{Task, Training};

/// Trains a scaled-down AlexNet on CIFAR-10: from --data, which is a folder or archive of the binary files or of images
/// in train/CLASS and test/CLASS, else from the cache, else a download, else the embedded sample.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    training: Training,
    #[command(flatten)]
    dropped: Dropped,
    /// Crops the training images at random with 4 pixels of padding, and flips half of them
    #[arg(long)]
    augment: bool,
}

const DEFAULTS: [(&str, &str); 6] = [
    ("epochs", "12"),
    ("batch_size", "32"),
    ("learning_rate", "0.01"),
    ("schedule", "one-cycle"),
    ("weight_decay", "0.0005"),
    ("dropout", "0.5"),
];

/// `AlexNetSmall` with another rate of dropout, put together by hand because the rate is known only now.
fn thinned(rate: f64, seed: u64) -> impl Network<Input = Chw<3, 32, 32>, Output = Flat<10>, Scalar = f32> {
    Stack::<Chw<3, 32, 32>>::new()
        .then(Conv2d::<Chw<3, 32, 32>, Chw<64, 32, 32>, Kernel<3>, Stride<1>, Padding<1>>::new())
        .then(Relu)
        .then(MaxPool2d::<Chw<64, 32, 32>, Chw<64, 16, 16>, Kernel<2>, Stride<2>>::new())
        .then(Conv2d::<Chw<64, 16, 16>, Chw<192, 16, 16>, Kernel<3>, Stride<1>, Padding<1>>::new())
        .then(Relu)
        .then(MaxPool2d::<Chw<192, 16, 16>, Chw<192, 8, 8>, Kernel<2>, Stride<2>>::new())
        .then(Conv2d::<Chw<192, 8, 8>, Chw<384, 8, 8>, Kernel<3>, Stride<1>, Padding<1>>::new())
        .then(Relu)
        .then(Conv2d::<Chw<384, 8, 8>, Chw<256, 8, 8>, Kernel<3>, Stride<1>, Padding<1>>::new())
        .then(Relu)
        .then(Conv2d::<Chw<256, 8, 8>, Chw<256, 8, 8>, Kernel<3>, Stride<1>, Padding<1>>::new())
        .then(Relu)
        .then(MaxPool2d::<Chw<256, 8, 8>, Chw<256, 4, 4>, Kernel<2>, Stride<2>>::new())
        .then(Flatten::<Chw<256, 4, 4>, Flat<4096>>::new())
        .then(Dropout::new(rate))
        .then(Dense::<Flat<4096>, Flat<1024>>::new())
        .then(Relu)
        .then(Dropout::new(rate))
        .then(Dense::<Flat<1024>, Flat<512>>::new())
        .then(Relu)
        .then(Dense::<Flat<512>, Flat<10>>::new())
        .network(Init::default(), seed)
}

fn cifar10(options: &Training) -> Result<Task<Chw<3, 32, 32>>, convnet::Error> {
    let Cifar10 { train, test } = match &options.data {
        Some(path) => Cifar10::load_from(path)?,
        None => Cifar10::load()?,
    };
    Ok(Task { title: "A small AlexNet on CIFAR-10", train, test, classes: Cifar10::CLASSES })
}

fn main() -> ExitCode {
    command::run(&DEFAULTS, |Options { training, dropped, augment }: &Options| {
        let augment =
            if *augment { Augment::new().random_crop(4).random_horizontal_flip() } else { Augment::new() };
        if dropped.dropout == 0.5 {
            training.run(AlexNetSmall::new(training.seed), augment, || cifar10(training))
        } else {
            training.run(thinned(dropped.dropout, training.seed), augment, || cifar10(training))
        }
    })
}
