//! Merges: operations that make one value of several.

use super::place::Placed;
use crate::kernel::merge::{self, Part};
use crate::plan::op::builtin;
use crate::plan::{Backward, Facts, Forward, Mode, Op, Plan, Reads, Shortcut, Tensors};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Dims, Shape, ShapeError};

/// The sum of values of equal shapes.
pub(super) struct AddOp {
    inputs: usize,
}

/// Channels one after the other.
pub(super) struct ConcatOp {
    parts: Vec<Part>,
}

/// The product of two values: of equal shapes, or of C×H×W and one number for each channel.
pub(super) struct MultiplyOp {
    channels: usize,
    area: usize,
    gated: bool,
    #[cfg_attr(not(feature = "store"), allow(dead_code, reason = "for the export"))]
    by_vector: bool,
}

builtin!(AddOp, ConcatOp, MultiplyOp);

impl<T: Scalar> Op<T> for AddOp {
    fn describe(&self) -> String {
        "Add".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let first = Node::new("Add", [Operand::Input, Operand::Other(1)]);
        let more = (2..self.inputs).map(|i| Node::new("Add", [Operand::Last, Operand::Other(i)]));
        Some(std::iter::once(first).chain(more).collect())
    }

    fn shortcut(&self, mode: Mode) -> Shortcut {
        // In training the gradients of its inputs are needed.
        if mode == Mode::Infer && self.inputs == 2 { Shortcut::Add } else { Shortcut::None }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn rectifies(&self) -> bool {
        true
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, xs, rectifier, pass, .. }: Forward<'_, T>) {
        merge::sum(pass.exec, y, |input| xs.get(input), xs.len(), rectifier);
    }

    fn backward(&self, Backward { dx, dy, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            dx.copy_from_slice(dy);
        }
    }
}

impl<T: Scalar> Op<T> for ConcatOp {
    fn describe(&self) -> String {
        "Concat".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let operands: Vec<Operand> = (0..self.parts.len()).map(Operand::Other).collect();
        Some(vec![Node::new("Concat", operands).with("axis", 1)])
    }

    fn shortcut(&self, mode: Mode) -> Shortcut {
        // A training step has several tiles, and then the parts of all of them are not contiguous.
        if mode == Mode::Infer { Shortcut::Concat } else { Shortcut::None }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, xs, pass, .. }: Forward<'_, T>) {
        self.parts.iter().zip(xs.iter()).for_each(|(part, x)| part.write(pass.exec, y, x));
    }

    fn backward(&self, Backward { dx, dy, input, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.parts[input].read(pass.exec, dx, dy);
        }
    }
}

impl<T: Scalar> Op<T> for MultiplyOp {
    fn describe(&self) -> String {
        "Multiply".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        if !self.by_vector {
            return Some(vec![Node::new("Mul", [Operand::Input, Operand::Other(1)])]);
        }
        let maps = Node::new("Unsqueeze", [Operand::Other(1), Operand::from([2, 3])]);
        Some(vec![maps, Node::new("Mul", [Operand::Input, Operand::Last])])
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, xs, pass, .. }: Forward<'_, T>) {
        let [a, b] = [0, 1].map(|index| xs.get(index));
        if self.gated {
            merge::gated(pass.exec, y, a, b, [self.channels, self.area]);
        } else {
            merge::product(pass.exec, y, a, b);
        }
    }

    fn backward(&self, Backward { dx, dy, xs, input, pass, .. }: Backward<'_, T>) {
        let Some(dx) = dx else { return };
        let other = xs.get(1 - input);
        match (self.gated, input) {
            (false, _) => merge::product(pass.exec, dx, dy, other),
            (true, 0) => merge::gated(pass.exec, dx, dy, other, [self.channels, self.area]),
            (true, _) => merge::gate_gradient(pass.exec, dx, dy, other, [self.channels, self.area]),
        }
    }
}

/// A merge of the crate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Merge {
    /// The sum of values of equal shapes.
    Add,
    /// Channels one after the other.
    Concat,
    /// The product of two values of equal shapes, or of C×H×W and C×1×1.
    Multiply,
}

