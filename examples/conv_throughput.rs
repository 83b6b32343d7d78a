//! The speed of convolutions on this machine, next to the peak of its processor and the time of a copy.
//!
//!     cargo run --release --example conv_throughput -- --plot convolutions.svg
//!     cargo run --release --example conv_throughput -- --conv 64x56x56:128:3:s2:p1 --batch 8
//!     cargo run --release --example conv_throughput -- --model resnet50 --batch 1
//!
//! One GFLOP is 10⁹ floating-point operations, two for each multiply-accumulate of the direct method. No pass can be faster than
//! the multiply-adds of its method, nor than memory: its bound is the larger of the time that the direct method's multiply-adds
//! take at the peak, and the time of a copy that reads and writes as many bytes. 3×3 convolutions multiply less (Winograd's
//! F(2×2, 3×3)), so that theirs can be above 100 %. See Williams, Waterman and Patterson 2009, "Roofline".

#[path = "../benches/cases/mod.rs"]
mod cases;
#[path = "../benches/cases/chosen.rs"]
mod chosen;
mod command;
#[path = "../benches/cases/peak.rs"]
mod peak;
#[path = "command/report.rs"]
mod report;
#[path = "../benches/cases/stopwatch.rs"]
mod stopwatch;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use cases::{CASES, Case, DENSE, PASSES};
use chosen::{Choice, Chosen};
use clap::Parser;
use convnet::kernel::Isa;
use convnet::kernel::conv::Geometry;
use convnet::plot::{Chart, Picture};
use rayon::prelude::*;
use report::Report;
use serde_json::json;
use stopwatch::median_seconds;

/// Bytes of the copy that the plot's line of memory is from: more than caches hold.
const LARGE_COPY: usize = 1 << 28;

/// Measures convolutions: forward, backward by the data, backward by the weights.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    chosen: Chosen,
    /// Threads; RAYON_NUM_THREADS or all cores if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Seconds for each measurement
    #[arg(long, value_name = "S", default_value_t = 0.3, value_parser = stopwatch::seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Only geometries whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Writes the figures to a JSON file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the figures under the roofline of the processor
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

impl Options {
    /// The convolutions to measure: those that were named, or else the usual ones.
    fn choices(&self) -> Result<Vec<Choice>, String> {
        let mut all = self.chosen.cases()?;
        if all.is_empty() {
            all = CASES.into_iter().chain([DENSE]).map(|case| Choice { case, count: 1 }).collect();
        }
        let names: Vec<_> = all.iter().map(|choice| choice.case.name.to_string()).collect();
        let Some(only) = &self.only else { return Ok(all) };
        all.retain(|choice| choice.case.name.contains(only));
        match all.is_empty() {
            true => Err(format!("--only {only}: expected a part of one of the names {}", names.join(", "))),
            false => Ok(all),
        }
    }
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Whatever can be refused is refused before anything is measured.
    let choices = options.choices()?;
    let json = options.json.as_deref().map(Report::new).transpose()?;
    let plot = options.plot.as_deref().map(Report::new).transpose()?;
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }
    // In the thread pool from beginning to end, as a training is.
    let figures = rayon::scope(|_| measure(&choices, options))?;
    if let Some(json) = json {
        json.write(&figures.to_json())?;
    }
    if let Some(plot) = plot {
        plot.write(figures.picture().svg())?;
    }
    Ok(())
}

struct Figures<'a> {
    isa: Isa,
    threads: usize,
    /// Floating-point operations per second.
    peak: f64,
    /// Bytes per second of a large copy.
    bandwidth: f64,
    rows: Vec<Row<'a>>,
}

/// A pass of a convolution.
struct Row<'a> {
    choice: &'a Choice,
    pass: &'static str,
    seconds: f64,
    /// The least seconds that the multiply-adds take, and a copy of as many bytes.
    bounds: [f64; 2],
}

