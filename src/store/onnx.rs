//! ONNX: networks written as graphs, and tensors read by name.
//!
//! The messages are the parts in use here of ONNX's `onnx.proto`, whose field numbers they have.

use std::any::type_name;
use std::collections::HashSet;
use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;

use super::{Dtype, Stored};
use crate::error::Error;
use crate::network::Network;
use crate::plan::{Attribute, Node, Operand};
use crate::scalar::Scalar;
use crate::shape::Dims;

/// The version of the format in which `OPSET` came.
const IR_VERSION: i64 = 8;

/// The version of the operators.
const OPSET: i64 = 17;

/// What protobuf allows a message.
const LARGEST: usize = i32::MAX as usize;

const INPUT: &str = "input";
const OUTPUT: &str = "output";

/// A network in the format of ONNX, for inference in other programs: operators of version 17, and shapes that are fixed
/// but for the number of samples, "N".
///
/// # Shapes
/// The graph takes "input" and gives "output": \[N, C, H, W\] for a network from or to C×H×W, \[N, C\] for a vector of C
/// values. Nodes, and the values between layers, have the layers' names; where a layer takes several nodes, the last has
/// its name. Initialisers are the network's parameters, with the names and shapes of
/// [`named_params`](crate::network::Model::named_params), which are those of PyTorch's state dict; fixed numbers of a layer
/// are nodes and not among them. An `f32` network has tensors of type FLOAT, an `f64` one of type DOUBLE. Attributes, such
/// as the epsilon of a normalisation, are `f32` in either: that is how ONNX has them.
///
/// Layers that do nothing in inference, such as dropout, are left out.
///
/// # Errors
/// [`Error::Argument`] naming the layer, if one of them is not exported: an
/// [`AdaptiveMaxPool2d`](crate::layer::AdaptiveMaxPool2d) whose size does not divide its input's, or a layer of one's own
/// without [`nodes`](crate::plan::Op::nodes). Also if the file would have more than 2 GiB, which is what protobuf allows.
///
/// # Panics
/// If the nodes of a layer of one's own name a parameter that the layer has not.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::prelude::*;
///
/// let bytes = convnet::store::to_onnx(&LeNet5::new(7))?;
/// assert!(bytes.len() > 4 * LeNet5::<f32>::PARAMS);
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn to_onnx<N: Network>(net: &N) -> Result<Vec<u8>, Error> {
    let model = net.model();
    let steps = model.plan().steps();
    let mut writer = Writer::new(Dtype::of::<N::Scalar>());
    for (name, param, values) in model.named_params() {
        writer.parameter(name, &param.shape, values.iter().map(|value| value.as_f64()));
    }
    for step in steps {
        let Some(nodes) = step.op.nodes() else {
            let found = format!("{}: {}", step.name, step.op.describe());
            return Err(Error::argument("network", "layers that ONNX has", found));
        };
        writer.layer(&step.name, nodes, step.output);
    }
    // A network has at least one layer.
    let [input, output] = [steps[0].input, steps[steps.len() - 1].output];
    writer.finish(graph_name(type_name::<N>()), input, output)
}

