//! Sums of vectors times vectors, whose lanes are added up at the end.

use super::{Tap, accumulate, largest};
use crate::kernel::Vectorized;
use crate::kernel::simd::{Kernel, Simd};
use crate::tensor::LANES;

/// `sums[f][tap] += Σ over positions and lanes of dy[f + position] · x[tap + position]`, for sixteen lanes.
pub(crate) struct Inner<'a, T> {
    /// A sum for each filter and tap.
    pub(crate) sums: &'a mut [T],
    /// A sum of dy for each filter: the gradient of the bias.
    pub(crate) bias: Option<&'a mut [T]>,
    pub(crate) dy: &'a [T],
    /// Distance of two filters in dy, in values.
    pub(crate) dy_plane: usize,
    pub(crate) filters: usize,
    pub(crate) x: &'a [T],
    pub(crate) taps: &'a [Tap],
    /// Values of a position: the unit of the taps' offsets in x.
    pub(crate) lanes: usize,
    /// The offset of each position in x, in entries of [`LANES`] values. In dy positions are contiguous.
    pub(crate) positions: &'a [u32],
}

impl<T: Vectorized> Kernel<T> for Inner<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let tap = largest(self.taps.iter().map(|tap| tap.x as usize));
        let position = largest(self.positions.iter().map(|&position| position as usize));
        assert!(tap * self.lanes + (position + 1) * LANES <= self.x.len(), "inputs inside x");
        let dy = self.filters.saturating_sub(1) * self.dy_plane + self.positions.len() * LANES;
        assert!(dy <= self.dy.len(), "gradients inside dy");
        assert!(self.filters * self.taps.len() <= self.sums.len(), "sums for all filters and taps");
        let mut f = 0;
        while f < self.filters {
            f += match (S::REGISTERS >= 32, self.filters - f) {
                (true, 6..) => self.taps::<S, 6, 4>(simd, f),
                (true, 4..) => self.taps::<S, 4, 6>(simd, f),
                (false, 3..) => self.taps::<S, 3, 3>(simd, f),
                (_, 2..) => self.taps::<S, 2, 4>(simd, f),
                _ => self.taps::<S, 1, 4>(simd, f),
            };
        }
    }
}

impl<T: Vectorized> Inner<'_, T> {
    /// All taps of `F` filters; returns `F`.
    #[inline(always)]
    fn taps<S: Simd<T>, const F: usize, const P: usize>(&mut self, simd: S, first: usize) -> usize {
        let whole = self.taps.len() / P * P;
        for tap in (0..whole).step_by(P) {
            self.block::<S, F, P>(simd, first, tap);
        }
        for tap in whole..self.taps.len() {
            if tap + 1 == self.taps.len() && self.bias.is_some() {
                self.last::<S, F>(simd, first, tap);
            } else {
                self.block::<S, F, 1>(simd, first, tap);
            }
        }
        if whole == self.taps.len() && self.bias.is_some() {
            self.last::<S, F>(simd, first, whole);
        }
        F
    }

    /// The last tap, if there is one, and the sums of dy.
    #[inline(always)]
    fn last<S: Simd<T>, const F: usize>(&mut self, simd: S, first: usize, tap: usize) {
        let zero = simd.splat(T::zero());
        let (mut sums, mut biases) = ([zero; F], [zero; F]);
        for part in (0..LANES).step_by(S::WIDTH) {
            let dy = self.dy.as_ptr().wrapping_add(first * self.dy_plane + part);
            let x = self
                .taps
                .get(tap)
                .map(|tap| self.x.as_ptr().wrapping_add(tap.x as usize * self.lanes + part));
            for (i, position) in self.positions.iter().enumerate() {
                // SAFETY: `run` has checked that every tap's every position is inside x.
                let x = x.map_or(zero, |x| unsafe { simd.load(x.add(*position as usize * LANES)) });
                for f in 0..F {
                    // SAFETY: `run` has checked that every filter's every position is inside dy.
                    let dy = unsafe { simd.load(dy.add(f * self.dy_plane + i * LANES)) };
                    sums[f] = simd.mul_add(dy, x, sums[f]);
                    biases[f] = simd.add(biases[f], dy);
                }
            }
        }
        for f in 0..F {
            if tap < self.taps.len() {
                self.sums[(first + f) * self.taps.len() + tap] += simd.sum(sums[f]);
            }
            if let Some(bias) = &mut self.bias {
                bias[first + f] += simd.sum(biases[f]);
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd<T>, const F: usize, const P: usize>(&mut self, simd: S, first: usize, tap: usize) {
        let mut sums = [[simd.splat(T::zero()); P]; F];
        for part in (0..LANES).step_by(S::WIDTH) {
            let (mut dy, mut x) = ([self.dy.as_ptr(); F], [self.x.as_ptr(); P]);
            for f in 0..F {
                dy[f] = dy[f].wrapping_add((first + f) * self.dy_plane + part);
            }
            for p in 0..P {
                x[p] = x[p].wrapping_add(self.taps[tap + p].x as usize * self.lanes + part);
            }
            let positions = self.positions.iter().enumerate();
            let offsets = |(i, position): (usize, &u32)| [i * LANES, *position as usize * LANES];
            // SAFETY: `run` has checked that every filter's every position is inside dy, and every tap's every position inside x.
            unsafe { accumulate::<false, _, _, F, P, _>(simd, &mut sums, dy, x, positions, offsets) };
        }
        for f in 0..F {
            for p in 0..P {
                self.sums[(first + f) * self.taps.len() + tap + p] += simd.sum(sums[f][p]);
            }
        }
    }
}
