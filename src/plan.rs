//! What a network does, as a list of operations with run-time sizes.
//!
//! Types end here: a [`Layer`] is a type that checks its shapes and then adds its [`Op`] to the [`Plan`].
//! Everything behind works on slices, once for each kind of layer and not once for each shape, which is why
//! a network of a hundred layers compiles as quickly as one of ten.

mod node;

use std::ops::Range;

use crate::engine::Builtin;
use crate::kernel::Exec;
use crate::layer::Layer;
use crate::scalar::Scalar;
use crate::shape::{Dims, Shape};
use crate::tensor::{LANES, Lanes};
use crate::workspace::{Pool, Space};

pub use node::{Attribute, Node, Operand};

/// Whether a network learns or is used; dropout differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Forward for a training step: random layers draw.
    Train,
    /// Forward for use: every layer is a fixed function.
    Infer,
}

/// What an operation may need to know of the pass it is part of.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// Training or inference.
    pub mode: Mode,
    /// Instruction set, threads and lanes.
    pub exec: Exec,
    /// The operation's place in the network; with a sample's key it seeds that sample's random draws.
    pub layer: usize,
    /// A number for each sample that keys its random draws; empty in inference.
    pub keys: &'a [u64],
}

/// Arguments of [`Op::forward`]. Slices of lanes hold whole tiles, one after the other.
pub struct Forward<'a, T> {
    /// Output, to be overwritten.
    pub y: &'a mut [Lanes<T>],
    /// Input.
    pub x: &'a [Lanes<T>],
    /// This operation's parameters.
    pub params: &'a [T],
    /// Working space: [`Op::scratch`] entries, holding anything.
    pub scratch: &'a mut [Lanes<T>],
    /// Whether to write max(y, 0) instead of y; only for an operation that says it [can](Op::relu_after).
    pub relu: bool,
    /// Mode, threads and random keys.
    pub pass: Pass<'a>,
}

/// Arguments of [`Op::backward`]. Slices of lanes hold whole tiles, one after the other.
pub struct Backward<'a, T> {
    /// Gradient of the loss by the input, to be overwritten; `None` where nobody needs it.
    pub dx: Option<&'a mut [Lanes<T>]>,
    /// Gradient by the parameters, to be overwritten; in the place of a [`Role::Statistic`] its value for this batch.
    pub dparams: &'a mut [T],
    /// Gradient by the output. Zero in lanes that hold no sample.
    pub dy: &'a [Lanes<T>],
    /// Input of the forward pass.
    pub x: &'a [Lanes<T>],
    /// Output of the forward pass: after the ReLU, if the operation did one.
    pub y: &'a [Lanes<T>],
    /// This operation's parameters.
    pub params: &'a [T],
    /// Working space: [`Op::scratch`] entries, holding anything.
    pub scratch: &'a mut [Lanes<T>],
    /// Whether to write zero to dx where x is not positive; only for an operation that says it
    /// [can](Op::relu_before).
    pub relu: bool,
    /// Mode, threads and random keys: the same as in the forward pass.
    pub pass: Pass<'a>,
}

/// What a parameter tensor is for: it decides how the tensor begins, what is added to its cost, and whether it is
/// trained.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Role {
    /// Multiplied with the input. The only role with weight decay, penalties and a largest norm.
    Weight,
    /// Added to the output.
    Bias,
    /// Multiplied with a channel by itself; begins at 1.
    Scale,
    /// Added to a channel by itself; begins at 0.
    Shift,
    /// Not trained: an average over the batches seen. In the place of its gradient the operation writes the value of
    /// this batch, and the training step moves the average there by p ← p + momentum · (value − p).
    Statistic {
        /// What it begins at.
        start: f64,
        /// How far it moves with each batch.
        momentum: f64,
    },
}

impl Role {
    /// Whether the optimiser changes it.
    pub fn is_trained(self) -> bool {
        !matches!(self, Role::Statistic { .. })
    }
}

/// A parameter tensor of an operation.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    /// "weight", "bias" and the like, as in PyTorch's state dict.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
    /// \[filters, channels, rows, columns\] or \[units, inputs\] for weights.
    pub shape: Vec<usize>,
    /// Inputs that reach one output of the layer.
    pub fan_in: usize,
    /// Outputs that one input of the layer reaches.
    pub fan_out: usize,
}

