//! The time that networks would take on more threads than this machine has: the tasks of each piece of work are timed on one
//! thread, and replayed on 2 to 16 workers.
//!
//!     cargo bench -p convnet-benches --bench scaling -- --threads 16 resnet18
//!
//! A section of work that is shared among threads begins when the one before has ended. Its tasks go in order to the worker that is
//! free first; what is not shared is one worker's. Starting and ending a section takes as long as it does on two threads here, times
//! the binary logarithm of the workers. Tasks take as long as on one thread: that threads share caches
//! and memory is not in it. So the table also has the time that a copy of all that the layers write and read takes here with two
//! threads, if nothing of it stays in a cache, and the rate at which the most workers would move that.

#[path = "../examples/command/mod.rs"]
mod command;
#[path = "cases/networks.rs"]
mod networks;
#[path = "cases/stopwatch.rs"]
mod stopwatch;

use std::error::Error;
use std::hint::{black_box, spin_loop};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use convnet::kernel::timing::{Section, timed};
use networks::{Work, models, works};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use stopwatch::median_seconds;

/// Values of the copy: more than caches hold.
const COPIED: usize = 1 << 26;

/// Networks that take long, or are like others.
const LARGE: [&str; 8] = [
    "vgg",
    "googlenet",
    "resnet34",
    "resnet50",
    "seresnet50",
    "densenet121",
    "mobilenet_v3",
    "efficientnet_b0",
];

/// Records of a piece of work, of which the one with the median time is replayed.
const RECORDS: usize = 5;

/// Times the tasks of networks on one thread, and prints what more threads would take as a Markdown table.
#[derive(Parser)]
struct Options {
    /// The most workers; powers of two up to it are shown
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=256))]
    threads: u16,
    /// Seconds for each measurement
    #[arg(long, value_name = "S", default_value_t = 0.5, value_parser = stopwatch::seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Replays one small network
    #[arg(long)]
    test: bool,
    /// Passed by `cargo bench` to each benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
    /// Only work whose name contains this, also of the large networks
    filter: Option<String>,
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let seconds = if options.test { 1e-3 } else { options.seconds };
    let pools = [1, 2].map(|threads| {
        ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of one or two threads")
    });
    let start = section_seconds(&pools[1], seconds);
    let rate = copy_rate(&pools[1], if options.test { COPIED / 1024 } else { COPIED }, seconds);
    println!(
        "Starting and ending a section: {:.1} µs on two threads. A copy with two threads: {:.1} GB/s.\n",
        1e6 * start,
        rate / 1e9
    );
    let workers: Vec<usize> = (1..)
        .map(|power| 1 << power)
        .take_while(|workers| *workers <= usize::from(options.threads))
        .collect();
    let most = *workers.last().expect("two at least");
    let titles: Vec<String> = workers.iter().map(|workers| format!("{workers} replayed")).collect();
    println!("| work | 1 thread, ms | 2 measured | {} | copy, ms | GB/s on {most} |", titles.join(" | "));
    println!("| --- |{} ---: | ---: |", " ---: |".repeat(workers.len() + 2));
    let chosen = |work: &Work| {
        let name = format!("{}/{}", work.network, work.name());
        if options.test {
            return name == "lenet/training-step-32";
        }
        if let Some(filter) = &options.filter {
            return name.contains(filter);
        }
        !LARGE.iter().any(|network| work.network.starts_with(network))
    };
    // An epoch is many training steps.
    let all = works().into_iter().filter(|work| work.what != "epoch").chain(models());
    for work in all.filter(chosen) {
        row(&work, &pools, &workers, start, rate, seconds);
    }
    Ok(())
}

/// Measures and replays a piece of work, and prints its row.
fn row(work: &Work, pools: &[ThreadPool; 2], workers: &[usize], start: f64, rate: f64, seconds: f64) {
    let [one, two] = pools.each_ref().map(|pool| pool.install(|| median_seconds(seconds, work.set_up())));
    let mut records = pools[0].install(|| -> Vec<Vec<Section>> {
        let mut call = work.set_up();
        call();
        (0..RECORDS).map(|_| timed(&mut call)).collect()
    });
    records.sort_by(|a, b| f64::total_cmp(&replayed(a, 1, 0.0), &replayed(b, 1, 0.0)));
    let sections = &records[RECORDS / 2];
    let times: Vec<f64> = workers.iter().map(|workers| replayed(sections, *workers, start)).collect();
    let cells: Vec<String> = times.iter().map(|time| format!("{:.3}", 1e3 * time)).collect();
    let (bytes, last) = (work.bytes as f64, times[times.len() - 1]);
    println!(
        "| {}/{} | {:.3} | {:.3} | {} | {:.3} | {:.0} |",
        work.network,
        work.name(),
        1e3 * one,
        1e3 * two,
        cells.join(" | "),
        1e3 * bytes / rate,
        bytes / last / 1e9
    );
}

/// The time of the sections on some workers.
fn replayed(sections: &[Section], workers: usize, start: f64) -> f64 {
    let start = start * f64::from(workers.ilog2());
    sections.iter().map(|section| section.before + end_of(&section.tasks, workers, start)).sum()
}

/// When the last task ends, if each goes to the worker that is free first.
fn end_of(tasks: &[f64], workers: usize, start: f64) -> f64 {
    if tasks.is_empty() {
        return 0.0;
    }
    let mut free = vec![start; workers];
    for task in tasks {
        let first = free.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("a worker");
        *first += task;
    }
    free.into_iter().fold(0.0, f64::max)
}

/// Seconds that a section of two tasks takes on two threads beyond those of one task.
fn section_seconds(pool: &ThreadPool, seconds: f64) -> f64 {
    const TASK: f64 = 20e-6;
    let section = || {
        (0..2).into_par_iter().for_each(|_| {
            let start = Instant::now();
            while start.elapsed().as_secs_f64() < TASK {
                spin_loop();
            }
        });
    };
    pool.install(|| median_seconds(seconds, section)) - TASK
}

/// Bytes per second that a copy of this many values reads and writes.
fn copy_rate(pool: &ThreadPool, values: usize, seconds: f64) -> f64 {
    let (from, mut to) = (vec![1.0f32; values], vec![0.0f32; values]);
    let chunk = values / 16;
    let time = pool.install(|| {
        median_seconds(seconds, || {
            to.par_chunks_mut(chunk)
                .zip(from.par_chunks(chunk))
                .for_each(|(to, from)| to.copy_from_slice(from));
            black_box(&mut to);
        })
    });
    (2 * size_of::<f32>() * values) as f64 / time
}
