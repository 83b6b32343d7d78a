//! Operations: the arithmetic of layers, with sizes known at run time.

#[cfg(feature = "store")]
use super::onnx::Node;
use super::param::Param;
use crate::kernel::conv::Arithmetic;
use crate::kernel::conv::Geometry;
use crate::kernel::{Exec, Rectifier};
use crate::scalar::Scalar;
use crate::tensor::Lanes;

/// Training or inference. Dropout and batch normalisation differ between the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The forward pass of a training step. Random layers draw.
    Train,
    /// Inference. Every layer is a fixed function.
    Infer,
}

/// The pass that an operation is part of.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Pass<'a> {
    /// Training or inference. In a training step a frozen operation that has parameters runs as in inference, backward too.
    pub mode: Mode,
    /// Instruction set, threads and lanes.
    pub exec: Exec,
    /// The operation's place in the network. Together with a sample's key it seeds that sample's random draws.
    pub layer: usize,
    /// A number for each sample of a training step that keys its random draws; empty in inference.
    pub keys: &'a [u64],
}

impl<'a> Pass<'a> {
    pub(crate) fn new(mode: Mode, exec: Exec, layer: usize, keys: &'a [u64]) -> Self {
        Pass { mode, exec, layer, keys }
    }
}

/// Arguments of [`Op::forward`].
///
/// Slices of lanes hold whole tiles, one after the other: a value of C×H×W is `[tile][C][H][W][lane]`, with one sample
/// in each lane.
#[non_exhaustive]
pub struct Forward<'a, T> {
    /// Output, to be overwritten.
    pub y: &'a mut [Lanes<T>],
    /// Input; of a merge the first one.
    pub x: &'a [Lanes<T>],
    /// All inputs of a merge; for another operation, `x` alone.
    pub xs: Inputs<'a, T>,
    /// This operation's parameters, tensor after tensor in the order of [`Op::params`].
    pub params: &'a [T],
    /// Working memory of [`Op::scratch`] entries, with arbitrary content.
    pub scratch: &'a mut [Lanes<T>],
    /// A factor and a term for each channel: whether to write factor·y + term instead of y. Set only for an operation with
    /// [`Op::finishes`].
    pub scale: Option<&'a [[T; 2]]>,
    /// A value with the output's layout that is then added; set only for an operation with [`Op::finishes`].
    pub plus: Option<&'a [Lanes<T>]>,
    /// The rectifier of what is written, as the last of all; set only for an operation with [`Op::rectifies`].
    pub rectifier: Option<Rectifier>,
    /// Mode, threads and random keys.
    pub pass: Pass<'a>,
}

/// The inputs of an operation, in their order.
#[derive(Clone, Copy)]
pub struct Inputs<'a, T>(Source<'a, T>);

#[derive(Clone, Copy)]
enum Source<'a, T> {
    One(&'a [Lanes<T>]),
    Many(usize, &'a (dyn Fn(usize) -> &'a [Lanes<T>] + Sync)),
}

impl<'a, T> Inputs<'a, T> {
    pub(crate) fn one(x: &'a [Lanes<T>]) -> Self {
        Inputs(Source::One(x))
    }

    pub(crate) fn many(count: usize, get: &'a (dyn Fn(usize) -> &'a [Lanes<T>] + Sync)) -> Self {
        Inputs(Source::Many(count, get))
    }

    /// Number of inputs.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        match self.0 {
            Source::One(_) => 1,
            Source::Many(count, _) => count,
        }
    }

    /// The input with this index.
    ///
    /// # Panics
    /// If there is none.
    pub fn get(&self, index: usize) -> &'a [Lanes<T>] {
        assert!(index < self.len(), "input {index} of {}", self.len());
        match self.0 {
            Source::One(x) => x,
            Source::Many(_, get) => get(index),
        }
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = &'a [Lanes<T>]> {
        (0..self.len()).map(move |index| self.get(index))
    }
}

/// Arguments of [`Op::backward`]. Slices of lanes are laid out as in [`Forward`].
///
/// The backward pass of a merge is run once for each input whose gradient is needed.
#[non_exhaustive]
pub struct Backward<'a, T> {
    /// Gradient of the loss by the input, to be overwritten; `None` if it is not needed.
    pub dx: Option<&'a mut [Lanes<T>]>,
    /// Gradient of the loss by the parameters, summed over all samples, to be overwritten; in the order of `params`.
    /// For a [`Role::Buffer`](super::Role::Buffer) it is the tensor's value for this batch instead.
    pub dparams: &'a mut [T],
    /// Gradient by the output. Zero in lanes without a sample.
    pub dy: &'a [Lanes<T>],
    /// Input of the forward pass, the one with the index `input`; empty if [`Op::reads`] says that the backward pass does
    /// not read it.
    pub x: &'a [Lanes<T>],
    /// All inputs of the forward pass; empty slices if [`Op::reads`] says that the backward pass does not read them.
    pub xs: Inputs<'a, T>,
    /// The index of the input that `dx` belongs to; 0 unless the operation is a merge.
    pub input: usize,
    /// Output of the forward pass, after a fused rectifier; empty if [`Op::reads`] says that the backward pass does not read
    /// it.
    pub y: &'a [Lanes<T>],
    /// This operation's parameters.
    pub params: &'a [T],
    /// Working memory of [`Op::scratch`] entries, with arbitrary content.
    pub scratch: &'a mut [Lanes<T>],
    /// The rectifier whose output x is: zero is written to dx where its slope is 0; set only for an operation with
    /// [`Op::masks`].
    pub mask: Option<Rectifier>,
    /// Mode, threads and random keys: the same as in the forward pass.
    pub pass: Pass<'a>,
}