impl Row<'_> {
    fn gflops(&self) -> f64 {
        self.choice.case.flop() as f64 / self.seconds / 1e9
    }

    fn bound(&self) -> (&'static str, f64) {
        let [arithmetic, memory] = self.bounds;
        if arithmetic >= memory { ("peak", arithmetic) } else { ("copy", memory) }
    }

    /// Seconds of all that have these sizes.
    fn of_all(&self) -> f64 {
        self.seconds * self.choice.count as f64
    }
}

/// Prints each convolution as soon as it is known.
fn measure<'a>(choices: &'a [Choice], options: &Options) -> io::Result<Figures<'a>> {
    let mut out = io::stdout();
    let (isa, threads) = (Isa::best(), rayon::current_num_threads());
    let peak = peak::peak(isa, threads, options.seconds);
    let bandwidth = LARGE_COPY as f64 / copy_seconds(LARGE_COPY, options.seconds);
    let plural = if threads == 1 { "" } else { "s" };
    let (most, fastest) = (peak / 1e9, bandwidth / 1e9);
    writeln!(
        out,
        "{isa}, {threads} thread{plural}: at most {most:.0} GFLOP/s of multiply-adds; a copy of 268 MB: {fastest:.1} GB/s\n"
    )?;
    let width = choices.iter().map(|choice| choice.case.name.chars().count()).max().unwrap_or(0).max(8);
    let head = ["geometry", "samples, input -> output", "kernel", "pass", "ms", "GFLOP/s", "of peak", "MB"];
    let [geometry, sizes, kernel, pass, ms, rate, share, megabytes] = head;
    let line = format!(
        "{geometry:<width$}  {sizes:<30}  {kernel:<10}  {pass:<16}  {ms:>8}  {rate:>7}  {share:>7}  {megabytes:>7}  of bound"
    );
    writeln!(out, "{line}\n{}", "─".repeat(line.chars().count() + 6))?;
    let mut rows = Vec::new();
    for choice in choices {
        let Choice { case, count } = choice;
        let copy = copy_seconds(case.bytes(), options.seconds.min(0.1));
        let mut buffers = case.buffers();
        for (pass, run) in PASSES {
            let seconds = median_seconds(options.seconds, || run(&mut buffers));
            let row = Row { choice, pass, seconds, bounds: [case.flop() as f64 / peak, copy] };
            let (bound, least) = row.bound();
            writeln!(
                out,
                "{:<width$}  {:<30}  {:<10}  {pass:<16}  {:>8.3}  {:>7.1}  {:>5.0} %  {:>7.2}  {:>3.0} % of {bound}",
                case.name,
                sizes_of(case, *count),
                kernel_of(&case.geometry),
                1e3 * seconds,
                row.gflops(),
                100.0 * row.bounds[0] / seconds,
                case.bytes() as f64 / 1e6,
                100.0 * least / seconds,
            )?;
            rows.push(row);
        }
    }
    if options.chosen.model.is_some() {
        write_shares(&mut out, &rows, width)?;
    }
    Ok(Figures { isa, threads, peak, bandwidth, rows })
}

/// Seconds that all threads take to copy, with `bytes` read and written in all. Few bytes stay in a cache, as those of a small
/// convolution do.
fn copy_seconds(bytes: usize, seconds: f64) -> f64 {
    const GRAIN: usize = 1 << 14;
    let values = bytes / (2 * size_of::<f32>());
    let (from, mut to) = (vec![1.0_f32; values], vec![0.0_f32; values]);
    median_seconds(seconds, || {
        let chunks = to.par_chunks_mut(GRAIN).zip(from.par_chunks(GRAIN));
        chunks.for_each(|(to, from)| to.copy_from_slice(from));
    })
}

