//! Median time of each piece of work that `benches/compare_torch.py` compares with PyTorch.
//!
//!     cargo bench -p convnet-benches --bench compare -- --seconds 0.5 lenet

mod cases;
#[path = "../examples/command/mod.rs"]
mod command;
#[path = "cases/networks.rs"]
mod networks;
#[path = "cases/stopwatch.rs"]
mod stopwatch;

use std::error::Error;
use std::process::ExitCode;

use cases::{CASES, Case, DENSE, PASSES};
use clap::Parser;
use networks::{models, works};
use serde_json::{Value, json};

/// Measures single convolutions and whole networks, each for a while.
#[derive(Parser)]
struct Options {
    /// Prints a JSON object for each piece of work
    #[arg(long)]
    json: bool,
    /// Seconds for each piece of work
    #[arg(long, value_name = "S", default_value_t = 0.2, value_parser = stopwatch::seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Says what each piece of work is, as JSON, and does none
    #[arg(long)]
    list: bool,
    /// Does each piece of work once, unmeasured, but for the large networks
    #[arg(long)]
    test: bool,
    /// Passed by `cargo bench` to each benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
    /// Only work whose name contains this
    #[arg(default_value = "")]
    filter: String,
}

/// A piece of work, not set up yet.
struct Piece {
    name: String,
    /// Everything that is needed to repeat the measurement.
    facts: Value,
    in_pool: bool,
    /// Whether it takes seconds.
    large: bool,
    set_up: Box<dyn Fn() -> Box<dyn FnMut()> + Sync>,
}

fn pieces() -> Vec<Piece> {
    let large = models().into_iter().map(|work| (true, work));
    let networks = works().into_iter().map(|work| (false, work)).chain(large).map(|(large, work)| Piece {
        name: format!("{}/{}", work.network, work.name()),
        facts: json!({
            "network": work.network, "work": work.what, "samples": work.samples, "flop": work.flop, "large": large,
        }),
        in_pool: !work.is_latency(),
        large,
        set_up: Box::new(move || work.set_up()),
    });
    let passes = |kind: &'static str, case: &'static Case| {
        PASSES.map(|(pass, run)| Piece {
            name: if kind == case.name {
                format!("{kind}/{pass}")
            } else {
                format!("{kind}/{pass}/{}", case.name)
            },
            facts: json!({
                "layer": kind,
                "pass": pass,
                "samples": case.samples,
                "input": case.geometry.input,
                "output": case.geometry.output,
                "kernel": case.geometry.window.kernel,
                "stride": case.geometry.window.stride,
                "padding": case.geometry.window.padding[..2],
                "flop": case.flop(),
            }),
            in_pool: true,
            large: false,
            set_up: Box::new(move || {
                let mut buffers = case.buffers();
                Box::new(move || run(&mut buffers))
            }),
        })
    };
    let convolutions = CASES.iter().flat_map(|case| passes("conv", case));
    networks.chain(convolutions).chain(passes("dense", &DENSE)).collect()
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    for piece in pieces().iter().filter(|piece| piece.name.contains(&options.filter)) {
        // Nothing but one image at a time is called from outside the pool.
        if piece.in_pool {
            rayon::scope(|_| treat(piece, options));
        } else {
            treat(piece, options);
        }
    }
    Ok(())
}

fn treat(piece: &Piece, options: &Options) {
    let name = &piece.name;
    if options.list {
        println!("{}", json!({ "name": name, "facts": piece.facts }));
        return;
    }
    if options.test && piece.large {
        return;
    }
    let mut call = (piece.set_up)();
    if options.test {
        call();
        println!("{name}: done once");
        return;
    }
    let milliseconds = 1e3 * stopwatch::median_seconds(options.seconds, call);
    if options.json {
        let threads = rayon::current_num_threads();
        println!("{}", json!({ "name": name, "threads": threads, "median_ms": milliseconds }));
    } else {
        println!("{name:<36} {milliseconds:>12.4} ms");
    }
}
