//! Batches: samples in the layout of the kernels.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::{LANES, Lanes, Tensor, Tiles, widen};
use crate::number::Number;
use crate::shape::Shape;

/// Any number of samples of shape `S`, in the layout of the kernels.
///
/// Samples are stored in tiles of [`LANES`]. A tile of shape C×H×W is laid out as `[C][H][W][LANES]`, so that one
/// vector instruction computes all samples of a tile. Up to eight samples, alone or left over after the whole tiles,
/// are stored as a narrow tile, `[C][H][W][lanes]` with 1, 2, 4 or 8 lanes.
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
    entries: Vec<Lanes<T>>,
    len: usize,
    shape: PhantomData<S>,
}

impl<S: Shape, T: Number> Batch<S, T> {
    /// `len` samples of zeros.
    pub fn zeros(len: usize) -> Self {
        let entries = vec![Lanes::zero(); Tiles::of(len).entries(S::LEN)];
        Batch { entries, len, shape: PhantomData }
    }

    /// Number of samples.
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
        let (tile, lanes) = self.tile_of(index);
        let per_entry = LANES / lanes;
        let lane = index % LANES;
        Tensor::from_fn(|i| self.entries[tile + i / per_entry].0[i % per_entry * lanes + lane])
    }

    /// Replaces one sample by values in channel, row, column order.
    ///
    /// # Panics
    /// If there is no such sample, or `values` does not hold `S::LEN` of them.
    pub fn set(&mut self, index: usize, values: impl ExactSizeIterator<Item = T>) {
        let (tile, lanes) = self.tile_of(index);
        assert_eq!(values.len(), S::LEN, "values of one sample");
        let per_entry = LANES / lanes;
        let lane = index % LANES;
        // The last sample also fills the lanes after it.
        let end = if index + 1 < self.len { lane + 1 } else { lanes };
        for (i, value) in values.enumerate() {
            self.entries[tile + i / per_entry].0[i % per_entry * lanes..][lane..end].fill(value);
        }
    }

    /// The first entry of a sample's tile, and the tile's lanes.
    fn tile_of(&self, index: usize) -> (usize, usize) {
        assert!(index < self.len, "sample {index} of a batch of {}", self.len);
        let tile = index / LANES;
        (tile * S::LEN, Tiles::of(self.len).lanes(tile))
    }

    /// Copies of the samples, one after the other.
    pub fn samples(&self) -> impl Iterator<Item = Tensor<S, T>> + '_ {
        (0..self.len).map(|i| self.sample(i))
    }

    /// The tiles with all their lanes; a copy of a narrow one. The lanes that it does not have repeat the last.
    pub(crate) fn whole_tiles(&self) -> impl Iterator<Item = Cow<'_, [Lanes<T>]>> {
        let tiles = Tiles::of(self.len);
        let (whole, rest) = self.entries.split_at(tiles.whole * S::LEN);
        let narrow = (tiles.narrow > 0).then(|| {
            let mut tile = vec![Lanes::zero(); S::LEN];
            widen(&mut tile, rest, tiles.narrow, true);
            Cow::Owned(tile)
        });
        whole.chunks(S::LEN).map(Cow::Borrowed).chain(narrow)
    }

    /// All tiles, one after the other.
    pub(crate) fn entries(&self) -> &[Lanes<T>] {
        &self.entries
    }

    /// All tiles, to change.
    pub(crate) fn entries_mut(&mut self) -> &mut [Lanes<T>] {
        &mut self.entries
    }
}

impl<'a, S: Shape, T: Number> FromIterator<&'a Tensor<S, T>> for Batch<S, T> {
    fn from_iter<I: IntoIterator<Item = &'a Tensor<S, T>>>(samples: I) -> Self {
        let samples: Vec<_> = samples.into_iter().collect();
        let mut batch = Batch::zeros(samples.len());
        for (i, sample) in samples.into_iter().enumerate() {
            batch.set(i, sample.as_slice().iter().copied());
        }
        batch
    }
}

impl<S: Shape, T: Number> FromIterator<Tensor<S, T>> for Batch<S, T> {
    fn from_iter<I: IntoIterator<Item = Tensor<S, T>>>(samples: I) -> Self {
        samples.into_iter().collect::<Vec<_>>().iter().collect()
    }
}

impl<S: Shape, T: Number> fmt::Debug for Batch<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch of {} samples of {}", self.len, S::DIMS)
    }
}
