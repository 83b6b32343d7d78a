//! Trains LeNet-5 on MNIST and evaluates it on the test digits.
//!
//!     cargo run --release --example lenet_mnist -- --epochs 10

mod command;
#[path = "command/report.rs"]
mod report;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use convnet::model::LeNet5;
use convnet::prelude::*;
use report::Report;

/// Trains LeNet-5 on MNIST: from --data, else the cache, else a download, else the embedded sample.
#[derive(Parser)]
struct Options {
    /// Folder with the four MNIST files, or one's own of the same form
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Passes over the training digits
    #[arg(long, value_name = "N", default_value_t = 10)]
    epochs: usize,
    /// Samples in a step
    #[arg(long, value_name = "N", default_value_t = 32)]
    batch: usize,
    /// Learning rate at the start; it falls to 0 along a cosine
    #[arg(long, value_name = "X", default_value_t = 0.01, allow_negative_numbers = true)]
    learning_rate: f64,
    /// Seed of the weights, the split and the order of samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; RAYON_NUM_THREADS or all cores if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Writes loss and accuracy of each epoch to a JSON file
    #[arg(long, value_name = "FILE.json")]
    save_history: Option<PathBuf>,
}

fn main() -> ExitCode {
    command::run(run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Whatever can be refused is refused before the data are fetched.
    let net = LeNet5::new(options.seed);
    let mut out = io::stdout();
    let summary = net.to_string();
    let optimizer = Sgd::new(options.learning_rate).momentum(0.9);
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, optimizer)
        .epochs(options.epochs)
        .batch(options.batch)
        .schedule(Schedule::Cosine)
        .seed(options.seed);
    trainer.check()?;
    let report = options.save_history.as_deref().map(Report::new).transpose()?;
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }

    let mnist = match &options.data {
        Some(folder) => Mnist::load_from(folder)?,
        None => Mnist::load()?,
    };
    let (train, validation) = mnist.train.split(0.9, options.seed)?;
    writeln!(out, "{summary}")?;
    let counts = (train.len(), validation.len(), mnist.test.len());
    writeln!(out, "{} digits to train with, {} to validate, {} to test", counts.0, counts.1, counts.2)?;

    let history = trainer.fit(&train, &validation)?;
    if let Some(report) = report {
        report.write(&serde_json::to_string_pretty(&history)?)?;
    }

    let evaluation = trainer.evaluate(&mnist.test)?;
    let (correct, samples) = (evaluation.correct(), evaluation.samples());
    writeln!(out, "\n{evaluation}\n")?;
    writeln!(out, "test accuracy: {:.2} % ({correct}/{samples})", 100.0 * evaluation.accuracy())?;
    Ok(())
}
