//! Export of networks in the ONNX format.

mod attributes;
mod dense;
mod external;
mod graph;
mod lines;
mod model;
mod names;
mod operators;
mod proto;
mod read;
mod sizes;
mod translate;
mod windows;

use std::any::type_name;
use std::collections::{HashMap, HashSet};

use prost::Message;

use super::Dtype;
use crate::error::Error;
use crate::network::Network;
use crate::plan::{Attribute, Mode, Node, Operand, Plan, Shortcut};
use crate::scalar::{Scalar, compiled};
use crate::shape::Dims;

pub use graph::OnnxGraph;
use proto::{
    AttributeProto, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, Tensor, TensorProto,
    TensorShapeProto, TypeProto, Value, ValueInfoProto, attribute_type,
};
pub use read::read_initializers;

/// The version of the format that introduced `OPSET`.
const IR_VERSION: i64 = 8;

/// The version of the operators.
const OPSET: i64 = 17;

/// The largest message that protobuf allows.
const LARGEST: usize = i32::MAX as usize;

const INPUT: &str = "input";
const OUTPUT: &str = "output";

/// Converts a network to the ONNX format, for inference in other programs. The operators are those of version 17; all sizes
/// are fixed except the number of samples, "N".
///
/// In PyTorch: `torch.onnx.export`.
///
/// # Shapes
/// The graph has one input, "input", and one output, "output": \[N, C, H, W\] for C×H×W, \[N, C\] for a vector of C values.
/// Nodes and the values between layers have the names of the layers; if a layer needs several nodes, the last has its name.
/// The initialisers are the network's parameters, with the names and shapes of
/// [`named_params`](crate::network::Model::named_params), which are those of PyTorch's state dict; constants of a layer are
/// nodes. Tensors of an `f32` network have the type FLOAT, those of an `f64` network DOUBLE. Attributes, such as the epsilon
/// of a normalisation, are always `f32` in ONNX.
///
/// Layers without an effect in inference, such as dropout, are omitted.
///
/// # Errors
/// [`Error::Argument`] that names the layer, if one cannot be exported: an
/// [`AdaptiveMaxPool2d`](crate::layer::AdaptiveMaxPool2d) whose size does not divide that of its input, an
/// [`AvgPool2d`](crate::layer::AvgPool2d) with `ceil_mode` and counted padding whose stride is above its kernel, where ONNX
/// may count a window more, or a layer of your own without [`nodes`](crate::plan::Op::nodes). Also for a file of more than
/// 2 GiB, the limit of protobuf.
///
/// # Panics
/// If the nodes of a layer of your own name a parameter that the layer does not have.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::prelude::*;
///
/// let bytes = convnet::store::to_onnx(&LeNet5::new(7))?;
/// assert!(bytes.len() > 4 * LeNet5::<f32>::PARAMS);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("onnx", "torch.onnx.export"))]
pub fn to_onnx<N: Network>(net: &N) -> Result<Vec<u8>, Error> {
    export(net, false)
}

/// The same as [`to_onnx`] with each [`BatchNorm`](crate::layer::BatchNorm) folded into the convolution before it, if nothing else
/// reads that convolution's output: the filters' weights are multiplied by γ / √(σ² + ε), and their biases become
/// (bias − μ)·γ / √(σ² + ε) + β. The folded network computes the same in fewer steps, but cannot be trained further.
///
/// A folded convolution has the name and the parameters of its layer, and always a bias.
///
/// In PyTorch: `torch.nn.utils.fusion.fuse_conv_bn_eval`.
///
/// # Errors
/// Those of [`to_onnx`].
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Net: Chw<1, 8, 8> => Flat<2> {
///         conv: Conv2d { filters: 4, kernel: 3, bias: false },
///         norm: BatchNorm,
///         relu: Relu,
///         pool: GlobalAvgPool,
///         fc: Dense { units: 2 },
///     }
/// }
/// let net = Net::new(1);
/// let [plain, folded] = [convnet::store::to_onnx(&net)?, convnet::store::to_onnx_folded(&net)?];
/// assert!(folded.len() < plain.len());
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("fuse_conv_bn_eval", "fuse"))]
pub fn to_onnx_folded<N: Network>(net: &N) -> Result<Vec<u8>, Error> {
    export(net, true)
}

fn export<N: Network>(net: &N, fold: bool) -> Result<Vec<u8>, Error> {
    let (model, name) = (net.model(), graph_name(type_name::<N>()));
    N::Scalar::compiled::<ToOnnx>((name, model.plan(), model.params(), fold))
}

compiled! {
    /// Converts a plan with its parameters: (name, plan, parameters, whether to fold).
    ToOnnx<'a, T>((&'a str, &'a Plan<T>, &'a [T], bool)) -> Result<Vec<u8>, Error> = convert
}