impl Merge {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Merge::Add => "Add",
            Merge::Concat => "Concat",
            Merge::Multiply => "Multiply",
        }
    }

    /// Shape of the output for inputs of these shapes with these names.
    pub(super) const fn output(self, inputs: &[(&'static str, Placed)]) -> Result<Dims, ShapeError> {
        let takes = matches!(self, Merge::Multiply) && inputs.len() != 2;
        if takes || inputs.len() < 2 {
            let error = ShapeError::of(self.name()).str(if takes {
                "takes 2 values"
            } else {
                "takes at least 2 values"
            });
            return Err(error.str(", found ").num(inputs.len()));
        }
        let first = inputs[0].1.output;
        let mut channels = first.channels();
        let mut i = 1;
        while i < inputs.len() {
            let dims = inputs[i].1.output;
            let same_size = first.height() == dims.height() && first.width() == dims.width();
            let (fits, rule) = match self {
                Merge::Add => (first.equals(dims), "; a sum takes equal shapes"),
                Merge::Concat => (
                    first.is_maps() == dims.is_maps() && same_size,
                    "; only the numbers of channels may differ",
                ),
                Merge::Multiply => (
                    first.equals(dims)
                        || (first.channels() == dims.channels() && dims.len() == dims.channels()),
                    "; a product takes equal shapes, or one number for each channel",
                ),
            };
            if !fits {
                let text = ShapeError::of(self.name()).str("`").str(inputs[0].0).str("` is ").dims(first);
                return Err(text.str(", `").str(inputs[i].0).str("` is ").dims(dims).str(rule));
            }
            channels += dims.channels();
            i += 1;
        }
        Ok(match self {
            Merge::Concat if first.is_maps() => Dims::chw(channels, first.height(), first.width()),
            Merge::Concat => Dims::flat(channels),
            _ => first,
        })
    }
}

/// A merge of your own: a layer that takes several values, `Ins` being a tuple of their shapes.
///
/// ```
/// use convnet::layer::MergeLayer;
/// use convnet::plan::{Backward, Forward, Op, Plan, Reads};
/// use convnet::prelude::*;
///
/// /// y = a − b.
/// #[derive(Clone, Copy, Default)]
/// struct Difference;
///
/// impl<S: Shape, T: Scalar> MergeLayer<(S, S), T> for Difference {
///     type Out = S;
///
///     fn add_to(&self, plan: &mut Plan<T>, inputs: &[usize]) {
///         plan.add_merge::<(S, S), Self>(DifferenceOp, inputs);
///     }
/// }
///
/// struct DifferenceOp;
///
/// impl<T: Scalar> Op<T> for DifferenceOp {
///     fn describe(&self) -> String {
///         "Difference".into()
///     }
///
///     fn reads(&self) -> Reads {
///         Reads::NOTHING
///     }
///
///     fn forward(&self, Forward { y, xs, .. }: Forward<'_, T>) {
///         for ((y, a), b) in y.iter_mut().zip(xs.get(0)).zip(xs.get(1)) {
///             *y = a.zip(*b, |a, b| a - b);
///         }
///     }
///
///     /// Called once for each input whose gradient is needed.
///     fn backward(&self, Backward { dx, dy, input, .. }: Backward<'_, T>) {
///         for (dx, dy) in dx.into_iter().flatten().zip(dy) {
///             *dx = dy.map(|dy| if input == 0 { dy } else { -dy });
///         }
///     }
/// }
///
/// network! {
///     struct Contrast: Chw<2, 6, 6> => Flat<3> {
///         near: Conv2d { filters: 4, kernel: 3, padding: 1 },
///         far: Conv2d(input) { filters: 4, kernel: 5, padding: 2 },
///         contrast: Difference(near, far),
///         pool: GlobalAvgPool,
///         fc: Dense { units: 3 },
///     }
/// }
/// let x = Tensor::<Chw<2, 6, 6>>::from_fn(|i| i as f32);
/// assert_eq!(Contrast::new(1).predict(&x).probabilities.len(), 3);
/// ```
#[diagnostic::on_unimplemented(
    message = "the shapes do not agree: `{Self}` cannot merge values of the shapes `{Ins}`",
    label = "this merge is given `{Ins}`"
)]
pub trait MergeLayer<Ins, T: Scalar = f32> {
    /// Shape of one output sample.
    type Out: Shape;

