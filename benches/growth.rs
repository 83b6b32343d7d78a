//! Growth of a training step's time with the batch, the size of the image, the number of channels and of layers, on one
//! thread and on two.
//!
//!     cargo bench -p convnet-benches --bench growth -- --seconds 0.5 batch

#[path = "../examples/command/mod.rs"]
mod command;
#[path = "cases/step.rs"]
mod step;
#[path = "cases/stopwatch.rs"]
mod stopwatch;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use convnet::model::LeNet5;
use convnet::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use step::training_step;

/// Measures training steps, each for a while on one thread and for a while on two, and prints Markdown tables.
#[derive(Parser)]
struct Options {
    /// Seconds for each training step on each number of threads
    #[arg(long, value_name = "S", default_value_t = 0.2, value_parser = stopwatch::seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Does each training step once, unmeasured
    #[arg(long)]
    test: bool,
    /// Passed by `cargo bench` to each benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
    /// Only steps whose name contains this: "batch", "image/64"
    #[arg(default_value = "")]
    filter: String,
}

/// Two convolutions of 3×3 kernels on square colour images.
macro_rules! two_convolutions {
    ($name:ident, $size:tt, $filters:tt) => {
        network! {
            struct $name: Chw<3, $size, $size> => Flat<10> {
                conv1: Conv2d { filters: $filters, kernel: 3, padding: 1 },
                relu1: Relu,
                pool1: MaxPool2d { kernel: 2 },
                conv2: Conv2d { filters: $filters, kernel: 3, padding: 1 },
                relu2: Relu,
                pool2: MaxPool2d { kernel: 2 },
                flatten: Flatten,
                fc: Dense { units: 10 },
            }
        }
    };
}

two_convolutions!(Image16, 16, 32);
two_convolutions!(Image32, 32, 32);
two_convolutions!(Image64, 64, 32);
two_convolutions!(Image128, 128, 32);
two_convolutions!(Channels16, 32, 16);
two_convolutions!(Channels32, 32, 32);
two_convolutions!(Channels64, 32, 64);
two_convolutions!(Channels128, 32, 128);

block! {
    /// Two convolutions of 3×3, whose output is added to the input.
    struct Basic { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        sum: Add(bn2, input),
        relu2: Relu,
    }
}

/// A residual network for images of 32×32 with stages of 16, 32 and 64 filters, and this many blocks in each.
macro_rules! residual {
    ($name:ident, $($block:tt)+) => {
        network! {
            struct $name: Chw<3, 32, 32> => Flat<10> {
                conv1: Conv2d { filters: 16, kernel: 3, padding: 1, bias: false },
                layer1: { $($block: Basic { filters: 16 },)+ },
                conv2: Conv2d { filters: 32, kernel: 3, stride: 2, padding: 1, bias: false },
                layer2: { $($block: Basic { filters: 32 },)+ },
                conv3: Conv2d { filters: 64, kernel: 3, stride: 2, padding: 1, bias: false },
                layer3: { $($block: Basic { filters: 64 },)+ },
                pool: GlobalAvgPool,
                fc: Dense { units: 10 },
            }
        }
    };
}

residual!(Blocks3, 0 1 2);
residual!(Blocks6, 0 1 2 3 4 5);
residual!(Blocks9, 0 1 2 3 4 5 6 7 8);
residual!(Blocks18, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);

/// Training steps that differ in one number.
struct Table {
    title: &'static str,
    /// Name of the number.
    name: &'static str,
    rows: Vec<Row>,
}

struct Row {
    number: usize,
    samples: usize,
    set_up: SetUp,
}

/// Makes a network and samples; each call of the result is one step.
type SetUp = fn(usize) -> Box<dyn FnMut()>;

fn tables() -> [Table; 4] {
    let of_batch = |samples| Row { number: samples, samples, set_up: training_step::<10, LeNet5> };
    let of_32 = |number, set_up: SetUp| Row { number, samples: 32, set_up };
    [
        Table {
            title: "LeNet-5 by samples in a batch",
            name: "batch",
            rows: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map(of_batch).into(),
        },
        Table {
            title: "Two convolutions of 32 filters by rows and columns of the image, 32 samples",
            name: "image",
            rows: vec![
                of_32(16, training_step::<10, Image16>),
                of_32(32, training_step::<10, Image32>),
                of_32(64, training_step::<10, Image64>),
                of_32(128, training_step::<10, Image128>),
            ],
        },
        Table {
            title: "Two convolutions on images of 32×32 by filters of each, 32 samples",
            name: "channels",
            rows: vec![
                of_32(16, training_step::<10, Channels16>),
                of_32(32, training_step::<10, Channels32>),
                of_32(64, training_step::<10, Channels64>),
                of_32(128, training_step::<10, Channels128>),
            ],
        },
        Table {
            title: "Residual networks on images of 32×32 by layers with weights, 32 samples",
            name: "depth",
            rows: vec![
                of_32(22, training_step::<10, Blocks3>),
                of_32(40, training_step::<10, Blocks6>),
                of_32(58, training_step::<10, Blocks9>),
                of_32(112, training_step::<10, Blocks18>),
            ],
        },
    ]
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let pools = [1, 2].map(|threads| {
        ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of one or two threads")
    });
    for Table { title, name, mut rows } in tables() {
        rows.retain(|row| format!("{name}/{}", row.number).contains(&options.filter));
        if options.test {
            for row in &rows {
                pools[1].install(|| (row.set_up)(row.samples)());
                println!("{name}/{}: done once", row.number);
            }
        } else if !rows.is_empty() {
            print(title, name, &rows, &pools, options.seconds);
        }
    }
    Ok(())
}

/// Measures the rows of a table and prints each as soon as it is known.
fn print(title: &str, name: &str, rows: &[Row], pools: &[ThreadPool; 2], seconds: f64) {
    println!("{title}:\n");
    println!("| {name:>8} | 1 thread, ms | 2 threads, ms | quotient | µs a sample, 1 thread | 2 threads |");
    println!("| {0:->7}: | {0:->11}: | {0:->12}: | {0:->7}: | {0:->20}: | {0:->8}: |", "");
    for Row { number, samples, set_up } in rows {
        // The whole measurement is in the pool, as a training is, so that no step waits for threads to wake.
        let [one, two] = pools
            .each_ref()
            .map(|pool| pool.install(|| stopwatch::median_seconds(seconds, set_up(*samples))));
        let [each_one, each_two] = [one, two].map(|seconds| 1e6 * seconds / *samples as f64);
        println!(
            "| {number:>8} | {:>12.3} | {:>13.3} | {:>8.2} | {each_one:>21.2} | {each_two:>9.2} |",
            1e3 * one,
            1e3 * two,
            one / two
        );
    }
    println!();
}
