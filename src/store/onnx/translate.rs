//! Nodes of an ONNX graph as lines of a declaration.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::lines::{Line, Param};
use super::model::{Model, Node, Numbers, Tensor};
use super::sizes::Size;
use crate::error::Error;
use crate::shape::Dims;

/// The most values in a sample.
pub(super) const MOST_VALUES: usize = i32::MAX as usize;

/// Limit of the memory for layers that share weights, of which each has a copy: the numbers of all layers are at most this many
/// times those of the file.
const MOST_USES: usize = 4;

/// The most operators that an error lists, more than there are.
const MOST_MISSING: usize = 1000;

/// The most nodes of an operator that an error names.
const MOST_NAMED: usize = 20;

/// The operators that layers compute, or that only compute shapes.
const KNOWN: &str = "\
    Add AveragePool BatchNormalization Cast Clip Concat Constant Conv ConvTranspose Dropout Elu Flatten \
    Gather Gelu Gemm GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LRN LeakyRelu \
    LogSoftmax MatMul MaxPool Mish Mul Pad ReduceMean Relu Reshape Resize Shape Sigmoid Slice Softmax \
    Softplus Squeeze Tanh Unsqueeze";

/// The reason why a node is not a layer.
pub(super) enum Refusal {
    /// There is no layer for this operator, or for it with these settings.
    NoLayer(String),
    /// The file contradicts itself.
    Wrong { expected: String, found: String },
}

impl Refusal {
    pub fn layer(what: impl Into<String>) -> Self {
        Refusal::NoLayer(what.into())
    }

    pub fn wrong(expected: impl Into<String>, found: impl ToString) -> Self {
        Refusal::Wrong { expected: expected.into(), found: found.to_string() }
    }
}

/// A number of the file as a count of at most `most`.
pub(super) fn count(name: &str, number: i64, most: usize) -> Result<usize, Refusal> {
    let count = usize::try_from(number).ok().filter(|count| *count <= most);
    count.ok_or_else(|| Refusal::wrong(format!("{name} of 0 to {most}"), number))
}

/// A pair as it is written in settings.
pub(super) fn pair([a, b]: [usize; 2]) -> String {
    if a == b { a.to_string() } else { format!("({a}, {b})") }
}

/// A value of the network: the output of a line, or the input.
#[derive(Clone, Copy)]
pub(super) struct Feature {
    /// 0 for the input, i + 1 for line i.
    pub value: usize,
    /// Its shape in ONNX: of a vector perhaps C×1×1.
    pub dims: Dims,
    /// Zeros around it.
    pub padding: [usize; 4],
}

/// A value of the ONNX graph.
#[derive(Clone)]
pub(super) enum Value {
    Feature(Feature),
    Tensor(Arc<Tensor>),
    /// Sizes that a program has computed from shapes; a single one is no list.
    Sizes {
        sizes: Vec<Size>,
        list: bool,
    },
    /// The output of an operator that there is no layer for.
    Unknown,
}

/// A graph on its way to a declaration.
pub(super) struct Translation<'a> {
    path: &'a Path,
    pub values: HashMap<String, Value>,
    pub lines: Vec<Line>,
    input: Dims,
    /// The number of samples that the graph is for, if it is fixed.
    pub samples: Option<i64>,
    /// How many nodes read each value; the output of the graph is read once more.
    readers: HashMap<String, usize>,
    /// The outputs of products with matrices, which have no bias yet.
    pub products: HashSet<String>,
    /// How many numbers the parameters of layers may still have: a weight may be used by many layers, which have copies.
    numbers: usize,
}