    /// The error to show if the sizes in the type contradict each other.
    const SHAPE_ERROR: Option<ShapeError> = None;

    /// Trainable parameters.
    const PARAMS: usize = 0;

    /// Parameters that are not trained.
    const BUFFERS: usize = 0;

    /// Names and shapes of the parameter tensors, in order.
    const TENSORS: Tensors = &[];

    /// Multiply-accumulates for one sample, forward.
    const MACS: usize = 0;

    /// Values that the merge keeps for the backward pass, for one sample.
    const ACTIVATIONS: usize = Self::Out::LEN;

    /// Adds the merge's arithmetic to a plan, with the values that it reads: [`Plan::add_merge`].
    fn add_to(&self, plan: &mut Plan<T>, inputs: &[usize]);
}

/// The facts about a merge of values of these shapes.
pub(crate) const fn merge_facts<Ins, L: MergeLayer<Ins, T>, T: Scalar>() -> Facts {
    Facts {
        params: L::PARAMS,
        buffers: L::BUFFERS,
        tensors: L::TENSORS,
        macs: L::MACS,
        activations: L::ACTIVATIONS,
    }
}

impl<T: Scalar> Plan<T> {
    /// Adds the arithmetic of the merge `L`, which reads these values; the next layer reads its output.
    ///
    /// # Panics
    /// If there is no such value, or the operation's parameters are not those that the merge declares.
    pub fn add_merge<Ins, L: MergeLayer<Ins, T>>(&mut self, op: impl Op<T>, inputs: &[usize]) {
        self.push(Box::new(op), inputs.to_vec(), L::Out::DIMS, merge_facts::<Ins, L, T>());
    }

    /// Adds a merge of these values; the next layer reads its output.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are fewer than two values, or not two for a product.
    pub fn merge(&mut self, merge: Merge, inputs: &[usize]) {
        let dims: Vec<Dims> = inputs.iter().map(|value| self.values()[*value].dims).collect();
        let named: Vec<_> = dims.iter().map(|dims| ("value", Placed::input(*dims))).collect();
        let output = merge.output(&named).unwrap_or_else(|error| error.refuse(""));
        let op = match merge {
            Merge::Add => T::compiled::<AddOp>(AddOp { inputs: inputs.len() }),
            Merge::Concat => {
                let whole = output.len();
                let starts = dims.iter().scan(0, |start, dims| {
                    let part = Part { whole, start: *start, len: dims.len() };
                    *start += dims.len();
                    Some(part)
                });
                T::compiled::<ConcatOp>(ConcatOp { parts: starts.collect() })
            }
            Merge::Multiply => {
                let [a, b] = [dims[0], dims[1]];
                let area = a.height() * a.width();
                let gated = a.len() != b.len();
                let by_vector = a.is_maps() && !b.is_maps();
                T::compiled::<MultiplyOp>(MultiplyOp { channels: a.channels(), area, gated, by_vector })
            }
        };
        self.push(op, inputs.to_vec(), output, Facts::NONE);
    }
}

/// The crate's merges, on the user's line.
#[doc(hidden)]
#[macro_export]
macro_rules! __merge {
    ($merge:ident) => {{
        const _: () = {
            let _ = __AT.merge($crate::layer::Merge::$merge, __INPUTS, __MERGED);
            __AT.read_in(__LINES);
        };
        __AT.quiet().merge($crate::layer::Merge::$merge, __INPUTS, __MERGED)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Add {
    ($($source:ident),+ $(,)?) => {
        $crate::__merge!(Add)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Concat {
    ($($source:ident),+ $(,)?) => {
        $crate::__merge!(Concat)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Multiply {
    ($($source:ident),+ $(,)?) => {
        $crate::__merge!(Multiply)
    };
}