fn convert<T: Scalar>((name, plan, params, fold): (&str, &Plan<T>, &[T], bool)) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::new(Dtype::of::<T>());
    let folds = if fold { Folds::of(plan, params) } else { Folds::default() };
    for (i, step) in plan.steps().iter().enumerate() {
        if folds.away.contains(&i) {
            continue;
        }
        let mut rest = &params[step.params.clone()];
        let pairs = folds.into.get(&i);
        let mut biased = false;
        for param in step.op.params() {
            let (values, tail) = rest.split_at(param.len());
            rest = tail;
            let is_bias = param.name == "bias";
            biased |= is_bias;
            let values = values.iter().enumerate().map(|(at, value)| match pairs {
                None => value.as_f64(),
                Some(pairs) => {
                    let [factor, term] = pairs[at / (param.len() / pairs.len())];
                    factor * value.as_f64() + if is_bias { term } else { 0.0 }
                }
            });
            writer.parameter(format!("{}.{}", step.name, param.name), &param.shape, values);
        }
        if let (Some(pairs), false) = (pairs, biased) {
            let terms = pairs.iter().map(|[_, term]| *term);
            writer.parameter(format!("{}.bias", step.name), &[pairs.len()], terms);
        }
    }
    // The name of each value.
    let mut names = vec![String::from(INPUT)];
    for (i, step) in plan.steps().iter().enumerate() {
        if folds.away.contains(&i) {
            names.push(names[step.inputs[0]].clone());
            continue;
        }
        let Some(mut nodes) = step.op.nodes() else {
            let found = format!("{}: {}", step.name, step.op.describe());
            return Err(Error::argument("network", "layers that ONNX has", found));
        };
        let bias = Operand::Param("bias");
        if folds.into.contains_key(&i) && !nodes[0].inputs.contains(&bias) {
            nodes[0].inputs.push(bias);
        }
        let inputs: Vec<&str> = step.inputs.iter().map(|&value| names[value].as_str()).collect();
        let output = writer.layer(&step.name, nodes, &inputs, plan.output_of(step));
        names.push(output);
    }
    let [input, output] = plan.ends();
    writer.finish(name, &names[plan.output()], input, output)
}

/// "LeNet5" of `convnet::model::lenet::LeNet5<f32>`.
fn graph_name(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

/// Batch normalisations to fold: the steps that disappear, and the convolutions that take their factors.
#[derive(Default)]
struct Folds {
    /// The steps that are no longer there.
    away: HashSet<usize>,
    /// The steps that they are folded into, with a factor and a term for each filter.
    into: HashMap<usize, Vec<[f64; 2]>>,
}

impl Folds {
    fn of<T: Scalar>(plan: &Plan<T>, params: &[T]) -> Self {
        let mut folds = Folds::default();
        let steps = plan.steps();
        let readers = |value: usize| {
            steps.iter().flat_map(|step| &step.inputs).filter(|input| **input == value).count()
        };
        for (i, step) in steps.iter().enumerate() {
            // The input of the network is value 0, and each step gives the next one.
            let Some(before) = step.inputs[0].checked_sub(1) else { continue };
            let is_scale = step.op.shortcut(Mode::Infer) == Shortcut::Scale;
            let op = &steps[before].op;
            let folds_into = op.finishes()
                && op.nodes().is_some_and(|nodes| matches!(&nodes[..], [node] if node.op == "Conv"));
            if is_scale && folds_into && readers(step.inputs[0]) == 1 {
                let mut pairs = vec![[T::zero(); 2]; plan.output_of(step).channels()];
                step.op.scale(&params[step.params.clone()], &mut pairs);
                folds.away.insert(i);
                folds.into.insert(
                    before,
                    pairs.into_iter().map(|pair| pair.map(|number| number.as_f64())).collect(),
                );
            }
        }
        folds
    }
}

/// A graph that is being built.
struct Writer {
    dtype: Dtype,
    graph: GraphProto,
    /// The names of all values.
    taken: HashSet<String>,
}

impl Writer {
    fn new(dtype: Dtype) -> Self {
        let taken = [INPUT, OUTPUT].map(String::from).into();
        Writer { dtype, graph: GraphProto::default(), taken }
    }

    fn parameter(&mut self, name: String, shape: &[usize], values: impl Iterator<Item = f64>) {
        let tensor = self.floats(name.clone(), shape, values);
        self.graph.initializer.push(tensor);
        self.taken.insert(name);
    }

    /// Adds the nodes of a layer with these inputs; the output of the last has the name of the layer and this shape. Returns
    /// the name of that output, or of the input if there are no nodes.
    fn layer(&mut self, layer: &str, nodes: Vec<Node>, inputs: &[&str], output: Dims) -> String {
        let (mut last, count) = (String::from(inputs[0]), nodes.len());
        for (i, node) in nodes.into_iter().enumerate() {
            let name = if i + 1 == count { layer.into() } else { format!("{layer}/{i}") };
            let value = self.unique(&name);
            let operands = node.inputs.into_iter().map(|operand| match operand {
                Operand::Input => inputs[0].into(),
                Operand::Other(index) => inputs[index].into(),
                Operand::Last => last.clone(),
                Operand::Param(param) => {
                    let full = format!("{layer}.{param}");
                    assert!(
                        self.taken.contains(&full),
                        "nodes of {layer} name the parameter {param}, which it does not have"
                    );
                    full
                }
                constant => self.constant(&format!("{layer}/{i}/constant"), constant),
            });
            let input = operands.collect();
            let attribute = node.attributes.into_iter().map(|(name, value)| attribute(name, value)).collect();
            last = value.clone();
            self.graph.node.push(NodeProto {
                input,
                output: vec![value],
                name,
                op_type: node.op.into(),
                attribute,
            });
        }
        if count > 0 {
            let value = value_info(&last, self.dtype, output);
            self.graph.value_info.push(value);
        }
        last
    }

    /// Adds a node for a constant; returns the name of its output.
    fn constant(&mut self, name: &str, operand: Operand) -> String {
        let value = self.unique(name);
        let tensor = match operand {
            Operand::Floats { shape, values } => self.floats(String::new(), &shape, values.into_iter()),
            Operand::Ints { shape, values } => {
                let bytes: Vec<u8> = values.into_iter().flat_map(i64::to_le_bytes).collect();
                tensor(String::new(), &shape, Dtype::I64, bytes)
            }
            other => unreachable!("{other:?} is not a constant"),
        };
        let tensor = AttributeProto {
            name: "value".into(),
            t: Some(tensor),
            r#type: attribute_type::TENSOR,
            ..AttributeProto::default()
        };
        self.graph.node.push(NodeProto {
            output: vec![value.clone()],
            name: value.clone(),
            op_type: "Constant".into(),
            attribute: vec![tensor],
            ..NodeProto::default()
        });
        value
    }

    fn floats(&self, name: String, shape: &[usize], values: impl Iterator<Item = f64>) -> TensorProto {
        tensor(name, shape, self.dtype, self.dtype.bytes(values))
    }

    /// This name, with a number appended if a value has it already.
    fn unique(&mut self, name: &str) -> String {
        let numbered = (1..).map(|i| format!("{name}_{i}"));
        let mut names = std::iter::once(name.to_string()).chain(numbered);
        let name = names.find(|name| !self.taken.contains(name)).expect("numbers do not end");
        self.taken.insert(name.clone());
        name
    }

    /// The graph, whose output is the value `last`.
    fn finish(mut self, name: &str, last: &str, input: Dims, output: Dims) -> Result<Vec<u8>, Error> {
        match self.graph.node.last_mut() {
            Some(node) if node.output == [last] => {
                node.output = vec![OUTPUT.into()];
                self.graph.value_info.pop();
            }
            _ => self.graph.node.push(NodeProto {
                input: vec![last.into()],
                output: vec![OUTPUT.into()],
                name: "identity".into(),
                op_type: "Identity".into(),
                ..NodeProto::default()
            }),
        }
        self.graph.name = name.into();
        self.graph.input = vec![value_info(INPUT, self.dtype, input)];
        self.graph.output = vec![value_info(OUTPUT, self.dtype, output)];
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        };
        let len = model.encoded_len();
        if len > LARGEST {
            let found = format!("{len}, which ONNX stores in several files");
            return Err(Error::argument("network", format!("at most {LARGEST} bytes"), found));
        }
        Ok(model.encode_to_vec())
    }
}

