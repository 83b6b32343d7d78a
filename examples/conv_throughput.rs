//! The speed of single convolutions on this machine, next to the peak of its processor.
//!
//!     cargo run --release --example conv_throughput -- --plot convolutions.svg
//!
//! One GFLOP is 10⁹ floating-point operations, two for each multiply-accumulate of the direct method.

#[path = "../benches/cases/mod.rs"]
mod cases;
mod command;
#[path = "command/report.rs"]
mod report;
#[path = "../benches/cases/stopwatch.rs"]
mod stopwatch;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use cases::{CASES, Case, DENSE, PASSES};
use clap::Parser;
use convnet::kernel::conv::Geometry;
use convnet::kernel::{Isa, peak_flops};
use convnet::plot::{Picture, bars};
use report::Report;
use serde_json::json;
use stopwatch::median_seconds;

/// Measures convolutions: forward, backward by the data, backward by the weights.
#[derive(Parser)]
struct Options {
    /// Threads; RAYON_NUM_THREADS or all cores if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Seconds for each measurement
    #[arg(long, value_name = "S", default_value_t = 0.3, value_parser = stopwatch::seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Only geometries whose name contains this
    #[arg(long, value_name = "NAME", value_parser = known_name)]
    only: Option<String>,
    /// Writes the figures to a JSON file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the figures as bars
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain([&DENSE])
}

fn known_name(text: &str) -> Result<String, String> {
    if all_cases().any(|case| case.name.contains(text)) {
        return Ok(text.into());
    }
    let names: Vec<_> = all_cases().map(|case| case.name).collect();
    Err(format!("expected a part of one of the names {}", names.join(", ")))
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Whatever can be refused is refused before anything is measured.
    let json = options.json.as_deref().map(Report::new).transpose()?;
    let plot = options.plot.as_deref().map(Report::new).transpose()?;
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }
    // In the thread pool from beginning to end, as a training is.
    let figures = rayon::scope(|_| measure(options))?;
    if let Some(json) = json {
        json.write(&figures.to_json())?;
    }
    if let Some(plot) = plot {
        plot.write(figures.picture()?.svg())?;
    }
    Ok(())
}

/// Measured rates in GFLOP/s.
struct Figures {
    isa: Isa,
    threads: usize,
    peak: f64,
    rows: Vec<Row>,
}

struct Row {
    case: &'static Case,
    /// For each of [`PASSES`].
    rates: [f64; 3],
}

/// Prints each row as soon as it is known.
fn measure(options: &Options) -> io::Result<Figures> {
    let mut out = io::stdout();
    let (isa, threads) = (Isa::best(), rayon::current_num_threads());
    let peak = peak(isa, threads, options.seconds);
    let plural = if threads == 1 { "" } else { "s" };
    writeln!(out, "{isa}, {threads} thread{plural}: at most {peak:.0} GFLOP/s of multiply-adds\n")?;
    let head = ["geometry", "samples, input -> output", "kernel", "pass", "GFLOP/s", "of peak"];
    let [geometry, sizes, kernel, pass, rate, share] = head;
    let line = format!("{geometry:<10}  {sizes:<30}  {kernel:<8}  {pass:<16}  {rate:>7}  {share:>7}");
    writeln!(out, "{line}\n{}", "─".repeat(line.len()))?;
    let mut rows = Vec::new();
    for case in all_cases().filter(|case| options.only.as_ref().is_none_or(|only| case.name.contains(only))) {
        let Case { name, samples, geometry: Geometry { input, output, window, .. } } = case;
        let sizes = format!("{samples}, {} -> {}", chw(input), chw(output));
        let [height, width] = window.kernel;
        let kernel = match window.stride {
            [1, 1] => format!("{height}×{width}"),
            [stride, _] => format!("{height}×{width} /{stride}"),
        };
        let mut buffers = case.buffers();
        let rates = PASSES
            .map(|(_, run)| case.flop() as f64 / median_seconds(options.seconds, || run(&mut buffers)) / 1e9);
        for ((pass, _), rate) in PASSES.iter().zip(rates) {
            let share = 100.0 * rate / peak;
            writeln!(out, "{name:<10}  {sizes:<30}  {kernel:<8}  {pass:<16}  {rate:>7.1}  {share:>5.0} %")?;
        }
        rows.push(Row { case, rates });
    }
    Ok(Figures { isa, threads, peak, rows })
}

fn chw([channels, height, width]: &[usize; 3]) -> String {
    format!("{channels}×{height}×{width}")
}

/// The most that the threads can do together: multiply-adds that depend on nothing but registers.
fn peak(isa: Isa, threads: usize, seconds: f64) -> f64 {
    let rounds = 1_000_000;
    let flop = threads * peak_flops(isa, rounds);
    let time = median_seconds(seconds, || {
        rayon::broadcast(|_| peak_flops(isa, rounds));
    });
    flop as f64 / time / 1e9
}

impl Figures {
    fn to_json(&self) -> String {
        let rows = self.rows.iter().flat_map(|Row { case, rates }| {
            PASSES.iter().zip(rates).map(|((pass, _), rate)| {
                json!({
                    "name": case.name,
                    "pass": pass,
                    "samples": case.samples,
                    "input": case.geometry.input,
                    "output": case.geometry.output,
                    "kernel": case.geometry.window.kernel,
                    "stride": case.geometry.window.stride,
                    "padding": case.geometry.window.padding,
                    "gflops": rate,
                    "percent_of_peak": 100.0 * rate / self.peak,
                })
            })
        });
        let figures = json!({
            "instruction_set": self.isa.to_string(),
            "threads": self.threads,
            "peak_gflops": self.peak,
            "rows": rows.collect::<Vec<_>>(),
        });
        format!("{figures:#}\n")
    }

    /// Three bars for each geometry, and a line at the peak.
    fn picture(&self) -> Result<Picture, convnet::Error> {
        let title = format!("Convolutions, f32, {}, threads: {}", self.isa, self.threads);
        let names: Vec<_> = self.rows.iter().map(|row| row.case.name).collect();
        let rates: [Vec<_>; 3] =
            std::array::from_fn(|pass| self.rows.iter().map(|row| row.rates[pass]).collect());
        let series: Vec<_> =
            PASSES.iter().zip(&rates).map(|((name, _), rates)| (*name, &rates[..])).collect();
        let peak = format!("peak of multiply-adds, {:.0} GFLOP/s", self.peak);
        bars(&title, "GFLOP/s", &names, &series, Some((self.peak, &peak)))
    }
}
