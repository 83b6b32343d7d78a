//! Operations as ONNX nodes, to export networks to other programs.

/// A node of an ONNX graph: an operator of opset 17, its inputs and its attributes. [`Op::nodes`](super::Op::nodes)
/// returns a list of them; the output of the last is the layer's output.
///
/// Samples are ONNX's first axis: a layer's C×H×W is \[N, C, H, W\] there, and a vector \[N, C\].
///
/// ```
/// use convnet::plan::{Node, Operand};
///
/// // x·σ(x), in two nodes.
/// let sigmoid = Node::new("Sigmoid", [Operand::Input]);
/// let product = Node::new("Mul", [Operand::Input, Operand::Last]);
/// assert_eq!([sigmoid, product].map(|node| node.op), ["Sigmoid", "Mul"]);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// The operator's name: "Conv".
    pub op: &'static str,
    /// Its inputs, in the operator's order.
    pub inputs: Vec<Operand>,
    /// Its attributes, by name.
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Node {
    /// A node without attributes.
    pub fn new(op: &'static str, inputs: impl Into<Vec<Operand>>) -> Self {
        Node { op, inputs: inputs.into(), attributes: Vec::new() }
    }

    /// This node with one more attribute.
    ///
    /// ```
    /// use convnet::plan::{Attribute, Node, Operand};
    /// let node = Node::new("Conv", [Operand::Input, Operand::Param("weight")]).with("strides", [2, 1]);
    /// assert_eq!(node.attributes, [("strides", Attribute::Ints(vec![2, 1]))]);
    /// ```
    pub fn with(mut self, name: &'static str, value: impl Into<Attribute>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }
}

/// An input of a [`Node`].
#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    /// The layer's input.
    Input,
    /// The input of a merge with this index.
    Other(usize),
    /// The output of the node before this one; for a layer's first node, the layer's input.
    Last,
    /// The layer's parameter of this [name](super::Param::name), in its shape.
    Param(&'static str),
    /// Numbers of the network's scalar. A single number has no dimensions.
    Floats {
        /// The dimensions.
        shape: Vec<usize>,
        /// The values; their number is the product of the dimensions.
        values: Vec<f64>,
    },
    /// Whole numbers, such as the dimensions that some operators take.
    Ints {
        /// The dimensions.
        shape: Vec<usize>,
        /// The values; their number is the product of the dimensions.
        values: Vec<i64>,
    },
}

/// A single number of the network's scalar.
impl From<f64> for Operand {
    fn from(value: f64) -> Self {
        Operand::Floats { shape: Vec::new(), values: vec![value] }
    }
}

/// A list of whole numbers.
impl<const N: usize> From<[i64; N]> for Operand {
    fn from(values: [i64; N]) -> Self {
        Operand::Ints { shape: vec![N], values: values.into() }
    }
}

/// The value of an attribute of a [`Node`].
#[derive(Clone, PartialEq, Debug)]
pub enum Attribute {
    /// A whole number.
    Int(i64),
    /// A list of whole numbers.
    Ints(Vec<i64>),
    /// A number. ONNX stores it as `f32` for any scalar of the network.
    Float(f64),
    /// A word: "linear".
    Text(&'static str),
}

impl From<usize> for Attribute {
    fn from(value: usize) -> Self {
        Attribute::Int(value as i64)
    }
}

impl<const N: usize> From<[usize; N]> for Attribute {
    fn from(values: [usize; N]) -> Self {
        Attribute::Ints(values.map(|value| value as i64).into())
    }
}

impl From<&'static str> for Attribute {
    fn from(value: &'static str) -> Self {
        Attribute::Text(value)
    }
}

impl From<f64> for Attribute {
    fn from(value: f64) -> Self {
        Attribute::Float(value)
    }
}