/// The share of each geometry in the time of all of a model's convolutions, forward and for a training step.
fn write_shares(out: &mut impl Write, rows: &[Row<'_>], width: usize) -> io::Result<()> {
    let total =
        |pass: &dyn Fn(&Row<'_>) -> bool| rows.iter().filter(|row| pass(row)).map(Row::of_all).sum::<f64>();
    let [forward, all] = [total(&|row| row.pass == PASSES[0].0), total(&|_| true)];
    writeln!(
        out,
        "\nAll convolutions and dense layers: forward {:.2} ms, all passes {:.2} ms. Shares:\n",
        1e3 * forward,
        1e3 * all
    )?;
    for row in rows.chunks(PASSES.len()) {
        let share = [row[0].of_all() / forward, row.iter().map(Row::of_all).sum::<f64>() / all];
        let [forward, all] = share.map(|share| 100.0 * share);
        let Choice { case, count: times } = row[0].choice;
        writeln!(
            out,
            "{:<width$}  ×{times:<3}  forward {forward:>4.1} %   all passes {all:>4.1} %",
            case.name
        )?;
    }
    Ok(())
}

fn sizes_of(case: &Case, count: usize) -> String {
    let Case { samples, geometry: Geometry { input, output, .. }, .. } = case;
    let times = if count > 1 { format!(" (×{count})") } else { String::new() };
    format!("{samples}, {} -> {}{times}", chw(input), chw(output))
}

fn chw([channels, height, width]: &[usize; 3]) -> String {
    format!("{channels}×{height}×{width}")
}

fn kernel_of(Geometry { window, groups, .. }: &Geometry) -> String {
    let [height, width] = window.kernel;
    let stride = if window.stride == [1, 1] { String::new() } else { format!(" /{}", window.stride[0]) };
    let groups = if *groups > 1 { format!(" g{groups}") } else { String::new() };
    format!("{height}×{width}{stride}{groups}")
}

impl Figures<'_> {
    fn to_json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let Choice { case, count } = row.choice;
            let Geometry { input, output, window, groups } = case.geometry;
            let (bound, least) = row.bound();
            json!({
                "name": case.name,
                "pass": row.pass,
                "samples": case.samples,
                "input": input,
                "output": output,
                "kernel": window.kernel,
                "stride": window.stride,
                "padding": window.padding,
                "dilation": window.dilation,
                "groups": groups,
                "count": count,
                "flop": case.flop() as f64,
                "bytes": case.bytes() as f64,
                "milliseconds": 1e3 * row.seconds,
                "gflops": row.gflops(),
                "percent_of_peak": 100.0 * row.bounds[0] / row.seconds,
                "bound": bound,
                "percent_of_bound": 100.0 * least / row.seconds,
            })
        });
        let figures = json!({
            "instruction_set": self.isa.to_string(),
            "threads": self.threads,
            "peak_gflops": self.peak / 1e9,
            "copy_gbytes": self.bandwidth / 1e9,
            "rows": rows.collect::<Vec<_>>(),
        });
        format!("{figures:#}\n")
    }

    /// The roofline: rates over the operations for each byte, under the peak and the line of a large copy.
    fn picture(&self) -> Picture {
        let intensity = |row: &Row<'_>| row.choice.case.flop() as f64 / row.choice.case.bytes() as f64;
        let all = || self.rows.iter().map(intensity);
        let (low, high) = (all().fold(f64::MAX, f64::min) / 2.0, all().fold(0.0, f64::max) * 2.0);
        let [peak, slope] = [self.peak / 1e9, self.bandwidth / 1e9];
        let ridge = (peak / slope).clamp(low, high);
        let mut chart = Chart::new(format!("Convolutions, f32, {}, threads: {}", self.isa, self.threads))
            .x_label("floating-point operations for each byte of input, output and weights")
            .y_label("GFLOP/s")
            .log_x()
            .log_y()
            .line(
                format!("{peak:.0} GFLOP/s of multiply-adds, {slope:.1} GB/s of a copy"),
                [low, ridge, high].map(|x| [x, peak.min(x * slope)]),
            );
        for (pass, _) in PASSES {
            let points = self.rows.iter().filter(|row| row.pass == pass);
            chart = chart.points(pass, points.map(|row| [intensity(row), row.gflops()]));
        }
        chart.draw()
    }
}
