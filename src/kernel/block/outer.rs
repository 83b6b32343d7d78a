//! Sums of numbers times vectors, one for each pair of a number and a value of a vector.

use super::{accumulate, largest};
use crate::kernel::Vectorized;
use crate::kernel::shared::Writer;
use crate::kernel::simd::{Kernel, Simd};
use crate::tensor::LANES;

/// `sums[row] = start + Σ over positions and lanes of x[row + position + lane] · panel[(position, lane)]`, where rows
/// have `width` values.
pub(crate) struct Outer<'a, T> {
    /// A row of sums for each entry of `rows`, the first at index `first`, `step` values apart.
    pub(crate) sums: &'a Writer<'a, T>,
    pub(crate) first: usize,
    pub(crate) step: usize,
    /// Whether the sums are added to the values that are there, or to zero.
    pub(crate) carry: bool,
    pub(crate) x: &'a [T],
    /// The index in x at which each row begins.
    pub(crate) rows: &'a [u32],
    /// The offset of each position from the beginning of a row.
    pub(crate) positions: &'a [u32],
    /// Values of a position. Each is multiplied by a row of the panel.
    pub(crate) lanes: usize,
    /// A row for each position and lane.
    pub(crate) panel: &'a [T],
    /// A multiple of [`LANES`].
    pub(crate) width: usize,
}

impl<T: Vectorized> Kernel<T> for Outer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.rows.is_empty() {
            return;
        }
        let row = largest(self.rows.iter().map(|&row| row as usize));
        let position = largest(self.positions.iter().map(|&position| position as usize));
        assert!(row + position + self.lanes <= self.x.len(), "inputs inside x");
        assert!(
            self.positions.len() * self.lanes * self.width <= self.panel.len(),
            "values inside the panel"
        );
        let end = self.first + (self.rows.len() - 1) * self.step + self.width;
        assert!(end <= self.sums.len(), "rows inside the sums");
        assert!(self.width.is_multiple_of(LANES), "a width of {}", self.width);
        let mut column = 0;
        while column < self.width {
            column += S::WIDTH
                * match (S::REGISTERS >= 32, (self.width - column) / S::WIDTH) {
                    (true, 4..) => self.rows::<S, 6, 4>(simd, column),
                    (true, 3) => self.rows::<S, 8, 3>(simd, column),
                    (true, 2) => self.rows::<S, 8, 2>(simd, column),
                    (false, 2..) => self.rows::<S, 6, 2>(simd, column),
                    _ => self.rows::<S, 8, 1>(simd, column),
                };
        }
    }
}

impl<T: Vectorized> Outer<'_, T> {
    /// All rows of `P` vectors; returns `P`.
    #[inline(always)]
    fn rows<S: Simd<T>, const F: usize, const P: usize>(&self, simd: S, column: usize) -> usize {
        let whole = self.rows.len() / F * F;
        for first in (0..whole).step_by(F) {
            self.block::<S, F, P>(simd, first, column);
        }
        for first in whole..self.rows.len() {
            self.block::<S, 1, P>(simd, first, column);
        }
        P
    }

    #[inline(always)]
    fn block<S: Simd<T>, const F: usize, const P: usize>(&self, simd: S, first: usize, column: usize) {
        let mut x = [self.x.as_ptr(); F];
        for f in 0..F {
            x[f] = x[f].wrapping_add(self.rows[first + f] as usize);
        }
        let out = self.sums.address(self.first + first * self.step + column);
        let mut sums = [[simd.splat(T::zero()); P]; F];
        if self.carry {
            for f in 0..F {
                for p in 0..P {
                    // SAFETY: `run` has checked that there is a row of sums for each of `rows`; a row is a whole
                    // number of vectors.
                    sums[f][p] = unsafe { simd.load(out.add(f * self.step + p * S::WIDTH)) };
                }
            }
        }
        let mut panel = self.panel.as_ptr().wrapping_add(column);
        for (i, position) in self.positions.iter().enumerate() {
            // The rows of the next position, each on another cache line, which processors do not predict.
            let next = self.positions[(i + 1).min(self.positions.len() - 1)] as usize;
            for x in x {
                simd.prefetch(x.wrapping_add(next));
            }
            let (mut at, mut of_panel) = (x, [panel; P]);
            for at in &mut at {
                *at = at.wrapping_add(*position as usize);
            }
            for p in 0..P {
                of_panel[p] = panel.wrapping_add(p * S::WIDTH);
            }
            let offsets = |lane| [lane, lane * self.width];
            // SAFETY: `run` has checked that every row's every position and lane is inside x, and that the panel has a row for
            // each position and lane.
            unsafe {
                accumulate::<true, _, _, F, P, _>(simd, &mut sums, at, of_panel, 0..self.lanes, offsets)
            };
            panel = panel.wrapping_add(self.lanes * self.width);
        }
        for f in 0..F {
            for p in 0..P {
                // SAFETY: as for the load.
                unsafe { simd.store(out.add(f * self.step + p * S::WIDTH), sums[f][p]) };
            }
        }
    }
}
