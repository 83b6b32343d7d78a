//! How fast convolutions are on this machine, beside the most that its processor can do.
//!
//! One GFLOP is 10⁹ floating-point operations, two for each multiply-accumulate of the direct method.

use std::time::{Duration, Instant};

use clap::Parser;
use convnet::kernel::conv::{Conv, Geometry};
use convnet::kernel::{Exec, Isa, simd};
use convnet::shape::Window;
use convnet::tensor::{LANES, Lanes};
use rayon::prelude::*;

/// Measures single convolutions: forward, backward by the input, backward by the weights.
#[derive(Parser)]
struct Options {
    /// Threads; otherwise `RAYON_NUM_THREADS` or all cores.
    #[arg(long)]
    threads: Option<usize>,
    /// Only geometries whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
}

/// Name, samples, channels, rows = columns, filters, kernel, stride, padding.
type Case = (&'static str, usize, usize, usize, usize, usize, usize, usize);

const CASES: [Case; 15] = [
    ("lenet_c1", 64, 1, 28, 6, 5, 1, 2),
    ("lenet_c2", 64, 6, 14, 16, 5, 1, 0),
    ("alex_conv1", 16, 3, 227, 96, 11, 4, 0),
    ("alex_conv2", 16, 96, 27, 256, 5, 1, 2),
    ("alex_conv3", 16, 256, 13, 384, 3, 1, 1),
    ("alex_conv4", 16, 384, 13, 384, 3, 1, 1),
    ("alex_conv5", 16, 384, 13, 256, 3, 1, 1),
    ("vgg64_56", 8, 64, 56, 64, 3, 1, 1),
    ("vgg128_28", 8, 128, 28, 128, 3, 1, 1),
    ("resnet_1x1", 8, 256, 14, 1024, 1, 1, 0),
    ("sa_c1", 64, 3, 32, 64, 3, 1, 1),
    ("sa_c2", 64, 64, 16, 192, 3, 1, 1),
    ("sa_c3", 64, 192, 8, 384, 3, 1, 1),
    ("sa_c4", 64, 384, 8, 256, 3, 1, 1),
    ("sa_c5", 64, 256, 8, 256, 3, 1, 1),
];

/// Median seconds of a call.
fn seconds(budget: f64, mut f: impl FnMut()) -> f64 {
    f();
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 5 || start.elapsed() < Duration::from_secs_f64(budget) {
        let start = Instant::now();
        f();
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let options = Options::parse();
    let threads = options.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    // In the pool from beginning to end, as a training step is.
    pool.install(|| measure(&options));
}

fn measure(options: &Options) {
    let threads = rayon::current_num_threads();
    let isa = Isa::best();
    let flop = 1_000_000;
    let peak = seconds(options.seconds, || {
        (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
            simd::multiply_adds(isa, flop);
        });
    });
    let peak = (threads * simd::multiply_adds(isa, flop)) as f64 / peak / 1e9;
    println!("{isa}, {threads} threads, peak {peak:.0} GFLOP/s");
    for (name, samples, channels, size, filters, kernel, stride, padding) in CASES {
        if !name.contains(&options.only) {
            continue;
        }
        let out = (size + 2 * padding - kernel) / stride + 1;
        let window = Window { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2] };
        let g = Geometry { input: [channels, size, size], output: [filters, out, out], window };
        let conv = Conv::new(g);
        let exec = Exec { lanes: Exec::lanes_for(samples), ..Exec::new(true) };
        let tiles = samples.div_ceil(LANES);
        let room = |dims: [usize; 3]| {
            vec![Lanes::splat(0.5_f32); (samples * dims.iter().product::<usize>()).div_ceil(LANES)]
        };
        let (x, mut y) = (room(g.input), room(g.output));
        let (dy, mut dx) = (y.clone(), x.clone());
        let (w, b) = (vec![0.1; filters * channels * kernel * kernel], vec![0.1; filters]);
        let (mut dw, mut db) = (w.clone(), b.clone());
        let mut scratch = vec![Lanes::zero(); conv.scratch(tiles)];
        let flop = (2 * samples * w.len() * out * out) as f64;
        let times = [
            seconds(options.seconds, || conv.forward(&mut y, &x, &w, &b, false, &mut scratch, exec)),
            seconds(options.seconds, || conv.backward_data(&mut dx, &dy, &w, None, &mut scratch, exec)),
            seconds(options.seconds, || conv.backward_weights(&mut dw, &mut db, &dy, &x, &mut scratch, exec)),
        ];
        let rates = times.map(|t| flop / t / 1e9);
        print!("{name:12}");
        for rate in rates {
            print!("  {rate:6.0} {:3.0} %", 100.0 * rate / peak);
        }
        println!();
    }
}