impl<'a> Translation<'a> {
    /// The lines of a graph, and the value that is its output.
    pub fn of(path: &'a Path, model: Model, input: Dims, output: &str) -> Result<(Vec<Line>, usize), Error> {
        let Model { nodes, inputs, tensors, bytes, .. } = model;
        let numbers = MOST_USES.saturating_mul(bytes) / size_of::<f32>();
        let mut readers = HashMap::new();
        for name in nodes.iter().flat_map(|node| &node.inputs) {
            *readers.entry(name.clone()).or_default() += 1;
        }
        *readers.entry(output.to_owned()).or_default() += 1;
        let mut values: HashMap<String, Value> =
            tensors.into_iter().map(|(name, tensor)| (name, Value::Tensor(tensor))).collect();
        let first = Feature { value: 0, dims: input, padding: [0; 4] };
        values.insert(inputs[0].name.clone(), Value::Feature(first));
        let samples = inputs[0].sizes.first().copied().flatten();
        let mut graph = Translation {
            path,
            values,
            lines: Vec::new(),
            input,
            samples,
            readers,
            products: HashSet::new(),
            numbers,
        };
        // The operators without a layer, each with its nodes.
        let mut missing: Vec<(String, Vec<String>)> = Vec::new();
        for node in &nodes {
            let unknown =
                node.inputs.iter().any(|name| matches!(graph.values.get(name), Some(Value::Unknown)));
            let value = match node.op.as_str() {
                op if KNOWN.split(' ').all(|known| known != op) => Err(Refusal::layer(shown(op))),
                op if node.outputs.iter().skip(1).any(|name| graph.readers(name) > 0) => {
                    Err(Refusal::layer(format!("{op} with several outputs")))
                }
                // Whether it fits is not known either.
                _ if unknown => Ok(Value::Unknown),
                _ => graph.value(node),
            };
            let value = match value {
                Ok(value) => value,
                Err(Refusal::NoLayer(what)) => {
                    match missing.iter().position(|(known, _)| *known == what) {
                        Some(at) => missing[at].1.push(node.name.clone()),
                        None if missing.len() == MOST_MISSING => break,
                        None => missing.push((what, vec![node.name.clone()])),
                    }
                    Value::Unknown
                }
                Err(Refusal::Wrong { expected, found }) => {
                    let expected = format!("{expected} for node {:?} ({})", node.name, node.op);
                    return Err(Error::format(path, expected, found));
                }
            };
            for name in &node.outputs {
                graph.values.insert(name.clone(), value.clone());
            }
        }
        if !missing.is_empty() {
            return Err(graph.missing(&missing));
        }
        match graph.values.get(output) {
            Some(Value::Feature(feature)) if feature.value > 0 && feature.padding == [0; 4] => {
                Ok((graph.lines, feature.value))
            }
            _ => Err(Error::format(path, format!("layers that give the output {output:?}"), "none")),
        }
    }

    fn missing(&self, missing: &[(String, Vec<String>)]) -> Error {
        let list = missing.iter().map(|(what, names)| {
            let mut named: Vec<String> =
                names.iter().take(MOST_NAMED).map(|name| format!("{name:?}")).collect();
            if names.len() > MOST_NAMED {
                named.push(format!("{} more", names.len() - MOST_NAMED));
            }
            let nodes = if names.len() == 1 { "node" } else { "nodes" };
            format!("{what} ({nodes} {})", named.join(", "))
        });
        let found = list.collect::<Vec<_>>().join(", ");
        Error::format(self.path, "operators that layers compute", found)
    }

    /// Adds a line; returns its output.
    pub fn push(&mut self, line: Line) -> Result<Feature, Refusal> {
        let dims = line.output;
        let [channels, height, width] = [dims.channels(), dims.height(), dims.width()];
        let len = channels.checked_mul(height).and_then(|len| len.checked_mul(width));
        if len.is_none_or(|len| len == 0 || len > MOST_VALUES) {
            return Err(Refusal::wrong(format!("an output of 1 to {MOST_VALUES} values"), dims));
        }
        let numbers = line.params.iter().map(|param| param.values.len()).sum();
        let Some(left) = self.numbers.checked_sub(numbers) else {
            return Err(Refusal::wrong(
                format!("weights that layers use {MOST_USES} times at most"),
                "more uses",
            ));
        };
        self.numbers = left;
        self.lines.push(line);
        Ok(Feature { value: self.lines.len(), dims, padding: [0; 4] })
    }