impl Param {
    /// Values in the tensor.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What an operation amounts to, so that the plan may do without running it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shortcut {
    /// Nothing that the plan knows.
    None,
    /// y = x.
    Identity,
    /// y = max(x, 0).
    Relu,
}

/// The arithmetic of a layer, with its sizes known at run time: forward beside backward.
pub trait Op<T>: Send + Sync + 'static {
    /// Kind and settings in a few words: "Conv2d 5×5, padding 2".
    fn describe(&self) -> String;

    /// The parameter tensors, in the order in which they lie in `params`.
    fn params(&self) -> Vec<Param> {
        Vec::new()
    }

    /// What the operation is in inference in the terms of ONNX: nodes of which the last gives its output, none at all
    /// where it changes nothing, not even the number of dimensions. `None` where ONNX cannot say it, or nobody has said
    /// it: a network with such a layer cannot be exported.
    fn nodes(&self) -> Option<Vec<Node>> {
        None
    }

    /// Entries of working space wanted for so many tiles.
    fn scratch(&self, _tiles: usize) -> usize {
        0
    }

    /// What the operation amounts to.
    fn shortcut(&self, _mode: Mode) -> Shortcut {
        Shortcut::None
    }

    /// Whether the forward pass can end with max(y, 0).
    fn relu_after(&self) -> bool {
        false
    }

    /// Whether the backward pass can begin with a gradient that is zero where x is not positive: with what a
    /// [`Shortcut::Relu`] in front of the operation wants.
    fn relu_before(&self) -> bool {
        false
    }

    /// Whether the operation looks at [`Exec::lanes`], so that it can be given few samples without gaps. Otherwise
    /// it gets tiles of [`LANES`] lanes.
    fn narrow(&self) -> bool {
        false
    }

    /// Whether a training step must give the operation the whole batch at once, and not tile by tile, because what it
    /// does to one sample depends on the others. There are as many samples as [`Pass::keys`]; in other lanes, which are
    /// the last, inputs mean nothing, and dx must be zero.
    fn whole_batch(&self) -> bool {
        false
    }

    /// Computes the output of whole tiles.
    fn forward(&self, pass: Forward<'_, T>);

    /// Computes the gradients of whole tiles, the parameters' summed over all of them.
    fn backward(&self, pass: Backward<'_, T>);
}

/// An operation and where it stands in the network.
pub struct Step<T> {
    /// The layer's name.
    pub name: String,
    /// The arithmetic.
    pub op: Box<dyn Op<T>>,
    /// Shape of one input sample.
    pub input: Dims,
    /// Shape of one output sample.
    pub output: Dims,
    /// The operation's share of the network's parameters.
    pub params: Range<usize>,
    /// Multiply-accumulates for one sample.
    pub macs: usize,
    /// How many of the parameters are trained.
    pub trained: usize,
}

impl<T> Step<T> {
    /// Whether this is the layer of that name, or a part of it.
    pub fn is_of(&self, layer: &str) -> bool {
        self.name.strip_prefix(layer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// An operation that runs, perhaps with a ReLU behind or before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    /// Its place among the steps.
    pub(crate) step: usize,
    /// Whether it does the ReLU behind it too.
    pub(crate) relu_after: bool,
    /// Whether the stage before it did a ReLU, whose gradient is this one's task.
    pub(crate) relu_before: bool,
}

/// The operations of a network, in order.
#[derive(Default)]
pub struct Plan<T> {
    steps: Vec<Step<T>>,
    layers: Vec<Range<usize>>,
    train: Vec<Stage>,
    infer: Vec<Stage>,
    /// Whether some operation wants tiles of all lanes.
    wide: bool,
    /// Whether some operation wants the whole batch in a training step.
    whole_batch: bool,
    /// Working space of inference.
    pub(crate) spaces: Pool<Space<T>>,
}

impl<T: Scalar> Plan<T> {
    /// No operations yet.
    pub fn new() -> Self {
        Plan {
            steps: Vec::new(),
            layers: Vec::new(),
            train: Vec::new(),
            infer: Vec::new(),
            wide: false,
            whole_batch: false,
            spaces: Pool::default(),
        }
    }

    /// The operations of `layers`, named by their place: "0", "1", …
    pub fn of<In: Shape, L: Layer<In, T>>(layers: &L) -> Self {
        const {
            if let Some(misfit) = L::MISFIT {
                misfit.refuse("")
            }
        }
        let mut plan = Plan::new();
        layers.add_to(&mut plan);
        plan
    }

    /// Adds a layer of the network under its name. The steps of a layer that is a chain are numbered behind it.
    #[doc(hidden)]
    pub fn layer<In: Shape, L: Layer<In, T>>(&mut self, name: &str, layer: &L) {
        let (first, start) = (self.steps.len(), self.params());
        layer.add_to(self);
        let single = self.steps.len() == first + 1;
        for (i, step) in self.steps[first..].iter_mut().enumerate() {
            step.name = if single { name.into() } else { format!("{name}.{i}") };
        }
        self.layers.push(start..self.params());
    }

    /// The parameters of the layer with this place among those that [`Plan::layer`] added.
    pub(crate) fn params_of(&self, layer: usize) -> Range<usize> {
        self.layers[layer].clone()
    }

    /// Adds the arithmetic of the layer `L`. Called by [`Layer::add_to`].
    pub fn add<In: Shape, L: Layer<In, T>>(&mut self, op: impl Op<T>) {
        self.push::<In, L>(Box::new(op));
    }

    /// [`Plan::add`] for an operation that is compiled with this crate.
    pub(crate) fn add_builtin<In: Shape, L: Layer<In, T>>(&mut self, op: impl Into<Box<dyn Builtin>>) {
        self.push::<In, L>(T::op(op.into()));
    }

    fn push<In: Shape, L: Layer<In, T>>(&mut self, op: Box<dyn Op<T>>) {
        let start = self.params();
        let params = start..start + L::PARAMS + L::BUFFERS;
        let (trained, averages): (Vec<_>, Vec<_>) =
            op.params().into_iter().partition(|param| param.role.is_trained());
        let declared = [trained, averages].map(|params| params.iter().map(Param::len).sum::<usize>());
        let what = "parameters and buffers of";
        assert_eq!(
            declared,
            [L::PARAMS, L::BUFFERS],
            "{what} {} and the constants of its layer",
            op.describe()
        );
        let tensors = op.params().into_iter().map(|param| (param.name, param.shape));
        let same = tensors.eq(L::TENSORS.iter().map(|(name, shape)| (*name, shape.to_vec())));
        assert!(same || L::TENSORS.is_empty(), "tensors of {} and the constant of its layer", op.describe());
        for (mode, stages) in [(Mode::Train, &mut self.train), (Mode::Infer, &mut self.infer)] {
            let last = stages.last_mut();
            let before = last.as_ref().is_some_and(|last| last.relu_after);
            match (op.shortcut(mode), last) {
                (Shortcut::Identity, Some(_)) => {}
                (Shortcut::Relu, Some(last)) if !before && self.steps[last.step].op.relu_after() => {
                    last.relu_after = true;
                }
                _ => {
                    stages.push(Stage { step: self.steps.len(), relu_after: false, relu_before: before });
                }
            }
        }
        self.wide |= !op.narrow();
        self.whole_batch |= op.whole_batch();
        self.steps.push(Step {
            name: self.steps.len().to_string(),
            op,
            input: In::DIMS,
            output: L::Out::DIMS,
            params,
            macs: L::MACS,
            trained: L::PARAMS,
        });
    }

    /// The operations, in order.
    pub fn steps(&self) -> &[Step<T>] {
        &self.steps
    }

    /// Parameters of all operations, those that are not trained among them.
    pub fn params(&self) -> usize {
        self.steps.last().map_or(0, |step| step.params.end)
    }

    /// Parameters that are trained.
    pub fn trained(&self) -> usize {
        self.steps.iter().map(|step| step.trained).sum()
    }

    /// What runs.
    pub(crate) fn stages(&self, mode: Mode) -> &[Stage] {
        match mode {
            Mode::Train => &self.train,
            Mode::Infer => &self.infer,
        }
    }

    /// Whether a training step must not be cut into groups of tiles.
    pub(crate) fn is_whole_batch(&self) -> bool {
        self.whole_batch
    }

    /// Lanes for a batch of so many samples: few samples lie without gaps, if every operation can do with that.
    pub(crate) fn lanes(&self, samples: usize) -> usize {
        if self.wide { LANES } else { Exec::lanes_for(samples) }
    }
}
