//! Trains LeNet-5 on MNIST and evaluates it on the test digits.
//!
//!     cargo run --release --example lenet_mnist -- --epochs 10

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use convnet::model::LeNet5;
use convnet::prelude::*;

/// Trains LeNet-5 on MNIST: from --data, else the cache, else a download, else the embedded sample.
#[derive(Parser)]
struct Options {
    /// Folder with the four MNIST files, or one's own of the same form
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Passes over the training digits
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    /// Samples in a step
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Learning rate of the first epoch
    #[arg(long, default_value_t = 0.01)]
    learning_rate: f64,
    /// Seed of the weights, the split and the order of samples
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; RAYON_NUM_THREADS or all cores if not given
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Writes loss and accuracy of each epoch to a JSON file
    #[arg(long, value_name = "FILE.json")]
    save_history: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(help) if !help.use_stderr() => help.exit(),
        Err(error) => {
            eprintln!("{}", error.to_string().lines().next().unwrap_or("error: bad options"));
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }
    // Before the training, not after it: a file that cannot be written would lose the history.
    let mut history_file = match &options.save_history {
        Some(path) => {
            Some(File::options().append(true).create(true).open(path).map_err(|e| cannot_write(path, e))?)
        }
        None => None,
    };
    let mnist = match &options.data {
        Some(folder) => Mnist::load_from(folder)?,
        None => Mnist::load()?,
    };
    let (train, validation) = mnist.train.split(0.9, options.seed)?;
    println!("{} training, {} validation, {} test digits", train.len(), validation.len(), mnist.test.len());

    let net = LeNet5::new(options.seed);
    println!("{net}");
    let optimizer = Sgd::new(options.learning_rate).momentum(0.9);
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, optimizer)
        .epochs(options.epochs)
        .batch(options.batch)
        .schedule(Schedule::Cosine)
        .seed(options.seed);
    let history = trainer.fit(&train, &validation)?;
    if let (Some(file), Some(path)) = (&mut history_file, &options.save_history) {
        let json = serde_json::to_string_pretty(&history)?;
        file.set_len(0).and_then(|()| writeln!(file, "{json}")).map_err(|e| cannot_write(path, e))?;
    }

    let evaluation = trainer.evaluate(&mnist.test)?;
    println!("{evaluation}");
    println!(
        "test accuracy: {:.2} % ({}/{})",
        100.0 * evaluation.accuracy(),
        evaluation.correct(),
        evaluation.samples()
    );
    Ok(())
}

fn cannot_write(path: &Path, error: io::Error) -> String {
    format!("{}: cannot write: {error}", path.display())
}
