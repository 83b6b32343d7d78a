//! Zero padding.

use super::axis::WindowAxis;
use crate::kernel::Vectorized;
use crate::kernel::{Exec, values_mut, with_lanes};
use crate::tensor::Lanes;

/// Sizes of a plane with and without zeros around it.
pub(super) struct Padded {
    /// Channels, rows and columns without the padding.
    inner: [usize; 3],
    /// Rows and columns with the padding.
    outer: [usize; 2],
    /// The first row and column inside the padding.
    origin: [usize; 2],
    /// The phases of a row: see [`WindowAxis`].
    phases: usize,
    /// Distance of neighbouring rows and columns in the plane without padding.
    every: [usize; 2],
}

impl Padded {
    pub(super) fn new(inner: [usize; 3], rows: &WindowAxis, columns: &WindowAxis) -> Self {
        let origin = [rows.inside.start, columns.inside.start];
        let every = [rows.every, columns.every];
        Padded { inner, outer: [rows.padded, columns.padded], origin, phases: columns.phases, every }
    }

    fn is_plain(&self) -> bool {
        self.inner[1..] == self.outer && self.phases == 1
    }

    /// Entries of scratch for a tile: 0 without padding.
    pub(super) fn scratch(&self) -> usize {
        if self.is_plain() { 0 } else { self.tile() }
    }

    /// Entries of a tile.
    pub(super) fn tile(&self) -> usize {
        self.inner[0] * self.outer[0] * self.outer[1]
    }

    /// `x` with padding, in `scratch`; `x` itself if there is no padding.
    pub(super) fn of<'a, T: Vectorized>(
        &self,
        x: &'a [T],
        scratch: &'a mut [Lanes<T>],
        exec: Exec,
    ) -> &'a [T] {
        if self.is_plain() {
            return x;
        }
        let [_, rows, columns] = self.inner;
        let lanes = exec.lanes;
        let (row, padded_row) = (columns * lanes, self.outer[1] * lanes);
        let [above, left] = self.origin;
        let planes = x.len() / (rows * row);
        let scratch = &mut values_mut(scratch)[..planes * self.outer[0] * padded_row];
        exec.each_chunk(scratch, self.outer[0] * padded_row, |plane, y| {
            let x = &x[plane * rows * row..][..rows * row];
            for (i, y) in y.chunks_exact_mut(padded_row).enumerate() {
                match (i * self.every[0]).checked_sub(above).filter(|i| *i < rows) {
                    Some(i) => self.row(y, &x[i * row..][..row], left, lanes),
                    None => y.fill(T::zero()),
                }
            }
        });
        scratch
    }

    /// A row with padding, phase by phase.
    fn row<T: Vectorized>(&self, y: &mut [T], x: &[T], left: usize, lanes: usize) {
        if self.phases * self.every[1] == 1 {
            let left = left * lanes;
            y[..left].fill(T::zero());
            y[left..left + x.len()].copy_from_slice(x);
            return y[left + x.len()..].fill(T::zero());
        }
        with_lanes!(lanes, N => self.phases::<T, N>(y, x, left));
    }

    /// A row with padding whose columns are put in order by phase.
    fn phases<T: Vectorized, const N: usize>(&self, y: &mut [T], x: &[T], left: usize) {
        let (y, x) = (y.as_chunks_mut::<N>().0, x.as_chunks::<N>().0);
        for (phase, y) in y.chunks_exact_mut(self.outer[1] / self.phases).enumerate() {
            one_phase(y, x, left, [phase, self.phases * self.every[1]]);
        }
    }
}

/// Every `phases`-th column, from column `phase`, of a row with `left` zeros before it and as many after it as there is room for.
#[inline(always)]
pub(in crate::kernel) fn one_phase<T: Vectorized, const N: usize>(
    y: &mut [[T; N]],
    x: &[[T; N]],
    left: usize,
    [phase, phases]: [usize; 2],
) {
    // Entry i is the padded column `phase + phases · i`.
    let end = (left + x.len()).saturating_sub(phase).div_ceil(phases).min(y.len());
    let start = left.saturating_sub(phase).div_ceil(phases).min(end);
    y[..start].fill([T::zero(); N]);
    y[end..].fill([T::zero(); N]);
    if start < end {
        let (y, x) = (&mut y[start..end], &x[phase + phases * start - left..]);
        // With a distance that the compiler knows, several columns are copied at a time.
        match phases {
            2 => with_every::<_, 2>(y, x, |y, x| *y = x),
            4 => with_every::<_, 4>(y, x, |y, x| *y = x),
            _ => y.iter_mut().zip(x.iter().step_by(phases)).for_each(|(y, x)| *y = *x),
        }
    }
}

/// Calls `f` with each of `y` and every `D`-th of `x`.
#[inline(always)]
pub(in crate::kernel) fn with_every<V: Copy, const D: usize>(y: &mut [V], x: &[V], f: impl Fn(&mut V, V)) {
    let (whole, rest) = x.as_chunks::<D>();
    for (y, x) in y.iter_mut().zip(whole) {
        f(y, x[0]);
    }
    if let (Some(y), Some(x)) = (y.get_mut(whole.len()), rest.first()) {
        f(y, *x);
    }
}
