//! Patches of the input and the output, and their copies to and from vectors of lanes.

use std::ops::Range;

use super::Winograd;
use crate::kernel::block::Rest;
use crate::kernel::conv::one_phase;
use crate::kernel::shared::Shared;
use crate::kernel::{Vectorized, with_lanes};
use crate::tensor::{LANES, Lanes};

/// A 2×2 patch of the output: its tile, and its first row and column.
#[derive(Clone, Copy)]
pub(super) struct Patch {
    pub(super) tile: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Patches one after the other, which takes no divisions.
#[derive(Clone)]
pub(super) struct PatchesOf {
    pub(super) next: Patch,
    pub(super) left: usize,
    /// The row and the column where the patches of a tile end.
    pub(super) end: [usize; 2],
}

impl Iterator for PatchesOf {
    type Item = Patch;

    #[inline(always)]
    fn next(&mut self) -> Option<Patch> {
        self.left = self.left.checked_sub(1)?;
        let patch = self.next;
        let Patch { tile, row, column } = &mut self.next;
        *column += 2;
        if *column == self.end[1] {
            (*row, *column) = (*row + 2, 0);
        }
        if *row == self.end[0] {
            (*tile, *row) = (*tile + 1, 0);
        }
        Some(patch)
    }
}

/// The size of a plane that patches are read from, and its rows and columns of zeros before the first patch.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    pub(super) size: [usize; 2],
    pub(super) padding: [usize; 2],
}

impl Plane {
    /// The addresses of two rows of a patch of `SIDE` columns in a whole tile, if both lie inside the plane.
    #[inline(always)]
    pub(super) fn rows<T, const SIDE: usize>(
        self,
        values: &[T],
        patch: Patch,
        rows: [usize; 2],
    ) -> Option<[*const T; 2]> {
        let Plane { size: [height, width], padding } = self;
        let column = patch.column.checked_sub(padding[1]).filter(|column| column + SIDE <= width)?;
        let mut addresses = [values.as_ptr(); 2];
        for i in 0..2 {
            let row = (patch.row + rows[i]).checked_sub(padding[0]).filter(|row| *row < height)?;
            addresses[i] = values[(row * width + column) * LANES..][..SIDE * LANES].as_ptr();
        }
        Some(addresses)
    }
}

/// [`gather`] in a function of its own, compiled once and not for each instruction set.
#[inline(never)]
pub(super) fn gather_narrow<T: Vectorized, const SIDE: usize>(
    d: &mut [Lanes<T>],
    values: &[T],
    lane: usize,
    lanes: usize,
    patch: Patch,
    rows: &[usize],
    plane: Plane,
) {
    with_lanes!(lanes, N => gather::<T, N, SIDE>(d, values, lane, patch, rows, plane));
}

/// Copies some rows of a patch of `SIDE` columns, but nothing of what lies outside the plane, to the lanes from `lane`.
#[inline(always)]
pub(super) fn gather<T: Vectorized, const N: usize, const SIDE: usize>(
    d: &mut [Lanes<T>],
    values: &[T],
    lane: usize,
    patch: Patch,
    rows: &[usize],
    plane: Plane,
) {
    let Plane { size: [height, width], padding } = plane;
    let values = values.as_chunks::<N>().0;
    for (d, row) in d.chunks_exact_mut(SIDE).zip(rows) {
        let row = (patch.row + row).checked_sub(padding[0]).filter(|row| *row < height);
        let Some(row) = row.map(|row| &values[row * width..][..width]) else { continue };
        let first = patch.column.checked_sub(padding[1]);
        if let Some(values) = first.and_then(|first| row.get(first..first + SIDE)) {
            for j in 0..SIDE {
                d[j].0[lane..lane + N].copy_from_slice(&values[j]);
            }
        } else {
            for j in 0..SIDE {
                let at = (patch.column + j).checked_sub(padding[1]);
                if let Some(values) = at.and_then(|at| row.get(at)) {
                    d[j].0[lane..lane + N].copy_from_slice(values);
                }
            }
        }
    }
}

