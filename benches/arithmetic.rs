//! The rounding errors of exact and fast arithmetic over random convolutions with 3×3 kernels, and their times.
//!
//!     cargo bench -p convnet-benches --bench arithmetic -- --layers 1000

#[path = "../examples/command/mod.rs"]
mod command;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use convnet::kernel::conv::{Arithmetic, Conv, Geometry};
use convnet::kernel::{Exec, Finish, Vectorized, values};
use convnet::shape::Window;
use convnet::tensor::{LANES, Lanes};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Draws convolutions with 3×3 kernels that fast arithmetic applies to, with inputs and weights between −1 and 1, and compares the outputs in 32 bits with those in 64.
#[derive(Parser)]
struct Options {
    /// Convolutions to draw
    #[arg(long, value_name = "N", default_value_t = 1000)]
    layers: usize,
    /// Draws ten
    #[arg(long)]
    test: bool,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Passed by `cargo bench` to each benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

/// The rounding errors and the time of a convolution in one arithmetic.
#[derive(Clone, Copy)]
struct Outcome {
    /// The root mean square of the errors, and the largest error, in parts of the outputs' root mean square.
    error: f64,
    largest: f64,
    seconds: f64,
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let layers = if options.test { 10 } else { options.layers };
    let outcomes: Vec<[Outcome; 2]> = (0..layers).map(|_| layer(&mut rng)).collect();
    println!("| of {layers} random convolutions | exact | fast | quotient |");
    println!("| --- | ---: | ---: | ---: |");
    let row = |name: &str, of: fn(&Outcome) -> f64| {
        let sorted = |way: usize| {
            let mut all: Vec<f64> = outcomes.iter().map(|outcomes| of(&outcomes[way])).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let [exact, fast] = [sorted(0), sorted(1)];
        for (kind, at) in [("median", layers / 2), ("greatest", layers - 1)] {
            println!(
                "| {name}, {kind} | {:.2e} | {:.2e} | {:.2} |",
                exact[at],
                fast[at],
                fast[at] / exact[at]
            );
        }
    };
    row("root mean square of the error", |outcome| outcome.error);
    row("largest error", |outcome| outcome.largest);
    let [exact, fast] = [0, 1].map(|way| outcomes.iter().map(|outcomes| outcomes[way].seconds).sum::<f64>());
    println!("| seconds in all | {exact:.2} | {fast:.2} | {:.2} |", fast / exact);
    println!(
        "\nErrors of an output in parts of the root mean square of the layer's outputs; forward passes, with all threads."
    );
    Ok(())
}

/// Draws a convolution, and computes it in both arithmetics.
fn layer(rng: &mut Xoshiro256PlusPlus) -> [Outcome; 2] {
    let (channels, filters) = (rng.random_range(48..=192), rng.random_range(48..=192));
    let [rows, columns] = [0; 2].map(|_| rng.random_range(20..=56));
    let window = Window::new([3, 3], [1, 1], [1, 1]);
    let geometry =
        Geometry { input: [channels, rows, columns], output: [filters, rows, columns], window, groups: 1 };
    let mut uniform = |len: usize| -> Vec<f32> { (0..len).map(|_| rng.random_range(-1.0..1.0)).collect() };
    let (x, weights) = (uniform(LANES * channels * rows * columns), uniform(geometry.weights()));
    let double = |values: &[f32]| -> Vec<f64> { values.iter().map(|value| f64::from(*value)).collect() };

    let wanted = forward(geometry, Arithmetic::Exact, &double(&x), &double(&weights)).0;
    let size = (wanted.iter().map(|y| y * y).sum::<f64>() / wanted.len() as f64).sqrt();
    [Arithmetic::Exact, Arithmetic::Fast].map(|arithmetic| {
        let (found, seconds) = forward(geometry, arithmetic, &x, &weights);
        let errors =
            found.iter().zip(&wanted).map(|(found, wanted)| (f64::from(*found) - wanted).abs() / size);
        let largest = errors.clone().fold(0.0, f64::max);
        let error = (errors.map(|error| error * error).sum::<f64>() / wanted.len() as f64).sqrt();
        Outcome { error, largest, seconds }
    })
}

/// The outputs for a tile of samples, and the time for them after a first pass.
fn forward<T: Vectorized>(
    geometry: Geometry,
    arithmetic: Arithmetic,
    x: &[T],
    weights: &[T],
) -> (Vec<T>, f64) {
    let conv = Conv::new(geometry, arithmetic);
    let x: Vec<Lanes<T>> = x.as_chunks().0.iter().map(|values| Lanes(*values)).collect();
    let mut y = vec![Lanes::zero(); geometry.output.iter().product()];
    let mut scratch = vec![Lanes::zero(); conv.scratch(1)];
    let mut pass = || {
        let started = Instant::now();
        conv.forward(&mut y, &x, weights, None, Finish::rectified(None), &mut scratch, Exec::new(true));
        started.elapsed().as_secs_f64()
    };
    pass();
    let seconds = pass();
    (values(&y).to_vec(), seconds)
}
