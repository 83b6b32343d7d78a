//! Networks of other programs as declarations.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::lines::{Line, simplified};
use super::model::Model;
use super::names::Names;
use super::translate::{MOST_VALUES, Translation};
use crate::error::{Error, shown};
use crate::shape::Dims;
use crate::store::weights::read;
use crate::store::{Saved, encode, write};

/// The most lines of a declaration that the default recursion limit of the compiler allows.
const FEW_LINES: usize = 100;

/// The longest line of a declaration.
const WIDTH: usize = 118;

/// A network in an ONNX file, as one that the compiler checks: its declaration with [`network!`](crate::network!), and its
/// weights for it.
///
/// The operators are those of PyTorch's exporters, `torch.onnx.export` with `dynamo=True` or `False`, for convolutional
/// networks. Most exporters fold batch normalisations into the convolutions before them, which then have a bias. Dropout is
/// left out. Layers have the names of their weights in the file, or of their nodes, with underscores for points; numbers of
/// other precisions are stored as `f32`. The example `onnx_to_network` does the same from a command line.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::prelude::*;
/// use convnet::store::{OnnxGraph, save_onnx};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let [path, weights] = ["lenet.onnx", "lenet.safetensors"].map(|name| folder.path().join(name));
/// save_onnx(&LeNet5::new(1), &path)?;
///
/// let graph = OnnxGraph::open(&path)?;
/// graph.save_weights(&weights)?;
/// let text = graph.declaration("LeNet")?;
/// assert!(text.contains("pub struct LeNet: Chw<1, 28, 28> => Flat<10> {"));
/// assert!(text.contains("conv1: Conv2d { filters: 6, kernel: 5, padding: 2 },"));
///
/// // The text is a file of Rust; what it declares takes the weights.
/// let mut net = LeNet5::new(2);
/// net.load(&weights)?;
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("onnx", "onnx2torch", "torch.onnx"))]
pub struct OnnxGraph {
    path: PathBuf,
    input: Dims,
    output: Dims,
    /// The lines with their names.
    lines: Vec<(String, Line)>,
}

