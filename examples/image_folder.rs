//! Trains a small network on any folder of images, one folder for each class.
//!
//!     cargo run --release --example image_folder -- FOLDER

mod command;
#[path = "command/small.rs"]
mod small;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use convnet::data::{ImageFolder, ImageFolderOptions, Normalization, Parts};
use convnet::plot;
use convnet::prelude::*;
use convnet::train::{PredictAll, least_sure, worst, write_csv};
use small::{CLASSES, Small};

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
    /// Writes the weights, with the names of the classes and the preprocessing, for the example serve_file
    #[arg(long, value_name = "FILE.safetensors")]
    save: Option<PathBuf>,
    /// Writes a row for each validation image with its file, the predicted class and the probability
    #[arg(long, value_name = "FILE.csv")]
    predictions: Option<PathBuf>,
    /// Draws the worst and the least sure of the validation images into a folder
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
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
        for left in images.left_out() {
            writeln!(out, "left out: {left}")?;
        }
        let fractions = Fractions { train: 0.7, validation: 0.15, test: 0.15 };
        let Parts { train, validation, test } = images.train_val_test_split(fractions, options.seed)?;

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
        if let Some(path) = &options.save {
            trainer.network().save(path)?;
        }
        if options.predictions.is_some() || options.plot.is_some() {
            let answers = trainer.network().predict_all(&validation).collect::<Result<Vec<_>, _>>()?;
            if let Some(path) = &options.predictions {
                let file = fs::File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
                write_csv(file, answers.iter().cloned().map(Ok), images.classes())?;
            }
            if let Some(folder) = &options.plot {
                fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
                let all = [("worst", worst(&answers, 12)), ("least sure", least_sure(&answers, 12))];
                for (name, chosen) in all {
                    let title = format!("The {name} of {} validation images", answers.len());
                    let picture = plot::predictions(&title, &validation, &chosen, images.classes())?;
                    picture.save(folder.join(format!("{}.svg", name.replace(' ', "_"))))?;
                }
            }
        }
        let (correct, samples) = (evaluation.correct(), evaluation.samples());
        writeln!(out, "test accuracy: {:.2} % ({correct}/{samples})", 100.0 * evaluation.accuracy())?;
        Ok(())
    })
}
