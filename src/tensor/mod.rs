//! Tensors: one sample, and batches of samples in the layout of the kernels.

mod batch;
mod lanes;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

pub use batch::Batch;
pub(crate) use batch::Layout;
pub use lanes::{LANES, Lanes};
pub(crate) use lanes::{Tiles, narrow, widen};

use crate::error::Error;
use crate::number::Number;
use crate::shape::{Chw, Flat, LogProbabilities, Probabilities, Shape};

/// One sample of shape `S`: contiguous values, in channel, row, column order.
///
/// # Shapes
/// `Tensor<Chw<C, H, W>>` is indexed as `[[[T; W]; H]; C]`, `Tensor<Flat<N>>` as `[T; N]`.
///
/// ```
/// use convnet::prelude::*;
/// let image = Tensor::<Chw<2, 3, 4>>::from_fn(|i| i as f32);
/// assert_eq!(image[1][2][3], 23.0);
/// assert_eq!(Tensor::from([1.0, 2.0])[1], 2.0);
/// assert_eq!(image[0], [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]]);
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<S, T = f32> {
    values: Box<[T]>,
    shape: PhantomData<S>,
}

impl<S: Shape, T: Number> Tensor<S, T> {
    /// All zeros.
    pub fn zeros() -> Self {
        Self::from_fn(|_| T::zero())
    }

    /// The value at each position, counted in channel, row, column order.
    pub fn from_fn(f: impl FnMut(usize) -> T) -> Self {
        Tensor { values: (0..S::LEN).map(f).collect(), shape: PhantomData }
    }

    /// A sample of `S::LEN` values, in channel, row, column order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are more or fewer.
    pub fn from_slice(values: &[T]) -> Result<Self, Error> {
        if values.len() != S::LEN {
            return Err(Error::argument("values", format!("{} ({})", S::LEN, S::DIMS), values.len()));
        }
        Ok(Tensor { values: values.into(), shape: PhantomData })
    }

    /// The values, in channel, row, column order.
    pub fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// The values, for changes.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<S: Shape, T: Number> fmt::Debug for Tensor<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}> {:?}", S::DIMS, self.values)
    }
}

impl<const N: usize, T: Number> From<[T; N]> for Tensor<Flat<N>, T> {
    fn from(values: [T; N]) -> Self {
        Tensor { values: values.into(), shape: PhantomData }
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Number> From<[[[T; W]; H]; C]>
    for Tensor<Chw<C, H, W>, T>
{
    fn from(values: [[[T; W]; H]; C]) -> Self {
        Tensor { values: values.as_flattened().as_flattened().into(), shape: PhantomData }
    }
}

/// The chunk of `N` values at `index`; panics past the end, as an array does.
fn nth<const N: usize, T>(values: &[T], index: usize) -> &[T; N] {
    &values.as_chunks().0[index]
}

impl<const C: usize, const H: usize, const W: usize, T: Number> Index<usize> for Tensor<Chw<C, H, W>, T> {
    type Output = [[T; W]; H];
    fn index(&self, channel: usize) -> &Self::Output {
        nth(self.values.as_chunks().0, channel)
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Number> IndexMut<usize> for Tensor<Chw<C, H, W>, T> {
    fn index_mut(&mut self, channel: usize) -> &mut Self::Output {
        &mut self.values.as_chunks_mut().0.as_chunks_mut().0[channel]
    }
}

impl<const N: usize, T: Number> Index<usize> for Tensor<Flat<N>, T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.values[i]
    }
}

impl<const N: usize, T: Number> IndexMut<usize> for Tensor<Flat<N>, T> {
    fn index_mut(&mut self, i: usize) -> &mut T {
        &mut self.values[i]
    }
}

impl<const N: usize, T: Number> Index<usize> for Tensor<Probabilities<N>, T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.values[i]
    }
}

impl<const N: usize, T: Number> Index<usize> for Tensor<LogProbabilities<N>, T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.values[i]
    }
}