/// An operation so simple that the plan may not need to run it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Shortcut {
    /// The operation has to run.
    None,
    /// y = x, in the same layout.
    Identity,
    /// y = the rectified x.
    Rectifier(Rectifier),
    /// y = factor·x + term with a factor and a term for each channel: [`Op::scale`].
    Scale,
    /// The sum of two values.
    Add,
    /// Its inputs one after the other.
    Concat,
}

/// The values of the forward pass that a backward pass reads. The memory of the others is reused before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reads {
    /// The input.
    pub x: bool,
    /// The output.
    pub y: bool,
}

impl Reads {
    /// Neither: the gradient depends on dy alone.
    pub const NOTHING: Reads = Reads { x: false, y: false };
    /// The input.
    pub const X: Reads = Reads { x: true, y: false };
    /// The output.
    pub const Y: Reads = Reads { x: false, y: true };
    /// Both.
    pub const BOTH: Reads = Reads { x: true, y: true };
}

/// The arithmetic of a layer, forward and backward, with its sizes known at run time.
pub trait Op<T>: Send + Sync + 'static {
    /// Kind and settings in a few words: "Conv2d 5×5, padding 2".
    fn describe(&self) -> String;

    /// The parameter tensors, in their order in `params`.
    fn params(&self) -> Vec<Param> {
        Vec::new()
    }

    /// The operation in inference as nodes of an ONNX graph (feature `store`). The output of the last node is the
    /// operation's output; an empty list means that the operation changes nothing, not even the number of dimensions.
    /// `None`, the default, means that a network with this layer cannot be exported.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        None
    }

    /// The sizes of a convolution, with a dense layer as one of a single position, for benchmarks.
    #[doc(hidden)]
    fn convolution(&self) -> Option<Geometry> {
        None
    }

    /// The same operation in another arithmetic, if it has several.
    fn with_arithmetic(&self, _arithmetic: Arithmetic) -> Option<Box<dyn Op<T>>> {
        None
    }

    /// Entries of working memory needed for a number of tiles.
    fn scratch(&self, _tiles: usize) -> usize {
        0
    }

    /// The shortcut with which the plan can replace the operation, if there is one.
    fn shortcut(&self, _mode: Mode) -> Shortcut {
        Shortcut::None
    }

    /// The values of the forward pass that the backward pass reads.
    fn reads(&self) -> Reads {
        Reads::BOTH
    }

    /// Whether the forward pass can end with a [`Rectifier`].
    fn rectifies(&self) -> bool {
        false
    }

    /// Whether the forward pass can also end with factor·y + term and with the sum of that and another value, before
    /// the rectifier: [`Forward::scale`] and [`Forward::plus`]. Each step must round as if it were a pass of its own.
    fn finishes(&self) -> bool {
        false
    }

    /// Writes the factor and the term of each channel, if the operation is [`Shortcut::Scale`].
    fn scale(&self, _params: &[T], _pairs: &mut [[T; 2]]) {}

    /// Whether the backward pass can apply the mask of the preceding rectifier to dx: zero where its slope is 0.
    fn masks(&self) -> bool {
        false
    }

    /// Whether the operation respects [`Exec::lanes`], so that it can compute a small batch in a narrow tile. If not,
    /// it gets tiles of [`LANES`](crate::tensor::LANES) lanes.
    fn narrow(&self) -> bool {
        false
    }

    /// Whether a training step must give the operation the whole batch at once, because its result for one sample
    /// depends on the others. There are as many samples as [`Pass::keys`]; the lanes after them have arbitrary inputs,
    /// and their dx must be zero.
    fn whole_batch(&self) -> bool {
        false
    }

    /// The fewest samples of a batch in training: 2 for statistics over the batch of a single value of each sample.
    fn least_samples(&self) -> usize {
        1
    }

    /// Computes the output of whole tiles.
    fn forward(&self, pass: Forward<'_, T>);

    /// Computes the gradients of whole tiles, the parameters' summed over all of them.
    fn backward(&self, pass: Backward<'_, T>);
}

/// An operation of this crate. Its code is compiled as part of the crate, once for `f32` and once for `f64`.
pub(crate) trait Builtin {
    /// The operation for a scalar.
    fn boxed<T: Scalar>(self) -> Box<dyn Op<T>>;
}

/// Implements [`Builtin`] for types that implement [`Op`] for both scalars.
macro_rules! builtin {
    ($($op:ty),+ $(,)?) => {
        $(
            impl $crate::scalar::Compiled for $op {
                type Args<'a, T: $crate::scalar::Scalar> = Self;
                type Output<T: $crate::scalar::Scalar> = Box<dyn $crate::plan::Op<T>>;

                // Not inlined: else the operation would be compiled in the crate of the caller.
                #[inline(never)]
                fn f32(op: Self) -> Box<dyn $crate::plan::Op<f32>> {
                    Box::new(op)
                }

                #[inline(never)]
                fn f64(op: Self) -> Box<dyn $crate::plan::Op<f64>> {
                    Box::new(op)
                }
            }

            impl $crate::plan::op::Builtin for $op {
                fn boxed<T: $crate::scalar::Scalar>(self) -> Box<dyn $crate::plan::Op<T>> {
                    T::compiled::<Self>(self)
                }
            }
        )+
    };
}
pub(crate) use builtin;