impl OnnxGraph {
    /// Reads an ONNX file, and the files in the same folder that it names for its numbers.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read. [`Error::Format`] if it is damaged or no ONNX file, if the graph has not one
    /// input of \[N, C, H, W\] or \[N, C\] with fixed sizes and one output, or if there are operators that no layer computes:
    /// all of them are listed, with their nodes.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        OnnxGraph::open_path(path.as_ref())
    }

    fn open_path(path: &Path) -> Result<Self, Error> {
        OnnxGraph::of(path, read(path)?)
    }

    /// Reads the bytes of an ONNX file; errors name it by `path`, and the files that it names are in that folder.
    ///
    /// # Errors
    /// Those of [`OnnxGraph::open`].
    pub fn from_bytes(path: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, Error> {
        OnnxGraph::of(path.as_ref(), bytes)
    }

    fn of(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        let mut model = Model::read(path, bytes)?;
        let one = |what: &str, names: Vec<&str>| {
            let found = match &names[..] {
                [] => "none".into(),
                [first, second, ..] => format!("{}, such as {first:?} and {second:?}", names.len()),
                [one] => format!("{one:?}"),
            };
            Error::format(path, format!("one {what} of the graph"), found)
        };
        let [first] = &model.inputs[..] else {
            return Err(one("input", model.inputs.iter().map(|input| input.name.as_str()).collect()));
        };
        let sizes: Vec<Option<usize>> = first
            .sizes
            .iter()
            .skip(1)
            .map(|size| usize::try_from((*size)?).ok().filter(|n| (1..=1 << 20).contains(n)))
            .collect();
        let input = match sizes[..] {
            [Some(channels), Some(rows), Some(columns)] => Dims::chw(channels, rows, columns),
            [Some(len)] => Dims::flat(len),
            _ => {
                let expected = format!(
                    "an input {:?} of [samples, channels, rows, columns] or [samples, values] with fixed sizes",
                    first.name
                );
                let size = |size: &Option<i64>| size.map_or("?".into(), |size| size.to_string());
                let found = first.sizes.iter().map(size).collect::<Vec<_>>().join(", ");
                return Err(Error::format(path, expected, format!("[{found}]")));
            }
        };
        let area = input.height().checked_mul(input.width());
        if area.and_then(|area| area.checked_mul(input.channels())).is_none_or(|len| len > MOST_VALUES) {
            return Err(Error::format(
                path,
                format!("an input of at most {MOST_VALUES} values"),
                input.to_string(),
            ));
        }
        let [output] = &model.outputs[..] else {
            return Err(one("output", model.outputs.iter().map(String::as_str).collect()));
        };
        let output = output.clone();
        model.keep_needed(path, &output)?;
        let (lines, last) = Translation::of(path, model, input, &output)?;
        let (lines, last) = simplified(lines, last);
        let output = lines[last - 1].output;
        let mut names = Names::default();
        let lines = lines.into_iter().map(|line| (names.name(line.kind, &line.origin), line)).collect();
        Ok(OnnxGraph { path: path.to_owned(), input, output, lines })
    }

    /// A Rust file with the declaration of the network, which has this name. It compiles as it is, as a module or a program's
    /// first file; networks of more than a hundred layers need a `recursion_limit` that the file tells.
    ///
    /// # Errors
    /// [`Error::Argument`] unless the name is that of a type: letters, digits and underscores, with a capital first.
    pub fn declaration(&self, name: &str) -> Result<String, Error> {
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !letters || !name.starts_with(|c: char| c.is_ascii_uppercase()) || name == "Self" {
            let expected = "letters, digits and underscores, with a capital first";
            return Err(Error::argument("name of the network", expected, format!("{name:?}")));
        }
        let file = shown(self.path.file_name().unwrap_or_default().as_ref());
        let stem = shown(self.path.file_stem().unwrap_or_default().as_ref());
        let mut text = format!("//! A network from `{file}`, with its weights in `{stem}.safetensors`.\n");
        if let Some(limit) = self.recursion_limit() {
            text += "//!\n//! The crate that declares it needs this line at the top of its first file:\n";
            text += &format!("//! `#![recursion_limit = \"{limit}\"]`\n");
        }
        text += "\nuse convnet::prelude::*;\n\nnetwork! {\n";
        let (from, to) = (self.input, self.output);
        let lines = self.lines.len();
        text += &format!("    /// {from} values to {to}, in {lines} layers.\n    ///\n");
        text += &format!(
            "    /// `let mut net = {name}::new(1);`, then `net.load(\"{stem}.safetensors\")?` for its weights.\n"
        );
        text += &format!("    pub struct {name}: {} => {} {{\n", type_of(from), type_of(to));
        let name_of = |value: usize| match value.checked_sub(1) {
            None => "input".to_owned(),
            Some(line) => self.lines[line].0.clone(),
        };
        for (before, (name, line)) in self.lines.iter().enumerate() {
            wrap(&mut text, &format!("{name}: {},", line.text(before, name_of)));
        }
        text += "    }\n}\n";
        Ok(text)
    }

    /// The recursion limit that the declaration needs, if it is more than the compiler's own.
    pub fn recursion_limit(&self) -> Option<usize> {
        (self.lines.len() > FEW_LINES).then(|| (2 * self.lines.len()).next_power_of_two())
    }

    /// Writes the weights to a safetensors file, under the names that they have in the declared network. An older file at
    /// that path is replaced only when the new one is complete and on disk.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; [`Error::Argument`] for more than about a thousand tensors.
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let tensors = self.lines.iter().flat_map(|(layer, line)| {
            let saved = |param: &super::lines::Param| param.shape.clone();
            line.params.iter().map(move |param| {
                (
                    format!("{layer}.{}", param.name),
                    Saved::Numbers { shape: saved(param), values: &param.values[..] },
                )
            })
        });
        write(path.as_ref(), &encode::<f32>(tensors.collect(), Vec::new())?)
    }
}

/// A shape as it is written in a declaration.
fn type_of(dims: Dims) -> String {
    match dims.kind() {
        Dims::CHW => format!("Chw<{}, {}, {}>", dims.channels(), dims.height(), dims.width()),
        Dims::PROBABILITIES => format!("Probabilities<{}>", dims.len()),
        Dims::LOG_PROBABILITIES => format!("LogProbabilities<{}>", dims.len()),
        _ => format!("Flat<{}>", dims.len()),
    }
}

/// Adds a line of a declaration, broken after spaces where it is too long.
fn wrap(text: &mut String, line: &str) {
    let (mut indent, mut rest) = (8, line);
    while indent + rest.len() > WIDTH {
        let Some(end) = rest[..WIDTH - indent].rfind(' ') else { break };
        let _ = writeln!(text, "{:indent$}{}", "", &rest[..end]);
        (indent, rest) = (12, &rest[end + 1..]);
    }
    let _ = writeln!(text, "{:indent$}{rest}", "");
}
