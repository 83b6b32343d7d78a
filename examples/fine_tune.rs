//! Fine-tunes a trained network for other classes.
//!
//!     cargo run --release --example fine_tune
//!     cargo run --release --example fine_tune -- --model resnet18 --weights resnet18.safetensors FOLDER
//!
//! The first command needs no file and no network: a ResNet-20 that was trained on eight classes of CIFAR-10 learns the other
//! two, deer and horse, from a few hundred images. Its weights, assets/resnet20_cifar8.safetensors, were made by
//!
//!     cargo run --release --example fine_tune -- --pretrain cifar10-jpeg.tar.gz --save assets/resnet20_cifar8.safetensors

mod command;
#[path = "command/models.rs"]
mod models;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use convnet::data::{Cifar10, Class, ImageFolder, ImageFolderOptions, Parts, Preprocessing};
use convnet::model::ResNet20Cifar;
use convnet::plot::validation_curves;
use convnet::prelude::*;
use convnet::store::Weights;
use convnet::train::{History, Progress};
use models::{CLASSES, Model, Work};

/// Fine-tunes a trained network for other classes: without arguments, a small one for two classes of CIFAR-10, from the
/// embedded sample.
#[derive(Parser)]
struct Options {
    /// Photographs: a folder or archive with a folder for each class
    #[arg(requires = "model", requires = "weights")]
    images: Option<PathBuf>,
    /// A folder inside it that holds the classes
    #[arg(long, value_name = "FOLDER", default_value = "")]
    part: String,
    /// The network
    #[arg(long, requires = "images")]
    model: Option<Model>,
    /// Its weights: safetensors, .pth from torch.save, or .onnx
    #[arg(long, value_name = "FILE", requires = "images")]
    weights: Option<PathBuf>,
    /// Keeps the parameters of this layer, group or block, such as layer1; may be repeated
    #[arg(long, value_name = "LAYER", requires = "images")]
    freeze: Vec<String>,
    /// Passes over the training images
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Learning rate of the new last layer
    #[arg(long, value_name = "X", default_value_t = 0.05)]
    learning_rate: f64,
    /// Learning rate of the other layers, as a part of that
    #[arg(long, value_name = "PART", default_value_t = 0.1)]
    pretrained_rate: f64,
    /// Seed of the last layer, the split and the order of samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Writes the weights, with the names of the classes, for the example classify
    #[arg(long, value_name = "FILE.safetensors")]
    save: Option<PathBuf>,
    /// Draws the accuracy on the validation images into a folder
    #[arg(long, value_name = "DIR", default_value = "pictures")]
    plot: PathBuf,
    /// Trains ResNet-20 on eight classes of CIFAR-10, from a folder or archive, for --save
    #[arg(long, value_name = "CIFAR-10", requires = "save", conflicts_with = "images")]
    pretrain: Option<PathBuf>,
}

fn main() -> ExitCode {
    command::run(&[], |options: &Options| match (&options.pretrain, &options.images, options.model) {
        (Some(cifar10), ..) => pretrain(cifar10, options),
        (None, Some(images), Some(model)) => model.with(options.seed, FineTuning { images, options }),
        _ => compare(options),
    })
}

const ONE_CYCLE: Schedule = Schedule::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 };

/// The classes that are learnt afterwards.
const NEW: [&str; 2] = ["deer", "horse"];
const PRETRAINED: &[u8] = include_bytes!("../assets/resnet20_cifar8.safetensors");

/// The place of a class of CIFAR-10 among the new ones, or among the others.
fn place(class: &Class<10>, new: bool) -> Option<usize> {
    let name = Cifar10::CLASSES[class.index()];
    let mut names = Cifar10::CLASSES.into_iter().filter(|name| NEW.contains(name) == new);
    names.position(|other| other == name)
}

fn of_eight(class: &Class<10>) -> Option<Class<8>> {
    place(class, false).and_then(|place| Class::new(place).ok())
}

