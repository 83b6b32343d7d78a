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
        let entries = Layout { samples: len, len: S::LEN }.zeros();
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
        let place = self.layout().place(index);
        Tensor::from_fn(|i| *place.value(&self.entries, i))
    }

    /// Replaces one sample by values in channel, row, column order.
    ///
    /// # Panics
    /// If there is no such sample, or `values` does not hold `S::LEN` of them.
    pub fn set(&mut self, index: usize, values: impl ExactSizeIterator<Item = T>) {
        self.layout().set(&mut self.entries, index, values);
    }

    /// Where the values lie.
    fn layout(&self) -> Layout {
        Layout { samples: self.len, len: S::LEN }
    }

    /// Copies of the samples, one after the other.
    pub fn samples(&self) -> impl Iterator<Item = Tensor<S, T>> + '_ {
        (0..self.len).map(|i| self.sample(i))
    }

    /// The tiles with all their lanes; a copy of a narrow one. The lanes that it does not have repeat the last.
    pub(crate) fn whole_tiles(&self) -> impl Iterator<Item = Cow<'_, [Lanes<T>]>> {
        self.layout().whole_tiles(&self.entries)
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

/// Where the values of a batch lie in its entries: a batch without the type of its shape.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub samples: usize,
    /// Values of a sample.
    pub len: usize,
}

/// Where the values of one sample lie.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The first entry of the tile.
    tile: usize,
    /// Lanes of the tile.
    lanes: usize,
    lane: usize,
}

impl Place {
    /// The value at a position, counted in channel, row, column order.
    pub fn value<T>(self, entries: &[Lanes<T>], i: usize) -> &T {
        let per_entry = LANES / self.lanes;
        &entries[self.tile + i / per_entry].0[i % per_entry * self.lanes + self.lane]
    }
}

impl Layout {
    /// The entries of a batch of zeros.
    pub fn zeros<T: Number>(self) -> Vec<Lanes<T>> {
        vec![Lanes::zero(); Tiles::of(self.samples).entries(self.len)]
    }

    /// The place of a sample.
    pub fn place(self, index: usize) -> Place {
        assert!(index < self.samples, "sample {index} of a batch of {}", self.samples);
        let tile = index / LANES;
        Place { tile: tile * self.len, lanes: Tiles::of(self.samples).lanes(tile), lane: index % LANES }
    }

    /// Replaces one sample by values in channel, row, column order.
    pub fn set<T: Number>(
        self,
        entries: &mut [Lanes<T>],
        index: usize,
        values: impl ExactSizeIterator<Item = T>,
    ) {
        let Place { tile, lanes, lane } = self.place(index);
        assert_eq!(values.len(), self.len, "values of one sample");
        let per_entry = LANES / lanes;
        // The last sample also fills the lanes after it.
        let end = if index + 1 < self.samples { lane + 1 } else { lanes };
        for (i, value) in values.enumerate() {
            entries[tile + i / per_entry].0[i % per_entry * lanes..][lane..end].fill(value);
        }
    }

    /// The tiles with all their lanes; a copy of a narrow one. The lanes that it does not have repeat the last.
    pub fn whole_tiles<T: Number>(
        self,
        entries: &[Lanes<T>],
    ) -> impl Iterator<Item = Cow<'_, [Lanes<T>]>> + use<'_, T> {
        let tiles = Tiles::of(self.samples);
        let (whole, rest) = entries.split_at(tiles.whole * self.len);
        let narrow = (tiles.narrow > 0).then(|| {
            let mut tile = vec![Lanes::zero(); self.len];
            widen(&mut tile, rest, tiles.narrow, true);
            Cow::Owned(tile)
        });
        whole.chunks(self.len).map(Cow::Borrowed).chain(narrow)
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
