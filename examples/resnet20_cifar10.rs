//! Trains ResNet-20 on CIFAR-10 and evaluates it on the test images: on the embedded sample, or on all of them.
//!
//!     cargo run --release --example resnet20_cifar10
//!     cargo run --release --example resnet20_cifar10 -- --data FOLDER_OR_ARCHIVE --epochs 30 --plot pictures

mod command;
#[path = "command/report.rs"]
mod report;
#[path = "command/training.rs"]
mod training;

use std::process::ExitCode;

use clap::Parser;
use convnet::data::Cifar10;
use convnet::model::ResNet20Cifar;
use convnet::prelude::*;
use training::{Task, Training};

/// Trains ResNet-20 on CIFAR-10, with training images cropped at random with 4 pixels of padding, and half of them flipped:
/// from --data, which is a folder or archive of the binary files or of images in train/CLASS and test/CLASS, else from the
/// embedded sample, which is too small for a good accuracy.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    training: Training,
}

const DEFAULTS: [(&str, &str); 6] = [
    ("epochs", "8"),
    ("batch_size", "128"),
    ("learning_rate", "0.2"),
    ("schedule", "one-cycle"),
    ("weight_decay", "0.0005"),
    // At the end the network has the parameters of the epoch with the lowest validation loss.
    ("early_stopping", "20"),
];

fn cifar10(options: &Training) -> Result<Task<Chw<3, 32, 32>>, convnet::Error> {
    let Cifar10 { train, test } = match &options.data {
        Some(path) => Cifar10::load_from(path)?,
        None => Cifar10::sample()?,
    };
    Ok(Task { title: "ResNet-20 on CIFAR-10", train, test, classes: Cifar10::CLASSES })
}

fn main() -> ExitCode {
    command::run(&DEFAULTS, |Options { training }: &Options| {
        let net = <ResNet20Cifar>::with_init(Init::HeNormal, training.seed);
        let augment = Augment::new().random_crop(4).random_horizontal_flip();
        training.run(net, augment, || cifar10(training))
    })
}
