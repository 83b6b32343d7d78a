//! What a network does, as a list of operations with run-time sizes.
//!
//! Types end here: a [`Layer`] is a type that checks its shapes and then adds its [`Op`] to the [`Plan`].
//! Everything behind works on slices, once for each kind of layer and not once for each shape, which is why
//! a network of a hundred layers compiles as quickly as one of ten.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernel::Exec;
use crate::layer::Layer;
use crate::scalar::Scalar;
use crate::shape::{Dims, Shape};
use crate::tensor::{LANES, Lanes};
use crate::train::Tally;

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
    /// Mode, threads and random keys.
    pub pass: Pass<'a>,
}

/// Arguments of [`Op::backward`]. Slices of lanes hold whole tiles, one after the other.
pub struct Backward<'a, T> {
    /// Gradient of the loss by the input, to be overwritten; `None` where nobody needs it.
    pub dx: Option<&'a mut [Lanes<T>]>,
    /// Gradient by the parameters, to be overwritten.
    pub dparams: &'a mut [T],
    /// Gradient by the output. Zero in lanes that hold no sample.
    pub dy: &'a [Lanes<T>],
    /// Input of the forward pass.
    pub x: &'a [Lanes<T>],
    /// Output of the forward pass.
    pub y: &'a [Lanes<T>],
    /// This operation's parameters.
    pub params: &'a [T],
    /// Working space: [`Op::scratch`] entries, holding anything.
    pub scratch: &'a mut [Lanes<T>],
    /// Mode, threads and random keys: the same as in the forward pass.
    pub pass: Pass<'a>,
}

/// Weights are multiplied with inputs, biases are added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Multiplied with the input.
    Weight,
    /// Added to the output.
    Bias,
}

/// A parameter tensor of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Param {
    /// "weight" or "bias", as in PyTorch's state dict.
    pub name: &'static str,
    /// Weight or bias.
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

/// The arithmetic of a layer, with its sizes known at run time: forward beside backward.
pub trait Op<T>: Send + Sync + 'static {
    /// Kind and settings in a few words: "Conv2d 5×5, padding 2".
    fn describe(&self) -> String;

    /// The parameter tensors, in the order in which they lie in `params`.
    fn params(&self) -> Vec<Param> {
        Vec::new()
    }

    /// Entries of working space wanted for so many tiles.
    fn scratch(&self, _tiles: usize) -> usize {
        0
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
}

/// The operations of a network, in order.
#[derive(Default)]
pub struct Plan<T> {
    steps: Vec<Step<T>>,
    layers: Vec<Range<usize>>,
}

/// Up to this many parameters a training step is cut into groups of tiles that each run through the whole
/// network, every group with a gradient of its own; above, each layer is cut by itself and there is one
/// gradient. Copies of a gradient beyond this size cost more memory traffic than the second cut costs waiting.
const SMALL_NETWORK: usize = 1 << 19;

/// The most groups a training step is cut into: a constant, so that sums do not depend on the machine.
const GROUPS: usize = 16;

/// Entries of the gradient that one thread adds up over the groups at a time.
const SUMMED_TOGETHER: usize = 4096;

impl<T: Scalar> Plan<T> {
    /// No operations yet.
    pub fn new() -> Self {
        Plan { steps: Vec::new(), layers: Vec::new() }
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
        let start = self.params();
        let params = start..start + L::PARAMS;
        let declared = op.params().iter().map(Param::len).sum::<usize>();
        assert_eq!(declared, L::PARAMS, "parameters of {} and the constant of its layer", op.describe());
        self.steps.push(Step {
            name: self.steps.len().to_string(),
            op: Box::new(op),
            input: In::DIMS,
            output: L::Out::DIMS,
            params,
            macs: L::MACS,
        });
    }

    /// The operations, in order.
    pub fn steps(&self) -> &[Step<T>] {
        &self.steps
    }

    /// Parameters of all operations.
    pub fn params(&self) -> usize {
        self.steps.last().map_or(0, |step| step.params.end)
    }

