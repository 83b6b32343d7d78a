//! Trains the network that tells one digit from several that touch, `SingleDigit`, and shows how many answers of
//! `DigitReader` it spoils or saves from each probability on.
//!
//!     cargo run --release --example single_digit -- --save single_digit.safetensors

mod command;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use convnet::model::{DigitReader, LeNet5, SingleDigit};
use convnet::prelude::*;
use image::imageops::{FilterType, crop_imm, resize};
use image::{GrayImage, Luma};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;
/// Class 1 is a single digit.
type Pictures = Dataset<Chw<1, 28, 28>, Class<2>>;

/// Trains on drawn pictures of single training digits, and of two or three that overlap; validates on those of other
/// training digits.
#[derive(Parser)]
struct Options {
    /// A folder with the four files of MNIST; without it, as lenet_mnist
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The most training digits, and validation digits, of which pictures are drawn, three of each
    #[arg(long, default_value = "60000")]
    digits: usize,
    #[arg(long, default_value = "20")]
    epochs: usize,
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Where the weights are saved
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mnist = match &options.data {
        Some(folder) => Mnist::load_from(folder)?,
        None => Mnist::load()?,
    };
    let (train, validation) = mnist.train.split(0.9, options.seed)?;
    let [train, validation] = [train, validation].map(|part| part.subset(0..options.digits.min(part.len())));
    let [train, validation] =
        [(&train, 0), (&validation, 1)].map(|(digits, part)| drawn(digits, options.seed, part));
    println!("{} and {} pictures that read_digit takes", train.len(), validation.len());

    let mut trainer =
        Trainer::new(SingleDigit::new(options.seed), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
            .schedule(Schedule::Cosine)
            .epochs(options.epochs)
            .batch_size(32)
            .l2(5e-4);
    trainer.fit(&train, &validation)?;
    if let Some(path) = &options.save {
        trainer.network().save(path)?;
    }
    println!("{}", thresholds(trainer.network(), &validation));
    Ok(())
}

/// The pictures of single digits and of several that `read_digit` does not refuse, as it reads them.
fn drawn(digits: &Digits, seed: u64, part: u64) -> Pictures {
    let count = digits.len();
    let picture = |i: usize| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed << 40 | part << 32 | i as u64);
        let single = i < count;
        let others = if single { 0 } else { 1 + usize::from(rng.random_bool(0.1)) };
        let others = (0..others).map(|_| rng.random_range(0..count)).collect::<Vec<_>>();
        let drawn: Vec<_> = [i % count].iter().chain(&others).map(|i| pixels(&digits.sample(*i))).collect();
        let page = on_paper(written(touching(&drawn, &mut rng), &mut rng), &mut rng);
        let file =
            [format!("P5 {} {} 255\n", page.width(), page.height()).as_bytes(), page.as_raw()].concat();
        let digit = Mnist::decode_digit("picture", &file).ok()?;
        Some((digit, Class::new(usize::from(single)).expect("0 or 1")))
    };
    let pictures: Vec<_> = (0..3 * count).into_par_iter().filter_map(picture).collect();
    pictures.into_iter().collect()
}

fn pixels(digit: &Tensor<Chw<1, 28, 28>>) -> GrayImage {
    let grey = |value: f32| ((value * 0.3081 + 0.1307) * 255.0).round() as u8;
    GrayImage::from_raw(28, 28, digit.as_slice().iter().map(|value| grey(*value)).collect())
        .expect("28×28 pixels")
}

/// The ink and nothing around it.
fn cropped(image: &GrayImage) -> GrayImage {
    let ink = || image.enumerate_pixels().filter(|(.., pixel)| pixel[0] > 60);
    let [left, top] = [ink().map(|p| p.0).min(), ink().map(|p| p.1).min()].map(|least| least.unwrap_or(0));
    let [right, bottom] = [ink().map(|p| p.0).max(), ink().map(|p| p.1).max()].map(|most| most.unwrap_or(0));
    crop_imm(image, left, top, right + 1 - left, bottom + 1 - top).to_image()
}

/// Bright digits on black, of which each overlaps the one before, most often from the right.
fn touching(digits: &[GrayImage], rng: &mut Xoshiro256PlusPlus) -> GrayImage {
    // Pixels for each of MNIST's; a quarter of the pictures have its own.
    let own = rng.random_bool(0.25);
    let unit = if own { 1.0 } else { rng.random_range(1.5..6.0) };
    let mut page = GrayImage::new(1000, 1000);
    let below = rng.random_bool(0.1);
    let mut last: Option<[i64; 4]> = None;
    for digit in digits {
        let side = (28.0 * unit * rng.random_range(0.7..1.0)) as u32;
        let digit = match own {
            true => cropped(digit),
            false => cropped(&resize(digit, side, side, FilterType::CatmullRom)),
        };
        let [width, height] = [digit.width(), digit.height()].map(i64::from);
        let overlap = (unit * rng.random_range(-1.0..9.0)) as i64;
        let mut aside = |most: f32| (unit * rng.random_range(-most..most)) as i64;
        let [left, top] = match last {
            None => [400, 400],
            Some([left, top, last_width, last_height]) if below => {
                [left + (last_width - width) / 2 + aside(5.0), top + last_height - overlap]
            }
            Some([left, top, last_width, last_height]) => {
                [left + last_width - overlap, top + (last_height - height) / 2 + aside(7.0)]
            }
        };
        for (x, y, pixel) in digit.enumerate_pixels() {
            let there = page.get_pixel_mut((left + i64::from(x)) as u32, (top + i64::from(y)) as u32);
            there[0] = there[0].max(pixel[0]);
        }
        last = Some([left, top, width, height]);
    }
    cropped(&page)
}