/// "LeNet5" of `convnet::model::lenet::LeNet5<f32>`.
fn graph_name(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

/// A graph in the making.
struct Writer {
    dtype: Dtype,
    graph: GraphProto,
    /// The names of all values.
    taken: HashSet<String>,
    /// The name of what the last node gives.
    last: String,
}

impl Writer {
    fn new(dtype: Dtype) -> Self {
        let taken = [INPUT, OUTPUT].map(String::from).into();
        Writer { dtype, graph: GraphProto::default(), taken, last: INPUT.into() }
    }

    fn parameter(&mut self, name: String, shape: &[usize], values: impl Iterator<Item = f64>) {
        let tensor = self.floats(name.clone(), shape, values);
        self.graph.initializer.push(tensor);
        self.taken.insert(name);
    }

    /// The nodes of a layer, of which the last gives a value of the layer's name and of this shape.
    fn layer(&mut self, layer: &str, nodes: Vec<Node>, output: Dims) {
        let (input, count) = (self.last.clone(), nodes.len());
        for (i, node) in nodes.into_iter().enumerate() {
            let name = if i + 1 == count { layer.into() } else { format!("{layer}/{i}") };
            let value = self.unique(&name);
            let inputs = node.inputs.into_iter().map(|operand| match operand {
                Operand::Input => input.clone(),
                Operand::Last => self.last.clone(),
                Operand::Param(param) => {
                    let full = format!("{layer}.{param}");
                    assert!(
                        self.taken.contains(&full),
                        "nodes of {layer} want its parameter {param}, which it has not"
                    );
                    full
                }
                constant => self.constant(&format!("{layer}/{i}/constant"), constant),
            });
            let input = inputs.collect();
            let attribute = node.attributes.into_iter().map(|(name, value)| attribute(name, value)).collect();
            self.last = value.clone();
            self.graph.node.push(NodeProto {
                input,
                output: vec![value],
                name,
                op_type: node.op.into(),
                attribute,
            });
        }
        if count > 0 {
            let value = value_info(&self.last, self.dtype, output);
            self.graph.value_info.push(value);
        }
    }

    /// A node that gives a constant; the name of what it gives.
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

    /// This name, or with a number behind it the first that no value has.
    fn unique(&mut self, name: &str) -> String {
        let numbered = (1..).map(|i| format!("{name}_{i}"));
        let mut names = std::iter::once(name.to_string()).chain(numbered);
        let name = names.find(|name| !self.taken.contains(name)).expect("numbers do not end");
        self.taken.insert(name.clone());
        name
    }

    fn finish(mut self, name: &str, input: Dims, output: Dims) -> Result<Vec<u8>, Error> {
        match self.graph.node.last_mut() {
            Some(node) => {
                node.output = vec![OUTPUT.into()];
                self.graph.value_info.pop();
            }
            None => self.graph.node.push(NodeProto {
                input: vec![INPUT.into()],
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
            let found = format!("{len}: ONNX wants such a network in several files");
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

/// So many samples of this shape.
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

/// The tensors of a file in ONNX's format that are no results of its nodes, under their names, in the file's order.
/// What is read is checked: afterwards each tensor has as many bytes as its shape and its type say, unless that is
/// [`Dtype::Other`].
///
/// Of a file of numbers memory holds what is in it twice; of one made for the purpose, of millions of empty tensors or
/// dimensions of a byte, some twenty times.
///
/// # Errors
/// [`Error::Format`] naming the file, for whatever is not a model with such tensors in itself.
#[doc(hidden)]
pub fn read_initializers(path: &Path, bytes: Vec<u8>) -> Result<Vec<(String, Stored)>, Error> {
    let broken = |what: &str, error: prost::DecodeError| {
        Error::format(path, format!("{what} in the format of ONNX"), error.to_string())
    };
    let model = ModelParts::decode(Bytes::from(bytes)).map_err(|error| broken("a model", error))?;
    let graph = model.graph.ok_or_else(|| Error::format(path, "a model with a graph", "none"))?;
    if graph.initializer.is_empty() {
        return Err(Error::format(path, "a graph with initialisers", "none"));
    }
    let mut tensors = Vec::with_capacity(graph.initializer.len());
    let mut names = HashSet::new();
    for bytes in graph.initializer {
        let tensor = TensorProto::decode(bytes).map_err(|error| broken("an initialiser", error))?;
        let name = tensor.name.clone();
        if !names.insert(name.clone()) {
            return Err(Error::format(path, "initialisers with names of their own", format!("two {name:?}")));
        }
        let stored = tensor
            .stored()
            .map_err(|[expected, found]| Error::format(path, expected, format!("{found} for {name:?}")))?;
        tensors.push((name, stored));
    }
    Ok(tensors)
}

impl TensorProto {
    /// The tensor if all is right with it, else what was expected and what was found.
    fn stored(self) -> Result<Stored, [String; 2]> {
        let refused = |expected: &str, found: &str| Err([expected.to_string(), found.to_string()]);
        if self.name.is_empty() {
            return refused("an initialiser with a name", "none");
        }
        if self.data_location != 0 || !self.external_data.is_empty() {
            return refused("numbers in the file itself", "the name of another file");
        }
        if self.segment.is_some() {
            return refused("whole tensors", "a segment");
        }
        if self.data_type == 0 {
            return refused("the type of numbers", "none");
        }
        let dtype =
            CODES.iter().find(|(code, _)| *code == self.data_type).map_or(Dtype::Other, |(_, dtype)| *dtype);
        let mut shape = Vec::with_capacity(self.dims.len());
        let mut len = dtype.size().or(Some(1));
        for &dim in &self.dims {
            let Ok(dim) = usize::try_from(dim) else {
                return refused("dimensions of at least 0", &dim.to_string());
            };
            len = len.and_then(|len| len.checked_mul(dim));
            shape.push(dim);
        }
        let Some(len) = len else {
            return refused("dimensions that fit into memory", &format!("{shape:?}"));
        };
        let listed: Vec<u8> = match dtype {
            Dtype::F32 => self.float_data.into_iter().flat_map(f32::to_le_bytes).collect(),
            Dtype::F64 => self.double_data.into_iter().flat_map(f64::to_le_bytes).collect(),
            Dtype::I64 => self.int64_data.into_iter().flat_map(i64::to_le_bytes).collect(),
            _ => Vec::new(),
        };
        if !listed.is_empty() && !self.raw_data.is_empty() {
            return refused("numbers once", "twice");
        }
        let values = if listed.is_empty() { self.raw_data.to_vec() } else { listed };
        if dtype != Dtype::Other && values.len() != len {
            return Err([format!("{len} bytes of {dtype} {shape:?}"), values.len().to_string()]);
        }
        Ok(Stored { dtype, shape, values })
    }
}

/// A model of which only the initialisers are read, and these not yet.
#[derive(Clone, PartialEq, Message)]
struct ModelParts {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphParts>,
}

/// A graph of which only the initialisers are read, and these not yet: parts of the file, not copies.
#[derive(Clone, PartialEq, Message)]
struct GraphParts {
    #[prost(bytes = "bytes", repeated, tag = "5")]
    initializer: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(string, tag = "2")]
    producer_name: String,
    #[prost(string, tag = "3")]
    producer_version: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSetIdProto>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSetIdProto {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "13")]
    value_info: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, optional, tag = "2")]
    f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    i: Option<i64>,
    #[prost(message, optional, tag = "5")]
    t: Option<TensorProto>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    ints: Vec<i64>,
    #[prost(int32, tag = "20")]
    r#type: i32,
}

/// `AttributeProto.AttributeType`.
mod attribute_type {
    pub const FLOAT: i32 = 1;
    pub const INT: i32 = 2;
    pub const TENSOR: i32 = 4;
    pub const INTS: i32 = 7;
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(message, optional, tag = "3")]
    segment: Option<()>,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(int64, repeated, tag = "7")]
    int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "bytes", tag = "9")]
    raw_data: Bytes,
    #[prost(double, repeated, tag = "10")]
    double_data: Vec<f64>,
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<()>,
    #[prost(int32, tag = "14")]
    data_location: i32,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfoProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct TypeProto {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<Tensor>,
}

/// `TypeProto.Tensor`.
#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<TensorShapeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorShapeProto {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension`.
#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(oneof = "Value", tags = "1, 2")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(int64, tag = "1")]
    Size(i64),
    #[prost(string, tag = "2")]
    Name(String),
}
