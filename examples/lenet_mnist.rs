//! Trains LeNet-5 on MNIST and evaluates it on the test digits.
//!
//!     cargo run --release --example lenet_mnist -- --epochs 10

mod command;
#[path = "command/dropout.rs"]
mod dropout;
#[path = "command/report.rs"]
mod report;
#[path = "command/training.rs"]
mod training;

use std::process::ExitCode;

use clap::Parser;
use convnet::model::LeNet5;
use convnet::prelude::*;
use dropout::Dropped;
use training::{Task, Training};

/// Trains LeNet-5 on MNIST: from the folder --data with the four files, else the cache, else a download, else the
/// embedded sample.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    training: Training,
    #[command(flatten)]
    dropped: Dropped,
    /// Rotates and shifts the training digits at random
    #[arg(long)]
    augment: bool,
}

const DEFAULTS: [(&str, &str); 6] = [
    ("epochs", "10"),
    ("batch_size", "32"),
    ("learning_rate", "0.01"),
    ("schedule", "cosine"),
    ("weight_decay", "0.0005"),
    ("dropout", "0"),
];

/// LeNet-5 with dropout in front of its dense layers, put together by hand because the rate is known only now.
fn thinned(rate: f64, seed: u64) -> impl Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32> {
    Stack::<Chw<1, 28, 28>>::new()
        .then(Conv2d::<Chw<1, 28, 28>, Chw<6, 28, 28>, Kernel<5>, Stride<1>, Padding<2>>::new())
        .then(Relu)
        .then(MaxPool2d::<Chw<6, 28, 28>, Chw<6, 14, 14>, Kernel<2>, Stride<2>>::new())
        .then(Conv2d::<Chw<6, 14, 14>, Chw<16, 10, 10>, Kernel<5>>::new())
        .then(Relu)
        .then(MaxPool2d::<Chw<16, 10, 10>, Chw<16, 5, 5>, Kernel<2>, Stride<2>>::new())
        .then(Flatten::<Chw<16, 5, 5>, Flat<400>>::new())
        .then(Dropout::new(rate))
        .then(Dense::<Flat<400>, Flat<120>>::new())
        .then(Relu)
        .then(Dropout::new(rate))
        .then(Dense::<Flat<120>, Flat<84>>::new())
        .then(Relu)
        .then(Dense::<Flat<84>, Flat<10>>::new())
        .network(Init::default(), seed)
}

fn mnist(options: &Training) -> Result<Task<Chw<1, 28, 28>>, convnet::Error> {
    let Mnist { train, test } = match &options.data {
        Some(folder) => Mnist::load_from(folder)?,
        None => Mnist::load()?,
    };
    let classes = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    Ok(Task { title: "LeNet-5 on MNIST", train, test, classes })
}

fn main() -> ExitCode {
    command::run(&DEFAULTS, |Options { training, dropped, augment }: &Options| {
        let augment = if *augment {
            Augment::new().random_rotation(10.0).random_translation(2.0)
        } else {
            Augment::new()
        };
        if dropped.dropout > 0.0 {
            training.run(thinned(dropped.dropout, training.seed), augment, || mnist(training))
        } else {
            training.run(LeNet5::new(training.seed), augment, || mnist(training))
        }
    })
}