    /// Adds a line without parameters that reads one value.
    pub fn plain(
        &mut self,
        node: &Node,
        kind: &'static str,
        settings: Vec<(&'static str, String)>,
        input: Feature,
        output: Dims,
    ) -> Result<Feature, Refusal> {
        let (sources, origin) = (vec![input.value], node.origin(usize::MAX));
        self.push(Line { kind, settings, sources, output, params: Vec::new(), origin })
    }

    /// The shape of a value in the declaration, which may be a vector where ONNX has C×1×1.
    pub fn declared(&self, value: usize) -> Dims {
        value.checked_sub(1).map_or(self.input, |line| self.lines[line].output)
    }

    /// How many nodes read a value; the output of the graph is read once more.
    pub fn readers(&self, name: &str) -> usize {
        self.readers.get(name).copied().unwrap_or(0)
    }

    pub fn input(&self, node: &Node, index: usize) -> Result<&Value, Refusal> {
        let name = node.inputs.get(index).filter(|name| !name.is_empty());
        let value = name.and_then(|name| self.values.get(name));
        value.ok_or_else(|| Refusal::wrong(format!("at least {} inputs", index + 1), node.inputs.len()))
    }

    /// An input that is a tensor of the file.
    pub fn tensor(&self, node: &Node, index: usize) -> Result<Arc<Tensor>, Refusal> {
        match self.input(node, index)? {
            Value::Tensor(tensor) => Ok(Arc::clone(tensor)),
            _ => Err(Refusal::layer(format!("{} with a computed input {}", node.op, index + 1))),
        }
    }

    /// An input with the zeros around it.
    fn padded(&self, node: &Node, index: usize) -> Result<Feature, Refusal> {
        match self.input(node, index)? {
            Value::Feature(feature) => Ok(*feature),
            _ => Err(Refusal::layer(format!("{} of constants", node.op))),
        }
    }

    /// An input that has the same shape in ONNX and in the declaration.
    pub fn feature(&self, node: &Node, index: usize) -> Result<Feature, Refusal> {
        let feature = self.reshaped(node, index)?;
        if feature.dims != self.declared(feature.value) {
            return Err(Refusal::layer(format!("{} of a reshaped value", node.op)));
        }
        Ok(feature)
    }

    pub fn reshaped(&self, node: &Node, index: usize) -> Result<Feature, Refusal> {
        let feature = self.padded(node, index)?;
        if feature.padding != [0; 4] {
            return Err(Refusal::layer(format!("Pad before {}", node.op)));
        }
        if !matches!(feature.dims.kind(), Dims::CHW | Dims::FLAT) {
            return Err(Refusal::layer(format!("{} after a softmax", node.op)));
        }
        Ok(feature)
    }

    /// An input of rows and columns.
    pub fn maps(&self, node: &Node, index: usize) -> Result<Feature, Refusal> {
        let feature = self.feature(node, index)?;
        if feature.dims.is_maps() {
            Ok(feature)
        } else {
            Err(Refusal::layer(format!("{} of vectors", node.op)))
        }
    }

    pub fn padded_maps(&self, node: &Node, index: usize) -> Result<Feature, Refusal> {
        let feature = self.padded(node, index)?;
        if feature.dims.is_maps() && feature.dims == self.declared(feature.value) {
            return Ok(feature);
        }
        Err(Refusal::layer(format!("{} of vectors", node.op)))
    }

    /// An input that is a vector.
    pub fn vector(&self, node: &Node, index: usize) -> Result<Feature, Refusal> {
        let feature = self.feature(node, index)?;
        if feature.dims.is_maps() {
            Err(Refusal::layer(format!("{} of feature maps", node.op)))
        } else {
            Ok(feature)
        }
    }

    /// An input as a parameter of this shape.
    pub fn param(
        &self,
        node: &Node,
        name: &'static str,
        index: usize,
        shape: &[usize],
    ) -> Result<Param, Refusal> {
        let tensor = self.tensor(node, index)?;
        let values = tensor.floats();
        match values {
            Some(values) if tensor.shape == shape => {
                Ok(Param { name, shape: shape.to_vec(), values: Arc::clone(values) })
            }
            _ => Err(Refusal::wrong(format!("floating-point numbers of shape {shape:?}"), tensor.describe())),
        }
    }

    /// An input that is one number.
    pub fn number(&self, node: &Node, index: usize) -> Result<Option<f32>, Refusal> {
        if !node.has_input(index) {
            return Ok(None);
        }
        let tensor = self.tensor(node, index)?;
        match tensor.floats().map(|floats| &floats[..]) {
            Some(&[number]) => Ok(Some(number)),
            _ => Err(Refusal::wrong("one floating-point number", tensor.describe())),
        }
    }

    fn value(&mut self, node: &Node) -> Result<Value, Refusal> {
        if let Some(value) = self.sizes(node)? {
            return Ok(value);
        }
        let feature = match node.op.as_str() {
            "Conv" => self.convolution(node)?,
            "ConvTranspose" => self.transposed_convolution(node)?,
            "MaxPool" => self.pooling(node, "MaxPool2d")?,
            "AveragePool" => self.pooling(node, "AvgPool2d")?,
            "GlobalAveragePool" => self.global_pooling(node, "AdaptiveAvgPool2d")?,
            "GlobalMaxPool" => self.global_pooling(node, "AdaptiveMaxPool2d")?,
            "ReduceMean" => self.mean(node)?,
            "BatchNormalization" => self.batch_norm(node)?,
            "LRN" => self.local_response_norm(node)?,
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.product(node)?,
            "Add" => self.sum(node)?,
            "Mul" => self.multiply(node)?,
            "Concat" => self.concatenation(node)?,
            "Resize" => self.resize(node)?,
            "Pad" => self.pad(node)?,
            "Softmax" => self.softmax(node, "Softmax")?,
            "LogSoftmax" => self.softmax(node, "LogSoftmax")?,
            _ => self.activation(node)?,
        };
        Ok(Value::Feature(feature))
    }

    /// A value that is only seen in another shape, or as a vector.
    pub fn reshape(&mut self, node: &Node, output: Dims) -> Result<Feature, Refusal> {
        let input = self.reshaped(node, 0)?;
        let declared = self.declared(input.value);
        if input.dims.len() != output.len() {
            return Err(Refusal::wrong(format!("a shape of {} values", input.dims.len()), output));
        }
        if output == input.dims || output == declared {
            return Ok(Feature { dims: output, ..input });
        }
        if !output.is_maps() && declared.is_maps() {
            return self.plain(node, "Flatten", vec![], input, output);
        }
        // A number for each channel of a vector, as C×1×1.
        if !declared.is_maps() && output.channels() == output.len() {
            return Ok(Feature { dims: output, ..input });
        }
        Err(Refusal::layer(format!("{} of {} to {output}", node.op, input.dims)))
    }

    /// The shape of the node's first input, if it is a value of the network.
    pub fn dims_of(&self, node: &Node) -> Option<Dims> {
        match self.input(node, 0) {
            Ok(Value::Feature(feature)) if feature.padding == [0; 4] => Some(feature.dims),
            _ => None,
        }
    }
}

/// The name of an operator on one line.
pub(super) fn shown(op: &str) -> String {
    if op.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c)) {
        op.into()
    } else {
        format!("{op:?}")
    }
}

impl Tensor {
    /// Its type and shape.
    pub fn describe(&self) -> String {
        let kind = match self.numbers {
            Numbers::Floats(_) => "floating-point numbers",
            Numbers::Ints(_) => "whole numbers",
            Numbers::Other => "numbers of another type",
        };
        format!("{kind} of shape {:?}", self.shape)
    }
}