    /// Entries of the largest output of one tile, and of the largest scratch of so many.
    fn largest(&self, tiles: usize) -> (usize, usize) {
        let output = self.steps.iter().map(|s| s.output.len()).max().unwrap_or(0);
        let scratch = self.steps.iter().map(|s| s.op.scratch(tiles)).max().unwrap_or(0);
        (output, scratch)
    }

    /// Writes the network's output for each tile of `x` to `y`.
    pub(crate) fn infer(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], params: &[T]) {
        let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) else { return };
        let tiles = y.len() / last.output.len();
        let run = |parallel: bool, y: &mut [Lanes<T>], x: &[Lanes<T>]| {
            let tiles = y.len() / last.output.len();
            let (largest, scratch) = self.largest(tiles);
            let mut from = vec![Lanes::zero(); largest * tiles];
            let mut to = from.clone();
            let mut scratch = vec![Lanes::zero(); scratch];
            for (layer, step) in self.steps.iter().enumerate() {
                let x = if layer == 0 { x } else { &from[..step.input.len() * tiles] };
                let last = layer + 1 == self.steps.len();
                step.op.forward(Forward {
                    y: if last { &mut *y } else { &mut to[..step.output.len() * tiles] },
                    x,
                    params: &params[step.params.clone()],
                    scratch: &mut scratch,
                    pass: Pass { mode: Mode::Infer, exec: Exec::new(parallel), layer, keys: &[] },
                });
                std::mem::swap(&mut from, &mut to);
            }
        };
        if tiles == 1 {
            run(true, y, x);
        } else {
            y.par_chunks_mut(last.output.len())
                .zip(x.par_chunks(first.input.len()))
                .for_each(|(y, x)| run(false, y, x));
        }
    }
}

/// Everything a training step writes: allocated once, used for every batch of as many tiles.
pub struct Workspace<T> {
    groups: Vec<Group<T>>,
    /// The sum over the groups; empty where there is one group alone.
    gradient: Vec<T>,
    tiles: usize,
}

/// The tiles that run through the network together, and their gradient.
struct Group<T> {
    tiles: Range<usize>,
    activations: Vec<Lanes<T>>,
    dy: Vec<Lanes<T>>,
    dx: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
    gradient: Vec<T>,
    tally: Tally,
}

/// The loss of some tiles as a function: (gradient by the output to write, output, samples) → sums.
pub(crate) type LossOf<'a, T> = dyn Fn(&mut [Lanes<T>], &[Lanes<T>], Range<usize>) -> Tally + Sync + 'a;

impl<T: Scalar> Workspace<T> {
    /// Room for batches of so many samples.
    pub fn new(plan: &Plan<T>, samples: usize) -> Self {
        let groups = if plan.params() <= SMALL_NETWORK { samples.div_ceil(LANES).min(GROUPS) } else { 1 };
        Self::cut(plan, samples, groups)
    }

    /// Room for batches that are cut into so many groups.
    pub(crate) fn cut(plan: &Plan<T>, samples: usize, groups: usize) -> Self {
        let tiles = samples.div_ceil(LANES);
        let activations: usize = plan.steps.iter().map(|s| s.output.len()).sum();
        let groups = (0..groups)
            .map(|g| {
                let tiles = g * tiles / groups..(g + 1) * tiles / groups;
                let (largest, scratch) = plan.largest(tiles.len());
                let room = |entries: usize| vec![Lanes::zero(); entries * tiles.len()];
                Group {
                    activations: room(activations),
                    dy: room(largest),
                    dx: room(largest),
                    scratch: vec![Lanes::zero(); scratch],
                    gradient: vec![T::zero(); plan.params()],
                    tally: Tally::default(),
                    tiles,
                }
            })
            .collect::<Vec<_>>();
        let sum = if groups.len() == 1 { 0 } else { plan.params() };
        Workspace { groups, gradient: vec![T::zero(); sum], tiles }
    }

    /// The gradient by the parameters, from the last step.
    pub fn gradient(&self) -> &[T] {
        match self.groups.as_slice() {
            [group] => &group.gradient,
            _ => &self.gradient,
        }
    }
}

