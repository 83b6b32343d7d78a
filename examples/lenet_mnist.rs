//! Trains LeNet-5 on MNIST and evaluates it on the test digits.
//!
//!     cargo run --release --example lenet_mnist -- --epochs 10

mod command;
#[path = "command/report.rs"]
mod report;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use convnet::model::LeNet5;
use convnet::plot;
use convnet::prelude::*;
use convnet::train::{EarlyStopping, Evaluation, History};
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
    /// Learning rate at the start
    #[arg(long, value_name = "X", default_value_t = 0.01, allow_negative_numbers = true)]
    learning_rate: f64,
    /// How the learning rate goes on: constant, step, exponential, cosine, one-cycle or plateau
    #[arg(long, value_name = "NAME", default_value = "cosine")]
    schedule: Schedule,
    /// Penalty λ/2·‖w‖² on the weights
    #[arg(long, value_name = "λ", default_value_t = 0.0005, allow_negative_numbers = true)]
    weight_decay: f64,
    /// Probability with which the values in front of the dense layers are dropped
    #[arg(long, value_name = "P", default_value_t = 0.0, allow_negative_numbers = true, value_parser = probability)]
    dropout: f64,
    /// Stops when validation has not become better for N epochs, and goes back to the best
    #[arg(long, value_name = "N")]
    early_stopping: Option<usize>,
    /// Seed of the weights, the split and the order of samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; RAYON_NUM_THREADS or all cores if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Writes loss and accuracy of each epoch to a JSON file
    #[arg(long, value_name = "FILE.json")]
    save_history: Option<PathBuf>,
    /// Draws learning curves, confusion matrix and the first layer's filters into a folder
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(p) if (0.0..1.0).contains(&p) => Ok(p),
        _ => Err("expected at least 0 and less than 1".into()),
    }
}

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

fn main() -> ExitCode {
    command::run(|options: &Options| {
        if options.dropout > 0.0 {
            run(options, thinned(options.dropout, options.seed))
        } else {
            run(options, LeNet5::new(options.seed))
        }
    })
}

fn run<N>(options: &Options, net: N) -> Result<(), Box<dyn Error>>
where
    N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32> + std::fmt::Display,
{
    // Whatever can be refused is refused before the data are fetched.
    let mut out = io::stdout();
    let summary = net.to_string();
    let optimizer = Sgd::new(options.learning_rate).momentum(0.9);
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, optimizer)
        .epochs(options.epochs)
        .batch(options.batch)
        .schedule(options.schedule)
        .l2(options.weight_decay)
        .seed(options.seed);
    if let Some(patience) = options.early_stopping {
        trainer = trainer.early_stopping(EarlyStopping::new(patience));
    }
    trainer.check()?;
    let report = options.save_history.as_deref().map(Report::new).transpose()?;
    if let Some(folder) = &options.plot {
        fs::create_dir_all(folder)
            .map_err(|error| format!("{}: cannot create: {error}", folder.display()))?;
    }
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
    if let Some(epoch) = history.restored {
        writeln!(out, "the parameters are those of epoch {epoch}")?;
    }

    let evaluation = trainer.evaluate(&mnist.test)?;
    if let Some(folder) = &options.plot {
        draw(folder, &history, &evaluation, trainer.network())?;
    }
    let (correct, samples) = (evaluation.correct(), evaluation.samples());
    writeln!(out, "\n{evaluation}\n")?;
    writeln!(out, "test accuracy: {:.2} % ({correct}/{samples})", 100.0 * evaluation.accuracy())?;
    Ok(())
}

fn draw(
    folder: &Path,
    history: &History,
    evaluation: &Evaluation,
    net: &impl Network<Scalar = f32>,
) -> Result<(), convnet::Error> {
    plot::learning_curves("LeNet-5 on MNIST", history).save(folder.join("learning_curves.svg"))?;
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    plot::confusion_matrix("LeNet-5 on the test digits", evaluation, &digits)?
        .save(folder.join("confusion_matrix.svg"))?;
    let (_, param, weights) = net.model().named_params().next().expect("the first layer has weights");
    let shape = param.shape.try_into().expect("filters, channels, rows, columns");
    plot::filters("LeNet-5: filters of the first layer", weights, shape)?.save(folder.join("filters.svg"))
}
