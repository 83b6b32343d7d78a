//! Shapes as types.
//!
//! A [`Shape`] is a type without values: [`Chw`] for images and feature maps, [`Flat`] for vectors, [`Probabilities`]
//! and [`LogProbabilities`] for the output of a softmax. The same shape as a value is a [`Dims`], which constant code
//! can compute with; stable Rust cannot compute inside a type.
//!
//! ```
//! use convnet::prelude::*;
//! assert_eq!(<Chw<3, 32, 32>>::LEN, 3072);
//! assert_eq!(<Chw<3, 32, 32>>::DIMS.to_string(), "3×32×32");
//! ```

mod dims;
mod error;
mod path;
mod window;

use std::fmt;

pub use dims::Dims;
pub use error::ShapeError;
#[cfg(feature = "store")]
pub(crate) use error::same;
pub use path::Path;
pub use window::{CeilMode, CountIncludePad, Dilation, Groups, Kernel, Padding, Stride, Window};
#[doc(hidden)]
pub use window::{NoDilation, NoPadding, OneGroup, OneStride};
pub(crate) use window::{transposed_output, window_output};

/// The shape of one sample, as a type.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!(<Chw<3, 32, 32>>::LEN, 3072);
/// assert_eq!(<Flat<10>>::DIMS.to_string(), "10");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a shape: write `Chw<C, H, W>` or `Flat<N>`")]
pub trait Shape: Copy + Default + fmt::Debug + Send + Sync + 'static {
    /// The shape as a value.
    const DIMS: Dims;

    /// Values in one sample.
    const LEN: usize = Self::DIMS.len();
}

/// Channels, height and width: an image or a stack of feature maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chw<const C: usize, const H: usize, const W: usize>;

/// A vector of `N` numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flat<const N: usize>;

/// A vector of `N` probabilities that sum to one: the output of [`Softmax`](crate::layer::Softmax).
///
/// It is a shape of its own so that a second softmax, or a loss that applies one itself, does not compile after the
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probabilities<const N: usize>;

/// The logarithms of `N` probabilities that sum to one: the output of [`LogSoftmax`](crate::layer::LogSoftmax). A shape
/// of its own for the same reason as [`Probabilities`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogProbabilities<const N: usize>;

impl<const C: usize, const H: usize, const W: usize> Shape for Chw<C, H, W> {
    const DIMS: Dims = Dims::chw(C, H, W);
}

impl<const N: usize> Shape for Flat<N> {
    const DIMS: Dims = Dims::flat(N);
}

impl<const N: usize> Shape for Probabilities<N> {
    const DIMS: Dims = Dims::flat(N).of_kind(Dims::PROBABILITIES);
}

impl<const N: usize> Shape for LogProbabilities<N> {
    const DIMS: Dims = Dims::flat(N).of_kind(Dims::LOG_PROBABILITIES);
}

/// Shapes whose entries can be any numbers, unlike probabilities. Activations, most layers and most losses take them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` comes from a softmax and fits only the loss that is made for it",
    label = "these are probabilities already",
    note = "`ProbabilityCrossEntropy` takes `Probabilities`, `NegativeLogLikelihood` takes `LogProbabilities`",
    note = "a Softmax comes last: no other layer follows it"
)]
pub trait Features: Shape {}
impl<const C: usize, const H: usize, const W: usize> Features for Chw<C, H, W> {}
impl<const N: usize> Features for Flat<N> {}

/// Feature maps, whose channels a layer may keep.
#[doc(hidden)]
pub trait Maps: Shape {
    /// The same channels in another size.
    type Resized<const H: usize, const W: usize>: Shape;
}

impl<const C: usize, const OLD_H: usize, const OLD_W: usize> Maps for Chw<C, OLD_H, OLD_W> {
    type Resized<const H: usize, const W: usize> = Chw<C, H, W>;
}

/// The type-level shape of a [`Dims`], for the `network!` macro: a constant chooses the type.
#[doc(hidden)]
pub struct Known<const KIND: u8, const C: usize, const H: usize, const W: usize>;

#[doc(hidden)]
pub trait ToShape {
    type Shape: Shape;
}

impl<const C: usize, const H: usize, const W: usize> ToShape for Known<{ Dims::CHW }, C, H, W> {
    type Shape = Chw<C, H, W>;
}

impl<const C: usize> ToShape for Known<{ Dims::FLAT }, C, 1, 1> {
    type Shape = Flat<C>;
}

impl<const C: usize> ToShape for Known<{ Dims::PROBABILITIES }, C, 1, 1> {
    type Shape = Probabilities<C>;
}

impl<const C: usize> ToShape for Known<{ Dims::LOG_PROBABILITIES }, C, 1, 1> {
    type Shape = LogProbabilities<C>;
}