impl<T: Scalar> Plan<T> {
    /// Forward and backward over a batch of `keys.len()` samples; returns the sums over samples
    /// and leaves the gradient in `space`. If `dx` is given, it receives the gradient by the input.
    pub(crate) fn gradient(
        &self,
        space: &mut Workspace<T>,
        x: &[Lanes<T>],
        mut dx: Option<&mut [Lanes<T>]>,
        params: &[T],
        keys: &[u64],
        loss: &LossOf<'_, T>,
    ) -> Tally {
        let tiles = keys.len().div_ceil(LANES);
        if tiles != space.tiles {
            *space = Workspace::new(self, keys.len());
        }
        let input = self.steps[0].input.len();
        let parallel = space.groups.len() == 1;
        let mut dxs: Vec<_> = Vec::with_capacity(space.groups.len());
        for group in &space.groups {
            dxs.push(dx.take().map(|whole| {
                let (head, tail) = whole.split_at_mut(group.tiles.len() * input);
                dx = Some(tail);
                head
            }));
        }
        space.groups.par_iter_mut().zip(dxs).for_each(|(group, dx)| {
            let x = &x[group.tiles.start * input..group.tiles.end * input];
            self.run(group, x, dx, params, keys, parallel, loss);
        });
        let (first, rest) = space.groups.split_first().expect("a batch has at least one tile");
        space.gradient.par_chunks_mut(SUMMED_TOGETHER).enumerate().for_each(|(block, sum)| {
            let start = block * SUMMED_TOGETHER;
            sum.copy_from_slice(&first.gradient[start..start + sum.len()]);
            for group in rest {
                for (sum, g) in sum.iter_mut().zip(&group.gradient[start..]) {
                    *sum += *g;
                }
            }
        });
        let mut total = Tally::default();
        for group in &space.groups {
            total.add(group.tally);
        }
        total
    }

    /// One group's forward pass, loss and backward pass.
    fn run(
        &self,
        group: &mut Group<T>,
        x: &[Lanes<T>],
        mut input_gradient: Option<&mut [Lanes<T>]>,
        params: &[T],
        keys: &[u64],
        parallel: bool,
        loss: &LossOf<'_, T>,
    ) {
        let tiles = group.tiles.len();
        let samples = group.tiles.start * LANES..(group.tiles.end * LANES).min(keys.len());
        let keys = &keys[samples.clone()];
        let pass = |layer| Pass { mode: Mode::Train, exec: Exec::new(parallel), layer, keys };

        let mut x_of_layer = x;
        let mut rest = group.activations.as_mut_slice();
        let mut outputs: Vec<&[Lanes<T>]> = Vec::with_capacity(self.steps.len());
        for (layer, step) in self.steps.iter().enumerate() {
            let (y, tail) = rest.split_at_mut(step.output.len() * tiles);
            rest = tail;
            step.op.forward(Forward {
                y,
                x: x_of_layer,
                params: &params[step.params.clone()],
                scratch: &mut group.scratch,
                pass: pass(layer),
            });
            outputs.push(y);
            x_of_layer = y;
        }

        let last = self.steps.len() - 1;
        let output = self.steps[last].output.len() * tiles;
        group.tally = loss(&mut group.dy[..output], outputs[last], samples);

        for (layer, step) in self.steps.iter().enumerate().rev() {
            let dx = match layer {
                0 => input_gradient.take(),
                _ => Some(&mut group.dx[..step.input.len() * tiles]),
            };
            step.op.backward(Backward {
                dx,
                dparams: &mut group.gradient[step.params.clone()],
                dy: &group.dy[..step.output.len() * tiles],
                x: if layer == 0 { x } else { outputs[layer - 1] },
                y: outputs[layer],
                params: &params[step.params.clone()],
                scratch: &mut group.scratch,
                pass: pass(layer),
            });
            std::mem::swap(&mut group.dx, &mut group.dy);
        }
    }
}
