//! From products to outputs: y = Aᵀ m A + bias, finished and written to its rows.

use std::ops::Range;

use super::{FILTERS, MOST_COLUMNS, Task, output_factor, transform_output};
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Vectorized, values, values_mut, with_lanes};
use crate::tensor::{LANES, Lanes};

/// The most rows of patches in a block: one for each patch.
const MOST_PIECES: usize = MOST_COLUMNS * LANES;

/// Neighbouring patches of one row of patches: rows of outputs that are contiguous.
#[derive(Clone, Copy, Default)]
struct Piece {
    /// Index of the first of their values among those of the block, for each row of outputs.
    from: usize,
    /// Index of the first output in the first filter's plane, rows of outputs, and values in each.
    at: usize,
    rows: usize,
    len: usize,
}

/// Transforms the products of some filters with a block of columns, for patches of `SIDE` rows and columns of the input and `OUT` of
/// the output.
pub(super) struct OutputsOf<'a, T, const SIDE: usize, const OUT: usize> {
    pub(super) task: &'a Task<'a, T>,
    /// `m[entry][filter][column]`.
    pub(super) m: &'a [T],
    pub(super) filters: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl<T: Vectorized, const SIDE: usize, const OUT: usize> Kernel<T> for OutputsOf<'_, T, SIDE, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let OutputsOf { task, m, filters, columns } = &self;
        let (table, lanes, count) = (task.table, task.exec.lanes, filters.len());
        let mut pieces = [Piece::default(); MOST_PIECES];
        let pieces = self.pieces(&mut pieces);
        let width = columns.len() * LANES;
        assert!(m.len() >= SIDE * SIDE * count * width && count <= FILTERS, "products of all entries");
        let plane = table.output[0] * table.output[1] * lanes;
        // The rows of outputs of a block's patches, side by side.
        let mut own = [[[Lanes::<T>::zero(); OUT]; MOST_COLUMNS]; OUT];
        for (i, filter) in filters.clone().enumerate() {
            let bias = simd.splat(task.bias.map_or(T::zero(), |bias| bias[filter]));
            for c in 0..columns.len() {
                let mut patch = [[Lanes::<T>::zero(); OUT]; OUT];
                for part in (0..LANES).step_by(S::WIDTH) {
                    let mut y = [[bias; OUT]; OUT];
                    for row in 0..SIDE {
                        let mut t = [bias; SIDE];
                        for j in 0..SIDE {
                            let at = ((row * SIDE + j) * count + i) * width + c * LANES + part;
                            // SAFETY: the entries' products, checked above, are whole vectors.
                            t[j] = unsafe { simd.load(m.as_ptr().add(at)) };
                        }
                        let of_row: [S::V; OUT] = transform_output(simd, t);
                        for i in 0..OUT {
                            let factor = output_factor::<OUT>(i, row);
                            if factor != 0.0 {
                                for j in 0..OUT {
                                    y[i][j] = simd.mul_add(simd.splat(T::of(factor)), of_row[j], y[i][j]);
                                }
                            }
                        }
                    }
                    for i in 0..OUT {
                        for j in 0..OUT {
                            // SAFETY: an entry has sixteen values, a whole number of vectors.
                            unsafe { simd.store(patch[i][j].0.as_mut_ptr().add(part), y[i][j]) };
                        }
                    }
                }
                for i in 0..OUT {
                    with_lanes!(lanes, N => side_by_side::<T, N, OUT>(&mut own[i][c], &patch[i]));
                }
            }
            for piece in pieces {
                for (i, own) in own[..piece.rows].iter().enumerate() {
                    let row = &values(own.as_flattened())[piece.from..][..piece.len];
                    let at = piece.at + filter * plane + i * table.output[1] * lanes;
                    self.store(simd, row, at, filter);
                }
            }
        }
    }
}

impl<T: Vectorized, const SIDE: usize, const OUT: usize> OutputsOf<'_, T, SIDE, OUT> {
    /// The pieces of the block.
    #[inline(always)]
    fn pieces<'a>(&self, room: &'a mut [Piece; MOST_PIECES]) -> &'a [Piece] {
        let (table, lanes) = (self.task.table, self.task.exec.lanes);
        let ([rows, columns], [of_rows, in_row]) = (table.output, table.patches());
        let per_column = LANES / lanes;
        let first = self.columns.start * per_column;
        let end = (self.columns.end * per_column).min(self.task.tiles * of_rows * in_row);
        let tile = table.groups * table.filters * rows * columns;
        let (mut patch, mut count) = (first, 0);
        while patch < end {
            let row = patch / in_row;
            let next = end.min((row + 1) * in_row);
            let (tile, row, column) = (row / of_rows * tile, row % of_rows * OUT, patch % in_row * OUT);
            room[count] = Piece {
                from: (patch - first) * OUT * lanes,
                at: (tile + row * columns + column) * lanes,
                rows: OUT.min(rows - row),
                len: ((next - patch) * OUT).min(columns - column) * lanes,
            };
            (patch, count) = (next, count + 1);
        }
        &room[..count]
    }

    /// Finishes contiguous sums of a filter and writes them from index `at` of the output.
    #[inline(always)]
    fn store<S: Simd<T>>(&self, simd: S, sums: &[T], at: usize, filter: usize) {
        let end = self.task.end;
        let beside = end.beside_outputs().map(|values| &values[at..][..sums.len()]);
        // SAFETY: tasks differ in filters or patches, and so in the outputs.
        let y = unsafe { self.task.y.part(at..at + sums.len()) };
        for start in (0..sums.len()).step_by(S::WIDTH) {
            let left = sums.len() - start;
            let (from, to) = (sums[start..].as_ptr(), y[start..].as_mut_ptr());
            let beside = beside.map(|values| values[start..].as_ptr());
            if left >= S::WIDTH {
                // SAFETY: a vector from here is inside all three.
                unsafe {
                    let beside = |_| beside.map_or(simd.splat(T::zero()), |beside| simd.load(beside));
                    simd.store(to, end.apply(simd, simd.load(from), filter, beside));
                }
            } else {
                let mask = simd.mask(0, left);
                // SAFETY: the values of the mask are inside all three.
                unsafe {
                    let beside =
                        |_| beside.map_or(simd.splat(T::zero()), |beside| simd.load_masked(beside, mask));
                    simd.store_masked(
                        to,
                        mask,
                        end.apply(simd, simd.load_masked(from, mask), filter, beside),
                    );
                }
            }
        }
    }
}

/// Puts the outputs of each patch of `N` lanes side by side: from one vector for each output to `OUT` outputs of a patch.
#[inline(always)]
fn side_by_side<T: Vectorized, const N: usize, const OUT: usize>(
    own: &mut [Lanes<T>; OUT],
    of_row: &[Lanes<T>; OUT],
) {
    let own = values_mut(own).as_chunks_mut::<N>().0;
    for (j, values) in of_row.iter().enumerate() {
        for (own, value) in own[j..].iter_mut().step_by(OUT).zip(values.0.as_chunks::<N>().0) {
            *own = *value;
        }
    }
}