fn of_two(class: &Class<10>) -> Option<Class<2>> {
    place(class, true).and_then(|place| Class::new(place).ok())
}

/// Trains a ResNet-20 on the eight other classes.
fn pretrain(cifar10: &Path, options: &Options) -> Result<(), Box<dyn Error>> {
    let Cifar10 { train, test } = Cifar10::load_from(cifar10)?;
    let (train, validation) = train.filter_map_targets(of_eight).split(0.95, options.seed)?;
    let train = Augment::new().random_crop(4).random_horizontal_flip().apply(train);
    let net = ResNet20Cifar::<8>::with_init(Init::HeNormal, options.seed);
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.2).momentum(0.9))
        .epochs(options.epochs.unwrap_or(15))
        .batch_size(128)
        .schedule(ONE_CYCLE)
        .l2(5e-4)
        .seed(options.seed);
    trainer.fit(&train, &validation)?;
    let accuracy = trainer.evaluate(&test.filter_map_targets(of_eight))?.accuracy();
    writeln!(io::stdout(), "test accuracy of eight classes: {:.2} %", 100.0 * accuracy)?;
    let save = options.save.as_deref().expect("a required option");
    Ok(trainer.network().save_f16(save)?)
}

/// A way to learn the new classes.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Scratch,
    LastLayer,
    AllLayers,
}

impl Way {
    const ALL: [(Way, &str); 3] = [
        (Way::Scratch, "from scratch"),
        (Way::LastLayer, "new last layer only"),
        (Way::AllLayers, "all layers"),
    ];
}

/// Compares the three ways to learn two classes of CIFAR-10.
fn compare(options: &Options) -> Result<(), Box<dyn Error>> {
    const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;
    let mut pretrained = ResNet20Cifar::<8>::new(0);
    let weights = Weights::from_bytes("resnet20_cifar8.safetensors", PRETRAINED.to_vec())?;
    weights.convert().load_into(&mut pretrained)?;
    let Cifar10 { train, test } = Cifar10::sample()?;
    let (train, test) = (train.filter_map_targets(of_two), test.filter_map_targets(of_two));

    let mut out = io::stdout();
    let [a, b] = NEW;
    writeln!(out, "A ResNet-20 that was trained on eight classes of CIFAR-10 learns {a} and {b}:")?;
    writeln!(
        out,
        "320 images to train with, 80 to validate, {} to test, for each of three seeds\n",
        test.len()
    )?;
    writeln!(out, "{:20} {:>26}  {:>7}  {:>10}  {:>7}", "", "test accuracy", "mean", "trained", "time")?;
    let mut histories = Vec::new();
    for (way, name) in Way::ALL {
        let start = Instant::now();
        let (mut accuracies, mut trained) = (Vec::new(), 0);
        for seed in SEEDS {
            let (train, validation) = train.split(0.8, seed)?;
            let net = match way {
                Way::Scratch => ResNet20Cifar::<2>::with_init(Init::HeNormal, seed),
                Way::LastLayer | Way::AllLayers => pretrained.with_head("fc", seed)?,
            };
            let mut trainer =
                Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(options.learning_rate).momentum(0.9))
                    .epochs(options.epochs.unwrap_or(10))
                    .batch_size(32)
                    .schedule(ONE_CYCLE)
                    .l2(5e-4)
                    .seed(seed)
                    .progress(Progress::Silent);
            trainer = match way {
                Way::Scratch => trainer,
                Way::LastLayer => trainer.freeze_all_but("fc"),
                Way::AllLayers => {
                    trainer.learning_rate_factor("", options.pretrained_rate).learning_rate_factor("fc", 1.0)
                }
            };
            trained = trainer.trained_params();
            let augmented = Augment::new().random_crop(4).random_horizontal_flip().apply(train);
            let history = trainer.fit(&augmented, &validation)?;
            if seed == *SEEDS.start() {
                histories.push((name, history));
            }
            accuracies.push(100.0 * trainer.evaluate(&test)?.accuracy());
        }
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        let each: String = accuracies.iter().map(|accuracy| format!("  {accuracy:.1} %")).collect();
        let seconds = start.elapsed().as_secs_f64();
        writeln!(out, "{name:20} {each:>26}  {mean:.1} %  {trained:>10}  {seconds:5.1} s")?;
    }
    let histories: Vec<(&str, &History)> = histories.iter().map(|(name, history)| (*name, history)).collect();
    let file = picture(&options.plot, "fine_tune.svg")?;
    validation_curves("Two classes from 320 images", &histories).save(&file)?;
    writeln!(out, "\nthe accuracy by epoch, with seed 1: {}", file.display())?;
    Ok(())
}

