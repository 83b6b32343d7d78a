//! The nodes and tensors of an ONNX file, read and checked.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::external::Beside;
use super::proto::{
    AttributeProto, NodeParts, TensorProto, Value as Dimension, ValueInfoProto, attribute_type,
};
use super::read::{graph_of, message};
use crate::error::Error;
use crate::store::weights::read_values;
use crate::store::{Dtype, Stored};

/// The most nodes of a graph that is read.
const MOST_NODES: usize = 100_000;

/// The most attributes of a node; operators have about ten.
const MOST_ATTRIBUTES: usize = 64;

/// A graph as it is in the file.
pub(super) struct Model {
    pub nodes: Vec<Node>,
    /// The inputs that are not tensors of the file.
    pub inputs: Vec<Input>,
    pub outputs: Vec<String>,
    pub tensors: HashMap<String, Arc<Tensor>>,
    /// The bytes of the file, and of all tensors.
    pub bytes: usize,
}

/// An input of a graph: its name, and its sizes if they are numbers.
pub(super) struct Input {
    pub name: String,
    pub sizes: Vec<Option<i64>>,
}

pub(super) struct Node {
    /// The operator; those of other domains than ONNX's own after that and a point.
    pub op: String,
    /// Its name, or that of its first output.
    pub name: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: HashMap<String, Attribute>,
}

pub(super) enum Attribute {
    Int(i64),
    Float(f32),
    Text(String),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Tensor(Arc<Tensor>),
    Other,
}

/// A tensor of the file.
pub(super) struct Tensor {
    pub shape: Vec<usize>,
    pub numbers: Numbers,
}

pub(super) enum Numbers {
    /// Numbers with a fraction, rounded or widened to `f32`.
    Floats(Arc<Vec<f32>>),
    Ints(Vec<i64>),
    Other,
}

impl Model {
    pub fn read(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        let size = bytes.len();
        let graph = graph_of(path, bytes)?;
        for count in [graph.node.len(), graph.initializer.len(), graph.input.len(), graph.output.len()] {
            if count > MOST_NODES {
                let expected = format!("at most {MOST_NODES} nodes, tensors, inputs and outputs");
                return Err(Error::format(path, expected, count.to_string()));
            }
        }
        let mut model = Model {
            nodes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            tensors: HashMap::new(),
            bytes: size,
        };
        let mut beside = Beside::new(path);
        for bytes in graph.initializer {
            let mut tensor: TensorProto = message(path, "an initialiser", bytes)?;
            beside.fetch(&mut tensor)?;
            let name = tensor.name.clone();
            let tensor = tensor.stored_of(path)?;
            model.bytes += tensor.values.len();
            if model.tensors.insert(name.clone(), Arc::new(Tensor::of(tensor))).is_some() {
                let found = format!("two {name:?}");
                return Err(Error::format(path, "initialisers with names of their own", found));
            }
        }
        for bytes in graph.input {
            let info: ValueInfoProto = message(path, "an input", bytes)?;
            if !model.tensors.contains_key(&info.name) {
                model.inputs.push(Input { sizes: sizes_of(&info), name: info.name });
            }
        }
        for bytes in graph.output {
            let info: ValueInfoProto = message(path, "an output", bytes)?;
            model.outputs.push(info.name);
        }
        for bytes in graph.node {
            let node = Node::of(message(path, "a node", bytes)?, &mut beside, path)?;
            model.nodes.push(node);
        }
        Ok(model)
    }

