//! Says which digit is on a picture: of any size, dark on light or light on dark.
//!
//!     cargo run --release --example classify -- digit.png FOLDER …

mod command;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use convnet::model::LeNet5;
use convnet::network::Prediction;
use convnet::prelude::*;
use serde::Serialize;

/// Endings of the files that are taken from a folder.
const IMAGES: &str = "bmp gif jpeg jpg pbm pgm png ppm qoi tga webp";
/// The length of a bar that stands for 100 %.
const BAR: usize = 40;

/// Says which handwritten digit is on each picture, and how probable each of the ten is.
#[derive(Parser)]
struct Options {
    /// Pictures, and folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Weights of LeNet-5; without them those that come with it
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    /// Prints one JSON array of objects with "file", "class" and "probabilities"
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    command::run(&[], |options: &Options| {
        let network = network(options.weights.as_deref())?;
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
                let digit = match Mnist::read_digit(&file) {
                    Ok(digit) => digit,
                    Err(error) => {
                        complain(&error);
                        unread += 1;
                        continue;
                    }
                };
                read += 1;
                let Prediction { class, probabilities } = network.predict(&digit);
                let file = file.to_string_lossy().into_owned();
                let answer = Answer { file, class, probabilities };
                if options.json {
                    answers.push(answer);
                } else {
                    let gap = if read == 1 { "" } else { "\n" };
                    write!(out, "{gap}{}", answer.chart())?;
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
    })
}

/// The network that answers: with the weights that are part of the library, or those of a file.
fn network(weights: Option<&Path>) -> Result<LeNet5, convnet::Error> {
    let mut network = LeNet5::pretrained();
    weights.map_or(Ok(()), |path| network.load(path))?;
    Ok(network)
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
    probabilities: Vec<f32>,
}

impl Answer {
    /// The class, and a bar for the probability of each.
    fn chart(&self) -> String {
        let name: String = self.file.chars().flat_map(printable).collect();
        let mut text = format!("{name}: {}\n", self.class);
        for (digit, &probability) in self.probabilities.iter().enumerate() {
            let mark = if digit == self.class { '▸' } else { ' ' };
            let percent = format!("{:.1} %", 100.0 * probability);
            text += format!("{mark} {digit} {percent:>7}  {}", bar(probability)).trim_end();
            text += "\n";
        }
        text
    }
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
