//! One sample, and many samples in the engine's layout.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::{Chw, Flat, LogProbabilities, Probabilities, Shape};

/// Samples that are computed side by side: one AVX-512 register of `f32`.
pub const LANES: usize = 16;

/// One value of each of [`LANES`] samples, aligned to a cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes<T>(pub [T; LANES]);

impl<T: Scalar> Lanes<T> {
    /// Zero in every lane.
    #[inline(always)]
    pub fn zero() -> Self {
        Lanes([T::zero(); LANES])
    }

    /// The same value in every lane.
    #[inline(always)]
    pub fn splat(value: T) -> Self {
        Lanes([value; LANES])
    }

    /// `f` of each lane.
    #[inline(always)]
    pub fn map(self, f: impl Fn(T) -> T) -> Self {
        Lanes(self.0.map(f))
    }

    /// `f` of each pair of lanes.
    #[inline(always)]
    pub fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        Lanes(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }

    /// The sum over the lanes, always added in the same order.
    // Not inlined: the compiler would lay out the loops before it by the halves of this sum, at a third of the speed.
    #[inline(never)]
    pub fn sum(&self) -> T {
        let mut v = self.0;
        let mut half = LANES / 2;
        while half > 0 {
            for l in 0..half {
                v[l] += v[l + half];
            }
            half /= 2;
        }
        v[0]
    }
}

impl<T: Scalar> Default for Lanes<T> {
    fn default() -> Self {
        Lanes::zero()
    }
}

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

impl<S: Shape, T: Scalar> Tensor<S, T> {
    /// All zeros.
    pub fn zeros() -> Self {
        Self::from_fn(|_| T::zero())
    }

    /// The value at each position, counted in channel, row, column order.
    pub fn from_fn(f: impl FnMut(usize) -> T) -> Self {
        Tensor { values: (0..S::LEN).map(f).collect(), shape: PhantomData }
    }

    /// Takes `S::LEN` values in channel, row, column order.
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

    /// The values, to change.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<S: Shape, T: Scalar> fmt::Debug for Tensor<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}> {:?}", S::DIMS, self.values)
    }
}

impl<const N: usize, T: Scalar> From<[T; N]> for Tensor<Flat<N>, T> {
    fn from(values: [T; N]) -> Self {
        Tensor { values: values.into(), shape: PhantomData }
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Scalar> From<[[[T; W]; H]; C]>
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

impl<const C: usize, const H: usize, const W: usize, T: Scalar> Index<usize> for Tensor<Chw<C, H, W>, T> {
    type Output = [[T; W]; H];
    fn index(&self, channel: usize) -> &Self::Output {
        nth(self.values.as_chunks().0, channel)
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Scalar> IndexMut<usize> for Tensor<Chw<C, H, W>, T> {
    fn index_mut(&mut self, channel: usize) -> &mut Self::Output {
        &mut self.values.as_chunks_mut().0.as_chunks_mut().0[channel]
    }
}

impl<const N: usize, T: Scalar> Index<usize> for Tensor<Flat<N>, T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.values[i]
    }
}

impl<const N: usize, T: Scalar> IndexMut<usize> for Tensor<Flat<N>, T> {
    fn index_mut(&mut self, i: usize) -> &mut T {
        &mut self.values[i]
    }
}

impl<const N: usize, T: Scalar> Index<usize> for Tensor<Probabilities<N>, T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.values[i]
    }
}

impl<const N: usize, T: Scalar> Index<usize> for Tensor<LogProbabilities<N>, T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.values[i]
    }
}

/// Samples of shape `S`, as many as wanted, in the engine's layout.
///
/// Samples are kept in tiles of [`LANES`]; a tile of shape C×H×W is stored `[C][H][W][LANES]`, so that one
/// step of arithmetic serves all samples of a tile. The unused lanes of the last tile repeat the last sample: what
/// is finite for samples is finite there too, and a gradient of zero stays zero.
///
/// ```
/// use convnet::prelude::*;
/// let images: Vec<_> = (0..3).map(|n| Tensor::<Chw<1, 2, 2>>::from_fn(|i| (10 * n + i) as f32)).collect();
/// let batch: Batch<_> = images.iter().collect();
/// assert_eq!(batch.len(), 3);
/// assert_eq!(batch.sample(2), images[2]);
/// ```
#[derive(Clone, PartialEq)]
pub struct Batch<S, T = f32> {
    lanes: Vec<Lanes<T>>,
    len: usize,
    shape: PhantomData<S>,
}

impl<S: Shape, T: Scalar> Batch<S, T> {
    /// `len` samples of zeros.
    pub fn zeros(len: usize) -> Self {
        Batch { lanes: vec![Lanes::zero(); len.div_ceil(LANES) * S::LEN], len, shape: PhantomData }
    }

    /// Samples in the batch.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy of one sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, index: usize) -> Tensor<S, T> {
        assert!(index < self.len, "sample {index} of a batch of {}", self.len);
        let tile = &self.lanes[index / LANES * S::LEN..][..S::LEN];
        Tensor::from_fn(|i| tile[i].0[index % LANES])
    }

    /// Replaces one sample by values in channel, row, column order.
    ///
    /// # Panics
    /// If there is no such sample, or `values` does not hold `S::LEN` of them.
    pub fn set(&mut self, index: usize, values: impl ExactSizeIterator<Item = T>) {
        assert!(index < self.len, "sample {index} of a batch of {}", self.len);
        assert_eq!(values.len(), S::LEN, "values of one sample");
        let tile = &mut self.lanes[index / LANES * S::LEN..][..S::LEN];
        let lane = index % LANES;
        if index + 1 < self.len || lane + 1 == LANES {
            for (lanes, value) in tile.iter_mut().zip(values) {
                lanes.0[lane] = value;
            }
        } else {
            for (lanes, value) in tile.iter_mut().zip(values) {
                lanes.0[lane..].fill(value);
            }
        }
    }

    /// The samples one after the other.
    pub fn samples(&self) -> impl Iterator<Item = Tensor<S, T>> + '_ {
        (0..self.len).map(|i| self.sample(i))
    }

    /// The tiles, `S::LEN` entries each.
    pub fn as_lanes(&self) -> &[Lanes<T>] {
        &self.lanes
    }

    /// The tiles, to change.
    pub fn as_lanes_mut(&mut self) -> &mut [Lanes<T>] {
        &mut self.lanes
    }
}

impl<'a, S: Shape, T: Scalar> FromIterator<&'a Tensor<S, T>> for Batch<S, T> {
    fn from_iter<I: IntoIterator<Item = &'a Tensor<S, T>>>(samples: I) -> Self {
        let samples: Vec<_> = samples.into_iter().collect();
        let mut batch = Batch::zeros(samples.len());
        for (i, sample) in samples.into_iter().enumerate() {
            batch.set(i, sample.as_slice().iter().copied());
        }
        batch
    }
}

impl<S: Shape, T: Scalar> FromIterator<Tensor<S, T>> for Batch<S, T> {
    fn from_iter<I: IntoIterator<Item = Tensor<S, T>>>(samples: I) -> Self {
        samples.into_iter().collect::<Vec<_>>().iter().collect()
    }
}

impl<S: Shape, T: Scalar> fmt::Debug for Batch<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch of {} samples of {}", self.len, S::DIMS)
    }
}
