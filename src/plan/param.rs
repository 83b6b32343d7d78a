//! Parameter tensors: their names, shapes and roles.

use std::borrow::Cow;

/// Names and shapes of a layer's parameter tensors, in order.
pub type Tensors = &'static [(&'static str, &'static [usize])];

/// The numbers that a layer's type declares: its parameters and its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Trained parameters.
    pub params: usize,
    /// Parameters that are not trained.
    pub buffers: usize,
    /// Names and shapes of the parameter tensors; empty if the layer does not declare them.
    pub tensors: Tensors,
    /// Multiply-accumulates for one sample, forward.
    pub macs: usize,
    /// Values that one sample leaves for the backward pass.
    pub activations: usize,
}

impl Facts {
    /// Nothing to train and no work.
    pub(crate) const NONE: Facts = Facts { params: 0, buffers: 0, tensors: &[], macs: 0, activations: 0 };
}

/// The role of a parameter tensor. It decides the tensor's values at the start, which penalties apply to it, and
/// whether it is trained.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Role {
    /// Multiplied with the input. The only role with weight decay, penalties and a largest norm.
    Weight,
    /// Added to the output.
    Bias,
    /// Multiplied with the values of one channel; begins at 1.
    Scale,
    /// Added to the values of one channel; begins at 0.
    Shift,
    /// Not trained: a running average over batches. Instead of its gradient the operation writes the value for this
    /// batch, and the training step moves the average towards it: p ← p + momentum · (value − p).
    Buffer {
        /// The weight of each batch in the average.
        momentum: f64,
    },
}

impl Role {
    /// Whether the optimiser changes it.
    pub fn is_trained(self) -> bool {
        !matches!(self, Role::Buffer { .. })
    }
}

/// A parameter tensor of an operation.
///
/// ```
/// use convnet::plan::{Param, Role};
/// let weight = Param::new("weight", Role::Weight, [6, 1, 5, 5]).fan(25, 150);
/// let slope = Param::new("weight", Role::Scale, [1]).start(0.25);
/// assert_eq!((weight.len(), slope.start), (150, Some(0.25)));
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Param {
    /// "weight", "bias" and so on, as in PyTorch's state dict.
    pub name: Cow<'static, str>,
    /// Its role.
    pub role: Role,
    /// \[filters, channels, rows, columns\] or \[units, inputs\] for weights.
    pub shape: Vec<usize>,
    /// Inputs that reach one output of the layer.
    pub fan_in: usize,
    /// Outputs that one input of the layer reaches.
    pub fan_out: usize,
    /// The value of every entry at the start, for any [`Init`](crate::Init); with `None` it depends on the role and the
    /// [`Init`](crate::Init).
    pub start: Option<f64>,
}

impl Param {
    /// A tensor of this shape, with a fan-in and a fan-out of 1.
    pub fn new(name: impl Into<Cow<'static, str>>, role: Role, shape: impl Into<Vec<usize>>) -> Self {
        Param { name: name.into(), role, shape: shape.into(), fan_in: 1, fan_out: 1, start: None }
    }

    /// The same with this fan-in and fan-out. They determine the scale of random initial weights.
    pub fn fan(self, fan_in: usize, fan_out: usize) -> Self {
        Param { fan_in, fan_out, ..self }
    }

    /// The same with every entry beginning at this value.
    pub fn start(self, value: f64) -> Self {
        Param { start: Some(value), ..self }
    }

    /// Values in the tensor.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
