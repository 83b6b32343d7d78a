//! Transposition: values that are contiguous in a plane become a column.

use super::shared::Writer;
use super::simd::{Kernel, Simd};
use crate::kernel::Vectorized;

/// Rows and columns of a block that is transposed at once.
const SIDE: usize = 4;

/// `out[start + row · width + plane] = x[plane · step + row]`.
pub(super) struct Transpose<'a, T> {
    pub(super) out: Writer<'a, T>,
    /// Index of the first row, and distance of two rows.
    pub(super) start: usize,
    pub(super) width: usize,
    /// Number of values written to each row.
    pub(super) planes: usize,
    pub(super) x: &'a [T],
    /// Distance of two planes.
    pub(super) step: usize,
    /// Number of planes in x; the others are written as zeros.
    pub(super) count: usize,
    pub(super) rows: usize,
}

impl<T: Vectorized> Kernel<T> for Transpose<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, _: S) {
        for first in (0..self.planes).step_by(SIDE) {
            let whole = if first + SIDE <= self.count { self.rows / SIDE * SIDE } else { 0 };
            for row in (0..whole).step_by(SIDE) {
                let mut block = [[T::zero(); SIDE]; SIDE];
                for (i, block) in block.iter_mut().enumerate() {
                    block.copy_from_slice(&self.x[(first + i) * self.step + row..][..SIDE]);
                }
                for (i, values) in T::transpose(block).into_iter().enumerate() {
                    self.out.put(self.start + (row + i) * self.width + first, values);
                }
            }
            for row in whole..self.rows {
                for plane in first..(first + SIDE).min(self.planes) {
                    let value = if plane < self.count { self.x[plane * self.step + row] } else { T::zero() };
                    self.out.put(self.start + row * self.width + plane, [value]);
                }
            }
        }
    }
}
