//! Median time of each piece of work that `benches/compare_torch.py` compares with PyTorch.
//!
//!     cargo bench -p convnet-benches --bench compare -- --seconds 0.5 lenet

mod cases;
#[path = "cases/chosen.rs"]
mod chosen;
#[path = "../examples/command/mod.rs"]
mod command;
#[path = "cases/memory.rs"]
mod memory;
#[path = "cases/networks.rs"]
mod networks;
#[path = "cases/peak.rs"]
mod peak;
#[path = "cases/stopwatch.rs"]
mod stopwatch;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use cases::{CASES, Case, DENSE, PASSES};
use chosen::{Choice, Chosen};
use clap::Parser;
use convnet::kernel::Isa;
use convnet::kernel::conv::Geometry;
use networks::{models, works};
use serde_json::{Value, json};

/// Measures single convolutions and whole networks, each for a while.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    chosen: Chosen,
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
    /// Prints as JSON how many bytes the piece of work of this very name takes in memory at most, with what it works on
    #[arg(long)]
    memory: bool,
    /// Passed by `cargo bench` to each benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
    /// Only work whose name contains this
    #[arg(default_value = "")]
    filter: String,
}

/// Calls after which no more memory is taken.
const STEPS: usize = 3;

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

/// Convolutions that were chosen, or else all work.
fn pieces(chosen: &Chosen) -> Result<Vec<Piece>, String> {
    let chosen = chosen.cases()?;
    if !chosen.is_empty() {
        return Ok(chosen.into_iter().flat_map(|Choice { case, .. }| passes("conv", case)).collect());
    }
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
    let convolutions = CASES.into_iter().flat_map(|case| passes("conv", case));
    Ok(networks.chain(convolutions).chain(passes("dense", DENSE)).collect())
}

fn passes(kind: &'static str, case: Case) -> [Piece; 3] {
    let case = Arc::new(case);
    PASSES.map(|(pass, run)| {
        let case = case.clone();
        let Geometry { input, output, window, groups } = case.geometry;
        Piece {
            name: if kind == case.name {
                format!("{kind}/{pass}")
            } else {
                format!("{kind}/{pass}/{}", case.name)
            },
            facts: json!({
                "layer": kind,
                "pass": pass,
                "samples": case.samples,
                "input": input,
                "output": output,
                "kernel": window.kernel,
                "stride": window.stride,
                "padding": window.padding[..2],
                "dilation": window.dilation,
                "groups": groups,
                "flop": case.flop(),
            }),
            in_pool: true,
            large: false,
            set_up: Box::new(move || {
                let mut buffers = case.buffers();
                Box::new(move || run(&mut buffers))
            }),
        }
    })
}

fn main() -> ExitCode {
    command::run(&[], run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // The memory is that of one piece: a part of its name may be in others' names, too.
    let is_wanted = |piece: &&Piece| match options.memory {
        true => piece.name == options.filter,
        false => piece.name.contains(&options.filter),
    };
    for piece in pieces(&options.chosen)?.iter().filter(is_wanted) {
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
    if options.memory {
        let bytes = memory::added_bytes(|| {
            let mut call = (piece.set_up)();
            (0..STEPS).for_each(|_| call());
        });
        println!("{}", json!({ "name": name, "bytes": bytes }));
        return;
    }
    let mut call = (piece.set_up)();
    if options.test {
        call();
        println!("{name}: done once");
        return;
    }
    let before = fixed_work();
    let times = stopwatch::spread_of_seconds(options.seconds, call).map(|seconds| 1e3 * seconds);
    let around = [before, fixed_work()];
    if options.json {
        println!("{}", json!({ "name": name, "ms": times, "fixed_ms": around }));
    } else {
        println!("{name:<36} {:>12.4} ms", times[1]);
    }
}

/// Milliseconds for 10⁹ multiply-adds in registers: more, if the machine does something else besides.
fn fixed_work() -> f64 {
    2e12 / peak::peak(Isa::best(), rayon::current_num_threads(), 0.01)
}