    /// Leaves only the nodes that the output needs. Each must come after those whose outputs it reads.
    pub fn keep_needed(&mut self, path: &Path, output: &str) -> Result<(), Error> {
        let mut given: HashSet<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        given.extend(self.tensors.keys().map(String::as_str));
        for node in &self.nodes {
            for name in node.inputs.iter().filter(|name| !name.is_empty()) {
                if !given.contains(name.as_str()) {
                    let found = format!("{name:?} in node {:?}, which nothing before it gives", node.name);
                    return Err(Error::format(path, "nodes in the order in which they run", found));
                }
            }
            for name in node.outputs.iter().filter(|name| !name.is_empty()) {
                if !given.insert(name) {
                    let found = format!("a second {name:?} from node {:?}", node.name);
                    return Err(Error::format(path, "values with names of their own", found));
                }
            }
        }
        if !given.contains(output) {
            let found = format!("none of the name {output:?}");
            return Err(Error::format(path, "a node that gives the output of the graph", found));
        }
        let mut needed: HashSet<String> = [output.to_owned()].into();
        let mut kept = Vec::new();
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if node.outputs.iter().any(|name| !name.is_empty() && needed.contains(name)) {
                needed.extend(node.inputs.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        Ok(())
    }
}

fn sizes_of(info: &ValueInfoProto) -> Vec<Option<i64>> {
    let tensor = info.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
    let size = |value: &Option<Dimension>| match value {
        Some(Dimension::Size(size)) => Some(*size),
        _ => None,
    };
    shape.map_or_else(Vec::new, |shape| shape.dim.iter().map(|dim| size(&dim.value)).collect())
}

impl Node {
    fn of(parts: NodeParts, beside: &mut Beside<'_>, path: &Path) -> Result<Self, Error> {
        let NodeParts { input, output, name, op_type, attribute, domain } = parts;
        let op = match domain.as_str() {
            "" | "ai.onnx" => op_type,
            domain => format!("{domain}.{op_type}"),
        };
        let name = if name.is_empty() { output.first().cloned().unwrap_or_default() } else { name };
        if attribute.len() > MOST_ATTRIBUTES {
            let expected = format!("at most {MOST_ATTRIBUTES} attributes of node {name:?}");
            return Err(Error::format(path, expected, attribute.len().to_string()));
        }
        let mut attributes = HashMap::new();
        for bytes in attribute {
            let attribute: AttributeProto = message(path, &format!("attributes of node {name:?}"), bytes)?;
            let key = attribute.name.clone();
            attributes.insert(key, Attribute::of(attribute, beside, path, &name)?);
        }
        Ok(Node { op, name, inputs: input, outputs: output, attributes })
    }
}

impl Attribute {
    fn of(proto: AttributeProto, beside: &mut Beside<'_>, path: &Path, node: &str) -> Result<Self, Error> {
        Ok(match proto.r#type {
            attribute_type::FLOAT => Attribute::Float(proto.f.unwrap_or_default()),
            attribute_type::INT => Attribute::Int(proto.i.unwrap_or_default()),
            attribute_type::STRING => Attribute::Text(proto.s.unwrap_or_default()),
            attribute_type::INTS => Attribute::Ints(proto.ints),
            attribute_type::FLOATS => Attribute::Floats(proto.floats),
            attribute_type::TENSOR => {
                let mut tensor = proto.t.unwrap_or_default();
                // In a node the name means nothing, and is often left out.
                tensor.name = format!("{} of node {node}", proto.name);
                beside.fetch(&mut tensor)?;
                Attribute::Tensor(Arc::new(Tensor::of(tensor.stored_of(path)?)))
            }
            _ => Attribute::Other,
        })
    }
}

impl Tensor {
    fn of(stored: Stored) -> Self {
        let Stored { dtype, shape, values } = stored;
        let numbers = match dtype {
            Dtype::I64 => {
                let ints = values.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
                Numbers::Ints(ints.collect())
            }
            Dtype::U8 | Dtype::Other => Numbers::Other,
            float => {
                let mut floats = vec![0.0; values.len() / float.size().unwrap_or(1)];
                read_values(&mut floats, float, &values);
                Numbers::Floats(Arc::new(floats))
            }
        };
        Tensor { shape, numbers }
    }

    /// Its numbers, if they have a fraction.
    pub fn floats(&self) -> Option<&Arc<Vec<f32>>> {
        match &self.numbers {
            Numbers::Floats(floats) => Some(floats),
            _ => None,
        }
    }

    /// Its numbers, if they are whole.
    pub fn ints(&self) -> Option<&[i64]> {
        match &self.numbers {
            Numbers::Ints(ints) => Some(ints),
            _ => None,
        }
    }
}
