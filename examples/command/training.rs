//! A training with command-line options, for `lenet_mnist`, `alexnet_cifar10` and `resnet20_cifar10`.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convnet::plot;
use convnet::prelude::*;
use convnet::train::{Checkpoints, EarlyStopping, Ending, Evaluation, History};

use crate::report::Report;

/// The options of a training; each program sets the defaults that are missing here.
#[derive(clap::Args)]
pub struct Training {
    /// Folder or archive with the data; by default the cache, a download or the embedded sample
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Passes over the training images
    #[arg(long, value_name = "N")]
    epochs: usize,
    /// Samples in a step
    #[arg(long, value_name = "N")]
    batch_size: usize,
    /// Learning rate; the schedule multiplies it by at most 1
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    learning_rate: f64,
    /// Schedule of the learning rate: constant, step, exponential, cosine, one-cycle or plateau
    #[arg(long, value_name = "NAME")]
    schedule: Schedule,
    /// Weight decay: the penalty λ/2·‖w‖² on the weights
    #[arg(long, value_name = "λ", allow_negative_numbers = true)]
    weight_decay: f64,
    /// Fraction of the training images that is used for validation
    #[arg(long, value_name = "PART", default_value_t = 0.1)]
    validation: f64,
    /// Stops after N epochs without a better validation loss, and restores the best epoch
    #[arg(long, value_name = "N")]
    early_stopping: Option<usize>,
    /// Seed of the weights, the split and the order of samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Computes convolutions of 3×3 with fewer multiplications, and less exactly
    #[arg(long)]
    fast: bool,
    /// Number of threads; by default RAYON_NUM_THREADS or all cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Writes loss and accuracy of each epoch to a JSON file
    #[arg(long, value_name = "FILE.json")]
    save_history: Option<PathBuf>,
    /// Writes the trained weights to a safetensors file
    #[arg(long, value_name = "FILE.safetensors")]
    save_weights: Option<PathBuf>,
    /// Writes checkpoints to a folder after each epoch and every five minutes; keeps the last three and the best weights
    #[arg(long, value_name = "DIR")]
    checkpoints: Option<PathBuf>,
    /// Resumes from the latest checkpoint in that folder, if there is one, or from the given file
    #[arg(long, value_name = "CHECKPOINT")]
    resume: Option<Option<PathBuf>>,
    /// Draws learning curves, confusion matrix and the first layer's filters into a folder
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
}

/// The data and their title.
pub struct Task<In> {
    /// The title of the plots, such as "LeNet-5 on MNIST".
    pub title: &'static str,
    pub train: Dataset<In, Class<10>>,
    pub test: TestSet<Dataset<In, Class<10>>>,
    pub classes: [&'static str; 10],
}

impl Training {
    /// Trains the network, and prints its evaluation on the test images.
    pub fn run<N, const C: usize, const H: usize, const W: usize>(
        &self,
        net: N,
        augment: Augment,
        load: impl FnOnce() -> Result<Task<Chw<C, H, W>>, convnet::Error>,
    ) -> Result<(), Box<dyn Error>>
    where
        N: Network<Input = Chw<C, H, W>, Output = Flat<10>, Scalar = f32> + Display,
    {
        let net = net.arithmetic(if self.fast { Arithmetic::Fast } else { Arithmetic::Exact });
        // Mistakes in the options are found before the data are fetched.
        let mut out = io::stdout();
        let summary = net.to_string();
        let optimizer = Sgd::new(self.learning_rate).momentum(0.9);
        let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, optimizer)
            .epochs(self.epochs)
            .batch_size(self.batch_size)
            .schedule(self.schedule)
            .l2(self.weight_decay)
            .seed(self.seed)
            .interrupt(interrupted()?);
        if let Some(patience) = self.early_stopping {
            trainer = trainer.early_stopping(EarlyStopping::new(patience));
        }
        if let Some(folder) = &self.checkpoints {
            trainer = trainer.checkpoints(Checkpoints::new(folder).every_minutes(5.0));
        }
        trainer.check()?;
        self.resume_from_checkpoint(&mut trainer)?;
        let report = self.save_history.as_deref().map(Report::new).transpose()?;
        // An error before the training if it cannot be written.
        self.save_weights.as_deref().map(Report::new).transpose()?;
        if let Some(folder) = &self.plot {
            fs::create_dir_all(folder)
                .map_err(|error| format!("{}: cannot create: {error}", folder.display()))?;
        }
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
        }

        let Task { title, train, test, classes } = load()?;
        let (train, validation) = train.split(1.0 - self.validation, self.seed)?;
        writeln!(out, "{summary}")?;
        let counts = (train.len(), validation.len(), test.len());
        writeln!(out, "{} images to train with, {} to validate, {} to test", counts.0, counts.1, counts.2)?;

        let history = trainer.fit(&augment.apply(train), &validation)?;
        if let Some(report) = report {
            report.write(&serde_json::to_string_pretty(&history)?)?;
        }
        if history.ending == Ending::Interrupted {
            writeln!(out, "interrupted after {} epochs", history.epochs.len())?;
        }
        if let Some(epoch) = history.restored {
            writeln!(out, "the parameters are those of epoch {epoch}")?;
        }

        if let Some(path) = &self.save_weights {
            trainer.network().save(path)?;
        }
        let evaluation = trainer.evaluate(&test)?;
        if let Some(folder) = &self.plot {
            draw(folder, title, &classes.map(String::from), &history, &evaluation, trainer.network())?;
        }
        let (correct, samples) = (evaluation.correct(), evaluation.samples());
        writeln!(out, "\n{evaluation}\n")?;
        writeln!(out, "test accuracy: {:.2} % ({correct}/{samples})", 100.0 * evaluation.accuracy())?;
        Ok(())
    }

    /// Resumes, if the option is given and there is a checkpoint.
    fn resume_from_checkpoint<N: Network>(
        &self,
        trainer: &mut Trainer<N, SoftmaxCrossEntropy, Sgd>,
    ) -> Result<(), Box<dyn Error>> {
        let Some(from) = &self.resume else { return Ok(()) };
        let Some(from) = from.as_ref().or(self.checkpoints.as_ref()) else {
            return Err("--resume: expected a checkpoint, or --checkpoints DIR, found neither".into());
        };
        if self.checkpoints.as_ref() == Some(from) && Checkpoints::in_folder(from)?.is_empty() {
            // Standard error may be closed.
            let _ = writeln!(io::stderr(), "{}: no checkpoint, starting from the beginning", from.display());
            return Ok(());
        }
        trainer.resume(from)?;
        Ok(())
    }
}

/// A flag that the first Ctrl-C sets; the second one ends the program.
fn interrupted() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        // Standard error may be closed.
        let _ =
            writeln!(io::stderr(), "stopping with the best epoch so far; press Ctrl-C again to quit at once");
    })?;
    Ok(flag)
}

fn draw(
    folder: &Path,
    title: &str,
    classes: &[String],
    history: &History,
    evaluation: &Evaluation,
    net: &impl Network<Scalar = f32>,
) -> Result<(), convnet::Error> {
    plot::learning_curves(title, history).save(folder.join("learning_curves.svg"))?;
    plot::confusion_matrix(&format!("{title}: the test images"), evaluation, classes)?
        .save(folder.join("confusion_matrix.svg"))?;
    let (_, param, weights) = net.model().named_params().next().expect("the first layer has weights");
    let shape = param.shape.try_into().expect("filters, channels, rows, columns");
    plot::filters(&format!("{title}: filters of the first layer"), weights, shape)?
        .save(folder.join("filters.svg"))
}
