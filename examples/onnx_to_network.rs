//! A network from an ONNX file as a declaration in Rust, with its weights.
//!
//!     cargo run --release --example onnx_to_network -- resnet18.onnx --name ResNet18 --out src

mod command;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use convnet::store::OnnxGraph;

/// Writes the declaration of a network in the format of ONNX, NAME.rs, and its weights, NAME.safetensors
#[derive(Parser)]
struct Options {
    /// The network
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    /// Name of the network's type
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The folder to write to
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

fn main() -> ExitCode {
    command::run(&[("name", "Net"), ("out", ".")], convert)
}

fn convert(options: &Options) -> Result<(), Box<dyn Error>> {
    let graph = OnnxGraph::open(&options.model)?;
    let text = graph.declaration(&options.name)?;
    let stem = options.model.file_stem().unwrap_or_default().to_string_lossy();
    let [declaration, weights] =
        ["rs", "safetensors"].map(|ending| options.out.join(format!("{stem}.{ending}")));
    fs::create_dir_all(&options.out)
        .map_err(|error| format!("{}: cannot create: {error}", options.out.display()))?;
    graph.save_weights(&weights)?;
    fs::write(&declaration, text)
        .map_err(|error| format!("{}: cannot write: {error}", declaration.display()))?;
    let mut out = io::stdout();
    writeln!(out, "wrote {} and {}", declaration.display(), weights.display())?;
    if let Some(limit) = graph.recursion_limit() {
        writeln!(out, "the crate needs #![recursion_limit = \"{limit}\"] at the top of its first file")?;
    }
    Ok(())
}
