//! Says what is on a picture: which digit, or, with a model's weights, which of its classes.
//!
//!     cargo run --release --example classify -- digit.png FOLDER …
//!     cargo run --release --example classify -- --model resnet18 --weights resnet18.safetensors photo.jpg

mod command;
#[path = "command/models.rs"]
mod models;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use convnet::data::Preprocessing;
use convnet::model::{DigitReader, LeNet5, imagenet_classes};
use convnet::network::Prediction;
use convnet::prelude::*;
use convnet::store::Weights;
use models::{CLASSES, Model, Work};
use serde::Serialize;

/// Endings of the files that are taken from a folder.
const IMAGES: &str = "bmp gif jpeg jpg pbm pgm png ppm qoi tga webp";
/// The length of a bar that stands for 100 %.
const BAR: usize = 40;
/// The most probable classes that are shown, if there are more.
const SHOWN: usize = 5;

/// Says which handwritten digit is on each picture, of any size, dark on light or light on dark; with --model, which of the
/// model's classes.
#[derive(Parser)]
struct Options {
    /// Pictures, and folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A network of 1000 classes of ImageNet, or one from the example fine_tune
    #[arg(long, requires = "weights")]
    model: Option<Model>,
    /// Weights of the model, or else of LeNet-5, which has its own: safetensors, .pth from torch.save, or .onnx
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Prints one JSON array of objects with "file", "class", "name" and "probabilities"; for digits also "sure"
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    command::run(&[], |options: &Options| match options.model {
        None => {
            let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
            let Some(path) = &options.weights else {
                let reader = DigitReader::pretrained();
                return answer(options, &names, |file| {
                    let answer = reader.predict(&Mnist::read_digit(file)?);
                    let sure = answer.is_sure();
                    Ok((answer.prediction, Some(sure)))
                });
            };
            let mut network = LeNet5::new(0);
            models::weights(path)?.load_into(&mut network)?;
            answer(options, &names, |file| Ok((network.predict(&Mnist::read_digit(file)?), None)))
        }
        Some(model) => {
            let path = options.weights.as_deref().expect("a required option");
            let weights = models::weights(path)?;
            // The file of a fine-tuned network has the names of its classes and how pictures become its input.
            match weights.metadata().classes.len() {
                0 => model.with(0, Photographs::<1000> { options, weights }),
                1..=CLASSES => model.with(0, Photographs::<CLASSES> { options, weights }),
                found => {
                    Err(format!("{}: expected at most {CLASSES} classes, found {found}", path.display())
                        .into())
                }
            }
        }
    })
}

/// The answers of a network for photographs.
struct Photographs<'a, const OUTPUTS: usize> {
    options: &'a Options,
    weights: Weights,
}

impl<const OUTPUTS: usize> Work<OUTPUTS> for Photographs<'_, OUTPUTS> {
    fn run<N>(self, mut net: N, _: &str) -> Result<(), Box<dyn Error>>
    where
        N: Network<Input = Chw<3, 224, 224>, Output = Flat<OUTPUTS>, Scalar = f32>,
    {
        self.weights.load_into(&mut net)?;
        let metadata = net.metadata();
        let names = match &metadata.classes[..] {
            [] => imagenet_classes().map(String::from).collect(),
            names => names.to_vec(),
        };
        let preprocessing = metadata.preprocessing.clone().unwrap_or_else(Preprocessing::imagenet);
        answer(self.options, &names, |file| Ok((net.predict(&preprocessing.open(file)?), None)))
    }
}

/// Prints the answer for each picture, and whether it is sure, if that is known.
fn answer(
    options: &Options,
    names: &[String],
    predict: impl Fn(&Path) -> Result<(Prediction, Option<bool>), convnet::Error>,
) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let (mut answers, mut read, mut unread) = (Vec::new(), 0, 0);
    let complain = |error: &dyn Error| {
        // Nobody may be listening.
        let _ = writeln!(io::stderr(), "error: {error}");
    };
    for given in &options.files {
        let files = pictures(given).unwrap_or_else(|error| {
            complain(&*error);
            unread += 1;
            Vec::new()
        });
        for file in files {
            let (prediction, sure) = match predict(&file) {
                Ok(answer) => answer,
                Err(error) => {
                    complain(&error);
                    unread += 1;
                    continue;
                }
            };
            read += 1;
            if options.json {
                let Prediction { class, probabilities } = prediction;
                let file = file.to_string_lossy().into_owned();
                let name = names.get(class).cloned();
                answers.push(Answer { file, class, name, sure, probabilities });
            } else {
                let gap = if read == 1 { "" } else { "\n" };
                write!(out, "{gap}{}", chart(&file, &prediction, names, sure))?;
            }
        }
    }
    if options.json {
        writeln!(out, "{}", serde_json::to_string(&answers)?)?;
    }
    match unread {
        0 => Ok(()),
        _ => Err(format!("{unread} of {} files could not be read", read + unread).into()),
    }
}

/// The file itself, or the images in a folder in the order of their names.
fn pictures(path: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: io::Error| format!("{}: cannot read: {error}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && IMAGES.split(' ').any(|known| known == ending) && !file.is_dir() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(format!("{}: expected at least one image, found none", path.display()).into());
    }
    files.sort();
    Ok(files)
}

/// The network's answer for a file.
#[derive(Serialize)]
struct Answer {
    file: String,
    class: usize,
    /// Absent if the network has more outputs than there are names.
    name: Option<String>,
    /// Absent if nobody has measured which answers are to be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    sure: Option<bool>,
    probabilities: Vec<f32>,
}

/// The class, and a bar for the probability of each, or of the most probable ones.
fn chart(file: &Path, prediction: &Prediction, names: &[String], sure: Option<bool>) -> String {
    let name = |class: usize| names.get(class).map_or("(a class without a name)", |name| name.as_str());
    let file: String = file.to_string_lossy().chars().flat_map(printable).collect();
    let mut text = match sure {
        Some(false) => format!("{file}: not sure, perhaps {}\n", name(prediction.class)),
        _ => format!("{file}: {}\n", name(prediction.class)),
    };
    let mut shown = prediction.top_k(if names.len() > 10 { SHOWN } else { names.len() });
    if names.len() <= 10 {
        shown.sort_by_key(|(class, _)| *class);
    }
    let widest = shown.iter().map(|(class, _)| name(*class).chars().count()).max().unwrap_or(0);
    for (class, probability) in shown {
        let mark = if class == prediction.class { '▸' } else { ' ' };
        let percent = format!("{:.1} %", 100.0 * probability);
        text += format!("{mark} {:widest$} {percent:>7}  {}", name(class), bar(probability)).trim_end();
        text += "\n";
    }
    text
}

/// A bar of whole blocks and one that is some eighths wide.
fn bar(part: f32) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (part * (8 * BAR) as f32).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// Control characters, which would move what follows, as escapes.
fn printable(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}