fn attribute(name: &str, value: Attribute) -> AttributeProto {
    let attribute = AttributeProto { name: name.into(), ..AttributeProto::default() };
    match value {
        Attribute::Int(i) => AttributeProto { i: Some(i), r#type: attribute_type::INT, ..attribute },
        Attribute::Ints(ints) => AttributeProto { ints, r#type: attribute_type::INTS, ..attribute },
        Attribute::Text(s) => {
            AttributeProto { s: Some(s.into()), r#type: attribute_type::STRING, ..attribute }
        }
        Attribute::Float(f) => {
            AttributeProto { f: Some(f as f32), r#type: attribute_type::FLOAT, ..attribute }
        }
    }
}

fn tensor(name: String, shape: &[usize], dtype: Dtype, bytes: Vec<u8>) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|&dim| dim as i64).collect(),
        data_type: code(dtype),
        name,
        raw_data: bytes.into(),
        ..TensorProto::default()
    }
}

/// A batch of N samples of this shape.
fn value_info(name: &str, dtype: Dtype, dims: Dims) -> ValueInfoProto {
    let sample = [dims.channels(), dims.height(), dims.width()];
    let sample = if dims.kind() == Dims::CHW { &sample[..] } else { &sample[..1] };
    let sample = sample.iter().map(|&size| Value::Size(size as i64));
    let dim = std::iter::once(Value::Name("N".into())).chain(sample);
    let shape = TensorShapeProto { dim: dim.map(|value| Dimension { value: Some(value) }).collect() };
    let tensor_type = Tensor { elem_type: code(dtype), shape: Some(shape) };
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}

/// ONNX's number for a type.
fn code(dtype: Dtype) -> i32 {
    let known = CODES.iter().find(|(_, known)| *known == dtype);
    known.map_or(0, |(code, _)| *code)
}

/// `TensorProto.DataType`.
const CODES: [(i32, Dtype); 5] =
    [(1, Dtype::F32), (7, Dtype::I64), (10, Dtype::F16), (11, Dtype::F64), (16, Dtype::Bf16)];