/// The ink as another pen may write it: as it is, with narrower strokes, or, if it is not small, the middle lines of the
/// strokes.
fn written(ink: GrayImage, rng: &mut Xoshiro256PlusPlus) -> GrayImage {
    let (width, height) = ink.dimensions();
    let near = |at: u32, by: u32, end: u32| at.saturating_sub(by)..=(at + by).min(end - 1);
    let around = |x: u32, y: u32, by: u32| {
        near(y, by, height).flat_map(move |y| near(x, by, width).map(move |x| (x, y)))
    };
    match rng.random_range(0..5) {
        0 | 1 => ink,
        _ if height < 60 => ink,
        2 => {
            let by = rng.random_range(1..3);
            let narrower = GrayImage::from_fn(width, height, |x, y| {
                Luma([around(x, y, by).map(|(x, y)| ink.get_pixel(x, y)[0]).min().unwrap_or(0)])
            });
            if narrower.pixels().any(|pixel| pixel[0] > 128) { narrower } else { ink }
        }
        wide => {
            let lines = middle_lines(&ink);
            let inked = |(x, y): (u32, u32)| lines[(y * width + x) as usize];
            let by = wide - 3;
            GrayImage::from_fn(width, height, |x, y| {
                Luma([if around(x, y, by).any(inked) { 255 } else { 0 }])
            })
        }
    }
}

/// Lines of one pixel in the middle of the strokes (T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital
/// patterns", 1984).
fn middle_lines(image: &GrayImage) -> Vec<bool> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut ink: Vec<bool> = image.pixels().map(|pixel| pixel[0] > 110).collect();
    let mut quiet = 0;
    for second in [false, true].into_iter().cycle() {
        let edge = |place: &usize| {
            let (row, column) = (place / width, place % width);
            let at = |down: usize, right: usize| {
                let inside = (1..=height).contains(&(row + down)) && (1..=width).contains(&(column + right));
                inside && ink[(row + down - 1) * width + column + right - 1]
            };
            // From north, clockwise.
            let around = [at(0, 1), at(0, 2), at(1, 2), at(2, 2), at(2, 1), at(2, 0), at(1, 0), at(0, 0)];
            let count = around.iter().filter(|ink| **ink).count();
            let begins = (0..8).filter(|&i| !around[i] && around[(i + 1) % 8]).count();
            let [north, _, east, _, south, _, west, _] = around;
            let outer = match second {
                false => !(east && south && (north || west)),
                true => !(north && west && (east || south)),
            };
            ink[*place] && (2..=6).contains(&count) && begins == 1 && outer
        };
        let gone: Vec<usize> = (0..ink.len()).filter(edge).collect();
        quiet = if gone.is_empty() { quiet + 1 } else { 0 };
        if quiet == 2 {
            break;
        }
        gone.into_iter().for_each(|place| ink[place] = false);
    }
    ink
}

/// Dark ink on a page with a margin, a third of them ruled or squared.
fn on_paper(ink: GrayImage, rng: &mut Xoshiro256PlusPlus) -> GrayImage {
    let mut page = GrayImage::from_pixel(ink.width() + 60, ink.height() + 60, Luma([255]));
    for (x, y, pixel) in ink.enumerate_pixels() {
        page.put_pixel(x + 30, y + 30, Luma([255 - pixel[0]]));
    }
    if rng.random_bool(0.33) {
        let distance = rng.random_range(24..54);
        let (wide, level) = (rng.random_range(1..3), rng.random_range(40..200));
        let (first, squared) = (rng.random_range(0..distance), rng.random_bool(0.5));
        for (x, y, pixel) in page.enumerate_pixels_mut() {
            let line = |at: u32| (at + first) % distance < wide;
            if line(y) || squared && line(x) {
                pixel[0] = pixel[0].min(level);
            }
        }
    }
    page
}

/// For some probabilities of a single digit, how many answers are sure.
fn thresholds(single: &SingleDigit, pictures: &Pictures) -> String {
    let network = LeNet5::pretrained();
    let sure = |i: usize| {
        let digit = pictures.sample(i);
        let answer = network.predict(&digit);
        let probability = single.predict(&digit).probabilities[1];
        (answer.probabilities[answer.class] >= DigitReader::SURE)
            .then(|| (probability, pictures.target(i).index() == 1))
    };
    let sure: Vec<(f32, bool)> = (0..pictures.len()).into_par_iter().filter_map(sure).collect();
    let singles = (0..pictures.len()).filter(|&i| pictures.target(i).index() == 1).count();
    let mut text = String::from("single from   sure: single digits   several\n");
    for limit in [0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995] {
        let [several, one] = [false, true]
            .map(|class| sure.iter().filter(|(p, single)| *p >= limit && *single == class).count());
        text += &format!(
            "{limit:>11}   {:>18}   {:>7}\n",
            format!("{one} of {singles}"),
            format!("{several} of {}", pictures.len() - singles)
        );
    }
    text
}
