//! Trains a small network on any folder of images, one folder for each class.
//!
//!     cargo run --release --example image_folder -- FOLDER

mod command;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use convnet::data::{ImageFolder, ImageFolderOptions, Normalization};
use convnet::prelude::*;

/// The most classes that a folder may have: the network has an output for each.
const CLASSES: usize = 100;

network! {
    /// Four convolutions, each followed by normalisation, and one mean for each of their last feature maps.
    struct Small: Chw<3, 64, 64> => Flat<{ CLASSES }> {
        conv1: Conv2d { filters: 16, kernel: 5, stride: 2, padding: 2 },
        norm1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: 32, kernel: 3, padding: 1 },
        norm2: BatchNorm,
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        conv3: Conv2d { filters: 64, kernel: 3, padding: 1 },
        norm3: BatchNorm,
        relu3: Relu,
        pool3: MaxPool2d { kernel: 2 },
        conv4: Conv2d { filters: 64, kernel: 3, padding: 1 },
        norm4: BatchNorm,
        relu4: Relu,
        pool4: GlobalAvgPool,
        fc: Dense { units: CLASSES },
    }
}

/// Trains a small network on images in folders, one for each class, or in a .tar or .tar.gz archive of these.
#[derive(Parser)]
struct Options {
    /// The folder or archive
    images: PathBuf,
    /// A folder inside it that holds the classes
    #[arg(long, value_name = "FOLDER", default_value = "")]
    part: String,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = 10)]
    epochs: usize,
    /// Seed of the weights, the split and the order of samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    command::run(&[], |options: &Options| {
        // A quarter of the way from black to white is a usual distance from the middle.
        let normalization = Normalization::new([0.5], [0.25])?;
        let reading = ImageFolderOptions::new()
            .part(options.part.clone())
            .normalization(normalization)
            .fewer_classes(true)
            .skip_broken(true);
        let images = ImageFolder::<3, 64, 64, CLASSES>::open_with(&options.images, reading)?;
        let mut out = io::stdout();
        for error in images.skipped() {
            writeln!(out, "left out: {error}")?;
        }
        writeln!(out, "{} images of {} classes", images.len(), images.classes().len())?;
        let (train, rest) = images.split(0.7, options.seed)?;
        let (validation, test) = rest.split(0.5, options.seed)?;

        let train = Augment::new().random_crop(4).random_horizontal_flip().apply(train);
        let optimizer = Sgd::new(0.05).momentum(0.9);
        let mut trainer = Trainer::new(Small::new(options.seed), SoftmaxCrossEntropy, optimizer)
            .epochs(options.epochs)
            .batch_size(32)
            .schedule(Schedule::Cosine)
            .l2(0.0005)
            .seed(options.seed);
        trainer.fit(&train, &validation)?;

        let evaluation = trainer.evaluate(&test)?;
        for (class, score) in images.classes().iter().zip(evaluation.classes()) {
            match score.recall {
                Some(recall) => writeln!(out, "{class:>20}: {:.1} % found", 100.0 * recall)?,
                None => writeln!(out, "{class:>20}: no test images")?,
            }
        }
        let (correct, samples) = (evaluation.correct(), evaluation.samples());
        writeln!(out, "test accuracy: {:.2} % ({correct}/{samples})", 100.0 * evaluation.accuracy())?;
        Ok(())
    })
}
