//! A ready network in the format of ONNX, for other programs to run.
//!
//!     cargo run --release --example export_onnx -- lenet5.onnx --network lenet5

mod command;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use convnet::Network;
use convnet::model::{AlexNet, AlexNetSmall, AlexNetTorchvision, LeNet5, LeNet5Original};
use convnet::store::{Weights, save_onnx};

/// Writes a network in the format of ONNX
#[derive(Parser)]
struct Options {
    /// The file to write
    #[arg(value_name = "FILE.onnx")]
    file: PathBuf,
    /// Which network
    #[arg(long, value_name = "NAME")]
    network: Name,
    /// Its weights; without them LeNet-5's are those that come with it, and others are drawn from the seed
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    /// Seed of weights that are drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    Lenet5,
    Lenet5Original,
    AlexnetSmall,
    Alexnet,
    AlexnetTorchvision,
}

fn main() -> ExitCode {
    command::run(&[("network", "lenet5")], |options: &Options| match options.network {
        Name::Lenet5 => export(options, LeNet5::pretrained()),
        Name::Lenet5Original => export(options, LeNet5Original::new(options.seed)),
        Name::AlexnetSmall => export(options, AlexNetSmall::new(options.seed)),
        Name::Alexnet => export(options, AlexNet::new(options.seed)),
        Name::AlexnetTorchvision => export(options, AlexNetTorchvision::new(options.seed)),
    })
}

fn export<N: Network>(options: &Options, mut net: N) -> Result<(), Box<dyn Error>> {
    if let Some(path) = &options.weights {
        Weights::open(path)?.load_into(&mut net)?;
    }
    save_onnx(&net, &options.file)?;
    let mut out = io::stdout();
    writeln!(out, "{net}")?;
    writeln!(out, "wrote {}", options.file.display())?;
    Ok(())
}