/// A file in the folder for pictures, which is made.
fn picture(folder: &Path, name: &str) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: cannot create: {error}", folder.display()))?;
    Ok(folder.join(name))
}

/// The work on a folder of photographs.
struct FineTuning<'a> {
    images: &'a Path,
    options: &'a Options,
}

impl Work<CLASSES> for FineTuning<'_> {
    fn run<N>(self, mut net: N, head: &str) -> Result<(), Box<dyn Error>>
    where
        N: Network<Input = Chw<3, 224, 224>, Output = Flat<CLASSES>, Scalar = f32>,
    {
        let FineTuning { images, options } = self;
        let weights = models::weights(options.weights.as_deref().expect("a required option"))?;
        weights.skip(head).load_into(&mut net)?;

        let reading = ImageFolderOptions::new()
            .part(options.part.clone())
            .preprocessing(Preprocessing::imagenet())
            .fewer_classes(true)
            .skip_broken(true);
        let images = ImageFolder::<3, 224, 224, CLASSES>::open_with(images, reading)?;
        let mut out = io::stdout();
        for error in images.skipped() {
            writeln!(out, "left out: {error}")?;
        }
        for left in images.left_out() {
            writeln!(out, "left out: {left}")?;
        }
        let fractions = Fractions { train: 0.7, validation: 0.15, test: 0.15 };
        let Parts { train, validation, test } = images.train_val_test_split(fractions, options.seed)?;
        let counts = (train.len(), validation.len(), test.len());
        writeln!(out, "{} images of {} classes", images.len(), images.classes().len())?;
        writeln!(out, "{} to train with, {} to validate, {} to test", counts.0, counts.1, counts.2)?;

        let train = Augment::new().random_crop(16).random_horizontal_flip().apply(train);
        let mut trainer =
            Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(options.learning_rate).momentum(0.9))
                .epochs(options.epochs.unwrap_or(5))
                .batch_size(16)
                .schedule(ONE_CYCLE)
                .learning_rate_factor("", options.pretrained_rate)
                .learning_rate_factor(head, 1.0)
                .seed(options.seed);
        for layer in &options.freeze {
            trainer = trainer.freeze(layer);
        }
        let history = trainer.fit(&train, &validation)?;
        let file = picture(&options.plot, "fine_tune.svg")?;
        validation_curves("Fine-tuning", &[("validation", &history)]).save(&file)?;

        let evaluation = trainer.evaluate(&test)?;
        for (class, score) in images.classes().iter().zip(evaluation.classes()) {
            match score.recall {
                Some(recall) => writeln!(out, "{class:>20}: {:.1} % found", 100.0 * recall)?,
                None => writeln!(out, "{class:>20}: no test images")?,
            }
        }
        let (correct, samples) = (evaluation.correct(), evaluation.samples());
        writeln!(out, "test accuracy: {:.2} % ({correct}/{samples})", 100.0 * evaluation.accuracy())?;
        if let Some(path) = &options.save {
            trainer.network().save(path)?;
        }
        Ok(())
    }
}