/// [`scatter_patch`] in the same way.
#[inline(never)]
pub(super) fn scatter_narrow<T: Vectorized>(
    y: Shared<'_, T>,
    sums: &[T],
    plane: usize,
    lane: usize,
    lanes: usize,
    patch: Patch,
    table: &Winograd,
    rest: Rest<'_, T>,
) {
    with_lanes!(lanes, N => scatter_patch::<T, N>(y, sums, plane, lane, patch, table, rest));
}

/// Copies the sums of a patch from the lanes from `lane` to a plane of the output.
#[inline(always)]
pub(super) fn scatter_patch<T: Vectorized, const N: usize>(
    y: Shared<'_, T>,
    sums: &[T],
    plane: usize,
    lane: usize,
    patch: Patch,
    table: &Winograd,
    rest: Rest<'_, T>,
) {
    let [rows, columns] = table.output;
    for i in 0..2.min(rows - patch.row) {
        for j in 0..2.min(columns - patch.column) {
            let at = plane + ((patch.row + i) * columns + patch.column + j) * N;
            let from = &sums[(2 * i + j) * LANES + lane..][..N];
            // SAFETY: tasks differ in filters or patches, and so in the outputs.
            let to = unsafe { y.part(at..at + N) };
            rest.store(to, from, at);
        }
    }
}

/// Values of a [`Split`], at most.
const SPLIT: usize = 8192;

/// Some rows of a plane in a narrow tile, padded, and divided by even and odd rows and columns: at each entry of a patch, what
/// neighbouring patches read is contiguous.
pub(super) struct Split<T> {
    values: [T; SPLIT],
    /// The first row of patches, and rows and columns of each of the four parts.
    first: usize,
    rows: usize,
    columns: usize,
    lanes: usize,
}

impl<T: Vectorized> Split<T> {
    /// Room for the rows of these patches, counted in their order, with so many in a row; `None` if they are too many.
    pub(super) fn new(patches: Range<usize>, in_row: usize, lanes: usize) -> Option<Self> {
        let first = patches.start / in_row;
        // A patch reads two rows and columns of each part.
        let [rows, columns] = [patches.end.div_ceil(in_row) - first + 1, in_row + 1];
        let fits = 4 * rows * columns * lanes + LANES <= SPLIT;
        fits.then(|| Split { values: [T::zero(); SPLIT], first, rows, columns, lanes })
    }

    /// Reads a plane.
    pub(super) fn read(&mut self, values: &[T], plane: Plane) {
        with_lanes!(self.lanes, N => self.read_lanes::<N>(values, plane));
    }

    fn read_lanes<const N: usize>(&mut self, values: &[T], Plane { size: [height, width], padding }: Plane) {
        let values = values.as_chunks::<N>().0;
        let rows = self.values.as_chunks_mut::<N>().0.chunks_exact_mut(self.columns);
        for (i, to) in rows.take(4 * self.rows).enumerate() {
            let (part, row) = (i / self.rows, self.first + i % self.rows);
            match (2 * row + part / 2).checked_sub(padding[0]).filter(|row| *row < height) {
                Some(row) => one_phase(to, &values[row * width..][..width], padding[1], [part % 2, 2]),
                None => to.fill([T::zero(); N]),
            }
        }
    }

    /// Where the patches of a column of sixteen values are: for each run of them in one row, the place of its first patch in a
    /// part, and its lane.
    pub(super) fn runs(&self, patches: Range<usize>) -> impl Iterator<Item = [usize; 2]> + Clone {
        let in_row = self.columns - 1;
        let rows = patches.start / in_row..patches.end.div_ceil(in_row);
        rows.map(move |row| {
            let patch = patches.start.max(row * in_row);
            let place = (row - self.first) * self.columns + patch % in_row;
            [place * self.lanes, (patch - patches.start) * self.lanes]
        })
    }

    /// The values of entry `entry` of a patch, and of the same entry of its neighbours.
    #[inline(always)]
    pub(super) fn entry(&self, entry: usize, place: usize) -> *const T {
        let [i, j] = [entry / 4, entry % 4];
        let part = 2 * (i % 2) + j % 2;
        let offset = (part * self.rows + i / 2) * self.columns + j / 2;
        self.values[place + offset * self.lanes..][..LANES].as_ptr()
    }
}
